"""Signatures with words that are filled in when a reply leaves: `{agent.first_name}`, `{ticket.number}`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import escape

from django.conf import settings
from django.utils.translation import gettext as _

from .brands import several_brands
from .written_html import clean_written_html, replace_pictures, text_of_html

LONGEST_HTML = 20_000
VARIABLES = (
    "agent.name",
    "agent.first_name",
    "agent.email",
    "channel.name",
    "channel.address",
    "brand.name",
    "ticket.number",
    "customer.name",
    "customer.first_name",
)
# What looks like one of ours; other braces are what they are.
_VARIABLE = re.compile(r"\{\s*([A-Za-z_]+(?:\.[A-Za-z_]+)+)\s*\}")


def offered_variables() -> tuple[str, ...]:
    """Those to choose from; of the brand only where there are several. One query."""
    return VARIABLES if several_brands() else tuple(name for name in VARIABLES if not name.startswith("brand."))


def unknown_variables(text: str) -> list[str]:
    """The variables in a signature that nobody can fill in, each once, in order."""
    return list(dict.fromkeys(name for name in _VARIABLE.findall(text) if name not in VARIABLES))


def unknown_words(names: list[str]) -> str:
    """What to say of them."""
    return _("Nobody can fill in: %(names)s.") % {"names": ", ".join(f"{{{name}}}" for name in names)}


def fill_in(text: str, values: Mapping[str, str]) -> str:
    """The signature with its variables replaced, once: what a value says is no variable again."""
    return _VARIABLE.sub(lambda found: values.get(found.group(1), found.group()), text)


def fill_in_html(html: str, values: Mapping[str, str]) -> str:
    """The same in HTML: what a value says is text and nothing else."""
    return fill_in(html, {name: escape(value) for name, value in values.items()})


def written_signature(text: str, html: str, *, kept: tuple[str, str]) -> tuple[str, str]:
    """A signature as it was posted, as (text, cleaned HTML). The HTML leads where there is some; a form without the
    editor posts the text alone, and the formatting stays as long as its words do. Pictures belong to messages."""
    if html.strip():
        cleaned = replace_pictures(clean_written_html(html[:LONGEST_HTML]), {})
        text = text_of_html(cleaned)
        return (text, cleaned) if text.strip() else ("", "")
    return (text, kept[1]) if text.replace("\r\n", "\n").strip() == kept[0].strip() else (text, "")


def first_name(name: str) -> str:
    """What somebody is called by; the whole name where it is one word."""
    return name.split()[0] if name.split() else ""


def example_of(text: str, *, name: str, email: str) -> str:
    """The signature of this agent as it would read on some ticket, for them to look at."""
    customer = _("Zoe Bauer")
    values = {
        "agent.name": name, "agent.first_name": first_name(name), "agent.email": email, "channel.name": _("Support"),
        "brand.name": str(settings.SHOP_NAME),
        "channel.address": "support@shop.example", "ticket.number": "1042", "customer.name": customer,
        "customer.first_name": first_name(customer),
    }  # fmt: skip
    return fill_in(text, values).strip()
