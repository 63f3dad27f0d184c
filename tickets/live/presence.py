"""Who looks at which ticket, and who writes there: told at once, known by lease, gone by itself.

A tab is at one ticket at most. What it says is published to every process and kept for those that start later, in Redis
only: without it nobody is seen and nothing waits.
"""

from __future__ import annotations

import json
import time
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import redis

from events.doorbell import breaker, probe_client
from tickets.inbox.faces import hue, initials
from tickets.models import Ticket
from tickets.realtime import publish

from .sight import Standing, standings

KEY = "live:presence"
LEASE_SECONDS = 60
RENEW_SECONDS = 20
TYPING_SECONDS = 6


class State(StrEnum):
    """What somebody does at a ticket. AWAY: nothing, and so is not shown."""

    TYPING = "typing"
    HERE = "here"
    IDLE = "idle"
    AWAY = "away"


STRONGEST = list(State)
People = Mapping[int, State]  # agent -> what they do


@dataclass(frozen=True, slots=True)
class Place:
    """Where one tab of an agent is."""

    tab: str
    agent: int
    ticket: int | None
    state: State

    @property
    def seen_at(self) -> int | None:
        return None if self.state is State.AWAY else self.ticket


@dataclass(slots=True)
class _Tab:
    agent: int
    ticket: int
    state: State
    until: float
    typing_until: float = 0.0

    def now(self, at: float) -> State:
        return State.TYPING if self.typing_until > at else self.state


class Presence:
    """Everybody's places as this process heard of them. Moments are seconds of one clock that only goes forward."""

    def __init__(self) -> None:
        self._tabs: dict[str, _Tab] = {}
        self._told: dict[int, People] = {}
        self._told_at = 0.0

    def take(self, places: Iterable[Place], *, at: float) -> None:
        """Believe what was just said."""
        for place in places:
            ticket = place.seen_at
            if ticket is None:
                self._tabs.pop(place.tab, None)
                continue
            typing = at + TYPING_SECONDS if place.state is State.TYPING else 0.0
            state = State.HERE if place.state is State.TYPING else place.state
            self._tabs[place.tab] = _Tab(place.agent, ticket, state, at + LEASE_SECONDS, typing)

    def renew(self, tabs: Iterable[str], *, at: float) -> None:
        """They are still where they were, doing what they did."""
        for name in tabs:
            if name in self._tabs:
                self._tabs[name].until = at + LEASE_SECONDS

    def forget(self) -> None:
        """Start anew from what is stored; what was told stays known, so that only differences are told."""
        self._tabs.clear()

    def everywhere(self, *, at: float) -> dict[int, People]:
        """Who is at each ticket where anybody is."""
        self._tabs = {name: tab for name, tab in self._tabs.items() if tab.until > at}
        found: dict[int, dict[int, State]] = {}
        for tab in self._tabs.values():
            people = found.setdefault(tab.ticket, {})
            known = people.get(tab.agent, State.AWAY)
            people[tab.agent] = min(known, tab.now(at), key=STRONGEST.index)
        return dict(found)

    def differences(self, *, at: float) -> dict[int, People]:
        """Who is at each ticket of which something else was told before; from now on this counts as told."""
        now = self.everywhere(at=at)
        changed = {id: now.get(id, {}) for id in now.keys() | self._told.keys() if now.get(id) != self._told.get(id)}
        self._told, self._told_at = now, at
        return changed

    def next_end(self, *, at: float) -> float | None:
        """Seconds until somebody stops typing or a lease ends, by the passing of time alone; 0 when one of these came
        since `differences` was last asked, None when none is to come."""
        ends = [end for tab in self._tabs.values() for end in (tab.typing_until, tab.until) if end > self._told_at]
        return max(0.0, min(ends) - at) if ends else None


def tell_places(places: Collection[Place]) -> None:
    """Say where these tabs are now, to all processes and to those that start later."""
    if places and _keep(places):
        publish(places=[[place.tab, place.agent, place.ticket, place.state] for place in places])


def renew_places(places: Collection[Place]) -> None:
    """Prolong the leases of tabs that are where they were."""
    still = [place for place in places if place.seen_at is not None]
    if still and _keep(still):
        publish(still_there=[place.tab for place in still])


def _keep(places: Collection[Place]) -> bool:
    """Write the places down for a lease; False when Redis did not answer."""
    if breaker.open:
        return False
    ends = time.time() + LEASE_SECONDS
    here: dict[Any, Any] = {place.tab: json.dumps([place.agent, place.ticket, _lasting(place.state), ends])
            for place in places if place.seen_at is not None}  # fmt: skip
    gone = [place.tab for place in places if place.seen_at is None]
    try:
        with probe_client().pipeline(transaction=False) as pipe:
            if here:
                pipe.hset(KEY, mapping=here)
                pipe.expire(KEY, LEASE_SECONDS)
            if gone:
                pipe.hdel(KEY, *gone)
            pipe.execute()
    except (redis.RedisError, OSError):
        breaker.trip()
        return False
    return True


def stored_places() -> list[Place]:
    """Where everybody is, as far as their leases hold; what has run out is cleared away."""
    if breaker.open:
        return []
    try:
        found: Any = probe_client().hgetall(KEY)
        kept = {tab.decode(): json.loads(value) for tab, value in found.items()}
        over = [tab for tab, (*_, ends) in kept.items() if ends <= time.time()]
        if over:
            probe_client().hdel(KEY, *over)
    except (redis.RedisError, OSError):
        breaker.trip()
        return []
    return [
        Place(tab, agent, ticket, State(state))
        for tab, (agent, ticket, state, _ends) in kept.items()
        if tab not in over
    ]


def heard_places(said: Iterable[Any]) -> list[Place]:
    """Places as they were published."""
    return [Place(tab, agent, ticket, State(state)) for tab, agent, ticket, state in said]


def shown_people(places: Mapping[int, People], viewers: Collection[int]) -> dict[int, dict[str, list[dict[str, Any]]]]:
    """For each viewer who may be connected: {ticket: those at it beside themselves}, of tickets they may see now.

    Two queries, however many tickets and viewers there are.
    """
    if not places:
        return {viewer: {} for viewer in viewers}
    rows = Ticket.objects.filter(pk__in=places).values_list("pk", "team_id", "assignee_id", "channel_id")
    scopes = {id: place for id, *place in rows}
    known = standings({*viewers, *(agent for people in places.values() for agent in people)})
    drawn = {
        id: [_person(known[agent], people[agent]) for agent in _in_order(people) if agent in known]
        for id, people in places.items()
        if id in scopes
    }
    return {
        viewer: {
            str(id): [person for person in people if person["agent"] != viewer]
            for id, people in drawn.items()
            if known[viewer].sight.sees(*scopes[id])
        }
        for viewer in viewers
        if viewer in known
    }


def _in_order(people: People) -> list[int]:
    """Who writes first, then who looks, then who has dozed off."""
    return sorted(people, key=lambda agent: (STRONGEST.index(people[agent]), agent))


def _person(standing: Standing, state: State) -> dict[str, Any]:
    id, name = standing.agent.pk, standing.agent.name
    return {"agent": id, "name": name, "initials": initials(name), "hue": hue(id), "state": state}


def _lasting(state: State) -> State:
    """Typing is told, not kept: it is over before anybody could read it."""
    return State.HERE if state is State.TYPING else state
