"""A ticket's status as it is said: one of the categories ("open"), or a finer word of the shop's own ("s12").

The category is the ticket's `status`, and the only thing that clocks, tallies and views by status know. The finer word
counts as long as its category is the ticket's: whoever sets a category alone, as the door does, need know of no words.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import F, Q
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from tickets.errors import InvalidInput
from tickets.models import SETTABLE, CustomStatus, Status, Ticket

_KEY = re.compile(r"s(\d{1,9})")
LONGEST = 40


@dataclass(frozen=True, slots=True)
class Word:
    """A status as it is shown; `id` is None for a category's own word."""

    id: int | None
    category: str
    label: str
    tone: str = ""

    @property
    def key(self) -> str:
        return self.category if self.id is None else f"s{self.id}"


def is_status(key: str) -> bool:
    """Whether this can be set at all: a category that a person may set, or something like a word of the shop's own."""
    return key in SETTABLE or _KEY.fullmatch(key) is not None


def read_status(key: str, *, team_id: int | None) -> tuple[str, CustomStatus | None]:
    """The category and the word that are meant, for a ticket of this team; a category alone means its default.

    InvalidInput for what cannot be set. One query.
    """
    usable = usable_statuses(team_id)
    if found := _KEY.fullmatch(key):
        named = usable.filter(pk=int(found[1])).first()
        if named is not None:
            return named.category, named
    elif key in SETTABLE:
        # A team's own default goes before the one for all.
        return str(key), usable.filter(category=key, is_default=True).order_by(F("team").desc(nulls_last=True)).first()
    raise InvalidInput("status", _("A ticket cannot be set to “%(status)s”.") % {"status": key})


def category_of(key: str) -> str:
    """The category of what may be a word of the shop's own; a query only for such a word."""
    found = _KEY.fullmatch(key)
    known = CustomStatus.objects.filter(pk=int(found[1])).values_list("category", flat=True).first() if found else None
    return known or key


def usable_statuses(team_id: int | None) -> Any:
    """Words that tickets of this team may have."""
    return CustomStatus.objects.filter(Q(team=None) | Q(team=team_id), archived_at=None)


def word_of(ticket: Ticket) -> Word:
    """The status as it is shown; reads `custom_status`, which the caller has joined."""
    named = ticket.custom_status
    if named is None or named.archived_at is not None or named.category != ticket.status:
        return plain_word(ticket.status)
    return Word(named.pk, named.category, label_in(named.names, named.name), named.tone)


def plain_word(category: str) -> Word:
    return Word(None, category, str(Status(category).label))


def label_in(names: Mapping[str, str], name: str) -> str:
    """In the reader's language, else as it is called for the rest."""
    return names.get((get_language() or "")[:2]) or name


def word_before(data: Mapping[str, Any], category: str) -> str:
    """What an event's ticket stood in before (`state_from`), if that can still be set; else the category."""
    known = CustomStatus.objects.filter(pk=data.get("state_from") or 0, category=category, archived_at=None).first()
    return known.key if known else category


def named_condition(ids: tuple[object, ...]) -> Q:
    """Tickets that stand in one of these words now."""
    return Q(custom_status__in=ids, custom_status__archived_at=None, status=F("custom_status__category"))
