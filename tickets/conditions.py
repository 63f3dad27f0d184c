"""What lists and searches ask of a ticket, as SQL: the one place where a condition becomes one.

A `where` maps conditions to the values they allow. Those of `tickets.facets` are also read from tallies and, in the
browser and the hub, from a row; the others are deep: only the database knows. Apps above teach theirs here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.contrib.postgres.search import SearchQueryField
from django.db.models import BooleanField, Case, Exists, F, Func, OuterRef, Q, Value, When
from django.db.models.functions import Cast
from django.utils import timezone

from people.finding.query import parse_query
from people.models import Agent, Customer, Identity
from people.models.customer import Folded
from tickets.facets import FACETS, Where, facet_q
from tickets.fields import fields_condition
from tickets.models import Attachment, Channel, Participant, SearchEntry, Tagging, Ticket
from tickets.statuses import named_condition

Values = tuple[object, ...]
Condition = Callable[[Values, datetime], Q]
Choices = Callable[[], Iterable[tuple[str, Any]]]

# A capped count looks at so many tickets of a view at most, and counts so far.
CAP_WINDOW = 2_000
CAP = 99
MOST_VALUES = 50


def ticket_q(where: Where, *, at: datetime | None = None) -> Q:
    """The condition on `Ticket`; `at` is the moment that "longer than" counts from."""
    moment, condition = at or timezone.now(), Q()
    for name, allowed in where.items():
        condition &= facet_q(name, allowed) if name in FACETS else _compile(name)(allowed, moment)
    return condition


def teach_condition(name: str, condition: Condition, choices: Choices = list) -> None:
    """Learn a condition of a higher app (a customer's segment), and what a view may choose of it; when it is ready."""
    _CONDITIONS[name], _CHOICES[name] = condition, choices


def choices_of(name: str) -> list[tuple[str, Any]]:
    """Value and words of what may be chosen of a taught condition; none where nobody taught it."""
    return list(_CHOICES.get(name, list)())


def is_condition(name: str) -> bool:
    return name in FACETS or name in _CONDITIONS


def is_deep(where: Where) -> bool:
    """Whether only the database can tell if a ticket stands in it."""
    return not all(name in FACETS for name in where)


def plain_part(where: Where) -> Where:
    return {name: allowed for name, allowed in where.items() if name in FACETS}


def resolve(stored: Mapping[str, Any], agent: Agent) -> Where:
    """A stored view's conditions for this reader: "me" is whoever looks, and what is no longer known falls away."""
    where: dict[str, Values] = {}
    for name, allowed in stored.items():
        if is_condition(name) and isinstance(allowed, list) and allowed:
            # Only of people: "me" is a word of searches and a tag like any other.
            me = {"me": agent.pk} if name == "assignee" else {}
            where[name] = tuple(me.get(value, value) for value in allowed[:MOST_VALUES])
    return where


def capped_count(agent: Agent, where: Where) -> str:
    """How many tickets of the agent's stand in a view that no tally counts, "99+" beyond; one query of bounded cost.

    Where more tickets fulfil its plain part than are looked at, what was found among those says "at least".
    """
    scope = Ticket.objects.visible_to(agent).order_by()
    if not is_deep(where):
        found = len(scope.filter(ticket_q(where)).values_list("pk")[: CAP + 1])
        return f"{CAP}+" if found > CAP else str(found or "")
    window = scope.filter(ticket_q(plain_part(where))).values("pk")[:CAP_WINDOW]
    deep = {name: allowed for name, allowed in where.items() if name not in FACETS}
    looked = Ticket.objects.filter(pk__in=window).annotate(hit=_as_value(ticket_q(deep)))
    hits = list(looked.order_by().values_list("hit", flat=True))
    found = sum(hits)
    if found > CAP:
        return f"{CAP}+"
    return f"{found}+" if len(hits) == CAP_WINDOW else str(found or "")


def _as_value(condition: Q) -> Any:
    return Case(When(condition, then=Value(True)), default=Value(False), output_field=BooleanField())


def _compile(name: str) -> Condition:
    if name not in _CONDITIONS:
        raise ValueError(f"{name!r} is not a condition on a ticket")
    return _CONDITIONS[name]


class _Matches(Func):
    """`vector @@ query`, for a query that is complete already."""

    template = "(%(expressions)s)"
    arg_joiner = " @@ "
    output_field = BooleanField()


def has_words(tsquery: str) -> Exists:
    """Whether some message of the ticket matches."""
    vector = _Matches(F("vector"), Cast(Value(tsquery), SearchQueryField()))
    return Exists(SearchEntry.objects.filter(vector, ticket=OuterRef("pk")))


def _text(values: Values, at: datetime) -> Q:
    condition = Q()
    for value in values:
        query = parse_query(str(value))
        for term in query.wanted:
            condition &= Q(has_words(term))
        for term in query.unwanted:
            condition &= ~Q(has_words(term))
    return condition


def _brand(values: Values, at: datetime) -> Q:
    """Of a channel of one of these brands; None: of a channel without one."""
    condition = Q(brand__in=[value for value in values if value is not None])
    if None in values:
        condition |= Q(brand=None)
    return Q(channel__in=Channel.objects.filter(condition).order_by().values("pk"))


def _tag(values: Values, at: datetime) -> Q:
    """Any of these tags; None: no tag at all."""
    names = [value for value in values if value is not None]
    condition = Q(Exists(Tagging.objects.filter(ticket=OuterRef("pk"), tag__name__in=names))) if names else Q()
    if None in values:
        bare = ~Q(Exists(Tagging.objects.filter(ticket=OuterRef("pk"))))
        condition = condition | bare if names else bare
    return condition


def _waiting(values: Values, at: datetime) -> Q:
    """The customer waits for longer than so many seconds."""
    return Q(waiting_since__lte=at - timedelta(seconds=_least(values)))


def _least(values: Values) -> int:
    return min(int(str(value)) for value in values)


def _from(values: Values, at: datetime) -> Q:
    """Written by somebody whose name or address has this in it."""
    return _any(Q(customer__in=_customers(str(value))) | _takes_part(str(value)) for value in values)


def _to(values: Values, at: datetime) -> Q:
    """Written to an address or a name of ours, or copied to somebody, with this in it."""
    return _any(
        Q(channel__in=Channel.objects.filter(Q(address__icontains=value) | Q(name__icontains=value)).values("pk"))
        | _takes_part(str(value))
        for value in values
    )


def _customers(part: str) -> Any:
    named = Customer.objects.annotate(folded=Folded("name")).filter(folded__contains=Folded(Value(part)))
    known = Identity.objects.filter(value__contains=part.lower()).values("customer_id")
    return named.values("pk").union(known)


def _takes_part(part: str) -> Q:
    guests = Participant.objects.filter(identity__value__contains=part.lower(), conversation__ticket=OuterRef("pk"))
    return Q(Exists(guests))


def _any(conditions: Iterable[Q]) -> Q:
    found = Q(pk__in=[])
    for condition in conditions:
        found |= condition
    return found


def _before(values: Values, at: datetime) -> Q:
    return Q(opened_at__lt=min(str(value) for value in values))


def _after(values: Values, at: datetime) -> Q:
    return Q(last_message_at__gte=max(str(value) for value in values))


def _attachment(values: Values, at: datetime) -> Q:
    return Q(Exists(Attachment.objects.filter(ticket=OuterRef("pk"), message__isnull=False, inline=False)))


_CONDITIONS: dict[str, Condition] = {
    "priority": lambda values, at: Q(priority__in=values),
    "language": lambda values, at: Q(language__in=values),
    "field": lambda values, at: fields_condition(values),
    "state": lambda values, at: named_condition(values),
    "brand": _brand,
    "tag": _tag,
    "waits": lambda values, at: Q(waiting_since__isnull=False),
    "promised": lambda values, at: Q(next_due_at__isnull=False),
    "waiting": _waiting,
    "text": _text,
    "from": _from,
    "to": _to,
    "before": _before,
    "after": _after,
    "attachment": _attachment,
}
_CHOICES: dict[str, Choices] = {}
