"""Who saw what: noted once in a few minutes, counted against the day's budget, in one statement of the page.

The budget counts different tickets (or files) since midnight in the shop's time zone, straight from the audit. What was
opened today already is free. At the limit whoever reads the audit is told once a day; past it, if the house wants that,
nothing more is shown.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from events.actors import SYSTEM
from events.audit import COLUMNS, GIVEN, AuditKind, Entry, is_looking_as, note
from events.ledger import record_event
from events.models import Event
from events.statements import prepared

from .models import Agent
from .models.access import FILES_A_DAY, TICKETS_A_DAY

# The same person at the same ticket, or with the same question, is noted once in so long.
LATELY = timedelta(minutes=5)
BUDGET_REACHED = "agent.budget_reached"


class BudgetSpent(Exception):
    """The agent opened as much as the house allows in a day. Nothing was shown."""


@dataclass(frozen=True, slots=True)
class _Counted:
    """What is counted against which limit, and by which column two of them differ."""

    kind: AuditKind
    limit: str
    column: str
    usual: int  # where the house has set nothing


_TICKETS = _Counted(AuditKind.TICKET_OPENED, "tickets", "ticket_id", TICKETS_A_DAY)
_FILES = _Counted(AuditKind.FILE_DOWNLOADED, "files", "what", FILES_A_DAY)


def _statement(counted: _Counted) -> str:
    """Note it unless it was noted lately, and count the day only then. Built from constants of this file."""
    same = "e.ticket_id IS NOT DISTINCT FROM %(ticket_id)s::bigint AND e.what = %(what)s::text"
    mine = "e.actor_id = %(actor_id)s::bigint AND e.kind = %(kind)s::text"
    return f"""
WITH lately AS (
    SELECT EXISTS (SELECT 1 FROM events_auditentry e WHERE {mine} AND e.at > %(lately)s::timestamptz AND {same}) AS so
), today AS (
    SELECT count(DISTINCT e.{counted.column}) AS others FROM events_auditentry e
    WHERE NOT (SELECT so FROM lately) AND {mine} AND e.at >= %(midnight)s::timestamptz AND NOT ({same})
), known AS (
    SELECT EXISTS (SELECT 1 FROM events_auditentry e WHERE NOT (SELECT so FROM lately) AND {mine}
                   AND e.at >= %(midnight)s::timestamptz AND {same}) AS so
), rules AS (
    SELECT coalesce((SELECT {counted.limit} FROM people_accessrules ORDER BY id LIMIT 1), %(limit)s::integer) AS most,
           coalesce((SELECT stops FROM people_accessrules ORDER BY id LIMIT 1), false) AS stops
), noted AS (
    INSERT INTO events_auditentry ({COLUMNS}) SELECT {GIVEN}
    WHERE NOT (SELECT so FROM lately)
      AND NOT (SELECT r.stops AND r.most > 0 AND t.others >= r.most AND NOT k.so FROM rules r, today t, known k)
    RETURNING id
)
SELECT (SELECT so FROM lately), (SELECT count(*) FROM noted), t.others, k.so, r.most FROM rules r, today t, known k
"""  # noqa: S608 - constants of this file


_STATEMENTS = {counted.kind: _statement(counted) for counted in (_TICKETS, _FILES)}


def saw_ticket(agent: Agent, ticket_id: int, *, at: datetime | None = None) -> None:
    """Note that the agent opened the ticket, which they may see. Raises BudgetSpent, and then it may not be shown."""
    _count(_TICKETS, agent, ticket_id, "", at=at or timezone.now())


def took_file(agent: Agent, file: object, *, ticket_id: int | None, at: datetime | None = None) -> None:
    """Note that the agent took the file of this public id. Raises BudgetSpent."""
    _count(_FILES, agent, ticket_id, str(file), at=at or timezone.now())


def read_source(agent: Agent, mail: object, *, ticket_id: int | None) -> None:
    """Note that the agent read a mail (a message's id, or which of the quarantine) byte for byte."""
    note(AuditKind.SOURCE_READ, by=agent.actor, ticket_id=ticket_id, what=str(mail))


def searched(agent: Agent, query: str, *, at: datetime | None = None) -> None:
    """Note what the agent looked for; what is typed on and asked again within minutes is one search."""
    if query.strip():
        now = at or timezone.now()
        note(AuditKind.SEARCHED, by=agent.actor, what=query.strip(), once_since=now - LATELY, at=now)


def typed_search(agent: Agent, query: str) -> None:
    """Note a search that answers while one types: by its first letters, so that a word is not an entry a letter."""
    begun = query.strip()
    if len(begun) >= _TYPED:
        searched(agent, begun if len(begun) == _TYPED else f"{begun[:_TYPED]}…")


_TYPED = 4


def exported(agent: Agent, what: str) -> None:
    """Note that the agent took figures or a list out as a file."""
    note(AuditKind.EXPORTED, by=agent.actor, what=what)


def _count(counted: _Counted, agent: Agent, ticket_id: int | None, what: str, *, at: datetime) -> None:
    values: dict[str, Any] = Entry(counted.kind, agent.actor, at, ticket_id, what).values()
    midnight = at.astimezone(timezone.get_default_timezone()).replace(hour=0, minute=0, second=0, microsecond=0)
    given = values | {"lately": at - LATELY, "midnight": midnight, "limit": counted.usual}
    with prepared() as cursor:
        cursor.execute(_STATEMENTS[counted.kind], given)
        lately, noted, others, known, most = cursor.fetchone() or (True, 0, 0, True, 0)
    if lately or not most:
        return
    if not noted:
        note(AuditKind.BUDGET_STOPPED, by=agent.actor, ticket_id=ticket_id, what=counted.limit, at=at,
             once_since=at - LATELY)  # fmt: skip
        raise BudgetSpent(_("You have opened as much as is allowed in a day. Ask an admin."))
    if not known and others + 1 == most and not is_looking_as():
        _tell(agent, counted, most, midnight=midnight, at=at)


def _tell(agent: Agent, counted: _Counted, most: int, *, midnight: datetime, at: datetime) -> None:
    """Record once a day that the budget is spent; subscribers tell whoever reads the audit."""
    with transaction.atomic():
        Agent.objects.select_for_update(of=("self",)).get(pk=agent.pk)
        told = Event.objects.filter(stream_type="agent", stream_id=agent.pk, kind=BUDGET_REACHED, at__gte=midnight)
        if not told.filter(data__of=counted.limit).exists():
            data = {"of": counted.limit, "most": most}
            record_event(("agent", agent.pk), BUDGET_REACHED, by=SYSTEM, at=at, data=data)
