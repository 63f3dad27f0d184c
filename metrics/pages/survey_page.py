"""The customer's page: the question, its reasons, a comment. A GET never records anything, whoever follows links.

The number clicked in the mail is chosen on the page; its script records it at the first sign of a person (a movement,
a touch, a key), the visible button does without any script. No session and no CSRF cookie: the signed link is the
proof, and a page of somebody else's does not have it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect, render
from django.utils import translation
from django.utils.translation import get_language, gettext
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from events.rates import client_address, spend
from knowledge.models import HelpCentre
from metrics.brands import brand_of_survey, channel_of
from metrics.models import Survey, SurveyAnswer
from metrics.surveys.answers import Said, record_answer, record_public_answer
from metrics.surveys.letters import FACES
from metrics.surveys.links import invitation_of
from metrics.surveys.scales import HIGH_REASONS, LOW_REASONS, SCALES, Band, Kind, band_of, is_score
from metrics.surveys.words import wording, words_for
from people.languages import asked_for, choose_language
from people.models import Brand
from tickets.errors import DomainError, InvalidInput

_VISIT = "metrics.survey.visit"
VISIT_SECONDS = 24 * 3600
# Answers by public links from one address in ten minutes; more is a stuffed ballot box.
MOST, WINDOW = 20, 600
# One customer's changes of mind in an hour: each is kept for good.
MOST_CHANGES, CHANGES_WINDOW = 30, 3600
Record = Callable[[Said], SurveyAnswer]


@dataclass(frozen=True, slots=True)
class Shop:
    """Who asks, as the customer knows them; without a name the house's own stands on the page."""

    name: str = ""
    brand: Brand | None = None


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def survey(request: HttpRequest, token: str) -> HttpResponseBase:
    """The question of one invitation."""
    invitation = invitation_of(token)
    if invitation is None:
        return _nowhere(request)
    if request.method == "POST":
        if _by_an_agent(request):
            return _not_the_customer(request)
        if spend([(f"survey-answer:{invitation.pk}", MOST_CHANGES, CHANGES_WINDOW)]):
            context = {"text": words_for(invitation.language)["over"]}
            return _plain(request, "survey/over.html", invitation.language, context, status=429)
        return _record(request, invitation.language, lambda said: record_answer(invitation.pk, said))
    answer = SurveyAnswer.objects.filter(invitation=invitation).first()
    channel = channel_of(invitation.channel_id)
    shop = Shop(channel.shop_name, channel.brand) if channel else Shop()
    return _page(request, invitation.kind, invitation.language, answer, invitation.survey, shop)


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def survey_public(request: HttpRequest, public_id: UUID) -> HttpResponseBase:
    """The question for whoever has the link. The form carries a signed visit, which is one answer."""
    found = Survey.objects.filter(public_id=public_id, is_active=True, web_link=True).first()
    if found is None:
        return _nowhere(request)
    brand = brand_of_survey(found)
    language = choose_language([*asked_for(request), brand.locale if brand else ""])
    shop = Shop(brand.name if brand else _house(language), brand)
    visit = request.POST.get("visit", "") if request.method == "POST" else request.GET.get("visit", "")
    key, kind = _visit(visit)
    if request.method != "POST":
        answer = SurveyAnswer.objects.filter(key=key, survey=found).first() if key else None
        kind = kind or found.kind
        visit = visit if key else signing.dumps([str(uuid4()), kind], salt=_VISIT)
        return _page(request, kind, language, answer, found, shop, visit=visit)
    if key is None or not _in_measure(request):
        return _nowhere(request)
    return _record(
        request,
        language,
        lambda said: record_public_answer(found.pk, key, said, kind=kind, language=language),
        visit=visit,
    )


def _record(request: HttpRequest, language: str, record: Record, *, visit: str = "") -> HttpResponseBase:
    quick = request.POST.get("quick") == "1"
    try:
        said = _said(request, quick=quick)
        record(said)
    except InvalidInput:
        return JsonResponse({"ok": False}, status=422) if quick else redirect(request.path)
    except DomainError:
        if quick:
            return JsonResponse({"ok": False}, status=409)
        return _plain(request, "survey/over.html", language, {"text": words_for(language)["over"]}, status=409)
    if quick:
        return JsonResponse({"ok": True})
    return redirect(f"{request.path}?saved=1{f'&visit={visit}&lang={language}' if visit else ''}")


def _by_an_agent(request: HttpRequest) -> bool:
    """Whether the browser is signed in here. Agents read what was sent, its link too, and must not rate themselves; in
    the demo the same person is both."""
    return request.user.is_authenticated and not settings.DEMO_MAILBOX


def _not_the_customer(request: HttpRequest) -> HttpResponseBase:
    if request.POST.get("quick") == "1":
        return JsonResponse({"ok": False}, status=403)
    text = gettext("You are signed in as an agent. Only what the customer answers counts, so nothing was kept.")
    return _plain(request, "survey/over.html", get_language() or "en", {"text": text}, status=403)


def _said(request: HttpRequest, *, quick: bool) -> Said:
    score = _score(request.POST.get("score", ""))
    if score is None:
        raise InvalidInput("score", "")
    return Said(score) if quick else Said(score, request.POST.getlist("reasons"), request.POST.get("comment", ""))


def _score(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 3 else None


def _page(
    request: HttpRequest, kind: str, language: str, answer: SurveyAnswer | None, of: Survey | None,
    shop: Shop, *, visit: str = "",
) -> HttpResponseBase:  # fmt: skip
    words, said = words_for(language), wording(kind, language)
    preset = _score(request.GET.get("score", ""))
    preset = preset if preset is not None and is_score(kind, preset) else None
    chosen = preset if preset is not None else answer.score if answer else None
    scores = [
        {"n": n, "band": str(band_of(kind, n)), "face": FACES[n] if kind == Kind.CSAT else "", "chosen": n == chosen}
        for n in SCALES[kind]
    ]
    given = set(answer.reasons) if answer else set()
    high = [(code, words[code], code in given) for code in HIGH_REASONS]
    low = [(code, words[code], code in given) for code in LOW_REASONS]
    context = {
        "kind": kind, "scores": scores, "low": low, "high": high, "comment": answer.comment if answer else "",
        "question": said.ask, "low_end": said.low, "high_end": said.high,
        "saved": "saved" in request.GET and answer is not None, "visit": visit,
        # Nothing is recorded by itself for who comes back to change something, only what a mail's number said.
        "quick": preset is not None and (answer is None or answer.score != preset),
        "review": _review(of, shop.brand) if answer and band_of(kind, answer.score) == Band.HIGH else "",
        "brand": shop.brand, "shop": shop.name,
    }  # fmt: skip
    return _plain(request, "survey/page.html", language, context)


def _house(language: str) -> str:
    """Who asks, where no channel tells it: the house by its name, else as its help centre is called."""
    named = settings.SHOP_NAME != settings.PRODUCT_NAME
    return str(settings.SHOP_NAME) if named else HelpCentre.load().title(language)


def _review(of: Survey | None, brand: Brand | None) -> str:
    """Where to send who was pleased: a brand's own place before that of a survey for all brands."""
    return (brand.review_url if brand else "") or (of.review_url if of else "")


def _plain(
    request: HttpRequest, template: str, language: str, context: dict[str, Any], *, status: int = 200
) -> HttpResponseBase:
    with translation.override(language):
        page = render(request, template, context | {"words": words_for(language)}, status=status)
    page["Cache-Control"], page["X-Robots-Tag"], page["Referrer-Policy"] = "no-store", "noindex", "no-referrer"
    page["Content-Language"] = choose_language([language])
    return page


def _nowhere(request: HttpRequest) -> HttpResponse:
    language = choose_language(asked_for(request))
    context = {"text": words_for(language)["unknown"]}
    page = _plain(request, "survey/over.html", language, context, status=404)
    assert isinstance(page, HttpResponse)
    return page


def _visit(text: str) -> tuple[UUID | None, str]:
    """Whose visit, and what their page asked them."""
    try:
        key, kind = signing.loads(text, salt=_VISIT, max_age=VISIT_SECONDS)
        return UUID(key), Kind(kind)
    except (signing.BadSignature, ValueError, TypeError):
        return None, ""


def _in_measure(request: HttpRequest) -> bool:
    return not spend([(f"survey:{client_address(request)}", MOST, WINDOW)])
