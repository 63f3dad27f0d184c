"""What people's own rows need done now and then."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from people.api.idempotency import forget_old_requests
from people.security_mail import mail_about
from people.sessions import forget_ended_sessions

BEAT_SCHEDULE = {
    "forget idempotency keys": {"task": "people.tasks.forget_idempotency_keys", "schedule": 3600.0},
    "forget ended sessions": {"task": "people.tasks.forget_sessions", "schedule": 3600.0},
}


@shared_task(queue="bulk", ignore_result=True)
def forget_idempotency_keys() -> int:
    return forget_old_requests(at=timezone.now())


@shared_task(queue="bulk", ignore_result=True)
def forget_sessions() -> int:
    return forget_ended_sessions(at=timezone.now())


@shared_task(queue="default", ignore_result=True, autoretry_for=(OSError,), retry_backoff=30, max_retries=8)
def mail_about_account(event_id: int) -> None:
    mail_about(event_id)
