"""How much somebody can take now: the one question of passing chats on, of accepting them and of what visitors hear.

Two limits hold together: the channel's chats at once, and what the agent, or their team where it gives tickets out, may
have open in units. Whoever says they are busy takes nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from livechat.widget_settings import PROVIDER
from people.availability import agents_here
from people.models import Agent, Availability, Presence
from people.passing import remembered
from tickets.assigning.rules import Candidate
from tickets.assigning.staff import open_loads, weight_of
from tickets.models import Assigning, Method, Status, Ticket

KEPT_SECONDS = 5


@dataclass(frozen=True, slots=True)
class Room:
    """How many of a team are here, and how many of them can take one more chat."""

    here: int
    free: int

    @property
    def why(self) -> str:
        """Why nobody takes a chat: "nobody" is here, or all are "full"; empty when somebody could."""
        return "" if self.free else "full" if self.here else "nobody"


@dataclass(frozen=True, slots=True)
class Hands:
    """What an agent holds: `chats` of `most_chats` (0: as many as come) and `units` of `limit` (None: no limit), of
    which one chat more weighs `weight`."""

    agent_id: int
    busy: bool
    chats: int
    most_chats: int
    units: int
    limit: int | None
    weight: int

    @property
    def full(self) -> str:
        """Why one more is too many: "busy", "chats" or "units"; empty when there is room."""
        if self.busy:
            return "busy"
        if self.most_chats and self.chats >= self.most_chats:
            return "chats"
        over = self.limit is not None and not Candidate(self.agent_id, self.units, self.limit).takes(self.weight)
        return "units" if over else ""


def room_of(team_id: int | None, channel_id: int, most: int) -> Room:
    """Counted now, of a channel with `most` chats at once for one agent. Six queries at most."""
    hands = hands_of(agents_here(team_id, channel_id), team_id=team_id, most=most)
    return Room(len(hands), sum(not one.full for one in hands))


def somebody_free(team_id: int | None, channel_id: int, most: int) -> bool:
    """Whether somebody can take one more, as it was some seconds ago at the earliest: for every visitor's look."""
    name = f"chat-free:{channel_id}:{team_id or 0}:{most}"
    return bool(remembered(name, KEPT_SECONDS, lambda: room_of(team_id, channel_id, most).free))


def hands_of(agents: Sequence[Agent], *, team_id: int | None, most: int) -> list[Hands]:
    """What each of these holds, by the limits of the team whose chat it is. Five queries at most."""
    if not agents:
        return []
    ids = [agent.pk for agent in agents]
    rows = {row.agent_id: row for row in Availability.objects.filter(agent__in=ids)}
    theirs = Ticket.objects.filter(channel__kind=PROVIDER, status=Status.OPEN, snoozed_until=None, assignee__in=ids)
    chats = Counter(theirs.values_list("assignee", flat=True)) if most else Counter[int | None]()
    rule = Assigning.objects.filter(team=team_id).first() or Assigning(team_id=team_id)
    usual = rule.most if rule.method != Method.OFF else None
    own = {id: row.most if row.most is not None else usual for id, row in rows.items()}
    limits = {id: own.get(id, usual) for id in ids}
    loads = open_loads(rule, [id for id in ids if limits[id] is not None])
    return [
        Hands(
            id, busy=id in rows and rows[id].said == Presence.BUSY, chats=chats[id], most_chats=most, units=loads[id],
            limit=limits[id], weight=weight_of(rule, PROVIDER),
        )
        for id in ids
    ]  # fmt: skip
