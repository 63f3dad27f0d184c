"""A worker that is asked to end waits for its jobs, and no longer than they take.

Celery sleeps through the whole time a worker may take, whenever a job was running at that moment, though the job be a
tick of some milliseconds: a restart then took half a minute. Its loop stands still meanwhile, so what tells that a job
is over is its process, which has an answer to give.
"""

from __future__ import annotations

import logging
import select
import time

from celery.apps.worker import Worker as CelerysWorker
from celery.worker import state

LOOK_EVERY = 0.05
log = logging.getLogger(__name__)


class Worker(CelerysWorker):
    """Celery's, but for how long it waits. What is not over in time is ended and handed out again, as before."""

    def wait_for_soft_shutdown(self) -> None:  # type: ignore[override]  # the stubs err: it returns nothing
        """Return as soon as no job runs, at the latest after `worker_soft_shutdown_timeout` seconds."""
        until = time.monotonic() + self.app.conf.worker_soft_shutdown_timeout
        if not state.active_requests:
            return
        log.info("the worker lets its jobs end", extra={"jobs": len(state.active_requests)})
        while time.monotonic() < until and self.somebody_works():
            time.sleep(LOOK_EVERY)

    def somebody_works(self) -> bool:
        """Whether a process has a job and no answer yet."""
        busy = {request.worker_pid for request in tuple(state.active_requests)}
        processes = self.pool._pool._pool  # type: ignore[union-attr]  # not in the stubs
        answers = [one.outqR_fd for one in tuple(processes) if one.pid in busy]
        ready, _, _ = select.select(answers, [], [], 0)
        return len(ready) < len(answers)
