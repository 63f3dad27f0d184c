"""Which other tickets of a customer may be about the same, and why we think so. Never acted upon by itself."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from people.models import Agent
from tickets.models import Status, Ticket

NEAR = timedelta(hours=24)
REACH = timedelta(days=30)
LOOKED_AT = 40
SHOWN = 3
ALIKE = 0.5  # share of the words of both subjects that they have in common
_PREFIX = re.compile(r"^\s*(?:(?:re|fwd?|aw|wg|sv|tr|відп|пер)\s*:\s*|\[#\d+\]\s*)+", re.IGNORECASE)
_WORD = re.compile(r"\w+")
_NUMBER = re.compile(r"(?=[\w-]*\d{4})[\w-]{5,}")


class Why(StrEnum):
    SUBJECT = "subject"
    NUMBER = "number"
    NEAR = "near"


@dataclass(frozen=True, slots=True)
class Subject:
    """What of a ticket is compared."""

    number: int
    subject: str
    opened_at: datetime
    last_message_at: datetime


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Another ticket of the same customer, and what the two have in common; `named` is a number both name."""

    ticket: Ticket
    reasons: tuple[Why, ...]
    named: str = ""


def suggest_merges(agent: Agent, ticket: Ticket) -> list[Suggestion]:
    """The tickets that may be about the same, the likeliest first; one query."""
    if ticket.merged_into_id is not None or ticket.status in (Status.CLOSED, Status.SPAM):
        return []
    others = Ticket.objects.visible_to(agent).filter(customer=ticket.customer_id, merged_into=None)
    others = others.exclude(pk=ticket.pk).exclude(status__in=(Status.CLOSED, Status.SPAM))
    others = others.filter(last_message_at__gte=ticket.last_message_at - REACH).newest_first()[:LOOKED_AT]
    found = []
    for other in others:
        reasons, named = reasons_for(_subject(ticket), _subject(other))
        if reasons:
            found.append(Suggestion(other, reasons, named))
    return sorted(found, key=lambda one: (-len(one.reasons), abs(one.ticket.pk - ticket.pk)))[:SHOWN]


def reasons_for(one: Subject, other: Subject) -> tuple[tuple[Why, ...], str]:
    """What two tickets of one customer have in common, and the number both name; nothing for those too far apart."""
    if abs(one.last_message_at - other.last_message_at) > REACH:
        return (), ""
    numbers = sorted(_numbers(one.subject) & _numbers(other.subject))
    reasons = [Why.NUMBER] if numbers else []
    if _alike(words(one.subject), words(other.subject)):
        reasons.append(Why.SUBJECT)
    if abs(one.opened_at - other.opened_at) <= NEAR:
        reasons.append(Why.NEAR)
    return tuple(reasons), numbers[0] if numbers else ""


def words(subject: str) -> frozenset[str]:
    """The words of a subject, without what mail programs put in front."""
    return frozenset(word for word in _WORD.findall(_PREFIX.sub("", subject).casefold()) if len(word) > 2)


def _alike(one: frozenset[str], other: frozenset[str]) -> bool:
    return bool(one and other) and len(one & other) / len(one | other) >= ALIKE


def _numbers(subject: str) -> set[str]:
    return {number.casefold() for number in _found(subject)}


def _found(subject: str) -> Iterable[str]:
    return _NUMBER.findall(_PREFIX.sub("", subject))


def _subject(ticket: Ticket) -> Subject:
    return Subject(ticket.pk, ticket.subject, ticket.opened_at, ticket.last_message_at)
