"""Who listens to which events: THE table. Everything that happens after a fact is found from here."""

from __future__ import annotations

from events.subscribers import Subscriber
from tickets.acknowledgement import DUE, acknowledge
from tickets.notices import NOTICED, notify_agents

SUBSCRIBERS: tuple[Subscriber, ...] = (
    Subscriber("tickets.notices", frozenset(map(str, NOTICED)), notify_agents),
    Subscriber("tickets.acknowledgement", frozenset(map(str, DUE)), acknowledge),
)
