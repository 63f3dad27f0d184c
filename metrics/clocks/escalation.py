"""What follows a warning or a missed deadline: people and other systems told, the ticket handed on, raised, tagged.

A subscriber of its own, so that a failing step backs off alone and never delays a clock. A step that is done changes
nothing when it runs again; a step whose ground is gone (an agent who left) is passed over.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any

from events.actors import Actor, ActorKind
from events.models import Event
from metrics.clocks.terms import Target
from metrics.events import SlaEvent
from metrics.models import Clock
from metrics.rules import policies_of
from metrics.webhooks import queue_call
from people.models import Agent
from people.permissions import Permission
from tickets import actions
from tickets.errors import InvalidInput
from tickets.models import Ticket
from tickets.notices.rules import notify

ESCALATES = frozenset({SlaEvent.WARNED, SlaEvent.BREACHED})
# Calls come in by log files too, weeks after they rang: nobody is roused for those.
LONG_AGO = timedelta(days=1)


def escalate(event: Event) -> None:
    """Do what the policy says for this alarm, unless the clock has ended meanwhile."""
    data = event.data
    called = data["target"] == Target.WAIT
    if called and event.at - datetime.fromisoformat(data["due"]) > LONG_AGO:
        return
    # A call is always over when it is heard of.
    ended = not called and Clock.objects.filter(pk=data.get("clock"), stopped_at__isnull=False).exists()
    by = Actor(ActorKind.RULE, data["policy"])
    for step in _steps(data["rules"], data["policy"], data["percent"]):
        if step["do"] == "notify":
            _notify(event, step["value"])
        elif step["do"] == "webhook":
            queue_call(event, int(step["value"]))
        elif not ended:
            _CHANGES[step["do"]](event, by, step["value"])


def _steps(rules: int, policy_id: int, percent: int) -> Iterable[Any]:
    policy = next((one for one in policies_of(rules) if one.terms.policy_id == policy_id), None)
    return [step for step in policy.escalation if step["when"] == percent] if policy else []


def _notify(event: Event, whom: str) -> None:
    ticket = Ticket.objects.filter(pk=event.stream_id).first()
    if ticket is None:
        return
    for agent in _people(ticket, whom):
        notify(agent, event)


def _people(ticket: Ticket, whom: str) -> list[Agent]:
    """The assignee; or the team: whoever answers in it, where there is no assignee to tell; or who leads."""
    active = Agent.objects.filter(is_active=True)
    if whom == "leads":
        return list(Agent.objects.who_may(Permission.READ_REPORTS))
    if ticket.assignee_id is not None:
        return list(active.filter(pk=ticket.assignee_id))
    if whom == "team" and ticket.team_id is not None:
        return list(Agent.objects.who_may(Permission.REPLY).filter(teams=ticket.team_id))
    return []


def _assign(event: Event, by: Actor, value: Any) -> None:
    actions.assign_by_rule(event.stream_id, by=by, agent_id=int(value), at=event.at, cause=event)


def _move(event: Event, by: Actor, value: Any) -> None:
    actions.move_by_rule(event.stream_id, by=by, team_id=int(value), at=event.at, cause=event)


def _raise(event: Event, by: Actor, value: Any) -> None:
    actions.prioritise_by_rule(event.stream_id, by=by, priority=int(value), at=event.at, cause=event)


def _tag(event: Event, by: Actor, value: Any) -> None:
    try:
        actions.tag_by_rule(event.stream_id, by=by, name=str(value), at=event.at, cause=event)
    except InvalidInput:
        return  # the form refuses such a name; rules of an older form may hold one


_CHANGES: dict[str, Callable[[Event, Actor, Any], None]] = {
    "assign": _assign, "team": _move, "priority": _raise, "tag": _tag,
}  # fmt: skip
