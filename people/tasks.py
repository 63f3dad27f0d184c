"""What people's own rows need done now and then."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from people.api.idempotency import forget_old_requests

BEAT_SCHEDULE = {"forget idempotency keys": {"task": "people.tasks.forget_idempotency_keys", "schedule": 3600.0}}


@shared_task(queue="bulk", ignore_result=True)
def forget_idempotency_keys() -> int:
    return forget_old_requests(at=timezone.now())
