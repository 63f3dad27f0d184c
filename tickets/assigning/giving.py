"""Giving the next ticket. Each in a transaction of its own, safe twice at once.

Locks are taken in one order: the team's rule, its people's rows by number, the ticket. Whoever holds a person's row
alone may give them something, so nobody is brought above their limit and no ticket goes to two.
"""

from __future__ import annotations

from collections.abc import Set
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F, Q

from events.actors import SYSTEM, ActorKind
from events.models import Event
from people.availability import answering, make_missing
from people.desks import desks_if_known
from people.models import Availability
from tickets.actions.base import audience, record
from tickets.events import TICKET_STREAM, TicketEvent
from tickets.models import Assigning, LinkReason, Method, Status, Ticket, TicketLink

from .rules import Choice, Waiting, choose
from .staff import Member, locked_rows_of, members, weight_of

# So many tickets at the head of a queue are looked at for one that somebody can take.
LOOKED_AT = 20


def give_next(team_id: int, *, here: Set[int], at: datetime) -> bool:
    """Give the ticket of the team's queue that is due first to whoever is to have it; whether it is worth asking
    again. Nothing happens while nobody can take it."""
    with transaction.atomic():
        rule = Assigning.objects.select_for_update().filter(pk=team_id).exclude(method=Method.OFF).first()
        if rule is None:
            return False
        people = members(rule, locked_rows_of(team_id), here=here, at=at)
        choice = next_choice(rule, people)
        if choice is None:
            _look_again(rule, people)
            return False
        ticket = waiting_tickets(team_id).select_for_update(of=("self",)).filter(pk=choice.ticket_id).first()
        if ticket is not None:  # else somebody took it while we looked
            _give(ticket, choice, rule, at=at)
    return True


def waiting_tickets(team_id: int) -> Any:
    """A team's tickets that wait for somebody, the one due first at the head (index `ticket_queue`)."""
    waiting = Ticket.objects.filter(team_id=team_id, status=Status.OPEN, assignee=None, snoozed_until=None)
    return waiting.order_by(F("next_due_at").asc(nulls_last=True), "pk")


def next_choice(rule: Assigning, people: list[Member]) -> Choice | None:
    """What is to be given next, and to whom."""
    candidates = [one.candidate for one in people if one.takes_work]
    if not candidates:
        return None
    heads = list(waiting_tickets(rule.team_id).values_list("pk", "channel_id", "channel__kind")[:LOOKED_AT])
    pasts = _pasts([pk for pk, _channel, _kind in heads]) if heads else {}
    queue = [_waiting(rule, head, pasts.get(head[0])) for head in heads]
    return choose(queue, candidates, method=rule.method, last_given=rule.last_given)


def _waiting(rule: Assigning, head: tuple[int, int, str], past: tuple[int | None, bool] | None) -> Waiting:
    ticket_id, channel_id, kind = head
    owner, by_hand = past or (None, False)
    before = None if by_hand or not rule.sticky else owner
    not_to = owner if by_hand else None
    return Waiting(ticket_id, weight_of(rule, kind), before=before, not_to=not_to, channel=channel_id)


def _pasts(ticket_ids: list[int]) -> dict[int, tuple[int | None, bool]]:
    """Whose each ticket was last, and whether a person took it from them."""
    last = last_assignments(ticket_ids)
    found = {event.stream_id: (event.data.get("from"), event.actor_kind == ActorKind.AGENT) for event in last}
    new = set(ticket_ids) - set(found)
    follows = TicketLink.objects.filter(ticket__in=new, reason=LinkReason.FOLLOW_UP)
    owners = follows.values_list("ticket_id", "other__assignee_id")
    return found | {ticket_id: (owner, False) for ticket_id, owner in owners}


def last_assignments(ticket_ids: list[int]) -> list[Event]:
    """The last event of each of these tickets that says whose it is."""
    stream = Event.objects.filter(stream_type=TICKET_STREAM, stream_id__in=ticket_ids, kind=TicketEvent.TICKET_ASSIGNED)
    return list(stream.order_by("stream_id", "-sequence").distinct("stream_id"))


def _give(ticket: Ticket, choice: Choice, rule: Assigning, *, at: datetime) -> None:
    before = audience(ticket)
    ticket.assignee_id = choice.agent_id
    ticket.save(update_fields=["assignee"])
    reason = {"why": choice.why, "load": choice.load, "limit": choice.limit}
    data = {"from": None, "to": choice.agent_id, "auto": reason}
    record(ticket, TicketEvent.TICKET_ASSIGNED, by=SYSTEM, at=at, data=data, before=before)
    Availability.objects.filter(pk=choice.agent_id).update(given_at=at)
    rule.last_given = choice.agent_id
    rule.save(update_fields=["last_given"])


def _look_again(rule: Assigning, people: list[Member]) -> None:
    """Note when the first shift begins, if something waits for it."""
    opens = [one.shift.opens_at for one in people if one.shift.opens_at and not one.shift.within]
    again = min(opens) if opens and waiting_tickets(rule.team_id).exists() else None
    if rule.look_again_at != again:
        rule.look_again_at = again
        rule.save(update_fields=["look_again_at"])


def give_out(team_id: int, *, at: datetime) -> int:
    """Give a team's waiting tickets until nobody has room or none is left; how many looks that took."""
    asked, here = Assigning.objects.filter(pk=team_id).values_list("asked", flat=True).first(), desks_if_known()
    if asked is None or here is None:  # not known who is here: the question stays open
        return 0
    make_missing(answering().filter(teams=team_id))
    looks = 0
    while give_next(team_id, here=here, at=at):
        looks += 1
    # What was asked while we looked is higher than what we read, and is looked at again.
    Assigning.objects.filter(pk=team_id, answered__lt=asked).update(answered=asked)
    return looks


def teams_to_look_at(*, at: datetime) -> list[int]:
    """Teams whose queue may have changed, or where somebody's shift has begun."""
    changed = Q(asked__gt=F("answered")) | Q(look_again_at__lte=at)
    return list(
        Assigning.objects.filter(changed).exclude(method=Method.OFF).order_by("pk").values_list("pk", flat=True)
    )
