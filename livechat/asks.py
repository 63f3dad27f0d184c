"""What a chat asks before the first message: which fields, which of them must be answered, and what was said.

What is said stands on the ticket as from the contact form. The widget shows the questions; here they are held against
what came, since anybody can write to us without it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils import translation

from livechat.asking import Unfit, words
from livechat.doors import Door
from livechat.models import Visitor
from livechat.orders import own_order
from livechat.words import words_for
from people.languages import choose_language
from tickets.asked_fields import asked_fields, read_answers
from tickets.errors import InvalidInput
from tickets.models import TicketField
from tickets.recipients import is_address

# Besides fields of the shop's own, which go by their numbers.
NAME, EMAIL, ORDER = "name", "email", "order"
OWN = (NAME, EMAIL, ORDER)
LONGEST_ORDER = 60


@dataclass(frozen=True, slots=True)
class Said:
    """What was answered before the first message; nothing of it is proven."""

    order: str = ""
    answers: Mapping[int, str] = field(default_factory=dict)


NOTHING = Said()


def questions(door: Door) -> list[dict[str, Any]]:
    """What the widget shows, in its order; `name` and what follows only of the shop's own fields."""
    asks = door.settings.asks
    shown: list[dict[str, Any]] = [{"key": key, "required": asks[key]} for key in OWN if key in asks]
    return shown + [
        {"key": str(one.pk), "required": asks[str(one.pk)], "name": one.name, "kind": one.kind, "choices": one.choices}
        for one in _fields(door)
    ]


def read_said(door: Door, visitor: Visitor | None, said: Mapping[str, Any]) -> Said:
    """The answers that came with a first message. Unfit, with the questions and what is wrong beside each, where one
    that is required is missing or cannot be kept; then nothing was kept."""
    fields = _fields(door)
    given = said.get("asked")
    given = dict(given) if isinstance(given, dict) else {}
    order = words(given, ORDER, LONGEST_ORDER).strip()
    given.pop(ORDER, None)
    language = choose_language([words(dict(said), "language", 20)])
    wrong = _wrong_about_them(door, visitor, dict(said), order, language)
    answers: dict[int, str] = {}
    with translation.override(language):
        for one in fields:
            try:
                answers |= read_answers([one], {str(one.pk): given.pop(str(one.pk), "")})
            except InvalidInput as error:
                wrong[str(one.pk)] = error.message
    needed = words_for(language)["needed"]
    wrong |= {
        str(one.pk): needed
        for one in fields
        if door.settings.asks[str(one.pk)] and one.pk not in answers and str(one.pk) not in wrong
    }
    # What is left is asked no more: the widget shows what is, and the visitor sees what is kept of what they said.
    if wrong or given:
        raise Unfit("asks", asks=questions(door), wrong=wrong)
    return Said(order if ORDER in door.settings.asks else "", answers)


def _fields(door: Door) -> list[TicketField]:
    chosen = [int(key) for key in door.settings.asks if key.isdecimal()]
    return asked_fields(chosen, team_id=door.connection.channel.team_id)


def _wrong_about_them(
    door: Door, visitor: Visitor | None, said: dict[str, Any], order: str, language: str
) -> dict[str, str]:
    """What is wrong of name, address and order. What the shop has signed, or this browser said before, is not asked."""
    asks, told = door.settings.asks, words_for(language)
    email = words(said, EMAIL, 254).strip().lower()
    about = order or (own_order(visitor, words(said, ORDER, LONGEST_ORDER)) if visitor else "")
    known = {
        NAME: (visitor.name if visitor else "") or words(said, NAME, 120).strip(),
        EMAIL: (visitor.email if visitor else "") or email,
        ORDER: about,
    }
    wrong = {key: told["needed"] for key in OWN if asks.get(key) and not known[key]}
    if EMAIL in asks and not (visitor and visitor.email) and email and not is_address(email):
        wrong[EMAIL] = told["bad_email"]
    return wrong


def clean_asks(given: Any, *, team_id: int | None) -> dict[str, bool]:
    """What an admin chose, as it is kept: required or not, by what is asked."""
    chosen = dict(given) if isinstance(given, Mapping) else {}
    fields = asked_fields([int(key) for key in chosen if str(key).isdecimal()], team_id=team_id)
    keys = [*(key for key in OWN if key in chosen), *(str(one.pk) for one in fields)]
    return {key: bool(chosen[key]) for key in keys}
