"""What one message changes, worked out in memory: rows to insert, the ticket's new state, the events to record."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from events.actors import SYSTEM, Actor
from events.ledger import NewEvent
from people.identities import KnownIdentity
from tickets.events import TicketEvent, ticket_stream
from tickets.inbound import Address, BouncedRecipient, InboundMessage
from tickets.preview import preview_of

from .evidence import Evidence, Hit, Membership, ReservedIds, TicketState, thread_keys
from .threading import Placement

MAX_SUBJECT = 500
ANSWERED_ASIDE = 2  # AsideState.ANSWERED
PROOF = frozenset({"token", "own_message_id", "body_token"})


@dataclass(slots=True)
class MessagePlan:
    """One message and where it goes."""

    message: InboundMessage
    message_id: int
    ticket: TicketState
    conversation_id: int
    sequence: int
    identity_id: int
    at: datetime
    layer: str
    reason: str
    pending: bool = False
    aside: bool = False
    opened: bool = False


@dataclass(slots=True)
class BouncePlan(MessagePlan):
    """A delivery report: a message like any other, and the verdict on the reply it is about."""

    about: int = 0
    reported: tuple[BouncedRecipient, ...] = ()


@dataclass(slots=True)
class Plan:
    """Everything a batch writes."""

    ids: ReservedIds
    messages: list[MessagePlan] = field(default_factory=list)
    touched: dict[int, TicketState] = field(default_factory=dict)
    conversations: list[tuple[int, int, int, int, str, str]] = field(default_factory=list)
    participants: list[tuple[int, int, str, str]] = field(default_factory=list)
    links: list[tuple[int, int, str]] = field(default_factory=list)
    events: list[NewEvent] = field(default_factory=list)


def plan_message(
    message: InboundMessage,
    evidence: Evidence,
    plan: Plan,
    placement: Placement,
    sender: KnownIdentity,
    copied: Sequence[KnownIdentity],
) -> MessagePlan:
    """Put a message where its placement says, and let it do there what a message of its kind does."""
    opened = placement.ticket_id is None or placement.conversation_id is None
    if placement.ticket_id is None or placement.conversation_id is None:
        ticket, conversation_id = open_ticket(message, evidence, plan, placement, sender)
    else:
        ticket, conversation_id = evidence.tickets[placement.ticket_id], placement.conversation_id
    planned = add_message(message, plan, ticket, conversation_id, sender, placement)
    planned.opened = opened
    if message.auto_kind == "answer":
        by = Actor.customer(sender.customer_id)
        _record(plan, ticket, TicketEvent.QUESTION_ANSWERED, by, planned.at, {"message": planned.message_id})
    if not placement.pending:
        join(evidence, plan, ticket, conversation_id, sender, "requester" if opened else "joined", message)
        # Whoever only quotes a number can write a stranger's address into Cc. Proof of our mail, or of the sender,
        # cannot be made up, and what an own ticket starts with harms nobody else. Aside nobody takes part whom we did
        # not ask: whoever was asked might copy the customer.
        proven = opened or message.verdict == "pass" or placement.layer in PROOF
        proven = proven and not placement.aside
        for person in copied if proven else ():
            join(evidence, plan, ticket, conversation_id, person, "copied", message)
    else:
        join(evidence, plan, ticket, conversation_id, sender, "joined", message, state="pending")
    if not opened:
        _wake(planned, plan)
    elif evidence.channels[message.channel_id].acknowledges and _asks_us(message) and _is_welcome(message, ticket):
        _record(plan, ticket, TicketEvent.ACKNOWLEDGEMENT_DUE, SYSTEM, planned.at, {"message": planned.message_id})
    return planned


def plan_bounce(
    message: InboundMessage, evidence: Evidence, plan: Plan, original: Hit, sender: KnownIdentity
) -> BouncePlan:
    """Put a delivery report on the ticket of the reply it is about: nothing reopens, the agent is told."""
    report = message.bounce
    ticket = evidence.tickets[original.ticket_id]
    placement = Placement(ticket.id, original.conversation_id, "bounce", "")
    base = add_message(message, plan, ticket, original.conversation_id, sender, placement)
    values = {name: getattr(base, name) for name in MessagePlan.__dataclass_fields__}
    # Whoever is none of the mail's recipients cannot have failed to get it (threat 10).
    reported = tuple(one for one in report.everyone if one.recipient in original.recipients) if report else ()
    planned = BouncePlan(**values, about=original.message_id, reported=reported)
    plan.messages[-1] = planned
    if any(one.permanent for one in reported):
        ticket.needs_attention = True
    for one in reported:
        data = {"message": original.message_id, "recipient": one.recipient, "status": one.status}
        data["permanent"] = one.permanent
        _record(plan, ticket, TicketEvent.DELIVERY_BOUNCED, SYSTEM, planned.at, data)
    return planned


def open_ticket(
    message: InboundMessage, evidence: Evidence, plan: Plan, placement: Placement, sender: KnownIdentity
) -> tuple[TicketState, int]:
    channel = evidence.channels[message.channel_id]
    at = _moment(message)
    # History opens nothing that waits; a delivery report about no mail of ours is kept where nobody must answer it.
    solved = message.historic or message.auto_kind == "bounce"
    status = "spam" if sender.blocked else "solved" if solved else "open"
    ticket = TicketState(
        id=plan.ids.tickets.pop(), status=status, channel_id=channel.id,
        customer_id=sender.customer_id, team_id=message.team_id or channel.team_id, assignee_id=None,
        subject=message.subject[:MAX_SUBJECT],
        message_sequence=0,
        inbound_sequence=0,
        last_message_at=at,
        waiting_since=None,
        snoozed_until=None,
        solved_at=at if status == "solved" else None,
        opened_at=at, needs_attention=False, language=message.language or channel.locale, is_new=True,
    )  # fmt: skip
    evidence.tickets[ticket.id] = ticket
    conversation_id = plan.ids.conversations.pop()
    evidence.main_conversation[ticket.id] = conversation_id
    thread = message.thread_id[:255]
    plan.conversations.append((conversation_id, ticket.id, channel.id, sender.customer_id, ticket.subject, thread))
    for key in thread_keys(message):
        evidence.by_thread[key] = (ticket.id, conversation_id)
    by = Actor.customer(sender.customer_id)
    data = {"channel": channel.id, "status": ticket.status} | _history(message)
    _record(plan, ticket, TicketEvent.TICKET_OPENED, by, at, data)
    if placement.link:
        other, reason = placement.link
        plan.links.append((ticket.id, other, reason))
        _record(plan, ticket, TicketEvent.TICKET_LINKED, SYSTEM, at, {"other": other, "reason": reason})
        if reason == "follow_up":
            evidence.follow_ups.setdefault(other, []).insert(0, ticket.id)
    return ticket, conversation_id


def add_message(
    message: InboundMessage,
    plan: Plan,
    ticket: TicketState,
    conversation_id: int,
    sender: KnownIdentity,
    placement: Placement,
) -> MessagePlan:
    at = _moment(message)
    ticket.message_sequence += 1
    ticket.inbound_sequence = ticket.message_sequence
    ticket.last_message_at = max(ticket.last_message_at, at)
    ticket.preview = preview_of(message.text, message.quoted) or ticket.preview
    asks = _asks_us(message) and not placement.pending and not placement.aside and ticket.status != "spam"
    if asks and ticket.waiting_since is None:
        ticket.waiting_since = at
    if placement.aside and not placement.pending and _asks_us(message):
        ticket.aside = ANSWERED_ASIDE
    planned = MessagePlan(
        message=message,
        message_id=plan.ids.messages.pop(),
        ticket=ticket,
        conversation_id=conversation_id,
        sequence=ticket.message_sequence,
        identity_id=sender.id,
        at=at,
        layer=placement.layer,
        reason=placement.reason,
        pending=placement.pending,
        aside=placement.aside,
    )
    plan.messages.append(planned)
    plan.touched[ticket.id] = ticket
    data = {"message": planned.message_id, "sequence": planned.sequence, "layer": placement.layer}
    flags = {"auto": message.auto_kind, "pending": placement.pending, "aside": placement.aside}
    data |= {name: value for name, value in flags.items() if value}
    data |= _history(message)
    _record(plan, ticket, TicketEvent.MESSAGE_RECEIVED, Actor.customer(sender.customer_id), at, data)
    _note_secrets(planned, plan)
    return planned


def _note_secrets(planned: MessagePlan, plan: Plan) -> None:
    if not planned.message.secrets:
        return
    kinds = Counter(str(secret.kind) for secret in planned.message.secrets)
    found = {"message": planned.message_id, "kinds": kinds, "redacted": planned.message.redacted}
    _record(plan, planned.ticket, TicketEvent.SECRETS_FOUND, SYSTEM, planned.at, found)


def join(
    evidence: Evidence,
    plan: Plan,
    ticket: TicketState,
    conversation_id: int,
    person: KnownIdentity,
    role: str,
    message: InboundMessage,
    state: str = "active",
) -> None:
    """Let somebody take part, once; who is already there stays as they are."""
    members = evidence.members.setdefault(ticket.id, [])
    if any(m.conversation_id == conversation_id and m.identity_id == person.id for m in members):
        return
    members.append(Membership(conversation_id, ticket.id, person.id, person.customer_id, state))
    plan.participants.append((conversation_id, person.id, role, state))
    if state == "pending" and not message.historic:
        ticket.needs_attention = True
    if role != "requester":
        kind = TicketEvent.PARTICIPANT_PENDING if state == "pending" else TicketEvent.PARTICIPANT_JOINED
        data = {"identity": person.id, "conversation": conversation_id} | _history(message)
        _record(plan, ticket, kind, SYSTEM, _moment(message), data)


def _wake(planned: MessagePlan, plan: Plan) -> None:
    """A person's answer reopens what was solved, ends waiting and snoozing; robots, history and strangers do not."""
    ticket, message = planned.ticket, planned.message
    if planned.pending or not _asks_us(message):
        return
    # An answer of somebody asked aside is no word of the customer's, but an agent has to read it.
    by = SYSTEM if planned.aside else Actor.customer(ticket.customer_id)
    data: dict[str, Any] = {"message": planned.message_id} | ({"aside": True} if planned.aside else {})
    if ticket.status == "solved":
        ticket.status, ticket.solved_at = "open", None
        ticket.reopened += 1
        _record(plan, ticket, TicketEvent.TICKET_REOPENED, by, planned.at, data)
    elif ticket.status in ("pending", "on_hold"):
        change = data | {"from": ticket.status, "to": "open"}
        ticket.status = "open"
        _record(plan, ticket, TicketEvent.TICKET_STATUS_CHANGED, by, planned.at, change)
    if ticket.snoozed_until is not None:
        ticket.snoozed_until = None
        _record(plan, ticket, TicketEvent.TICKET_WOKEN, by, planned.at, data)


def _asks_us(message: InboundMessage) -> bool:
    """Whether a person, here and now, waits for an answer."""
    return not message.auto_kind and not message.historic


def _is_welcome(message: InboundMessage, ticket: TicketState) -> bool:
    """Whether its sender hears of us by themselves: neither a forged address nor one that sends spam does."""
    return message.verdict != "fail" and ticket.status != "spam"


def _history(message: InboundMessage) -> dict[str, Any]:
    """What events of an imported archive carry, for everybody who must not react to them."""
    return {"historic": True} if message.historic else {}


def _moment(message: InboundMessage) -> datetime:
    """History keeps its own date, and a provider's clock is believed; a live mail's Date is the sender's word and can
    lie, so ours counts."""
    if message.timed_by_provider:
        return min(message.at, message.received_at)
    return message.at if message.historic else message.received_at


def _record(plan: Plan, ticket: TicketState, kind: TicketEvent, by: Actor, at: datetime, data: dict[str, Any]) -> None:
    plan.touched[ticket.id] = ticket
    plan.events.append(NewEvent(ticket_stream(ticket.id), kind, by, at, data))


def address_json(addresses: Sequence[Address]) -> list[dict[str, str]]:
    """Addresses as the envelope column keeps them."""
    return [{"name": entry.name, "address": entry.address} for entry in addresses]
