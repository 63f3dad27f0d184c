"""The embedded beat is started again when it falls: Celery never looks at it, and without ticks nothing moves."""

from __future__ import annotations

import logging
from typing import Any

from celery import bootsteps
from celery.beat import EmbeddedService
from celery.worker.components import Beat

LOOK_EVERY = 2.0
log = logging.getLogger(__name__)


class BeatWatch(bootsteps.StartStopStep):
    """A worker started with `-B` looks after its beat as it does after the processes of its pool."""

    requires = ("celery.worker.components:Hub", "celery.worker.components:Beat")

    looking: Any = None

    def include_if(self, worker: Any) -> bool:
        return worker.beat is not None

    def register_with_event_loop(self, worker: Any, hub: Any) -> None:
        """Called each time the loop begins anew: after a lost connection to Redis too."""
        if self.looking:
            self.looking.cancel()
        self.looking = hub.call_repeatedly(LOOK_EVERY, revive, worker)


def revive(worker: Any) -> None:
    """Start another beat in place of one that ended, in the worker and in the step that will stop it."""
    if worker.beat.is_alive():
        return
    log.warning("beat ended with %s; starting it again", worker.beat.exitcode)
    worker.beat = EmbeddedService(
        worker.app, schedule_filename=worker.schedule_filename, scheduler_cls=worker.scheduler
    )
    worker.beat.start()
    for step in worker.steps:
        if isinstance(step, Beat):
            step.obj = worker.beat
