"""Words in double braces that a canned reply fills in: {{customer.first_name}}. Pure but for what apps above teach.

What cannot be filled in stays as it is written, is named, and stops the text from being sent.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from html import escape

from django.utils import translation
from django.utils.translation import gettext as _

from people.models import Agent, Customer
from people.signatures import first_name
from tickets.errors import InvalidInput
from tickets.fields import shown_value
from tickets.languages import language_of
from tickets.models import Channel, FieldValue, Ticket, TicketField

KNOWN = (
    "customer.name", "customer.first_name", "customer.email",
    "ticket.number", "ticket.subject",
    "agent.name", "agent.first_name", "agent.email",
    "channel.name", "channel.address",
    "brand.name", "brand.url",
)  # fmt: skip
# Before the key of a field of the shop's own.
OF_FIELDS = "field."
_PLACEHOLDER = re.compile(r"\{\{\s*([^\W\d]\w*(?:\.\w+)*)\s*\}\}")

Values = Callable[[Ticket], Mapping[str, str]]
_TAUGHT: dict[str, tuple[tuple[str, ...], Values]] = {}


@dataclass(frozen=True, slots=True)
class Filled:
    """A text with its placeholders filled in; `missing` are those that could not be, each once, in order."""

    text: str
    missing: tuple[str, ...] = ()


def teach_placeholders(group: str, names: tuple[str, ...], values: Values) -> None:
    """Learn the placeholders of a higher app ("order" of the shop's connector); once, when it is ready."""
    _TAUGHT[group] = names, values


def known_placeholders() -> list[str]:
    """Also the fields of the shop's own; one query."""
    fields = [f"{OF_FIELDS}{key}" for key in TicketField.objects.filter(archived_at=None).values_list("key", flat=True)]
    return [*KNOWN, *(name for names, _values in _TAUGHT.values() for name in names), *fields]


def unknown_placeholders(text: str) -> list[str]:
    """Those that nobody can ever fill in, each once, in order."""
    known = set(known_placeholders())
    return [name for name in dict.fromkeys(_PLACEHOLDER.findall(text)) if name not in known]


def fill(text: str, values: Mapping[str, str]) -> Filled:
    """Fill in once: what a value says is no placeholder again."""
    missing = [name for name in dict.fromkeys(_PLACEHOLDER.findall(text)) if not values.get(name)]
    return Filled(_PLACEHOLDER.sub(lambda found: values.get(found[1]) or found[0], text), tuple(missing))


def fill_html(html: str, values: Mapping[str, str]) -> str:
    """The same in HTML, where what a value says is text and nothing else."""
    return fill(html, {name: escape(value) for name, value in values.items()}).text


def values_for(ticket: Ticket, agent: Agent, *, email: str) -> dict[str, str]:
    """What there is to fill in on this ticket, in its customer's language. `email` is the customer's address."""
    values = opening_values(ticket.customer, ticket.channel, agent, email=email)
    values |= {"ticket.number": str(ticket.pk), "ticket.subject": ticket.subject}
    with translation.override(language_of(ticket)):
        for said in FieldValue.objects.filter(ticket=ticket).select_related("field"):
            values[f"{OF_FIELDS}{said.field.key}"] = shown_value(said.field.kind, said.value)
    for _names, more in _TAUGHT.values():
        values |= more(ticket)
    return values


def opening_values(customer: Customer | None, channel: Channel | None, agent: Agent, *, email: str) -> dict[str, str]:
    """What there is to fill in before there is a ticket."""
    named = customer.name if customer else ""
    values = {
        "customer.name": named, "customer.first_name": first_name(named), "customer.email": email,
        "agent.name": agent.name, "agent.first_name": first_name(agent.name), "agent.email": agent.email,
    }  # fmt: skip
    if channel is None:
        return values
    values |= {"channel.name": channel.name, "channel.address": channel.address}
    return values | {"brand.name": channel.shop_name, "brand.url": channel.brand.url if channel.brand else ""}


def refuse_unfilled(text: str) -> None:
    """Stop a text that still holds a placeholder."""
    if left := list(dict.fromkeys(_PLACEHOLDER.findall(text))):
        raise InvalidInput("text", _("Fill in or remove: %(names)s.") % {"names": in_braces(left)})


def in_braces(names: list[str] | tuple[str, ...]) -> str:
    return ", ".join(f"{{{{{name}}}}}" for name in names)
