"""A worker whose answers to the queue were lost takes up its work again.

A job done while Redis is away cannot be acknowledged; Celery says so in its log and goes on. Its place among those a
worker may hold is then taken for ever: once all are, the worker asks for nothing more, and with nothing asked it never
learns that its connection is dead. (Seen when Redis fell while every process of the worker was busy.)
"""

from __future__ import annotations

import logging
from typing import Any

from celery import bootsteps
from celery.worker import state

LOOK_EVERY = 5.0
log = logging.getLogger(__name__)


class AckWatch(bootsteps.StartStopStep):
    """Looks whether the worker holds jobs that nobody works on; two looks long they are lost."""

    requires = ("celery.worker.components:Hub",)

    looking: Any = None

    def __init__(self, worker: Any, **options: Any) -> None:
        super().__init__(worker, **options)
        self.suspects: set[str] = set()

    def register_with_event_loop(self, worker: Any, hub: Any) -> None:
        """Called each time the loop begins anew: after a lost connection to Redis too."""
        if self.looking:
            self.looking.cancel()
        self.suspects = set()
        self.looking = hub.call_repeatedly(LOOK_EVERY, self.look, worker)

    def look(self, worker: Any) -> None:
        """Raises ConnectionError, on which Celery connects anew, for what was suspected at the last look too."""
        held = unanswered(worker.consumer.task_consumer)
        lost, self.suspects = held & self.suspects, held
        if lost:
            log.warning("the worker connects anew", extra={"jobs": len(lost), "reason": "done and not acknowledged"})
            raise ConnectionError("jobs were done and could not be acknowledged")


def unanswered(consumer: Any) -> set[str]:
    """Delivery tags that count against what the worker may hold, though no job of theirs is worked on or put off."""
    if consumer is None or consumer.channel is None:
        return set()
    qos = consumer.channel.qos
    # What is put off (a job that tries again in some minutes) is held rightly, too.
    requests = [*state.reserved_requests, *state.scheduled_requests]  # type: ignore[attr-defined]  # not in the stubs
    return set(qos._delivered) - set(qos._dirty) - {request.message.delivery_tag for request in requests}
