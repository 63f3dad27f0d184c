"""From stored webhooks to what they say: claim, parse, apply, and mark what became of each, in one transaction."""

from __future__ import annotations

import logging
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from channels_inbound.claims import (
    BATCH,
    GIVEN_UP,
    Claim,
    claim_waiting,
    hold_claims,
    spent,
)
from channels_inbound.draining import DRAIN_SECONDS, drain, settle
from channels_inbound.health import note_received
from channels_inbound.hooks.accounts import connections_of
from channels_inbound.hooks.apply import apply_fact, apply_parked, find_message, joined, redact_raw
from channels_inbound.hooks.facts import Edited, Fact, Heard, Ignored, Unread, Unsent
from channels_inbound.hooks.names import ask_name_later, with_known_names
from channels_inbound.hooks.provider import Malformed, Reading
from channels_inbound.hooks.registry import provider
from channels_inbound.hooks.to_fetch import fetch_later
from channels_inbound.models import Connection, ConnectionState, RawState
from channels_inbound.outcomes import RawOutcome, tell_quarantined, write_outcomes
from events.statements import prepared
from events.tracing import tracing
from tickets.actions.refusals import lift_by_writing
from tickets.inbound import InboundMessage, IngestResult
from tickets.ingest import ingest_batch

logger = logging.getLogger(__name__)

# No provider signs a time, so a captured webhook could be played again for ever: what we know by its id is a duplicate,
# and of what we do not, nothing older comes in. None tries longer than a week.
OLDEST = timedelta(days=8)
_BODIES = "SELECT delivery_id, content FROM channels_inbound_rawbody WHERE delivery_id = ANY(%s)"


@dataclass(frozen=True, slots=True)
class Understood:
    """A delivery and what it says."""

    claim: Claim
    facts: tuple[Fact, ...]
    asks_names: bool = False


Work = Understood | RawOutcome


def drain_hooks(*, max_seconds: float = DRAIN_SECONDS, at_once: int = BATCH) -> Counter[str]:
    """Work through what providers brought, oldest first; how many deliveries came to what."""
    return drain(
        lambda: claim_waiting(at=timezone.now(), limit=at_once, hooks=True),
        lambda claims: settle(_understand(claims), together=_settle_together, set_aside=_set_aside),
        max_seconds=max_seconds,
    )


def _understand(claims: Sequence[Claim]) -> list[Work]:
    connections = connections_of({claim.channel_id for claim in claims})
    with prepared() as cursor:
        cursor.execute(_BODIES, [[claim.id for claim in claims]], binary=True)
        bodies: dict[int, bytes] = dict(cursor.fetchall())
    work: list[Work] = []
    for claim in claims:
        if spent(claim):
            work.append(RawOutcome(claim, RawState.QUARANTINED, GIVEN_UP))
        else:
            work.append(_read(claim, bytes(bodies.get(claim.id, b"")), connections.get(claim.channel_id)))
    return work


def _read(claim: Claim, body: bytes, connection: Connection | None) -> Work:
    handler = provider(connection.provider) if connection else None
    if handler is None or connection is None:
        return RawOutcome(claim, RawState.QUARANTINED, "the channel is not connected any more")
    reading = Reading(
        channel_id=claim.channel_id, account=connection.account, received_at=claim.received_at,
        locale=connection.channel.locale, settings=connection.settings, headers=claim.envelope.get("headers", {}),
    )  # fmt: skip
    try:
        facts = tuple(_timely(fact, claim.received_at) for fact in handler.parse(body, reading))
        return Understood(claim, facts, handler.asks_names)
    except Malformed as error:
        return RawOutcome(claim, RawState.QUARANTINED, _unlike_contract([str(error)]))
    except Exception as error:  # a fault of ours in one delivery must not stop the channel
        logger.exception("webhook not understood", extra={"delivery": claim.id})
        return RawOutcome(claim, RawState.QUARANTINED, f"{type(error).__name__} while reading the webhook")


def _unlike_contract(reasons: Sequence[str]) -> str:
    return f"not as the provider's contract says: {'; '.join(dict.fromkeys(reasons))}"[:500]


def _timely(fact: Fact, received_at: datetime) -> Fact:
    if isinstance(fact, Heard) and fact.message.timed_by_provider and fact.message.at < received_at - OLDEST:
        return Ignored(f"said more than {OLDEST.days} days before it came: nothing this old is taken")
    return fact


def _set_aside(item: Work, error: Exception) -> Work:
    return RawOutcome(item.claim, RawState.QUARANTINED, f"{type(error).__name__}: {error}"[:500])


@transaction.atomic
def _settle_together(work: Sequence[Work]) -> list[str]:
    ours = hold_claims([item.claim for item in work])
    held = [item for item in work if item.claim.id in ours]
    now = timezone.now()
    outcomes = [item for item in held if isinstance(item, RawOutcome)]
    understood = [item for item in held if isinstance(item, Understood)]
    results, taken_back = _ingest(understood, at=now)
    outcomes += [_outcome(item, results, at=now) for item in understood]
    write_outcomes(outcomes, at=now)
    _note_hooks({item.claim.channel_id for item in understood}, at=now)
    tell_quarantined(outcomes, at=now)
    for item in understood:
        taken_back[item.claim.channel_id] |= {fact.external_id for fact in item.facts if isinstance(fact, Unsent)}
    for channel_id, external_ids in taken_back.items():
        if external_ids:
            redact_raw(channel_id, external_ids)
    transaction.on_commit(lambda: _log(outcomes), robust=True)
    return [outcome.word for outcome in outcomes]


def _ingest(
    understood: Sequence[Understood], *, at: datetime
) -> tuple[dict[int, IngestResult], defaultdict[int, set[str]]]:
    """What was said, in the order it was said, as far as it lies here together: results by the fact's identity, and
    by channel what had been taken back before it came."""
    said = [(fact, item) for item in understood for fact in item.facts if isinstance(fact, Heard)]
    said.sort(key=lambda pair: pair[0].message.at)
    named = with_known_names(fact for fact, item in said if item.asks_names)
    results = ingest_batch([_with_payload(named.get(id(fact), fact)) for fact, _ in said])
    lift_by_writing({one.message_id for one in results if one.message_id and one.outcome in ("new", "threaded")})
    found: dict[int, IngestResult] = {}
    taken_back: defaultdict[int, set[str]] = defaultdict(set)
    for (fact, item), result in zip(said, results, strict=True):
        channel_id = item.claim.channel_id
        found[id(fact)] = result
        if item.asks_names and result.outcome == "new" and result.message_id and id(fact) not in named:
            ask_name_later(channel_id, result.message_id, fact.message.sender.address)
        if result.outcome == "duplicate" and fact.place and result.message_id:
            word = joined(channel_id, fact, result.message_id, at=at)
            found[id(fact)] = replace(result, outcome=word)  # type: ignore[arg-type]
            apply_parked(channel_id, [fact.message.external_id], at=at)
        elif result.outcome in ("new", "threaded") and result.message_id:
            piece = fact.message.external_id if fact.place else ""
            fetch_later(channel_id, result.message_id, fact.files, first=fact.place, piece=piece)
            taken_back[channel_id] |= apply_parked(channel_id, [fact.message.external_id], at=at)
    return found, taken_back


def _with_payload(fact: Heard) -> InboundMessage:
    """What was pressed says more than its label: kept with the message, for whoever reads it."""
    says_more = fact.payload and fact.payload != fact.message.text
    return replace(fact.message, payload=fact.payload) if says_more else fact.message


def _outcome(item: Understood, results: dict[int, IngestResult], *, at: datetime) -> RawOutcome:
    """Apply what is no message, and say in one word what came of the delivery."""
    words: list[str] = []
    reasons: list[str] = []
    unread: list[str] = []
    message_id, ticket_id = None, None
    for fact in item.facts:
        if isinstance(fact, Heard):
            result = results[id(fact)]
            words.append(result.outcome)
            message_id, ticket_id = message_id or result.message_id, ticket_id or result.ticket_id
        elif isinstance(fact, Ignored):
            words.append("ignored")
            reasons.append(fact.reason)
        elif isinstance(fact, Unread):
            unread.append(fact.reason)
        else:
            words.append(apply_fact(item.claim.channel_id, fact, at=at, delivery_id=item.claim.id))
            if isinstance(fact, Edited):
                message_id = message_id or find_message(item.claim.channel_id, fact.external_id)
    word = next((w for w in ("new", "threaded", "applied", "parked", "duplicate", "own") if w in words), "ignored")
    if unread:  # what else it says is heard; tried again, that is a duplicate
        return RawOutcome(item.claim, RawState.QUARANTINED, _unlike_contract(unread), message_id, ticket_id)
    state = {"duplicate": RawState.DUPLICATE, "own": RawState.IGNORED, "ignored": RawState.IGNORED}.get(
        word, RawState.INGESTED
    )
    return RawOutcome(item.claim, state, "; ".join(dict.fromkeys(reasons)), message_id, ticket_id, word)


def _note_hooks(channel_ids: set[int], *, at: datetime) -> None:
    note_received(channel_ids, at=at)
    found = Connection.objects.filter(channel__in=channel_ids)
    found.update(last_hook_at=at)
    found.filter(state=ConnectionState.NEW).update(state=ConnectionState.OK)


def _log(outcomes: Sequence[RawOutcome]) -> None:
    for outcome in outcomes:
        with tracing(outcome.claim.trace_id):
            logger.info(
                "webhook %s", outcome.word,
                extra={"delivery": outcome.claim.id, "ticket": outcome.ticket_id, "reason": outcome.reason},
            )  # fmt: skip
