"""The help centre as JSON, for our own pages that show it beside something else: the chat's frame, the palette."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.urls import reverse
from django.views.decorators.http import conditional_page, require_safe

from knowledge.answers import count_view, is_robot, note_miss
from knowledge.models import ArticlePicture, ArticleTranslation, Audience, HelpCentre
from knowledge.reading import languages_of, most_read, published, shown_articles, text_at, text_for
from knowledge.search import Found, find
from people.colours import accent_sheet
from people.languages import choose_language
from people.storage import open_blob

from .public import LONGEST_QUERY, SEARCHES_A_MINUTE, body_of
from .site import FRESH_SECONDS, open_centre, too_often

SUGGESTED, MOST = 3, 20
# A picture never changes under its address.
PICTURE_SECONDS = 24 * 3600


@require_safe
@conditional_page
def search(request: HttpRequest) -> HttpResponseBase:
    """`?lang=&q=&limit=&miss=1`: articles that answer `q`; without it those read most. With `miss` a search in vain is
    counted, which programs say once somebody has finished typing."""
    centre = open_centre()
    language = _language(request, centre)
    asked = request.GET.get("q", "")[:LONGEST_QUERY].replace("\0", " ").strip()
    limit = _number(request.GET.get("limit", ""), SUGGESTED)
    if asked and (wait := too_often(request, "search", SEARCHES_A_MINUTE)):
        response = JsonResponse({"code": "too_many"}, status=429)
        response["Retry-After"] = str(wait)
        return response
    if asked:
        found = find(asked, language=language, limit=limit)
        if not found and request.GET.get("miss") == "1":
            note_miss(asked, language)
        results = [as_json(one) for one in found]
    else:
        results = [
            {"id": one.id, "title": one.title, "summary": one.summary, "excerpt": [], "url": one.address,
             "language": one.language, "fallback": one.fallback}
            for one in most_read(shown_articles(centre, language), limit)
        ]  # fmt: skip
    return _fresh(JsonResponse({"language": language, "query": asked, "results": results}))


def as_json(one: Found) -> dict[str, Any]:
    """An article that was found; `excerpt` are pairs of a piece and whether it matches."""
    return {
        "id": one.id, "title": one.title, "summary": one.summary, "excerpt": [list(piece) for piece in one.excerpt],
        "url": one.address, "language": one.language, "fallback": one.fallback,
    }  # fmt: skip


@require_safe
@conditional_page
def article(request: HttpRequest, article_id: int) -> HttpResponseBase:
    """`?lang=`: one article, its body as cleaned HTML."""
    centre = open_centre()
    language = _language(request, centre)
    return _article(request, text_for(article_id, language, centre, Audience.PUBLIC), language)


@require_safe
@conditional_page
def article_at(request: HttpRequest, language: str, slug: str) -> HttpResponseBase:
    """The same for the address of its page, also one that it had before."""
    centre = open_centre()
    return _article(request, text_at(language, slug) if centre.speaks(language) else None, language)


def _article(request: HttpRequest, text: ArticleTranslation | None, language: str) -> HttpResponseBase:
    if text is None:
        return JsonResponse({"code": "not_found"}, status=404)
    if not is_robot(request.headers.get("User-Agent", "")):
        count_view(text.article_id, text.language)
    return _fresh(JsonResponse({
        "id": text.article_id, "title": text.title, "summary": text.summary, "html": body_of(text), "text": text.text,
        "url": text.address, "language": text.language, "fallback": text.language != language,
        "category": text.article.category.name(text.language), "languages": languages_of(text),
        "updated": text.published_at.isoformat() if text.published_at else None,
        "feedback": reverse("help_feedback", args=[text.language, text.slug]),
    }))  # fmt: skip


@require_safe
def picture(request: HttpRequest, picture_id: UUID) -> HttpResponseBase:
    """A picture of an article that everybody may read, in our own encoding; 404 for any other."""
    row = ArticlePicture.objects.filter(pk=picture_id).first()
    if row is None or not published().filter(article=row.article_id, body__contains=f"cid:{row.pk}").exists():
        raise Http404("no such picture")
    response = send_picture(row)
    response["Cache-Control"] = f"public, max-age={PICTURE_SECONDS}"
    return response


def send_picture(row: ArticlePicture) -> HttpResponseBase:
    """Its bytes, with headers that keep them a picture."""
    try:
        response = FileResponse(open_blob(row.sha256), content_type=row.content_type)
    except FileNotFoundError:
        raise Http404("the file is gone") from None
    response["Content-Disposition"] = "inline"
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response["Cross-Origin-Resource-Policy"] = "same-origin"
    return response


@require_safe
@conditional_page
def theme(request: HttpRequest) -> HttpResponseBase:
    """The shop's colour in both themes, made readable; empty without one."""
    color = open_centre().colour
    sheet = accent_sheet(color) if color else ""
    return _fresh(HttpResponse(sheet, content_type="text/css; charset=utf-8"))


@require_safe
@conditional_page
def sitemap(request: HttpRequest) -> HttpResponseBase:
    """Every public page with its other languages, for search engines."""
    centre = open_centre()
    rows = published().filter(language__in=centre.languages).order_by("article", "language")
    by_article: dict[int, list[tuple[str, str, str]]] = {}
    for id, language, slug, at in rows.values_list("article_id", "language", "slug", "published_at"):
        address = settings.BASE_URL + reverse("help_article", args=[language, slug])
        by_article.setdefault(id, []).append((language, address, at.date().isoformat() if at else ""))
    starts = [(code, settings.BASE_URL + reverse("help_start", args=[code]), "") for code in centre.languages]
    entries = [_sitemap_entry(one, group) for group in (starts, *by_article.values()) for one in group]
    body = (
        '<?xml version="1.0" encoding="UTF-8"?>\n<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" '
        f'xmlns:xhtml="http://www.w3.org/1999/xhtml">\n{"".join(entries)}</urlset>\n'
    )
    return _fresh(HttpResponse(body, content_type="application/xml"))


def _sitemap_entry(one: tuple[str, str, str], group: list[tuple[str, str, str]]) -> str:
    """Slugs and languages are plain letters, so nothing here needs escaping."""
    links = "".join(f'<xhtml:link rel="alternate" hreflang="{code}" href="{url}"/>' for code, url, _at in group)
    return f"<url><loc>{one[1]}</loc>{f'<lastmod>{one[2]}</lastmod>' if one[2] else ''}{links}</url>\n"


def _language(request: HttpRequest, centre: HelpCentre) -> str:
    """What the address says, as far as the centre speaks it; else its own."""
    language = choose_language([request.GET.get("lang", "")[:20]])
    return language if centre.speaks(language) else centre.default_language


def _number(said: str, otherwise: int) -> int:
    return max(1, min(int(said), MOST)) if said.isdecimal() and len(said) < 4 else otherwise


def _fresh(response: HttpResponse) -> HttpResponse:
    response["Cache-Control"] = f"public, max-age={FRESH_SECONDS}"
    return response
