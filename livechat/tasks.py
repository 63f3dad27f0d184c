"""Celery shells of live chat."""

from __future__ import annotations

from typing import Any

from celery import shared_task
from django.utils import timezone

from livechat import unseen

BEAT_SCHEDULE = {
    "unseen replies": {
        "task": "livechat.tasks.mail_unseen",
        "schedule": 10.0,
        "options": {"queue": "default", "expires": 20},
    },
}


@shared_task(name="livechat.tasks.mail_unseen", queue="default")
def mail_unseen(**_: Any) -> None:
    """Mail what visitors did not see in time."""
    unseen.mail_due(at=timezone.now())
