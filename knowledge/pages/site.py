"""What every public page shares: its language, its surroundings, its headers. No cookies, no session, one answer for
all, so that browsers and caches in between may keep it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import translation
from django.views.decorators.http import conditional_page, require_safe

from events.rates import client_address, spend
from knowledge.models import HelpCentre
from people.languages import asked_for, choose_language

Page = Callable[..., HttpResponseBase]
# Kept so long without asking; afterwards asked for with its ETag.
FRESH_SECONDS = 60
POLICY = (
    "default-src 'none'; style-src 'self'; font-src 'self'; img-src 'self'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'"
)


def open_centre() -> HelpCentre:
    """The settings; 404 while the help centre is closed."""
    centre = HelpCentre.load()
    if not centre.is_open:
        raise Http404("closed")
    return centre


def public(page: Page) -> Page:
    """A page in the language its address names: `page(request, centre, language, …)`. 404 in one we do not speak."""

    @require_safe
    @conditional_page
    @wraps(page)
    def shown(request: HttpRequest, language: str, **named: Any) -> HttpResponseBase:
        centre = open_centre()
        known = centre.speaks(language)
        with translation.override(language if known else _spoken(request, centre)):
            response = page(request, centre, language, **named) if known else lost(request, centre)
        return with_headers(response)

    return shown


def with_headers(response: HttpResponseBase) -> HttpResponseBase:
    kept = f"public, max-age={FRESH_SECONDS}" if response.status_code in (200, 301) else "no-store"
    response.headers.setdefault("Cache-Control", kept)
    response.headers.setdefault("Content-Security-Policy", POLICY)
    response.headers.setdefault("Content-Language", translation.get_language() or "")
    return response


def draw(
    request: HttpRequest, centre: HelpCentre, template: str, context: Mapping[str, Any], *,
    others: Mapping[str, str] | None = None, path: str = "", status: int = 200,
) -> HttpResponse:  # fmt: skip
    """A page with its surroundings. `others` is where the same stands in each language, `path` its own address."""
    language = translation.get_language() or centre.default_language
    starts = {code: reverse("help_start", args=[code]) for code in centre.languages if centre.speaks(code)}
    site = {
        "centre": centre, "language": language, "site_title": centre.title(language) or settings.SHOP_NAME,
        "switch": [
            {"code": code, "url": (others or {}).get(code, start), "current": code == language}
            for code, start in starts.items()
        ],
        "alternates": [(code, settings.BASE_URL + url) for code, url in (others or {}).items() if code in starts],
        "default_url": settings.BASE_URL + others[centre.default_language]
        if others and centre.default_language in others else "",
        "canonical": settings.BASE_URL + path if path else "",
        "start": reverse("help_start", args=[language]), "search_url": reverse("help_search", args=[language]),
        "contact": contact_of(centre),
    }  # fmt: skip
    response = render(request, template, site | dict(context), status=status)
    response["Content-Language"] = language
    return response


def contact_of(centre: HelpCentre) -> str:
    """Where readers write who found nothing; only what is a path, a page or a mail address."""
    return centre.contact if centre.contact.startswith(("/", "https://", "mailto:")) else ""


def lost(request: HttpRequest, centre: HelpCentre, asked: str = "") -> HttpResponse:
    """404, with a search for what may have been meant."""
    return draw(request, centre, "knowledge/public/lost.html", {"asked": asked, "robots": "noindex"}, status=404)


@require_safe
def home(request: HttpRequest) -> HttpResponseBase:
    """`/help/`: on to the reader's language."""
    centre = open_centre()
    response = redirect("help_start", _spoken(request, centre))
    response["Vary"] = "Accept-Language"
    response["Cache-Control"] = f"public, max-age={FRESH_SECONDS}"
    return response


@require_safe
def nowhere(request: HttpRequest, rest: str) -> HttpResponseBase:
    """Whatever else lies under `/help/`."""
    centre = open_centre()
    first = rest.partition("/")[0]
    with translation.override(first if centre.speaks(first) else _spoken(request, centre)):
        return with_headers(lost(request, centre, " ".join(rest.rpartition("/")[2].split("-"))[:80]))


def _spoken(request: HttpRequest, centre: HelpCentre) -> str:
    """The first language of the browser that the centre speaks, else its own."""
    for said in asked_for(request):
        language = choose_language([said])
        if centre.speaks(language) and said.lower().startswith(language):
            return language
    return centre.default_language


def too_often(request: HttpRequest, what: str, most: int, seconds: int = 60) -> int:
    """Seconds to wait for one address, 0 when it may."""
    return spend([(f"help:{what}:{client_address(request)}", most, seconds)])
