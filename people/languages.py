"""The languages customers are spoken to in, and which of them somebody reads.

Agents' pages know two (`settings.LANGUAGES`). What a customer may see is translated into all of these:
`scripts/customers_words.py` names it.
"""

from __future__ import annotations

from collections.abc import Iterable

from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

NAMES = {
    "en": _("English"), "uk": _("Ukrainian"), "de": _("German"), "fr": _("French"), "es": _("Spanish"),
    "pl": _("Polish"),
}  # fmt: skip
LANGUAGES = tuple(NAMES)
# Pages of customers, whoever opens them; the error pages there are theirs too.
CUSTOMERS_PATHS = ("/contact/", "/help/", "/survey/", "/unsubscribe/")


def is_customers(request: HttpRequest) -> bool:
    """Whether the page is one that customers open."""
    return request.path.startswith(CUSTOMERS_PATHS)


def choose_language(wanted: Iterable[str]) -> str:
    """The first of these ("de-AT", "uk") we speak to customers in; else the helpdesk's own language."""
    for said in (*wanted, settings.LANGUAGE_CODE):
        short = said.strip().lower().replace("_", "-").partition("-")[0]
        if short in LANGUAGES:
            return short
    return "en"


def asked_for(request: HttpRequest) -> list[str]:
    """What the address says (`?lang=de`), then what the browser reads, as it prefers it (RFC 9110 12.5.4)."""
    said = [part.split(";q=") for part in request.headers.get("Accept-Language", "")[:400].split(",")]
    reads = [parts[0].strip() for parts in sorted(said, key=lambda parts: -_weight(parts)) if _weight(parts) > 0]
    return [language for language in (request.GET.get("lang", "")[:20], *reads) if language]


def _weight(parts: list[str]) -> float:
    try:
        return float(parts[1]) if len(parts) > 1 else 1.0
    except ValueError:
        return 0.0
