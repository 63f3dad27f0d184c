"""What mail providers say of our mails, put on the message."""

from __future__ import annotations

from datetime import datetime

from channels_inbound.hooks.apply import FURTHER
from channels_inbound.hooks.facts import MailReport
from people.identities import note_hard_bounces
from people.models import Identity, IdentityKind, MailKind
from people.unsubscribing import unsubscribe
from tickets.actions.changes import delivery_failed, delivery_proven, message_delivered
from tickets.models import Message, MessageKind


def mail_report(channel_id: int, fact: MailReport, *, at: datetime) -> str:
    """Delivered, or failed, for the reply it names; only if that reply went to the address it speaks of."""
    found = Message.objects.filter(
        external_id__in=[id[:255] for id in fact.message_ids], kind=MessageKind.OUTBOUND,
        conversation__channel=channel_id,
    ).first()  # fmt: skip
    if found is None or fact.recipient not in _recipients(found):
        return "ignored"
    if fact.event == "delivered":
        # Nobody knew whether the mail had been taken: it was, and it went to all in one.
        delivery_proven(found.pk, at=fact.at)
        return "applied" if message_delivered(found.pk, at=fact.at) else "duplicate"
    if fact.event == "complained":
        return _complained(fact, at=at)
    if fact.event != "failed":
        return "ignored"
    said = f"{fact.recipient}: {fact.detail or 'not delivered'}"
    if not delivery_failed(found.pk, error=said, at=at):
        return "duplicate"
    if fact.permanent:
        note_hard_bounces([fact.recipient], at=at)
    return "applied"


def _complained(fact: MailReport, *, at: datetime) -> str:
    """Who calls our mail unwanted, or asks their provider for no more, gets nothing unprompted any more: answers go
    on."""
    identity = Identity.objects.filter(kind=IdentityKind.EMAIL, value=fact.recipient, suspect=False).first()
    if identity is None:
        return "ignored"
    for kind in MailKind:
        unsubscribe(identity.pk, kind, at=at)
    return "applied"


def _recipients(message: Message) -> set[str]:
    lists = (message.envelope.get(name, ()) for name in ("to", "cc", "bcc"))
    return {entry.get("address", "") for entries in lists for entry in entries}


FURTHER[MailReport] = mail_report
