"""Who is there to work: what agents say of themselves, whether they have the helpdesk open, and their shifts.

The one answer for everything that asks who can take a ticket or a chat. Asking costs no more than the number of agents.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from events.audit import note_setting
from events.ledger import record_event
from people.desks import agents_at_their_desks, desks_if_known
from people.models import Agent, Availability, Presence
from people.permissions import Permission, PermissionDenied
from people.roles import Refused

# Whoever is busy still answers what they have, and is there for who asks.
THERE = (Presence.ONLINE, Presence.BUSY)
MOST_AT_ONCE = 500


def agents_here(team_id: int | None, channel_id: int | None = None) -> list[Agent]:
    """Those of a team (None: of any) who can answer now and see what waits in the channel (None: in some), the same
    ones first each time. One query at most."""
    here = agents_at_their_desks()
    if not here:
        return []
    takers = Agent.objects.who_may(Permission.REPLY, Permission.READ_TEAM_TICKETS).filter(pk__in=here)
    agents = takers.exclude(availability__said__in=[Presence.AWAY, Presence.OFF])
    if team_id is not None:
        agents = agents.filter(teams=team_id)
    return [agent for agent in agents.order_by("pk") if channel_id is None or agent.sees_channel(channel_id)]


def takers_here(team_id: int | None, channel_id: int | None = None) -> list[Agent]:
    """Those of them who take something new: whoever is busy has enough. Two queries at most."""
    here = {agent.pk: agent for agent in agents_here(team_id, channel_id)}
    busy = Availability.objects.filter(agent__in=here, said=Presence.BUSY).values_list("agent", flat=True)
    for id in busy if here else ():
        del here[id]
    return list(here.values())


def answering() -> QuerySet[Agent]:
    """Everybody who may answer customers."""
    return Agent.objects.who_may(Permission.REPLY)


def say_presence(agent: Agent, said: str, *, at: datetime | None = None) -> Availability:
    """An agent says that they are online, busy, away or off. Saying it again changes nothing."""
    at = at or timezone.now()
    if said not in Presence.values:
        raise Refused("said", _("There is no such state."))
    if not agent.is_active:
        raise PermissionDenied(_("Your role does not allow this."))
    with transaction.atomic():
        row = availability_of(agent.pk)
        if row.said == said:
            return row
        data = {"from": row.said, "to": said}
        row.said, row.said_at, row.let_go = said, at, []
        row.save(update_fields=["said", "said_at", "let_go"])
        record_event(("agent", agent.pk), "agent.availability_changed", by=agent.actor, at=at, data=data)
    return row


def set_limits(agent: Agent, *, by: Agent, most: int | None, calendar: int | None) -> Availability:
    """How much somebody may have open at once and by which calendar they work; None: as their team says."""
    if not by.may(Permission.MANAGE_TEAMS):
        raise PermissionDenied(_("Your role does not allow this."))
    if most is not None and not 0 <= most <= MOST_AT_ONCE:
        raise Refused("most", _("Choose a number from 0 to %(most)d.") % {"most": MOST_AT_ONCE})
    with transaction.atomic():
        row = availability_of(agent.pk)
        if (row.most, row.calendar) == (most, calendar):
            return row
        data = {"most": most, "calendar": calendar}
        note_setting(f"agent {agent.pk}", {name: getattr(row, name) for name in data}, data, by=by.actor)
        row.most, row.calendar = most, calendar
        row.save(update_fields=["most", "calendar"])
        record_event(("agent", agent.pk), "agent.limits_changed", by=by.actor, at=timezone.now(), data=data)
    return row


def availability_of(agent_id: int) -> Availability:
    """The agent's row, made if need be, locked until the transaction ends."""
    Availability.objects.bulk_create([Availability(agent_id=agent_id)], ignore_conflicts=True)
    return Availability.objects.select_for_update().get(pk=agent_id)


def make_missing(agents: QuerySet[Agent]) -> None:
    """Give a row to each of these who has none."""
    without = agents.filter(availability=None).values_list("pk", flat=True)
    Availability.objects.bulk_create([Availability(agent_id=id) for id in without], ignore_conflicts=True)


def note_who_is_here(among: Collection[int], *, at: datetime) -> set[int]:
    """Note of these agents who came and who left since it was last noted; the ids of those for whom that changed.

    While nobody knows who is at their desk, nothing is noted: a Redis that is gone sends nobody home.
    """
    here = desks_if_known()
    if here is None:
        return set()
    rows = Availability.objects.filter(pk__in=among)
    came = set(rows.filter(pk__in=here, left_at__isnull=False).values_list("pk", flat=True))
    left = set(rows.filter(left_at=None).exclude(pk__in=here).values_list("pk", flat=True))
    if came:
        rows.filter(pk__in=came).update(left_at=None, let_go=[])
    if left:
        rows.filter(pk__in=left, left_at=None).update(left_at=at)
    return came | left


def gone_since(before: datetime | None) -> Q:
    """Of an `Availability`: who is off duty or no agent any more, or (None: not asked) has been away or without an
    open page since before this."""
    gone = Q(said=Presence.OFF) | Q(agent__is_active=False)
    return gone if before is None else gone | Q(said=Presence.AWAY, said_at__lte=before) | Q(left_at__lte=before)
