"""Who listens to which events: THE table. Everything that happens after a fact is found from here."""

from __future__ import annotations

from events.subscribers import Subscriber

SUBSCRIBERS: tuple[Subscriber, ...] = ()
