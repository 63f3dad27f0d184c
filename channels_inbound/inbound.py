"""From stored bytes to tickets: claim, parse in limited children, ingest, and mark what became of each delivery.

Ingesting a batch and marking its raw rows is one transaction: a worker killed anywhere leaves both or neither.
Nothing is dropped: what cannot be read is set aside with its reason, to be looked at and tried again.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from itertools import groupby

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from channels_inbound.claims import (
    BATCH,
    GIVEN_UP,
    Claim,
    claim_waiting,
    hold_claims,
    renew_claims,
    spent,
)
from channels_inbound.draining import DRAIN_SECONDS, drain, settle
from channels_inbound.email.addresses import normal
from channels_inbound.email.parsed import Attachment, ParsedEmail
from channels_inbound.email.pool import ParseFailure, parse_many
from channels_inbound.email.receive import ReceivedEnvelope, ReceivingChannel, to_inbound, was_sent_by_us
from channels_inbound.health import note_received
from channels_inbound.models import RawState
from channels_inbound.outcomes import RawOutcome, tell_quarantined, write_outcomes
from events.statements import prepared
from events.tracing import tracing
from people.sniff import sniff
from people.storage import store_blob
from tickets.inbound import InboundAttachment, InboundMessage
from tickets.ingest import TRIES, ingest_batch, ingest_sent

logger = logging.getLogger(__name__)

PARSE_SLICE = 10

_BODIES = "SELECT delivery_id, content FROM channels_inbound_rawbody WHERE delivery_id = ANY(%s)"
_CHANNELS = "SELECT id, locale, address FROM tickets_channel"


@dataclass(frozen=True, slots=True)
class SentMail:
    """An old mail of ours to somebody else, as they lie in Sent folders."""

    message: InboundMessage


Work = tuple[Claim, InboundMessage | SentMail | RawOutcome]


def drain_inbound(
    *, max_seconds: float = DRAIN_SECONDS, at_once: int = BATCH, trusted: Sequence[str] | None = None
) -> Counter[str]:
    """Work through what waits, oldest first, until nothing is left or the time is up; how many came to what.

    Up to `at_once` mails share a transaction. `trusted`: whose word on a sender counts, if not that of the settings.
    """
    servers = settings.TRUSTED_AUTHSERV_IDS if trusted is None else trusted
    claim = partial(claim_waiting, limit=at_once)
    return drain(
        lambda: claim(at=timezone.now()), lambda found: _settle(_understand(found, servers)), max_seconds=max_seconds
    )


def _understand(claims: Sequence[Claim], trusted: Sequence[str] = ()) -> list[Work]:
    """Each delivery as a message, or as the reason why it is none."""
    channels = _receiving_channels()
    work: list[Work] = [(claim, RawOutcome(claim, RawState.QUARANTINED, GIVEN_UP)) for claim in claims if spent(claim)]
    todo = [claim for claim in claims if not spent(claim)]
    for start in range(0, len(todo), PARSE_SLICE):
        part = todo[start : start + PARSE_SLICE]
        if start:
            renew_claims(todo, at=timezone.now())
        bodies = _bodies(part)
        parsed = parse_many(bodies, trusted_authserv_ids=trusted)
        work += [(claim, _message(claim, result, channels)) for claim, result in zip(part, parsed, strict=True)]
    return work


def _message(
    claim: Claim, result: ParsedEmail | ParseFailure, channels: dict[int, ReceivingChannel]
) -> InboundMessage | SentMail | RawOutcome:
    if isinstance(result, ParseFailure):
        return RawOutcome(claim, RawState.QUARANTINED, f"{result.reason}: {result.detail}")
    channel = channels[claim.channel_id]
    historic = bool(claim.envelope.get("historic"))
    envelope = ReceivedEnvelope(claim.envelope.get("mail_from"), tuple(claim.envelope.get("rcpt_tos", ())))
    try:
        message = to_inbound(
            result, channel=channel, received_at=claim.received_at, envelope=envelope,
            attachments=store_attachments(result), historic=historic,
        )  # fmt: skip
        ours = historic and message.verdict != "fail" and was_sent_by_us(result, channel)
        return SentMail(message) if ours else message
    except OSError:
        raise
    except Exception as error:  # a fault of ours in one mail must not stop the mailbox
        logger.exception("mail not understood", extra={"delivery": claim.id})
        return RawOutcome(claim, RawState.QUARANTINED, f"{type(error).__name__} while reading the mail")


def store_attachments(parsed: ParsedEmail) -> tuple[InboundAttachment, ...]:
    """Put the files of a mail on storage, synced, before any row names them."""
    return tuple(_store_attachment(file) for file in parsed.attachments)


def _store_attachment(file: Attachment) -> InboundAttachment:
    content = file.content or b""
    return InboundAttachment(
        filename=(file.filename or "file")[:255],
        content_type=sniff(content, file.filename)[:127],
        size=len(content),
        sha256=store_blob(content),
        content_id=file.content_id[:255],
        # Not what the sender calls inline: Apple's programs call every file so, and who reads text would miss it.
        inline=file.referenced,
        about=file.about,
    )


def _settle(work: Sequence[Work]) -> list[str]:
    return settle(work, together=_settle_again, set_aside=_set_aside)


def _set_aside(item: Work, error: Exception) -> Work:
    claim = item[0]
    return claim, RawOutcome(claim, RawState.QUARANTINED, f"{type(error).__name__}: {error}"[:500])


def _settle_again(work: Sequence[Work]) -> list[str]:
    """Two workers meeting the same newcomer, or the same mail, at the same moment: one wins, the other looks again."""
    for _ in range(TRIES - 1):
        with suppress(IntegrityError):
            return _settle_together(work)
    return _settle_together(work)


@transaction.atomic
def _settle_together(work: Sequence[Work]) -> list[str]:
    ours = hold_claims([claim for claim, _ in work])
    held = [(claim, item) for claim, item in work if claim.id in ours]
    outcomes = [item for _, item in held if isinstance(item, RawOutcome)]
    outcomes += _ingested([(claim, item) for claim, item in held if not isinstance(item, RawOutcome)])
    now = timezone.now()
    write_outcomes(outcomes, at=now)
    note_received({claim.channel_id for claim, _ in held}, at=now)
    tell_quarantined(outcomes, at=now)
    transaction.on_commit(lambda: _log(outcomes), robust=True)
    return [outcome.word for outcome in outcomes]


def _ingested(work: Sequence[tuple[Claim, InboundMessage | SentMail]]) -> list[RawOutcome]:
    """In the order they came: an answer to a mail of ours must find it. Sent mails one by one, they are rare."""
    outcomes: list[RawOutcome] = []
    for sent, group in groupby(work, key=lambda pair: isinstance(pair[1], SentMail)):
        pairs = list(group)
        if sent:
            results = [ingest_sent(item.message) for _, item in pairs if isinstance(item, SentMail)]
        else:
            results = ingest_batch([item for _, item in pairs if isinstance(item, InboundMessage)], tries=1)
        outcomes += [RawOutcome.of(claim, result) for (claim, _), result in zip(pairs, results, strict=True)]
    return outcomes


def _log(outcomes: Sequence[RawOutcome]) -> None:
    for outcome in outcomes:
        with tracing(outcome.claim.trace_id):
            logger.info(
                "mail %s", outcome.word,
                extra={"delivery": outcome.claim.id, "ticket": outcome.ticket_id, "reason": outcome.reason},
            )  # fmt: skip


def _bodies(claims: Sequence[Claim]) -> list[bytes]:
    with prepared() as cursor:
        cursor.execute(_BODIES, [[claim.id for claim in claims]], binary=True)
        found: dict[int, bytes] = dict(cursor.fetchall())
    return [found.get(claim.id, b"") for claim in claims]


def _receiving_channels() -> dict[int, ReceivingChannel]:
    with prepared() as cursor:
        cursor.execute(_CHANNELS)
        rows = cursor.fetchall()
    own = frozenset(normal(address) for _, _, address in rows)
    return {pk: ReceivingChannel(pk, locale, own) for pk, locale, _ in rows}
