"""Celery shells of the spine's timers. Rows with a due time are the truth; beat only looks at them."""

from __future__ import annotations

import time
from typing import Any

from celery import shared_task
from django.utils import timezone

from events import doorbell
from tickets import actions, counts, storms
from tickets.assigning import watching
from tickets.notices.digest import mail_digests as mail_digests_

# Long, since what a job changes is drained by others of the same worker: a job that steps back stands behind all of it.
BULK_SECONDS = 400.0

BEAT_SCHEDULE = {
    "wake snoozed tickets": {"task": "tickets.tasks.wake_snoozed", "schedule": 1.0},
    "give out tickets": {"task": "tickets.tasks.give_out", "schedule": 5.0},
    "close solved tickets": {"task": "tickets.tasks.close_solved", "schedule": 60.0},
    "sweep unused uploads": {"task": "tickets.tasks.sweep_orphans", "schedule": 3600.0},
    "watch for storms": {"task": "tickets.tasks.watch_storms", "schedule": 10.0},
    "go on with bulk jobs": {"task": "tickets.tasks.work_bulk", "schedule": 10.0},
    "mail digests": {"task": "tickets.tasks.mail_digests", "schedule": 30.0},
    "fold the tally": {"task": "tickets.tasks.fold_tally", "schedule": 10.0},
}


@shared_task(name="tickets.tasks.wake_snoozed", queue="default", ignore_result=True)
def wake_snoozed(**_: Any) -> None:
    """Bring snoozed tickets back when their time has come, and tell of reminders."""
    while actions.wake_snoozed(at=timezone.now()):
        pass
    while actions.fire_reminders(at=timezone.now()):
        pass


@shared_task(name="tickets.tasks.give_out", queue="default", ignore_result=True)
def give_out(**_: Any) -> None:
    """Give waiting tickets to whoever can take them; rung when something changed, and every few seconds for who came
    or left."""
    doorbell.answered("assign")
    watching.watch(at=timezone.now())
    watching.work(at=timezone.now())


@shared_task(name="tickets.tasks.close_solved", queue="default", ignore_result=True)
def close_solved(**_: Any) -> None:
    """Close what has been solved long enough."""
    while actions.close_solved(at=timezone.now()):
        pass


@shared_task(name="tickets.tasks.sweep_orphans", queue="bulk", ignore_result=True)
def sweep_orphans(**_: Any) -> None:
    """Forget uploads that no message took, and bulk jobs too old to be taken back."""
    actions.sweep_orphans(at=timezone.now())
    actions.sweep_bulk(at=timezone.now())


@shared_task(name="tickets.tasks.work_bulk", queue="bulk", ignore_result=True)
def work_bulk(**_: Any) -> None:
    """Work off changes to many tickets; rung when one begins, and looked for in case that was lost."""
    doorbell.answered("bulk")
    until = time.monotonic() + BULK_SECONDS
    while actions.work_bulk(at=timezone.now()):
        if time.monotonic() > until:  # let others of the queue through
            doorbell.ring_now("bulk")
            return


@shared_task(name="tickets.tasks.watch_storms", queue="default", ignore_result=True)
def watch_storms(**_: Any) -> None:
    """Notice floods of mail, and that they are over."""
    storms.watch_storms(at=timezone.now())


@shared_task(name="tickets.tasks.fold_tally", queue="bulk", ignore_result=True)
def fold_tally(**_: Any) -> None:
    """Add up the tally's signed rows so that counting a view stays a short read."""
    counts.fold_tally()


@shared_task(name="tickets.tasks.mail_digests", queue="default", ignore_result=True)
def mail_digests(**_: Any) -> None:
    """Mail to those who are away what waits for them."""
    mail_digests_(at=timezone.now())
