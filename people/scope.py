"""How far somebody sees, as a value: the one answer that lists, counts, sockets and files are made from."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from django.db.models import Q


class Reach(IntEnum):
    """Each holds the one before."""

    NOTHING = 0
    OWN = 1  # what is assigned to them
    TEAMS = 2  # and what belongs to their teams, or to none
    ALL = 3


@dataclass(frozen=True, slots=True)
class Scope:
    """What one agent sees: within `reach` the tickets of the channels `channel_ids` (None: of all channels), and
    whatever is assigned to them, since somebody who sees a ticket has given it to them."""

    agent_id: int
    reach: Reach
    team_ids: frozenset[int] = frozenset()
    channel_ids: frozenset[int] | None = None

    @property
    def everything(self) -> bool:
        return self.reach == Reach.ALL and self.channel_ids is None

    def sees(self, team_id: int | None, assignee_id: int | None, channel_id: int) -> bool:
        """Whether a ticket of this team, person and channel is in sight."""
        if self.reach == Reach.NOTHING:
            return False
        return assignee_id == self.agent_id or self.sees_place(team_id, channel_id)

    def sees_place(self, team_id: int | None, channel_id: int) -> bool:
        """Whether what belongs to nobody, of this team and channel, is in sight."""
        return self.sees_team(team_id) and self.sees_channel(channel_id)

    def sees_team(self, team_id: int | None) -> bool:
        if self.reach == Reach.TEAMS:
            return team_id is None or team_id in self.team_ids
        return self.reach == Reach.ALL

    def sees_channel(self, channel_id: int) -> bool:
        return self.channel_ids is None or channel_id in self.channel_ids

    def condition(self) -> Q:
        """`sees` for the database, on anything with columns `team_id`, `assignee_id` and `channel_id`."""
        if self.everything:
            return Q()
        if self.reach == Reach.NOTHING:
            return Q(pk__in=[])
        own = Q(assignee_id=self.agent_id)
        if self.reach == Reach.OWN:
            return own
        place = Q()
        if self.reach == Reach.TEAMS:
            place = Q(team_id__in=self.team_ids) | Q(team_id=None)
        if self.channel_ids is not None:
            place &= Q(channel_id__in=self.channel_ids)
        return place | own
