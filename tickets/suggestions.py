"""Which other tickets of a customer may be about the same, and why we think so. Acted upon by
`tickets.merge_policy` alone, where somebody said so."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from django.db.models import Q
from django.db.models.functions import Left

from people.models import Agent
from tickets.models import LinkReason, Message, MessageKind, Status, Ticket, TicketLink
from tickets.queries import TicketQuerySet

NEAR = timedelta(hours=24)
REACH = timedelta(days=30)
LOOKED_AT = 40
SHOWN = 3
READ = 2_000  # characters of a first message
ALIKE = 0.5  # share of the words of both subjects that they have in common
_PREFIX = re.compile(r"^\s*(?:(?:re|fwd?|aw|wg|sv|tr|відп|пер)\s*:\s*|\[#\d+\]\s*)+", re.IGNORECASE)
_WORD = re.compile(r"\w+")
_NUMBER = re.compile(r"(?=[\w-]*\d{4})[\w-]{5,}")
# Said to be a number, as in #1042 or Order 1042; without that a text is full of dates and telephones.
_MARKED = re.compile(
    r"(?<![\w\[])(?:[#№]|(?:no|nr|order|bestellung|commande|pedido|zam[oó]wienie|замовлення)\b[.:]?\s*[#№:]?)\s*"
    r"((?=[\w-]*\d{3})[\w-]{3,24})",
    re.IGNORECASE,
)
_TOKEN = re.compile(r"[\w-]+")
SHORTEST = 3  # of an order's number that counts wherever it stands

_orders: list[Callable[[int], Iterable[str]]] = []


def teach_orders(numbers_of_customer: Callable[[int], Iterable[str]]) -> None:
    """Learn of a higher app which order numbers are a customer's; called once, when that app is ready."""
    _orders.append(numbers_of_customer)


class Why(StrEnum):
    ORDER = "order"
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
    text: str = ""  # how its first message begins


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Another ticket of the same customer, and what the two have in common; `named` is a number both name."""

    ticket: Ticket
    reasons: tuple[Why, ...]
    named: str = ""


def suggest_merges(agent: Agent, ticket: Ticket) -> list[Suggestion]:
    """The tickets that may be about the same, the likeliest first; as many queries whatever their number."""
    if ticket.merged_into_id is not None or ticket.status in (Status.CLOSED, Status.SPAM):
        return []
    others = Ticket.objects.visible_to(agent).filter(customer=ticket.customer_id, merged_into=None)
    return suggest_among(ticket, others.exclude(status__in=(Status.CLOSED, Status.SPAM)))[:SHOWN]


def suggest_among(ticket: Ticket, others: TicketQuerySet) -> list[Suggestion]:
    """The latest of these that may be about the same as the ticket, but those that somebody said are not."""
    others = others.exclude(pk__in=[ticket.pk, *_said_distinct(ticket)])
    others = others.filter(last_message_at__gte=ticket.last_message_at - REACH).newest_first()[:LOOKED_AT]
    if not (looked := list(others)):
        return []
    texts = _first_words([ticket.pk, *(other.pk for other in looked)])
    orders = frozenset(bare for known in _orders for number in known(ticket.customer_id) if (bare := _bare(number)))
    found = []
    for other in looked:
        reasons, named = reasons_for(_subject(ticket, texts), _subject(other, texts), orders)
        if reasons:
            found.append(Suggestion(other, reasons, named))
    return sorted(found, key=lambda one: (-len(one.reasons), abs(one.ticket.pk - ticket.pk)))


def reasons_for(one: Subject, other: Subject, orders: frozenset[str] = frozenset()) -> tuple[tuple[Why, ...], str]:
    """What two tickets of one customer have in common, and the number both name, an order's of theirs (`orders`) before
    any other; nothing for those too far apart."""
    if abs(one.last_message_at - other.last_message_at) > REACH:
        return (), ""
    named = sorted(_numbers(one, orders) & _numbers(other, orders), key=lambda number: (number not in orders, number))
    reasons = [Why.ORDER if named[0] in orders else Why.NUMBER] if named else []
    if _alike(words(one.subject), words(other.subject)):
        reasons.append(Why.SUBJECT)
    if abs(one.opened_at - other.opened_at) <= NEAR:
        reasons.append(Why.NEAR)
    return tuple(reasons), named[0] if named else ""


def _said_distinct(ticket: Ticket) -> list[int]:
    """Tickets that somebody said are not the same as this one."""
    said = TicketLink.objects.filter(Q(ticket=ticket) | Q(other=ticket), reason=LinkReason.DISTINCT)
    return [pk for pair in said.values_list("ticket", "other") for pk in pair if pk != ticket.pk]


def _first_words(ticket_ids: list[int]) -> dict[int, str]:
    wrote = Message.objects.filter(ticket__in=ticket_ids, kind=MessageKind.INBOUND, conversation__aside=False)
    first = wrote.order_by("ticket", "sequence").distinct("ticket")
    return dict(first.annotate(words=Left("text", READ)).values_list("ticket", "words"))


def words(subject: str) -> frozenset[str]:
    """The words of a subject, without what mail programs put in front."""
    return frozenset(word for word in _WORD.findall(_PREFIX.sub("", subject).casefold()) if len(word) > 2)


def _alike(one: frozenset[str], other: frozenset[str]) -> bool:
    return bool(one and other) and len(one & other) / len(one | other) >= ALIKE


def _numbers(one: Subject, orders: frozenset[str]) -> set[str]:
    """Numbers in the subject, numbers that the subject or the text call one, and orders of the customer in either."""
    subject = _PREFIX.sub("", one.subject)
    both = f"{subject}\n{one.text}"
    said = [*_NUMBER.findall(subject), *_MARKED.findall(both)]
    known = {token for token in map(_bare, _TOKEN.findall(both)) if len(token) >= SHORTEST} & orders
    return {_bare(number) for number in said} | known


def _bare(number: str) -> str:
    return number.strip().lstrip("#").casefold()


def _subject(ticket: Ticket, texts: Mapping[int, str]) -> Subject:
    return Subject(ticket.pk, ticket.subject, ticket.opened_at, ticket.last_message_at, texts.get(ticket.pk, ""))
