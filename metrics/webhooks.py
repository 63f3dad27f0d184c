"""Telling other systems of warnings and missed deadlines: who may say where, and the calls themselves.

A call is a row before it is a request: made once for an alarm, claimed with a lease, tried again with longer and longer
waits. It is signed as the HTTP channel signs (docs/http-channel.md) and goes through the guarded client only.
"""

from __future__ import annotations

import json
import logging
import secrets
import time
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from channels_inbound.hooks.provider import retry_after
from channels_inbound.hooks.signatures import own_signature
from events.audit import note_setting
from events.ledger import record_event
from events.models import Event
from metrics.events import RULES_STREAM, SlaEvent
from metrics.models import CallState, Policy, Webhook, WebhookCall
from metrics.rules import lock_rules
from people.credentials import CredentialsError, decrypt, encrypt
from people.http_client import Answer, HttpClient, TooLarge, Unanswered, Unreachable
from people.models import Agent
from people.permissions import Permission, PermissionDenied
from tickets.errors import InvalidInput
from tickets.models import Ticket

logger = logging.getLogger(__name__)
MOST_AT_ONCE = 20
# Longer than a request may take: until then nobody else tries the same.
LEASE = timedelta(seconds=60)
# After the first attempt, the second, ...; after the last it is given up.
WAITS = (timedelta(seconds=30), timedelta(minutes=2), timedelta(minutes=10), timedelta(hours=1), timedelta(hours=6))
LONGEST_WAIT = timedelta(hours=12)
KEPT = timedelta(days=30)
# What the other side may mean otherwise a moment later.
TRANSIENT = frozenset({408, 425, 429})


def add_webhook(*, by: Agent, name: str, url: str) -> tuple[Webhook, str]:
    """A new address, and the secret that signs what is sent there: told this once. InvalidInput for a name taken."""
    secret = secrets.token_urlsafe(32)
    with transaction.atomic():
        _begin(by)
        if Webhook.objects.filter(name=name).exists():
            raise InvalidInput("name", _("Another webhook has this name."))
        try:
            webhook = Webhook.objects.create(name=name, url=url, secret=encrypt({"secret": secret}))
        except CredentialsError as error:
            raise InvalidInput("url", str(error)) from None
        note_setting(f"webhook {webhook.pk}", {"name": "", "url": ""}, {"name": name, "url": url}, by=by.actor)
        _tell(SlaEvent.WEBHOOK_SAVED, webhook, by=by)
    return webhook, secret


def remove_webhook(webhook_id: int, *, by: Agent) -> None:
    """Call an address no more; InvalidInput while a policy does. Removing it again changes nothing."""
    with transaction.atomic():
        _begin(by)
        webhook = Webhook.objects.filter(pk=webhook_id).first()
        if webhook is None:
            return
        if any(step == {**step, "do": "webhook", "value": webhook.pk}
               for steps in Policy.objects.values_list("escalation", flat=True) for step in steps):  # fmt: skip
            raise InvalidInput("webhook", _("A policy calls this webhook."))
        note_setting(
            f"webhook {webhook.pk}", {"name": webhook.name, "url": webhook.url}, {"name": "", "url": ""}, by=by.actor
        )
        _tell(SlaEvent.WEBHOOK_REMOVED, webhook, by=by)
        webhook.delete()


def _begin(by: Agent) -> None:
    if not by.may(Permission.MANAGE_SERVICE_LEVELS):
        raise PermissionDenied(_("Your role does not allow this."))
    lock_rules()


def _tell(kind: SlaEvent, webhook: Webhook, *, by: Agent) -> None:
    data = {"webhook": webhook.pk, "name": webhook.name}
    record_event(RULES_STREAM, kind, by=by.actor, at=timezone.now(), data=data)


def queue_call(event: Event, webhook_id: int) -> None:
    """Have an alarm told there, once however often this is asked; nothing where the webhook or ticket is gone."""
    ticket = Ticket.objects.filter(pk=event.stream_id).first()
    if ticket is None or not Webhook.objects.filter(pk=webhook_id).exists():
        return
    WebhookCall.objects.get_or_create(
        webhook_id=webhook_id, event_id=event.pk, defaults={"body": _body(event, ticket), "next_at": event.at}
    )


def _body(event: Event, ticket: Ticket) -> dict[str, Any]:
    """Numbers and states; nothing that anybody wrote leaves the house this way."""
    data, page = event.data, reverse("ticket", args=[ticket.pk])
    return {
        "type": event.kind, "at": event.at.isoformat(), "target": data["target"], "percent": data["percent"],
        "due": data["due"], "policy": data["policy"],
        "ticket": {
            "id": ticket.pk, "url": f"{settings.BASE_URL}{page}", "status": ticket.status,
            "priority": ticket.priority, "channel": ticket.channel_id, "team": ticket.team_id,
            "assignee": ticket.assignee_id,
        },
    }  # fmt: skip


def send_calls(*, at: datetime, http: HttpClient | None = None) -> int:
    """Try what is due; how many were tried. Safe in several processes at once."""
    http = http or HttpClient(timeout=10.0)
    began, tried = time.monotonic(), 0
    while tried < MOST_AT_ONCE:
        moment = at + timedelta(seconds=time.monotonic() - began)
        call = _claim(at, moment + LEASE)
        if call is None:
            break
        _note(call, *_send(call, http, moment), at=at)
        tried += 1
    WebhookCall.objects.filter(finished_at__lt=at - KEPT).delete()
    return tried


def _claim(at: datetime, until: datetime) -> WebhookCall | None:
    """One call that is due, leased to this process until then: one that dies has it tried again when that is over."""
    with transaction.atomic():
        due = WebhookCall.objects.filter(state=CallState.WAITING, next_at__lte=at).order_by("next_at", "pk")
        call = due.select_for_update(skip_locked=True, of=("self",)).select_related("webhook").first()
        if call is None:
            return None
        call.attempts, call.next_at = call.attempts + 1, until
        call.save(update_fields=["attempts", "next_at"])
        return call


def _send(call: WebhookCall, http: HttpClient, at: datetime) -> tuple[Answer | None, str]:
    """What the other side answered, or why it did not."""
    body = json.dumps({"id": str(call.public_id), **call.body}).encode()
    try:
        secret = decrypt(call.webhook.secret)["secret"]
        headers = {
            "Content-Type": "application/json", "Idempotency-Key": str(call.public_id),
            **own_signature(secret, body, at=at.timestamp()),
        }  # fmt: skip
        return http.request("POST", call.webhook.url, headers=headers, body=body, limit=64 * 1024), ""
    except TooLarge:
        return None, "the answer was too long"
    except (Unreachable, Unanswered, CredentialsError) as error:
        return None, str(error)


def _note(call: WebhookCall, answer: Answer | None, trouble: str, *, at: datetime) -> None:
    """Sent, to be tried again, or given up. Where the lease was over and somebody else tries by now, only that it was
    taken is of use."""
    now: dict[str, Any] = {"state": CallState.SENT, "trouble": "", "next_at": None, "finished_at": at}
    if answer is None or not answer.ok:
        now["trouble"] = (trouble or f"the other side answered {answer.status if answer else 0}")[:200]
        again = answer is None or answer.status in TRANSIENT or answer.status >= 500
        if again and call.attempts <= len(WAITS):
            asked = timedelta(seconds=(retry_after(answer) if answer else None) or 0)
            wait = min(max(WAITS[call.attempts - 1], asked), LONGEST_WAIT)
            now |= {"state": CallState.WAITING, "next_at": at + wait, "finished_at": None}
        else:
            now["state"] = CallState.FAILED
            logger.warning("webhook %s of event %s was given up: %s", call.webhook_id, call.event_id, now["trouble"])
    row = WebhookCall.objects.filter(pk=call.pk, state=CallState.WAITING)
    if now["state"] != CallState.SENT:
        row = row.filter(attempts=call.attempts)
    row.update(**now)
