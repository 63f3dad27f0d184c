"""What providers tell of our own sendings: echoes and receipts, matched to the reply and the part they are of."""

from __future__ import annotations

import re
from datetime import datetime

from django.db.models import Q
from django.utils import timezone

from channels_inbound.hooks.facts import Echo, Receipt
from channels_inbound.hooks.parts import part_texts
from channels_inbound.hooks.provider import TAG
from channels_inbound.hooks.to_fetch import fetch_later
from channels_inbound.models import SentPart
from events.models import Event
from people.identities import family
from people.models import Identity
from tickets.actions.changes import (
    delivery_failed,
    delivery_proven,
    message_delivered,
    message_read,
    reply_mirrored,
    requeue_rest,
)
from tickets.actions.refusals import note_refusal
from tickets.events import TicketEvent
from tickets.models import Conversation, Message, MessageKind, OutboxState

_TAG = re.compile(rf"{TAG}(\d{{1,18}})\.(\d{{1,4}})\.(\d{{1,4}})")


def tag_of(message_id: int, number: int, parts: int) -> str:
    """What goes with a part to providers that hand something back."""
    return f"{TAG}{message_id}.{number}.{parts}"


def note_part(message: Message, channel_id: int, number: int, parts: int, external_id: str, *, at: datetime) -> None:
    """A part is known to have reached the provider. Said twice it is noted once."""
    row = SentPart(
        channel_id=channel_id, message=message, number=number, parts=parts, external_id=external_id[:255], sent_at=at
    )
    SentPart.objects.bulk_create([row], ignore_conflicts=True)


def echo(channel_id: int, fact: Echo, *, at: datetime) -> str:
    """Ours: proof that it went out. Somebody else's in our name: mirrored, since it answers the customer."""
    if SentPart.objects.filter(channel=channel_id, external_id=fact.external_id).exists():
        return "own"
    if message := _by_tag(channel_id, fact.tag, fact.external_id, at=fact.at):
        settle_known(message, at=at)
        return "own"
    conversation = _conversation(channel_id, (fact.thread_id, *fact.thread_also)) or _with(channel_id, fact)
    if conversation is None:
        return "ignored"
    if message := _by_words(conversation, fact):
        settle_known(message, at=at)
        return "own"
    if fact.by_us:
        return "own"
    mirrored = reply_mirrored(
        conversation.pk, external_id=fact.external_id, text=fact.text, author=fact.author,
        at=min(fact.at, at), now=at, files=len(fact.files),
    )  # fmt: skip
    if mirrored is None:
        return "duplicate"
    fetch_later(channel_id, mirrored.pk, fact.files)
    return "applied"


def receipt(channel_id: int, fact: Receipt, *, at: datetime) -> str:
    """Delivered, read or failed, for the part it is said of or for all up to a moment."""
    if fact.external_id:
        parts = list(
            SentPart.objects.select_related("message").filter(channel=channel_id, external_id=fact.external_id)
        )
        if not parts and (message := _by_tag(channel_id, fact.tag, fact.external_id, at=fact.at)):
            settle_known(message, at=at)
            parts = list(
                SentPart.objects.select_related("message").filter(message=message, external_id=fact.external_id)
            )
        if not parts:
            return "parked"
    else:
        conversation = _conversation(channel_id, (fact.thread_id,))
        if conversation is None:
            return "ignored"
        parts = list(
            SentPart.objects.select_related("message").filter(
                message__conversation=conversation, sent_at__lte=fact.at, **{f"{fact.status}_at": None}
            )
        )
    changed = [_note_receipt(part, fact) for part in parts]
    return "applied" if any(changed) else "duplicate"


def _note_receipt(part: SentPart, fact: Receipt) -> bool:
    if fact.status == "failed":
        part.failed = fact.error[:500] or "failed"
        part.save(update_fields=["failed"])
        if fact.refuses:
            for entry in part.message.envelope.get("to", ()):
                note_refusal(part.channel_id, entry.get("address", ""), fact.refuses, at=fact.at)
        return delivery_failed(part.message_id, error=part.failed, at=timezone.now())
    field = f"{fact.status}_at"
    if getattr(part, field):
        return False
    setattr(part, field, fact.at)
    part.save(update_fields=[field])
    rows = SentPart.objects.filter(message=part.message_id)
    known = list(rows.values_list("delivered_at", "read_at", "parts"))
    if len(known) < known[0][2]:
        return True
    if fact.status == "read" and all(read for _, read, _ in known):
        return message_read(part.message_id, at=fact.at)
    if fact.status == "delivered" and all(delivered or read for delivered, read, _ in known):
        return message_delivered(part.message_id, at=fact.at)
    return True


def fail_by_parts(message_id: int, *, at: datetime) -> bool:
    """A reply that counts as sent since a moment, one part of which the provider said before that it was not
    delivered: said so early it could not be put on the reply, which was still being sent."""
    said = SentPart.objects.filter(message=message_id).exclude(failed="").order_by("number")
    error = said.values_list("failed", flat=True).first()
    return delivery_failed(message_id, error=error, at=at) if error else False


def forget_failed(message: Message) -> None:
    """A person sends a reply again of which the provider had said that parts did not arrive: those go once more."""
    failed = SentPart.objects.filter(message=message).exclude(failed="")
    if not failed.exists():
        return
    again = Event.objects.filter(
        stream_type="ticket", stream_id=message.ticket_id, kind=TicketEvent.DELIVERY_RETRIED, data__message=message.pk
    )
    if (since := again.order_by("-pk").values_list("at", flat=True).first()) is not None:
        failed.filter(sent_at__lt=since).delete()


def settle_known(message: Message, *, at: datetime) -> None:
    """A reply with unknown outcome, one more part of which is now known: it arrived, or its rest may go."""
    if message.outbox != OutboxState.UNKNOWN:
        return
    parts = list(SentPart.objects.filter(message=message).values_list("parts", flat=True))
    if parts and len(parts) >= parts[0]:
        delivery_proven(message.pk, at=at)
        fail_by_parts(message.pk, at=at)
    else:
        requeue_rest(message.pk, at=at)


def _by_tag(channel_id: int, tag: str, external_id: str, *, at: datetime) -> Message | None:
    found = _TAG.fullmatch(tag)
    if found is None:
        return None
    message = Message.objects.filter(
        pk=int(found[1]), kind=MessageKind.OUTBOUND, conversation__channel=channel_id
    ).first()
    if message is not None and message.outbox:
        note_part(message, channel_id, int(found[2]), int(found[3]), external_id, at=at)
        return message
    return None


def _by_words(conversation: Conversation, fact: Echo) -> Message | None:
    """A reply of ours whose answer never came, by its words or its files: where the provider hands back no tag of
    ours."""
    open_ones = Message.objects.filter(
        conversation=conversation, kind=MessageKind.OUTBOUND, outbox__in=[OutboxState.SENDING, OutboxState.UNKNOWN]
    ).order_by("-pk")
    for message in open_ones[:5]:
        texts = reply_texts(message, conversation)
        known = set(SentPart.objects.filter(message=message).values_list("number", flat=True))
        count = len(texts) + message.attachments.count()
        if fact.text.strip():
            fitting = [number for number, text in enumerate(texts) if text.split() == fact.text.split()]
        else:  # a file: they go in their order, so it is the next one that is missing
            fitting = list(range(len(texts), count)) if fact.files else []
        for number in fitting:
            if number not in known:
                note_part(message, conversation.channel_id, number, count, fact.external_id, at=fact.at)
                return message
    return None


def reply_texts(message: Message, conversation: Conversation) -> list[str]:
    """The texts by which a reply goes out; a private answer to a comment is always one."""
    if message.envelope.get("private_to"):
        return [message.text]
    return part_texts(message.text, conversation.channel.kind, conversation.external_id)


def _with(channel_id: int, fact: Echo) -> Conversation | None:
    """The newest conversation with whom it went to: the provider may call them by another name than they wrote by."""
    for kind, value in fact.to:
        known = Identity.objects.filter(kind=kind, value=value, suspect=False).first()
        if known is not None:
            theirs = Q(participants__identity=known) | Q(customer__in=family(known.customer_id))
            found = Conversation.objects.select_related("channel").filter(theirs, channel=channel_id)
            if newest := found.order_by("-pk").first():
                return newest
    return None


def _conversation(channel_id: int, names: tuple[str, ...]) -> Conversation | None:
    named = [name for name in names if name]
    found = Conversation.objects.select_related("channel").filter(channel=channel_id, external_id__in=named)
    return found.order_by("-pk").first()
