"""Greeting whoever opens a chat with us and has said nothing yet: once, in the words of the channel's settings.

It belongs to no ticket, so it goes past the outbox, by a row of its own: whoever was greeted is so for good, and an
answer of the provider that never came counts as one, since greeting twice is worse than not at all.
"""

from __future__ import annotations

import logging
from collections import Counter
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from channels_inbound.hooks.accounts import sending_account
from channels_inbound.hooks.apply import FURTHER
from channels_inbound.hooks.facts import Arrived
from channels_inbound.hooks.provider import Part, SendError
from channels_inbound.hooks.registry import provider
from channels_inbound.models import ConnectionState, FetchState, Greeting
from events.doorbell import ring
from people.http_client import HttpClient, TooLarge, Unanswered, Unreachable

logger = logging.getLogger(__name__)

SETTING = "greeting"
LEASE = timedelta(seconds=60)
AT_ONCE = 20
WAITS = (10, 60, 300, 1800)


def arrived(channel_id: int, fact: Arrived, *, at: datetime) -> str:
    """Note that somebody is to be greeted; who was before is not again."""
    row = Greeting(channel_id=channel_id, address=fact.address[:320], thread_id=fact.thread_id[:255])
    if Greeting.objects.filter(channel=channel_id, address=row.address).exists():
        return "duplicate"
    Greeting.objects.bulk_create([row], ignore_conflicts=True)
    ring("media")
    return "applied"


def anybody_to_greet(*, at: datetime) -> bool:
    return Greeting.objects.filter(state=FetchState.WAITING, next_try_at__lte=at).exists()


def send_greetings(*, http: HttpClient | None = None) -> Counter[str]:
    """Greet who waits for it; how many ended how."""
    done: Counter[str] = Counter()
    for row in _claim(timezone.now()):
        done[_greet(row, http or HttpClient())] += 1
    return done


def _claim(at: datetime) -> list[Greeting]:
    with transaction.atomic():
        due = Greeting.objects.select_for_update(skip_locked=True, of=("self",))
        claimed = list(due.filter(state=FetchState.WAITING, next_try_at__lte=at).order_by("next_try_at")[:AT_ONCE])
        for row in claimed:
            row.attempts += 1
            row.next_try_at = at + LEASE
            row.save(update_fields=["attempts", "next_try_at"])
    return claimed


def _greet(row: Greeting, http: HttpClient) -> str:
    try:
        _send(row, http)
    except Unanswered as error:
        return _settle(row, FetchState.DONE, str(error))
    except (SendError, Unreachable, TooLarge) as error:
        passing = not isinstance(error, SendError) or error.kind in ("transient", "auth")
        if not passing or row.attempts > len(WAITS):
            return _settle(row, FetchState.FAILED, str(error))
        wait = max(WAITS[row.attempts - 1], getattr(error, "wait", None) or 0)
        again = timezone.now() + timedelta(seconds=wait)
        Greeting.objects.filter(pk=row.pk, attempts=row.attempts).update(next_try_at=again, error=str(error)[:500])
        return "later"
    return _settle(row, FetchState.DONE, "")


def _send(row: Greeting, http: HttpClient) -> None:
    connection, account = sending_account(row.channel_id)
    handler, words = provider(connection.provider), str(account.settings.get(SETTING, "")).strip()
    if connection.state == ConnectionState.REFUSED:
        raise SendError("auth", connection.trouble)
    if handler is not None and words:
        handler.send(Part("", row.address, row.thread_id, text=words[:1000]), account, http)


def _settle(row: Greeting, state: FetchState, error: str) -> str:
    Greeting.objects.filter(pk=row.pk, attempts=row.attempts).update(state=state, error=error[:500])
    if error:
        logger.warning("greeting not confirmed", extra={"greeting": row.pk, "reason": error})
    return state.value


FURTHER[Arrived] = arrived
