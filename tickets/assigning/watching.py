"""The rounds of the job that gives tickets out: who came or left, what they left behind, and whose queue to look at."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from people.availability import note_who_is_here
from people.models import Membership
from tickets.models import Assigning, Method

from .giving import give_out, teams_to_look_at
from .hearing import ask
from .leaving import take_back_from_leavers


def watch(*, at: datetime) -> None:
    """Notice who came to their desk or left it, and take back what leavers had. Costs as much as there are people in
    teams that give tickets out."""
    ruled = Assigning.objects.exclude(method=Method.OFF).values("pk")
    theirs = list(Membership.objects.filter(team__in=ruled).values_list("agent_id", "team_id"))
    if not theirs:
        return
    changed = note_who_is_here({agent for agent, _team in theirs}, at=at)
    take_back_from_leavers(at=at)
    with transaction.atomic():
        ask({team for agent, team in theirs if agent in changed})


def work(*, at: datetime) -> int:
    """Give out what waits in the teams where something changed; how many looks that took."""
    return sum(give_out(team_id, at=at) for team_id in teams_to_look_at(at=at))
