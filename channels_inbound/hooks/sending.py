"""Sending a reply by its provider, part by part, with what mail has too: a fenced claim, no silent second sending,
and an outcome that says exactly what is known."""

from __future__ import annotations

import logging
import random
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_noop

from channels_inbound.email.send import Outcome
from channels_inbound.health import note_sent
from channels_inbound.hooks.accounts import sending_account
from channels_inbound.hooks.apply import apply_fact, apply_parked
from channels_inbound.hooks.condition import alarm, connection_refused, connection_works, note_trouble
from channels_inbound.hooks.facts import Agreed
from channels_inbound.hooks.out_files import link_to
from channels_inbound.hooks.own import fail_by_parts, forget_failed, note_part, tag_of
from channels_inbound.hooks.parts import part_texts
from channels_inbound.hooks.provider import Account, OutFile, Part, Provider, SendError, Taken
from channels_inbound.hooks.registry import provider
from channels_inbound.models import Connection, ConnectionState, SentPart
from people.http_client import HttpClient, TooLarge, Unanswered, Unreachable
from people.identities import give_identity
from people.models import Identity
from people.storage import open_blob
from tickets.actions.delivery import (
    begin_handover,
    record_accepted,
    record_permanent_failure,
    record_temporary_failure,
    record_unknown,
)
from tickets.actions.reach import last_said
from tickets.actions.refusals import note_refusal
from tickets.kinds import traits_of
from tickets.models import Message
from tickets.outbound import OutboundAttachment, OutboundMessage

logger = logging.getLogger(__name__)

GIVE_UP_AFTER = 12
WAIT_FOR_ADMIN = timedelta(hours=1)
NOT_CONNECTED = gettext_noop("waits until the channel is connected again")
# What nobody wrote may not go out as a person's answer, which some providers let through for longer.
TOO_LATE = gettext_noop("too late for an automatic answer: the customer last wrote too long ago")
_WAITS = (5, 15, 60, 300, 900, 3600)


@dataclass(frozen=True, slots=True)
class Ended:
    """How an attempt ended. `again` is when to try again, for a temporary one."""

    outcome: Outcome
    detail: str = ""
    again: datetime | None = None


def send_by_provider(m: OutboundMessage, http: HttpClient | None = None) -> Outcome:
    """Send one claimed reply and record what became of it."""
    now = timezone.now()
    try:
        connection, account = sending_account(m.channel_id)
    except SendError as error:
        ended = Ended(Outcome.TEMPORARY, error.detail, now + WAIT_FOR_ADMIN)
    else:
        ended = _ready(connection, now) or _send(m, connection, account, http or HttpClient())
    _record(m, ended)
    return ended.outcome


def _ready(connection: Connection, now: datetime) -> Ended | None:
    """Do not ask a provider that has said no to us, or that asked for silence: the reply waits."""
    if connection.state == ConnectionState.REFUSED:
        return Ended(Outcome.TEMPORARY, NOT_CONNECTED, now + WAIT_FOR_ADMIN)
    if connection.quiet_until is not None and connection.quiet_until > now:
        return Ended(Outcome.TEMPORARY, connection.trouble, connection.quiet_until)
    return None


def _send(m: OutboundMessage, connection: Connection, account: Account, http: HttpClient) -> Ended:
    handler = provider(connection.provider)
    message = Message.objects.get(pk=m.message_id)
    if handler is None or not m.to:
        return Ended(Outcome.PERMANENT, "no usable recipient address")
    late = _late(message, handler, m)
    if late and message.auto_kind and m.template is None:
        return Ended(Outcome.PERMANENT, TOO_LATE)
    parts = parts_of(m, late=late)
    forget_failed(message)
    done = set(SentPart.objects.filter(message=message).values_list("number", flat=True))
    todo = [(number, part) for number, part in enumerate(parts) if number not in done]
    if todo and not begin_handover(m.message_id, m.attempt, at=timezone.now()):
        return Ended(Outcome.CLAIM_LOST)
    for number, part in todo:
        try:
            taken = handler.send(part, account, http)
        except (SendError, Unreachable, Unanswered, TooLarge, FileNotFoundError) as error:
            return _failed(error, m, connection, f"{number + 1}/{len(parts)}" if len(parts) > 1 else "")
        external_id = taken if isinstance(taken, str) else taken.id
        note_part(message, m.channel_id, number, len(parts), external_id, at=timezone.now())
        if isinstance(taken, Taken):
            _note_names(taken, message)
        apply_parked(m.channel_id, [external_id], at=timezone.now())
    return Ended(Outcome.ACCEPTED)


def _note_names(taken: Taken, message: Message) -> None:
    """The provider told by what else it knows whom this went to: they may write by that alone."""
    with transaction.atomic():
        for kind, value in taken.also:
            give_identity(message.conversation.customer_id, kind, value, name="")


def parts_of(m: OutboundMessage, *, late: bool = False) -> list[Part]:
    """The calls a reply takes: its texts, then its files."""
    if m.template is not None:
        tag = tag_of(m.message_id, 0, 1)
        return [Part(tag, m.to[0].address, m.thread_id, text=m.text, template=m.template)]
    # To a comment there may be one private answer, whose length was seen to when it was written.
    texts = [m.text] if m.private_to else part_texts(m.text, m.channel_kind, m.thread_id)
    count = len(texts) + len(m.attachments)
    to = m.to[0].address
    parts = [
        Part(tag_of(m.message_id, number, count), to, m.thread_id, text=text, late=late,
             reply_to=m.in_reply_to if not number else "", private_to=m.private_to,
             choices=m.choices if number == len(texts) - 1 else ())
        for number, text in enumerate(texts)
    ]  # fmt: skip
    for file in m.attachments:
        tag = tag_of(m.message_id, len(parts), count)
        parts.append(Part(tag, to, m.thread_id, file=_out_file(file), late=late))
    return parts


def _out_file(file: OutboundAttachment) -> OutFile:
    def load() -> bytes:
        with open_blob(file.sha256) as blob:
            return blob.read()

    def link() -> str:
        if file.public_id is None:
            raise SendError("permanent", "the file has no address")
        return link_to(file.public_id)

    return OutFile(file.filename, file.content_type, load, link)


def _late(message: Message, handler: Provider, m: OutboundMessage) -> bool:
    """Whether the ordinary window is over, so that only what a person writes may still go."""
    window = traits_of(m.channel_kind).window
    said = last_said(message.conversation_id)
    return bool(window and said and said + window <= timezone.now())


def _failed(error: Exception, m: OutboundMessage, connection: Connection, which: str) -> Ended:
    now = timezone.now()
    if isinstance(error, Unanswered):
        return Ended(Outcome.UNKNOWN, _told(str(error), which))
    if isinstance(error, FileNotFoundError):
        return Ended(Outcome.PERMANENT, "an attached file is missing on storage")
    if not isinstance(error, SendError):
        note_trouble(connection.pk, str(error), now)
        return Ended(Outcome.TEMPORARY, _told(str(error), which), _next_try(m.attempt, None, now))
    if error.alarm:
        alarm(connection.channel_id, error.detail, at=now)
    if error.kind == "auth":
        connection_refused(connection.channel_id, error.detail, at=now)
        return Ended(Outcome.TEMPORARY, NOT_CONNECTED, now + WAIT_FOR_ADMIN)
    if error.kind == "transient":
        again = _next_try(m.attempt, error.wait, now)
        if error.wait and again and not error.theirs:
            Connection.objects.filter(pk=connection.pk).update(quiet_until=now + timedelta(seconds=error.wait))
            note_trouble(connection.pk, error.detail, now)
        return Ended(Outcome.TEMPORARY, _told(error.detail, which), again)
    _note_wish(error, m, now)
    return Ended(Outcome.PERMANENT, _told(error.detail, which))


def _note_wish(error: SendError, m: OutboundMessage, now: datetime) -> None:
    """What the provider's no says of whom it went to: they are not reached here, or want no more of something."""
    address = m.to[0].address
    if error.refuses:
        note_refusal(m.channel_id, address, error.refuses, at=now)
    if error.stops:
        theirs = Message.objects.values("conversation__participants__identity").filter(pk=m.message_id)
        known = Identity.objects.filter(value=address, suspect=False, pk__in=theirs).first()
        if known is not None:
            with transaction.atomic():
                apply_fact(m.channel_id, Agreed(known.kind, known.value, error.stops, False, now), at=now)


def _told(detail: str, which: str) -> str:
    return f"{which}: {detail}" if which else detail


def _next_try(attempt: int, wait: float | None, now: datetime) -> datetime | None:
    """When to try again: what the provider asked for, else longer and longer, a little scattered."""
    if attempt >= GIVE_UP_AFTER and wait is None:
        return None
    seconds = wait if wait is not None else _WAITS[min(attempt - 1, len(_WAITS) - 1)]
    return now + timedelta(seconds=min(seconds, 86_400) * random.uniform(1.0, 1.2))  # noqa: S311 - no secret


def _record(m: OutboundMessage, ended: Ended) -> None:
    now = timezone.now()
    if ended.outcome == Outcome.ACCEPTED:
        record_accepted(m.message_id, m.attempt, at=now)
        fail_by_parts(m.message_id, at=now)
        note_sent(m.channel_id, at=now)
        connection_works(m.channel_id, at=now)
    elif ended.outcome == Outcome.UNKNOWN:
        record_unknown(m.message_id, m.attempt, error=ended.detail, at=now)
    elif ended.outcome == Outcome.PERMANENT or (ended.outcome == Outcome.TEMPORARY and ended.again is None):
        record_permanent_failure(m.message_id, m.attempt, error=ended.detail, at=now)
    elif ended.outcome == Outcome.TEMPORARY and ended.again is not None:
        record_temporary_failure(m.message_id, m.attempt, error=ended.detail, next_try_at=ended.again, at=now)
    logger.info("reply %s", ended.outcome.value, extra={"message_row": m.message_id, "attempt": m.attempt})
