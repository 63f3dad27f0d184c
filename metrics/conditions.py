"""A policy's conditions as a condition on tickets. `Fitting.fits` says the same of one ticket; a test holds them
together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.db.models import Q

from tickets.models import Status, Ticket

from .models import Policy

_COLUMNS = {"channel_id": "channel_id", "channel_kind": "channel__kind", "priority": "priority", "team_id": "team_id",
            "language": "language"}  # fmt: skip
OPEN = (Status.OPEN, Status.PENDING, Status.ON_HOLD)


def policy_q(conditions: Mapping[str, Sequence[Any]]) -> Q:
    """Tickets that fit, whatever other policies there are."""
    found = Q()
    for name, allowed in conditions.items():
        column = _COLUMNS[name]
        some = Q(**{f"{column}__in": [value for value in allowed if value is not None]})
        found &= some | Q(**{f"{column}__isnull": True}) if None in allowed else some
    return found


def tickets_of(conditions: Mapping[str, Sequence[Any]], earlier: Sequence[Policy]) -> Any:
    """Open tickets that would follow a policy with these conditions, asked after the earlier ones."""
    tickets = Ticket.objects.filter(status__in=OPEN).filter(policy_q(conditions))
    for policy in earlier:
        if not policy.conditions:
            return tickets.none()
        tickets = tickets.exclude(pk__in=Ticket.objects.filter(policy_q(policy.conditions)).values("pk"))
    return tickets
