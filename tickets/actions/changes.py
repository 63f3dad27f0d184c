"""What happens to a message after it was said, as its channel tells: edited, taken back, reacted to, delivered, read.

None of it starts, stops or reopens anything. Each is safe to hear twice, late, and in any order: states only move
forward, and what is already so changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F, Q
from django.utils.translation import gettext as _

from events.actors import SYSTEM, Actor
from people.models import Customer, Identity
from tickets.deliveries import after_attempt
from tickets.events import TicketEvent
from tickets.models import Attachment, Cycle, Message, MessageKind, OutboxState, SearchEntry, SecretManner, Ticket
from tickets.preview import preview_of
from tickets.sensitive.arriving import hide_text
from tickets.sensitive.filenames import hide_in_filename
from tickets.sensitive.masking import FoundSecret

from .base import lock_ticket_of, record, refresh_attention
from .compose import index_message
from .secrets import keep_secrets

KEPT_EDITS = 20
KEPT_REACTIONS = 50
MOST_RENAMED = 50
Change = Callable[[Message, dict[str, Any]], dict[str, Any] | None]


def message_edited(message_id: int, text: str, *, at: datetime) -> bool:
    """The sender changed their words: the new ones are shown, the old ones kept. False when it changed nothing."""

    def change(message: Message, marks: dict[str, Any]) -> dict[str, Any] | None:
        moment = at.isoformat()
        words, secrets = _hidden(message, text)
        if marks.get("unsent_at") or message.text == words:
            return None
        _keep(message, secrets)
        if marks.get("edited_at", "") > moment:  # an older edit, heard late: history, not the present
            marks["edits"] = [*marks.get("edits", []), {"text": words, "at": moment}][-KEPT_EDITS:]
            return {}
        marks["edits"] = [*marks.get("edits", []), {"text": message.text, "at": message.at.isoformat()}][-KEPT_EDITS:]
        marks["edited_at"] = moment
        message.text, message.quoted, message.html = words, [], ""
        return {}

    return _change(message_id, TicketEvent.MESSAGE_EDITED, change, at=at, fields=("text", "quoted", "html"))


def message_unsent(message_id: int, *, at: datetime) -> bool:
    """The sender took it back: its words, their history and its files are gone from here too."""

    def change(message: Message, marks: dict[str, Any]) -> dict[str, Any] | None:
        if marks.get("unsent_at"):
            return None
        marks.clear()
        marks["unsent_at"] = at.isoformat()
        message.text = message.html = message.subject = ""
        message.quoted = []
        Attachment.objects.filter(message=message).delete()
        SearchEntry.objects.filter(message=message).delete()
        return {}

    return _change(message_id, TicketEvent.MESSAGE_UNSENT, change, at=at, fields=("text", "html", "subject", "quoted"))


def message_hidden(message_id: int, *, hidden: bool, by: Actor, at: datetime) -> bool:
    """A public comment is hidden from others, or shown again: by us (`by` an agent) or at the provider."""

    def change(message: Message, marks: dict[str, Any]) -> dict[str, Any] | None:
        if bool(marks.get("hidden_at")) == hidden or marks.get("unsent_at"):
            return None
        marks["hidden_at"] = at.isoformat() if hidden else ""
        return {"hidden": hidden}

    return _change(message_id, TicketEvent.MESSAGE_HIDDEN, change, at=at, by=by)


def message_reacted(message_id: int, emoji: str, *, by: str, at: datetime, ours: bool = False) -> bool:
    """Somebody put a sign to a message; an empty one takes theirs away. `by` names them, as the provider does;
    `ours`: one of us did, at the provider."""

    def change(message: Message, marks: dict[str, Any]) -> dict[str, Any] | None:
        before = marks.get("reactions", [])
        mine = next((one for one in before if one["by"] == by), None)
        if (mine or {}).get("at", "") > at.isoformat() or (mine or {}).get("emoji", "") == emoji:
            return None
        others = [one for one in before if one["by"] != by]
        mine = {"emoji": emoji[:32], "by": by, "at": at.isoformat()} | ({"ours": True} if ours else {})
        marks["reactions"] = [*others, mine][-KEPT_REACTIONS:]
        return {"emoji": emoji[:32]}

    return _change(message_id, TicketEvent.MESSAGE_REACTED, change, at=at, by=SYSTEM if ours else None)


def message_delivered(message_id: int, *, at: datetime) -> bool:
    """The provider says that our reply reached them."""

    def change(message: Message, marks: dict[str, Any]) -> dict[str, Any] | None:
        if marks.get("delivered_at") or marks.get("read_at"):
            return None
        marks["delivered_at"] = at.isoformat()
        return {}

    return _change(message_id, TicketEvent.DELIVERY_DELIVERED, change, at=at)


def message_read(message_id: int, *, at: datetime) -> bool:
    """The provider says that they have seen our reply; that it was delivered follows."""

    def change(message: Message, marks: dict[str, Any]) -> dict[str, Any] | None:
        if marks.get("read_at"):
            return None
        marks["read_at"] = at.isoformat()
        return {}

    return _change(message_id, TicketEvent.DELIVERY_READ, change, at=at)


def delivery_failed(message_id: int, *, error: str, at: datetime) -> bool:
    """The provider took our reply and says now that it did not get there. Too late once it was delivered."""
    with transaction.atomic():
        ticket, message = _locked(message_id)
        if ticket is None or message is None or message.marks.get("delivered_at") or message.marks.get("read_at"):
            return False
        if message.outbox not in (OutboxState.SENT, OutboxState.UNKNOWN):
            return False
        message.outbox, message.error = OutboxState.FAILED, error[:500]
        message.save(update_fields=["outbox", "error"])
        ticket.needs_attention = True
        ticket.save(update_fields=["needs_attention"])
        record(
            ticket, TicketEvent.DELIVERY_FAILED, by=SYSTEM, at=at, data={"message": message.pk, "error": error[:200]}
        )
    return True


def delivery_proven(message_id: int, *, at: datetime) -> bool:
    """The provider shows our reply, of which nobody knew whether it arrived: it did."""
    with transaction.atomic():
        ticket, message = _locked(message_id)
        if ticket is None or message is None or message.outbox != OutboxState.UNKNOWN:
            return False
        message.outbox, message.error, message.sent_at = OutboxState.SENT, "", at
        message.deliveries = after_attempt(message, at=at, reached=True, refused={}, waiting={})
        message.save(update_fields=["outbox", "error", "sent_at", "deliveries"])
        refresh_attention(ticket)
        ticket.save(update_fields=["needs_attention"])
        record(ticket, TicketEvent.DELIVERY_CONFIRMED, by=SYSTEM, at=at, data={"message": message.pk})
    return True


def files_arrived(message_id: int, files: list[Attachment], *, missing: int = 0, at: datetime) -> bool:
    """Files of a message that were fetched after it: shown with it from now on. `missing` could not be had."""

    def change(message: Message, marks: dict[str, Any]) -> dict[str, Any] | None:
        if marks.get("unsent_at"):
            return None
        marks["fetched"] = marks.get("fetched", 0) + len(files)
        if missing:
            marks["not_fetched"] = marks.get("not_fetched", 0) + missing
        for file in files:
            file.message, file.ticket_id = message, message.ticket_id
            if message.conversation.channel.secrets != SecretManner.OFF:
                file.filename, secrets = hide_in_filename(file.filename)
                _keep(message, secrets)
        Attachment.objects.bulk_create(files)
        return {"files": len(files)}

    return _change(message_id, TicketEvent.MESSAGE_FILED, change, at=at)


def message_joined(message_id: int, text: str, *, files: int, at: datetime) -> bool:
    """More of a message that comes in pieces, as albums do: files to be fetched, and words. The caller sees to it that
    a piece is not told twice."""

    def change(message: Message, marks: dict[str, Any]) -> dict[str, Any] | None:
        if marks.get("unsent_at"):
            return None
        words, secrets = _hidden(message, text)
        _keep(message, secrets)
        message.text = "\n".join(piece for piece in (message.text, words) if piece)
        message.envelope = message.envelope | {"files_to_come": message.envelope.get("files_to_come", 0) + files}
        message.save(update_fields=["envelope"])
        return {"files": files}

    return _change(message_id, TicketEvent.MESSAGE_FILED, change, at=at, fields=("text",) if text else ())


def sender_named(message_id: int, name: str, *, at: datetime) -> bool:
    """The provider says what somebody is called of whom it told only a number: they, and what they have said in this
    ticket, bear the name from now on. A name that somebody gave them here stays."""

    def change(message: Message, _marks: dict[str, Any]) -> dict[str, Any] | None:
        known = Identity.objects.select_for_update(no_key=True)
        identity = known.filter(pk=message.identity_id).first() if message.identity_id else None
        if identity is None or identity.display_name == name:
            return None
        old, identity.display_name = identity.display_name, name[:200]
        identity.save(update_fields=["display_name"])
        customers = Customer.objects.filter(Q(pk=identity.customer_id) | Q(merged_from=identity.customer_id))
        customers.filter(name=old).update(name=name[:200])
        said = Message.objects.filter(ticket=message.ticket_id, identity=identity, envelope__from__name=old)
        for one in said.order_by("-pk")[:MOST_RENAMED]:
            one.envelope = one.envelope | {"from": one.envelope["from"] | {"name": name[:200]}}
            one.save(update_fields=["envelope"])
        return {"files": 0}

    return _change(message_id, TicketEvent.MESSAGE_FILED, change, at=at)


def reply_mirrored(
    conversation_id: int, *, external_id: str, text: str, author: str, at: datetime, now: datetime, files: int = 0
) -> Message | None:
    """A reply that somebody of ours wrote elsewhere (in the phone's app, on the page itself): it answers the customer.
    So many `files` of it are still to be fetched.

    The caller holds the channel's turn, so that the same one cannot be mirrored twice at once.
    """
    with transaction.atomic():
        found = Message.objects.filter(conversation_id=conversation_id, external_id=external_id[:255]).first()
        if found:
            return None
        ticket_id = Message.objects.filter(conversation=conversation_id).values_list("ticket_id", flat=True)[:1]
        ticket = Ticket.objects.select_for_update(of=("self",)).filter(pk__in=ticket_id).first()
        if ticket is None:
            return None
        ticket.message_sequence += 1
        message = Message.objects.create(
            ticket=ticket, conversation_id=conversation_id, sequence=ticket.message_sequence,
            kind=MessageKind.OUTBOUND, at=at, text=text, external_id=external_id[:255], thread_layer="external_id",
            outbox=OutboxState.SENT, sent_at=at,
            envelope={"from": {"name": author, "address": ""}, "clock": "provider"}
            | ({"files_to_come": files} if files else {}),
        )  # fmt: skip
        index_message(message)
        if ticket.waiting_since is not None and ticket.waiting_since <= at:
            ticket.waiting_since = None
        ticket.last_message_at = max(ticket.last_message_at, at)
        ticket.preview = preview_of(text) or ticket.preview
        ticket.save(update_fields=["message_sequence", "waiting_since", "last_message_at", "preview"])
        Cycle.objects.filter(ticket=ticket, solved_at=None, first_reply_at=None, opened_at__lte=at).update(
            first_reply_at=at, first_reply=message
        )
        data = {"message": message.pk, "sequence": message.sequence}
        record(ticket, TicketEvent.MESSAGE_MIRRORED, by=SYSTEM, at=now, data=data)
    return message


def requeue_rest(message_id: int, *, at: datetime) -> bool:
    """Part of an unknown reply is known to have arrived and the rest was never tried: let the rest go."""
    rows = Message.objects.filter(pk=message_id, outbox=OutboxState.UNKNOWN)
    return bool(rows.update(outbox=OutboxState.QUEUED, not_before=at, error="", attempts=F("attempts")))


def _change(
    message_id: int, kind: TicketEvent, change: Change, *, at: datetime, fields: tuple[str, ...] = (),
    by: Actor | None = None,
) -> bool:  # fmt: skip
    """Let `change` alter a locked message and its marks; what it returns is the event's data, None: nothing."""
    with transaction.atomic():
        ticket, message = _locked(message_id)
        if ticket is None or message is None:
            return False
        marks = dict(message.marks)
        data = change(message, marks)
        if data is None:
            return False
        message.marks = marks
        message.save(update_fields=["marks", *fields])
        if fields:
            _show_change(ticket, message)
        if by is None:
            by = Actor.customer(ticket.customer_id) if message.kind == MessageKind.INBOUND else SYSTEM
        record(ticket, kind, by=by, at=at, data={"message": message.pk, **data})
    return True


def _hidden(message: Message, text: str) -> tuple[str, list[FoundSecret]]:
    """New words of a message as its channel keeps them, and what was hidden in them."""
    return (text, []) if message.conversation.channel.secrets == SecretManner.OFF else hide_text(text)


def _keep(message: Message, secrets: list[FoundSecret]) -> None:
    keep_secrets(message, secrets, going=message.conversation.channel.secrets == SecretManner.REDACT)


def _show_change(ticket: Ticket, message: Message) -> None:
    if not message.marks.get("unsent_at"):
        SearchEntry.objects.filter(message=message).delete()
        index_message(message)
    if message.sequence == ticket.message_sequence:
        ticket.preview = preview_of(message.text) or (_("Message taken back") if not message.text else "")
        ticket.save(update_fields=["preview"])


def _locked(message_id: int) -> tuple[Ticket | None, Message | None]:
    ticket = lock_ticket_of(message_id)
    message = Message.objects.select_for_update(of=("self",)).filter(pk=message_id).first() if ticket else None
    return ticket, message
