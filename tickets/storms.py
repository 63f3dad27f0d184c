"""The breaker: floods of mail are noticed, shown and told to admins, and nothing answers them by itself.

Noticing is a look at the newest messages every few seconds, so that taking mail in costs nothing more and there is no
counter that could be lost. Nothing is thrown away or held back: who floods us still gets every mail stored and shown.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import Q

from events.actors import SYSTEM
from tickets.actions.base import record, refresh_attention
from tickets.events import TicketEvent
from tickets.models import Message, MessageKind, Storm, StormScope, Ticket

WINDOW = timedelta(minutes=10)
CALM = timedelta(minutes=15)
TICKET_LIMIT = 20
ADDRESS_LIMIT = 40
# Of one ticket within an hour, whoever writes them: two machines stop here at the latest.
AUTOMATIC_PER_HOUR = 5
# The newest rows hold the last minutes of any flood; older ones are not read again and again.
_NEWEST = 20_000
_SURGES = """
WITH fresh AS (
    SELECT id, ticket_id, identity_id, at FROM tickets_message
    WHERE id > (SELECT COALESCE(max(id), 0) FROM tickets_message) - %(newest)s AND kind = 'inbound' AND at > %(since)s
      AND at <= %(now)s
)
SELECT 'ticket', ticket_id, NULL::bigint, count(*), max(at) FROM fresh
GROUP BY ticket_id HAVING count(*) > %(ticket_limit)s
UNION ALL
SELECT 'address', max(ticket_id), identity_id, count(*), max(at) FROM fresh WHERE identity_id IS NOT NULL
GROUP BY identity_id HAVING count(*) > %(address_limit)s
ORDER BY 2
"""


@dataclass(frozen=True, slots=True)
class Surge:
    """More mail than a person writes."""

    scope: str
    ticket_id: int
    identity_id: int | None
    messages: int
    last_at: datetime


def watch_storms(*, at: datetime) -> int:
    """Open a storm for each surge, keep those that go on, end those that are over; how many are open.

    Safe to run twice at once: an open storm is one row, and its ticket is locked.
    """
    for surge in _surges(at):
        _note(surge, at)
    for storm_id in Storm.objects.filter(ended_at=None, last_at__lte=at - CALM).values_list("pk", flat=True):
        _end(storm_id, at)
    return Storm.objects.filter(ended_at=None).count()


def automatic_answer_held(ticket_id: int, identity_ids: Iterable[int], *, at: datetime) -> str:
    """Why nothing may answer by itself here now: "storm" or "ticket_limit"; "" when it may. Ask with the ticket
    locked, before every automatic answer."""
    here = Q(scope=StormScope.TICKET, ticket=ticket_id)
    theirs = Q(scope=StormScope.ADDRESS, identity__in=list(identity_ids))
    if Storm.objects.filter(here | theirs, ended_at=None).exists():
        return "storm"
    sent = Message.objects.filter(ticket=ticket_id, kind=MessageKind.OUTBOUND, at__gt=at - timedelta(hours=1))
    return "ticket_limit" if sent.exclude(auto_kind="").count() >= AUTOMATIC_PER_HOUR else ""


def _surges(at: datetime) -> list[Surge]:
    values: dict[str, int | datetime] = {
        "newest": _NEWEST, "since": at - WINDOW, "now": at,
        "ticket_limit": TICKET_LIMIT, "address_limit": ADDRESS_LIMIT,
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(_SURGES, values)
        return [Surge(*row) for row in cursor.fetchall()]


@transaction.atomic
def _note(surge: Surge, at: datetime) -> None:
    ticket = Ticket.objects.select_for_update(of=("self",)).filter(pk=surge.ticket_id).first()
    if ticket is None:
        return
    place = {"ticket": ticket} if surge.scope == StormScope.TICKET else {"identity_id": surge.identity_id}
    open_ones = Storm.objects.filter(scope=surge.scope, ended_at=None, **place)
    if open_ones.update(last_at=surge.last_at):
        return
    _storm, new = Storm.objects.get_or_create(
        scope=surge.scope, ended_at=None, **place,
        defaults={"ticket": ticket, "identity_id": surge.identity_id, "began_at": at, "last_at": surge.last_at},
    )  # fmt: skip
    if not new:  # another process was faster, on another ticket of the same address
        return
    if not ticket.needs_attention:
        ticket.needs_attention = True
        ticket.save(update_fields=["needs_attention"])
    data = {"scope": surge.scope, "messages": surge.messages, "minutes": WINDOW.seconds // 60}
    data |= {"identity": surge.identity_id} if surge.identity_id else {}
    record(ticket, TicketEvent.STORM_BEGAN, by=SYSTEM, at=at, data=data)


@transaction.atomic
def _end(storm_id: int, at: datetime) -> None:
    storm = Storm.objects.filter(pk=storm_id).first()
    ticket = Ticket.objects.select_for_update(of=("self",)).filter(pk=storm.ticket_id).first() if storm else None
    still_quiet = Storm.objects.filter(pk=storm_id, ended_at=None, last_at__lte=at - CALM)
    if ticket is None or not still_quiet.update(ended_at=at):
        return
    refresh_attention(ticket)
    ticket.save(update_fields=["needs_attention"])
    record(ticket, TicketEvent.STORM_ENDED, by=SYSTEM, at=at, data={"scope": storm.scope if storm else ""})
