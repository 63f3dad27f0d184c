"""What readers send: whether an article helped. No session stands behind it, so nothing could be forged with one; what
is counted is one answer a browser, article and day."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from events.rates import client_address
from knowledge.answers import give_feedback, reader_of
from knowledge.errors import InvalidInput
from knowledge.models import ArticleTranslation
from knowledge.reading import published

from .public import draw_article
from .site import lost, open_centre, too_often, with_headers

ANSWERS_AN_HOUR = 30


@csrf_exempt
@require_POST
def feedback(request: HttpRequest, language: str, slug: str) -> HttpResponseBase:
    """`helped` is yes or no, `comment` what was missing; the page again, with thanks."""
    centre = open_centre()
    text = published().filter(language=language, slug=slug).select_related("article__category").first()
    with translation.override(language if centre.speaks(language) else centre.default_language):
        if text is None or not centre.speaks(language):
            return with_headers(lost(request, centre))
        status, said = _take(request, text)
        response = draw_article(request, centre, text, status=status, robots="noindex", **said)
    response["Cache-Control"] = "no-store"
    return with_headers(response)


def _take(request: HttpRequest, text: ArticleTranslation) -> tuple[int, dict[str, object]]:
    helped = {"yes": True, "no": False}.get(request.POST.get("helped", ""))
    if helped is None:
        return 422, {"problem": _("Choose yes or no.")}
    if too_often(request, "feedback", ANSWERS_AN_HOUR, 3600):
        return 429, {"problem": _("Too many answers from here. Try again later.")}
    agent = request.headers.get("User-Agent", "")[:400]
    reader = reader_of(client_address(request), agent, timezone.localdate().isoformat())
    comment = request.POST.get("comment", "")
    try:
        give_feedback(text.article_id, language=text.language, reader=reader, helped=helped, comment=comment)
    except InvalidInput as error:
        return 422, {"problem": error.message, "helped": helped, "comment": comment}
    return 200, {"thanks": True, "helped": helped, "commented": bool(comment.strip())}
