"""The door itself: dedupe, find the person, find the place, write, record. One transaction, any number of messages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from django.db import IntegrityError, connection, transaction

from people.identities import (
    IdentityKey,
    KnownIdentity,
    Newcomer,
    customer_known_by,
    give_identity,
    join_identities,
    note_claims,
    resolve_identities,
)
from people.models import Trust
from tickets.claims import claims_in
from tickets.inbound import InboundMessage, IngestResult, Outcome
from tickets.models import AutoKind
from tickets.sensitive.arriving import hide_secrets

from .evidence import Evidence, Hit, load_evidence
from .expected import answer_place, note_expected
from .plan import BouncePlan, MessagePlan, Plan, plan_bounce, plan_message
from .threading import original_of_bounce, place
from .write import write_plan

# Two workers meeting the same newcomer, or the same mail, at the same moment: one wins, the other looks again.
TRIES = 4
MAX_COPIED = 20


def ingest(message: InboundMessage) -> IngestResult:
    """Make one message part of a ticket, exactly once however often it is called with it."""
    return ingest_batch([message])[0]


def ingest_batch(messages: Sequence[InboundMessage], *, tries: int = TRIES) -> list[IngestResult]:
    """Ingest messages in the order given, all or none; later ones see earlier ones. Results in that order.

    Safe against itself in any number of processes. Runs in the caller's transaction if there is one: a caller who
    marks its raw rows there gets both or neither. Raises what the database raises when it cannot; with `tries=1` also
    the IntegrityError of a race, which spares a savepoint to a caller who runs its own transaction again.
    """
    if not messages:
        return []
    if tries == 1 and connection.in_atomic_block:
        return _ingest(messages)
    for _ in range(tries - 1):
        try:
            with transaction.atomic():
                return _ingest(messages)
        except IntegrityError:
            continue
    with transaction.atomic():
        return _ingest(messages)


def _ingest(messages: Sequence[InboundMessage]) -> list[IngestResult]:
    evidence = load_evidence(messages)
    note_expected(evidence, messages)
    messages = [hide_secrets(message, evidence.channels[message.channel_id].secrets) for message in messages]
    identities = _resolve_people(messages, evidence)
    plan = Plan(evidence.ids)
    results = [_ingest_one(message, evidence, identities, plan) for message in messages]
    write_plan(plan)
    return results


def _ingest_one(
    message: InboundMessage, evidence: Evidence, identities: dict[IdentityKey, KnownIdentity], plan: Plan
) -> IngestResult:
    if twin := evidence.by_dedupe.get(message.dedupe_key):
        return IngestResult("duplicate", twin.message_id, twin.ticket_id, "", "the same message came before")
    if own := _of_ours(message, evidence):
        if _came_back(message, evidence):
            return IngestResult("own", own.message_id, own.ticket_id, "", "our own mail coming back")
        # Some programs write the id of what they answer as their own: it says where the answer belongs.
        message = replace(message, references=(*message.references, message.external_id))
    sender = identities[sender_key(message)]
    original = original_of_bounce(message, evidence, identity_id=sender.id, customer_id=sender.customer_id)
    if original is not None:
        bounce = plan_bounce(message, evidence, plan, original, sender)
        return _remember(message, evidence, bounce)
    placement = answer_place(message, evidence)
    if placement is not None:
        message = replace(message, auto_kind=AutoKind.ANSWER)
    else:
        placement = place(message, evidence, identity_id=sender.id, customer_id=sender.customer_id)
    copied = [identities[key] for key in _copied_keys(message, evidence)]
    return _remember(message, evidence, plan_message(message, evidence, plan, placement, sender, copied))


def sender_key(message: InboundMessage) -> IdentityKey:
    """Whose message it is. A failed authentication makes it somebody else's: the suspect twin of the address."""
    return IdentityKey(message.identity_kind, message.sender.address, message.verdict == "fail")


def _copied_keys(message: InboundMessage, evidence: Evidence) -> list[IdentityKey]:
    """The other people on To and Cc, who thereby take part. A list's or a robot's recipients do not."""
    if message.auto_kind or message.verdict == "fail":
        return []
    addresses = dict.fromkeys(entry.address for entry in (*message.to, *message.cc) if entry.address)
    others = [a for a in addresses if a != message.sender.address and not is_ours(a, evidence.own_addresses)]
    return [IdentityKey(message.identity_kind, address) for address in others[:MAX_COPIED]]


def is_ours(address: str, own_addresses: frozenset[str]) -> bool:
    """Whether an address is one of our channels', with or without a +token."""
    local, at, domain = address.rpartition("@")
    return f"{local.partition('+')[0]}{at}{domain}" in own_addresses or address in own_addresses


def _resolve_people(messages: Sequence[InboundMessage], evidence: Evidence) -> dict[IdentityKey, KnownIdentity]:
    wanted: dict[IdentityKey, Newcomer] = {}
    names = {entry.address: entry.name for message in messages for entry in (*message.to, *message.cc) if entry.name}
    for message in messages:
        if message.dedupe_key in evidence.by_dedupe:
            continue
        trust = Trust.VERIFIED if message.verdict == "pass" else Trust.CLAIMED
        for key in _copied_keys(message, evidence):
            wanted.setdefault(key, Newcomer(names.get(key.value, "")))
        sender = sender_key(message)
        if wanted.get(sender, Newcomer("")).trust != Trust.VERIFIED:
            wanted[sender] = Newcomer(message.sender.name, trust, message.language, wrote=not message.historic)
    _join_known(messages, evidence)
    found = resolve_identities(wanted)
    _note_claims([message for message in messages if message.dedupe_key not in evidence.by_dedupe], found)
    return found


def _note_claims(messages: Sequence[InboundMessage], found: dict[IdentityKey, KnownIdentity]) -> None:
    """What the provider proves joins; where somebody else has it already, that is evidence, as is what people say."""
    said, proven = [], []
    for message in messages:
        if message.also_known_as:
            join_identities(found[sender_key(message)], message.also_known_as, name=message.sender.name)
            proven += [(found[sender_key(message)].id, *other) for other in message.also_known_as]
        # Whoever writes by mail has an address, and names those of others all the time.
        claims = message.claims or (() if message.identity_kind == "email" else claims_in(message.text))
        said += [(found[sender_key(message)].id, *claim) for claim in claims]
    note_claims(proven, proven=True)
    note_claims(said)


def _join_known(messages: Sequence[InboundMessage], evidence: Evidence) -> None:
    """Exact identities that the provider proves join by themselves: who is known by one of them is no newcomer."""
    for message in messages:
        if message.also_known_as and message.dedupe_key not in evidence.by_dedupe:
            customer_id = customer_known_by(message.also_known_as)
            if customer_id is not None:
                key = sender_key(message)
                give_identity(customer_id, key.kind, key.value, name=message.sender.name)


def _of_ours(message: InboundMessage, evidence: Evidence) -> Hit | None:
    """The message of ours that bears the same id."""
    known = evidence.by_external_id.get(message.external_id, []) if message.external_id else []
    return next((hit for hit in known if hit.outbound), None)


def _came_back(message: InboundMessage, evidence: Evidence) -> bool:
    """Whether what bears an id of ours is ours. Of a mail the id alone does not say it: the mark by which we know our
    own does, and an address of ours, from which no customer writes."""
    if message.identity_kind != "email" or message.auto_kind == AutoKind.OWN:
        return True
    return is_ours(message.sender.address, evidence.own_addresses)


def _remember(message: InboundMessage, evidence: Evidence, planned: MessagePlan | BouncePlan) -> IngestResult:
    """Let later messages of the batch see this one."""
    hit = Hit(planned.message_id, planned.ticket.id, planned.conversation_id, outbound=False)
    evidence.by_dedupe[message.dedupe_key] = hit
    if message.external_id:
        evidence.by_external_id.setdefault(message.external_id, []).append(hit)
    outcome: Outcome = "bounce" if isinstance(planned, BouncePlan) else "new" if planned.opened else "threaded"
    return IngestResult(outcome, planned.message_id, planned.ticket.id, planned.layer, planned.reason)
