"""Celery shells of the channels: rung by the doorbell, and by beat for what the bell missed."""

from __future__ import annotations

from typing import Any

from celery import shared_task
from django.utils import timezone

from channels_inbound import alarms, claims, delivery, inbound
from channels_inbound.draining import DRAIN_LIMIT
from channels_inbound.hooks import drain, greetings, media, upkeep
from channels_inbound.hooks.apply import forget_parked
from channels_inbound.hooks.invitations import forget_invitations
from channels_inbound.imap.channel_health import refresh_receiving
from channels_inbound.phone.log_import import run_due_call_imports
from channels_inbound.push import sending as push
from events import doorbell
from tickets.actions.delivery import release_expired

BEAT_SCHEDULE = {
    # Replies wait out their undo seconds as rows; a second is what an agent notices.
    "due replies": {
        "task": "channels_inbound.tasks.send_due",
        "schedule": 1.0,
        "options": {"queue": "critical", "expires": 5},
    },
    "sweep": {
        "task": "channels_inbound.tasks.sweep",
        "schedule": 10.0,
        "options": {"queue": "critical", "expires": 20},
    },
    "tell browsers": {
        "task": "channels_inbound.tasks.push_notices",
        "schedule": 3.0,
        "options": {"queue": "default", "expires": 10},
    },
    "keep connections up": {
        "task": "channels_inbound.tasks.keep_up",
        "schedule": 60.0,
        "options": {"queue": "bulk"},
    },
    "bring in logs of calls": {
        "task": "channels_inbound.tasks.import_calls",
        "schedule": 5.0,
        "options": {"queue": "bulk"},
    },
}


@shared_task(
    name="channels_inbound.tasks.drain_inbound",
    queue="critical",
    soft_time_limit=DRAIN_LIMIT - 10,
    time_limit=DRAIN_LIMIT,
)
def drain_inbound(**_: Any) -> None:
    """Read waiting mail."""
    doorbell.answered("inbound")
    inbound.drain_inbound()


@shared_task(
    name="channels_inbound.tasks.drain_hooks",
    queue="critical",
    soft_time_limit=DRAIN_LIMIT - 10,
    time_limit=DRAIN_LIMIT,
)
def drain_hooks(**_: Any) -> None:
    """Read what providers brought."""
    doorbell.answered("hooks")
    drain.drain_hooks()


@shared_task(name="channels_inbound.tasks.drain_media", queue="default")
def drain_media(**_: Any) -> None:
    """Greet who came, and fetch the files of what providers brought."""
    doorbell.answered("media")
    greetings.send_greetings()
    media.drain_media()


@shared_task(name="channels_inbound.tasks.drain_outbound", queue="critical")
def drain_outbound(**_: Any) -> None:
    """Send waiting replies."""
    doorbell.answered("outbound")
    delivery.drain_outbound()


@shared_task(name="channels_inbound.tasks.mail_alarm", queue="bulk")
def mail_alarm(kind: str, channel_id: int, agent_ids: list[int]) -> None:
    """Mail the people of a channel that it turned red, or is well again."""
    alarms.mail_people(kind, channel_id, agent_ids)


@shared_task(name="channels_inbound.tasks.send_due", queue="critical")
def send_due(**_: Any) -> None:
    """Send replies whose undo time is over."""
    delivery.drain_outbound()  # one indexed query when nothing is due


@shared_task(
    name="channels_inbound.tasks.sweep",
    queue="critical",
    soft_time_limit=2 * DRAIN_LIMIT - 10,
    time_limit=2 * DRAIN_LIMIT,
)
def sweep(**_: Any) -> None:
    """Settle claims whose worker is gone, read mail whose bell was never heard, see which mailboxes fail."""
    release_expired(at=timezone.now())
    if claims.anything_waits(at=timezone.now()):
        inbound.drain_inbound()
    if claims.anything_waits(at=timezone.now(), hooks=True):
        drain.drain_hooks()
    if media.anything_to_fetch(at=timezone.now()) or greetings.anybody_to_greet(at=timezone.now()):
        doorbell.ring_now("media")
    forget_parked(at=timezone.now())
    forget_invitations(at=timezone.now())
    refresh_receiving(at=timezone.now())
    push.sweep_pushed(at=timezone.now())
    delivery.drain_outbound()


@shared_task(name="channels_inbound.tasks.keep_up", queue="bulk", ignore_result=True)
def keep_up(**_: Any) -> None:
    """Renew tokens that end, and look for what webhooks did not bring."""
    upkeep.keep_up(at=timezone.now())


@shared_task(name="channels_inbound.tasks.import_calls", queue="bulk", ignore_result=True)
def import_calls(**_: Any) -> None:
    """Bring in the logs of calls that wait."""
    run_due_call_imports()


@shared_task(name="channels_inbound.tasks.push_notices", queue="default", ignore_result=True)
def push_notices(**_: Any) -> None:
    """Tell browsers that have no page open what their agents are told."""
    push.push_notices(at=timezone.now())
