"""What mail providers say of our mails, put on the message."""

from __future__ import annotations

from datetime import datetime

from channels_inbound.credentials import CredentialsError
from channels_inbound.hooks.accounts import account_of, connections_of
from channels_inbound.hooks.apply import FURTHER
from channels_inbound.hooks.facts import MailReport
from channels_inbound.hooks.registry import provider
from channels_inbound.mail_services.tags import mail_tag, tagged_message
from people.identities import note_hard_bounces
from people.models import Identity, IdentityKind, MailKind
from people.unsubscribing import unsubscribe
from tickets.actions.changes import delivery_failed, delivery_proven, message_delivered
from tickets.models import Message, MessageKind


def mail_report(channel_id: int, fact: MailReport, *, at: datetime) -> str:
    """Delivered, or failed, for the reply it names, of this channel or of one beside it at the same service; only if
    that reply went to the address it speaks of."""
    found = _found(channel_id, fact)
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


def _found(channel_id: int, fact: MailReport) -> Message | None:
    """By our own tag first, else by its Message-ID."""
    ours = Message.objects.select_related("conversation").filter(kind=MessageKind.OUTBOUND)
    for named in fact.message_ids:
        tagged = tagged_message(named)
        found = ours.filter(external_id=named[:255]) if tagged is None else ours.filter(pk=tagged)
        for message in found.order_by("pk")[:5]:
            if tagged is not None and mail_tag(message.pk, message.external_id) != named:
                continue
            if _speaks_for(channel_id, message.conversation.channel_id):
                return message
    return None


def _speaks_for(channel_id: int, other_id: int) -> bool:
    """Whether what came to one channel's webhook address may speak of another's mail: several addresses may lie at
    one account of a service, which then tells all to one of them. Its secret must be the other's too."""
    if channel_id == other_id:
        return True
    found = connections_of([channel_id, other_id])
    if len(found) < 2 or found[channel_id].provider != found[other_id].provider:
        return False
    handler = provider(found[channel_id].provider)
    try:
        told, other = account_of(found[channel_id]), account_of(found[other_id])
    except CredentialsError:
        return False
    names = [field.name for field in handler.fields if field.secret] if handler else []
    return any(set(told.secret_list(name)) & set(other.secret_list(name)) for name in names)


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
