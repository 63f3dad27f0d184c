"""Telling browsers: claimed first, then sent, so that a killed worker tells nobody twice."""

from __future__ import annotations

import json
import logging
from collections import defaultdict
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils import translation

from channels_inbound.credentials import CredentialsError
from channels_inbound.models import PushedNotice, PushSubscription
from people.http_client import HttpClient, TooLarge, Unanswered, Unreachable
from tickets.live.admission import living_sessions
from tickets.models import Notification, Ticket
from tickets.notices.rules import sentence

from .browsers import our_key
from .crypto import authorization, encrypt

logger = logging.getLogger(__name__)

FRESH = timedelta(minutes=10)  # what was not told by then stands in the bell
KEPT = timedelta(days=1)
LIVES_SECONDS = 4 * 3600  # how long a push service keeps it for a browser that is off
MOST_AT_ONCE = 200
MOST_FAILURES = 20
GONE = (404, 410)


def push_notices(*, at: datetime, http: HttpClient | None = None) -> int:
    """Tell every browser of the notices its agent has not read; how many were handed over. Safe in several processes
    at once. One browser's trouble is no other's."""
    browsers = list(PushSubscription.objects.filter(agent__is_active=True).select_related("agent").order_by("pk"))
    if not browsers:
        return 0
    alive = living_sessions({browser.session_key for browser in browsers})
    over = [browser.pk for browser in browsers if browser.session_key not in alive]
    PushSubscription.objects.filter(pk__in=over).delete()
    claimed = _claim([browser for browser in browsers if browser.session_key in alive], at=at)
    if not claimed:
        return 0
    try:
        key = our_key()[1]
    except CredentialsError as error:
        logger.warning("browsers are not told: %s", error)
        return 0
    http = http or HttpClient(timeout=5.0)
    return sum(_push(http, browser, notice, key, at=at) for browser, notice in claimed)


def sweep_pushed(*, at: datetime) -> None:
    """Forget what browsers were told long ago."""
    PushedNotice.objects.filter(at__lt=at - KEPT).delete()


def _claim(browsers: list[PushSubscription], *, at: datetime) -> list[tuple[PushSubscription, Notification]]:
    """What each browser is still to be told, now marked as told; of tickets its agent may see at this moment."""
    fresh = Notification.objects.filter(
        agent__in={browser.agent_id for browser in browsers}, read_at=None, created_at__gt=at - FRESH
    ).select_related("ticket", "event")
    waiting: defaultdict[int, list[Notification]] = defaultdict(list)
    for notice in fresh.order_by("pk")[:MOST_AT_ONCE]:
        waiting[notice.agent_id].append(notice)
    claimed = []
    for browser in browsers:
        theirs = [notice for notice in waiting[browser.agent_id] if notice.created_at >= browser.created_at]
        visible = _visible(browser, theirs) if theirs else set()
        claimed += [(browser, one) for one in theirs if one.ticket_id in visible and _mark(browser, one, at)]
    return claimed


def _visible(browser: PushSubscription, notices: list[Notification]) -> set[int]:
    tickets = Ticket.objects.visible_to(browser.agent).filter(pk__in=[notice.ticket_id for notice in notices])
    return set(tickets.values_list("pk", flat=True))


def _mark(browser: PushSubscription, notice: Notification, at: datetime) -> bool:
    """False when this browser was told already, by whichever process."""
    return PushedNotice.objects.get_or_create(subscription=browser, notice_id=notice.pk, defaults={"at": at})[1]


def _push(http: HttpClient, browser: PushSubscription, notice: Notification, key: Any, *, at: datetime) -> bool:
    plain = json.dumps(_payload(browser, notice), ensure_ascii=False).encode()
    subject = settings.BASE_URL if settings.BASE_URL.startswith("https:") else f"mailto:{settings.DEFAULT_FROM_EMAIL}"
    headers = {
        "Content-Type": "application/octet-stream", "Content-Encoding": "aes128gcm", "TTL": str(LIVES_SECONDS),
        "Urgency": "high", "Topic": f"n{notice.ticket_id}",
        "Authorization": authorization(browser.endpoint, key, subject=subject, at=at.timestamp()),
    }  # fmt: skip
    body = encrypt(plain, p256dh=browser.p256dh, auth=browser.auth)
    try:
        status = http.request("POST", browser.endpoint, headers=headers, body=body, limit=64 * 1024).status
    except (Unreachable, Unanswered, TooLarge) as error:
        logger.info("a push service failed: %s", error)
        status = 0
    return _note_outcome(browser, status)


def _note_outcome(browser: PushSubscription, status: int) -> bool:
    """A browser that is gone, or whose service has refused it for long, is told no more."""
    if 200 <= status < 300:
        if browser.failures:
            PushSubscription.objects.filter(pk=browser.pk).update(failures=0)
            browser.failures = 0
        return True
    browser.failures += 1
    if status in GONE or browser.failures >= MOST_FAILURES:
        PushSubscription.objects.filter(pk=browser.pk).delete()
    else:
        PushSubscription.objects.filter(pk=browser.pk).update(failures=browser.failures)
    return False


def _payload(browser: PushSubscription, notice: Notification) -> dict[str, str]:
    """What the browser shows: what happened on which ticket. Never what anybody wrote, and the subject only where its
    agent wants it."""
    with translation.override(browser.agent.locale):
        said = sentence(notice.event.kind, notice.ticket_id or 0, notice.cause)
    subject = notice.ticket.subject if browser.shows_subject and notice.ticket else ""
    return {
        "title": settings.SHOP_NAME, "body": f"{said}\n{subject[:200]}" if subject else said,
        "url": reverse("ticket", args=[notice.ticket_id]), "tag": f"ticket-{notice.ticket_id}",
    }  # fmt: skip
