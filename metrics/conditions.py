"""A policy's conditions as a condition on tickets. `Fitting.fits` says the same of one ticket; a test holds them
together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.db.models import Q, QuerySet
from django.db.models.functions import Coalesce

from tickets.models import Status, Ticket

from .clocks.customers import facts_of
from .clocks.terms import CUSTOMER_TRAITS
from .models import Policy
from .rules import conditions_fit

_COLUMNS = {"channel_id": "channel_id", "channel_kind": "channel__kind", "priority": "priority", "team_id": "team_id",
            "language": "language", "brand_id": "channel__brand_id"}  # fmt: skip
OPEN = (Status.OPEN, Status.PENDING, Status.ON_HOLD)
# What customers are is no column: of so many tickets, the newest, it is looked up.
LOOKED_AT = 10_000
Conditions = Mapping[str, Sequence[Any]]


def policy_q(conditions: Conditions) -> Q:
    """Tickets that fit by what stands in their own rows, whatever other policies there are."""
    found = Q()
    for name, allowed in conditions.items():
        if name in CUSTOMER_TRAITS:
            continue
        column = _COLUMNS[name]
        some = Q(**{f"{column}__in": [value for value in allowed if value is not None]})
        found &= some | Q(**{f"{column}__isnull": True}) if None in allowed else some
    return found


def tickets_of(conditions: Conditions, earlier: Sequence[Policy]) -> Any:
    """Open tickets that would follow a policy with these conditions, asked after the earlier ones; where any of them
    asks who the customer is, of the newest ones (LOOKED_AT) that fit otherwise."""
    tickets = Ticket.objects.filter(status__in=OPEN).filter(policy_q(conditions))
    asking = [policy.conditions for policy in earlier if _asked(policy.conditions)]
    for policy in earlier:
        if not policy.conditions:
            return tickets.none()
        if not _asked(policy.conditions):
            tickets = tickets.exclude(pk__in=Ticket.objects.filter(policy_q(policy.conditions)).values("pk"))
    if not asking and not _asked(conditions):
        return tickets
    return Ticket.objects.filter(pk__in=_looked_up(tickets, conditions, asking))


def _looked_up(tickets: QuerySet[Ticket], conditions: Conditions, earlier: Sequence[Conditions]) -> list[int]:
    """Those of whose customers the conditions are true, and those of no earlier policy."""
    names = frozenset().union(*(_asked(each) for each in (conditions, *earlier)))
    customer = Coalesce("customer__merged_into", "customer")
    newest = tickets.order_by("-pk").values_list("pk", customer, *_COLUMNS.values())
    rows = [(pk, root, dict(zip(_COLUMNS, own, strict=True))) for pk, root, *own in newest[:LOOKED_AT]]
    facts = facts_of({root for _pk, root, _own in rows}, names)
    found = []
    for pk, root, own in rows:
        traits = own | facts[root] | {"segment": frozenset(facts[root].get("segment", ()))}
        if conditions_fit(conditions, traits) and not any(conditions_fit(each, traits) for each in earlier):
            found.append(pk)
    return found


def _asked(conditions: Iterable[str]) -> frozenset[str]:
    return frozenset(conditions).intersection(CUSTOMER_TRAITS)
