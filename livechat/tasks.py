"""Celery shells of live chat."""

from __future__ import annotations

from typing import Any

from celery import shared_task
from django.utils import timezone

from livechat import chats, overflow, unseen

BEAT_SCHEDULE = {
    "unseen replies": {
        "task": "livechat.tasks.mail_unseen",
        "schedule": 10.0,
        "options": {"queue": "default", "expires": 20},
    },
    "unanswered chats": {
        "task": "livechat.tasks.requeue_unanswered",
        "schedule": 10.0,
        "options": {"queue": "critical", "expires": 20},
    },
}


@shared_task(name="livechat.tasks.mail_unseen", queue="default")
def mail_unseen(**_: Any) -> None:
    """Mail what visitors did not see in time."""
    unseen.mail_due(at=timezone.now())


@shared_task(name="livechat.tasks.requeue_unanswered", queue="critical")
def requeue_unanswered(**_: Any) -> None:
    """Put chats back into the queue whose agent lets the visitor wait, and on to other teams what nobody can take."""
    chats.requeue_unanswered(at=timezone.now())
    overflow.pass_on_waiting(at=timezone.now())
