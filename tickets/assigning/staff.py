"""A team as those who choose see it: who is there, on shift, and how much each has. Costs as much as it has people."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Set
from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet, Sum

from people.availability import answering
from people.hours import Opening, opening_of
from people.models import Agent, Availability, Presence
from tickets.kinds import traits_of
from tickets.models import Assigning, Channel, Status, Tally

from .rules import Candidate

# Whoever reads along at once needs more of an agent than a mail does.
USUALLY = 1
AT_ONCE = 3


@dataclass(frozen=True, slots=True)
class Member:
    """One of a team: `at_desk` has the helpdesk open, `shift` is how their hours stand."""

    agent: Agent
    said: str
    at_desk: bool
    shift: Opening
    load: int
    limit: int
    given_at: datetime | None

    @property
    def takes_work(self) -> bool:
        return self.said == Presence.ONLINE and self.at_desk and self.shift.within

    @property
    def candidate(self) -> Candidate:
        return Candidate(self.agent.pk, self.load, self.limit, self.given_at, self.agent.channel_ids)


def members(rule: Assigning, rows: Iterable[Availability], *, here: Set[int], at: datetime) -> list[Member]:
    """The team's people as they stand, from their rows (with `agent`); `here` are those at their desks."""
    rows = list(rows)
    loads = open_loads(rule, [row.agent_id for row in rows])
    return [
        Member(
            agent=row.agent, said=row.said, at_desk=row.agent_id in here, load=loads[row.agent_id],
            shift=opening_of(row.calendar if row.calendar is not None else rule.calendar, at=at),
            limit=row.most if row.most is not None else rule.most, given_at=row.given_at,
        )
        for row in rows
    ]  # fmt: skip


def rows_of(team_id: int) -> list[Availability]:
    """Rows of those of the team who may answer, in the order in which they are locked."""
    return list(_rows(team_id))


def locked_rows_of(team_id: int) -> list[Availability]:
    """The same, locked: whoever else would give something to one of them waits."""
    return list(_rows(team_id).select_for_update(of=("self",)))


def _rows(team_id: int) -> QuerySet[Availability]:
    theirs = Availability.objects.filter(agent__in=answering().filter(teams=team_id).values("pk"))
    return theirs.select_related("agent").order_by("agent_id")


def open_loads(rule: Assigning, agent_ids: Collection[int]) -> defaultdict[int, int]:
    """What each has open and not put aside, in units; from the tally, so that it costs no look at tickets."""
    heaps = Tally.objects.filter(assignee_id__in=agent_ids, status=Status.OPEN, snoozed=False).order_by()
    counted = list(heaps.values_list("assignee_id", "channel_id").annotate(total=Sum("n")))
    kinds = dict(Channel.objects.filter(pk__in={channel for _agent, channel, _n in counted}).values_list("pk", "kind"))
    loads: Counter[int] = Counter()
    for agent_id, channel_id, number in counted:
        loads[agent_id] += max(0, number) * weight_of(rule, kinds.get(channel_id, ""))
    return defaultdict(int, loads)


def weight_of(rule: Assigning, kind: str) -> int:
    """How many units a ticket of this kind of channel is."""
    own = rule.weights.get(kind)
    return own if isinstance(own, int) and own > 0 else usual_weight(kind)


def usual_weight(kind: str) -> int:
    return AT_ONCE if traits_of(kind).instant else USUALLY
