"""Writing first: a conversation that we begin, with somebody we know or to an address nobody has had yet."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from people.identities import IdentityKey, KnownIdentity, Newcomer, resolve_identities
from people.models import Agent, Customer
from people.permissions import Permission, PermissionDenied
from people.scope import Reach
from people.written_html import clean_written_html, pictures_of
from tickets.customers import visible_customer
from tickets.errors import IdempotencyMismatch, InvalidInput, NotFound
from tickets.events import TicketEvent
from tickets.models import (
    Conversation,
    Cycle,
    Message,
    MessageKind,
    Participant,
    ParticipantRole,
    SecretManner,
    Status,
    Ticket,
)
from tickets.sensitive.written import hide_in_reply

from .base import audience, record
from .compose import ask_about_masks, clean_text
from .reach import refuse_unsendable
from .replies import Written, add_reply, note_queued, recipients_envelope
from .ways import Way, typed_address, ways_to, ways_to_address, worded

MOST_SUBJECT = 500


@dataclass(frozen=True, slots=True)
class Beginning:
    """Whom to write to and how: an address of a customer's, or a typed `address`, by a channel. For a way whose window
    is over a template with its values stands for words."""

    channel_id: int
    customer_id: int | None = None
    identity_id: int | None = None
    address: str = ""
    template_id: int | None = None
    values: Sequence[str] = ()


def may_begin(agent: Agent) -> bool:
    """Whether somebody writes first at all. Who sees only what is given to them waits for it to be given."""
    return agent.may(Permission.REPLY) and agent.scope.reach >= Reach.TEAMS


def begin_conversation(
    wish: Beginning,
    *,
    by: Agent,
    text: str,
    html: str = "",
    subject: str = "",
    then_status: str = Status.PENDING,
    client_id: UUID | None = None,
    undo_seconds: int | None = None,
    ask_masks: bool = False,
    confirmed: Collection[str] = (),
    at: datetime | None = None,
) -> Message:
    """Open a ticket of the writer's with a message of ours as its first, which leaves after `undo_seconds`.

    Nobody waits for an answer of ours, so no deadline begins. NotFound for a customer out of the writer's sight, or
    when the ticket would be; InvalidInput where nothing can be written now. The same `client_id` again, also at the
    same moment, gives the first one's message. What is secret leaves masked; with `ask_masks` MaskedWords asks first,
    unless each mask is in `confirmed`.
    """
    if not may_begin(by):
        raise PermissionDenied(_("Your role does not allow this."))
    html = clean_written_html(html)
    if pictures_of(html):
        raise InvalidInput("text", _("Pictures can be added once the conversation has begun."))
    written = Written(by, clean_text(text, needed=wish.template_id is None), html, at or timezone.now(), client_id,
                      undo_seconds, None, (), ask_masks)  # fmt: skip
    try:
        return _begin(wish, written, subject, then_status, confirmed)
    except (IntegrityError, IdempotencyMismatch):
        # The same click, or a mail of the same newcomer, came in between: now it can be seen.
        return _begin(wish, written, subject, then_status, confirmed)


@transaction.atomic
def _begin(
    wish: Beginning, written: Written, subject: str, then_status: str, confirmed: Collection[str]
) -> Message:  # fmt: skip
    by, at = written.by, written.at
    if earlier := _earlier(wish, written):
        return earlier
    way = _way(wish, by, at=at)
    text, envelope = worded(way, wish.template_id, wish.values, written.text)
    if wish.template_id is not None:
        written = Written(by, text, "", at, written.client_id, written.undo, None, ())
    conversation = _open(way, _subject(way, subject), by=by, at=at)
    if wish.template_id is None and not way.traits.addressed:
        refuse_unsendable(conversation, way.recipients, text, (), at=at, here=False)
    ticket = conversation.ticket
    if written.ask_masks:
        ask_about_masks(way.channel, written.hidden, agreed=confirmed)
    message = add_reply(ticket, conversation, written, recipients_envelope(way.recipients) | envelope, ticket.subject)
    return note_queued(ticket, message, written, then_status or None, None)


def _earlier(wish: Beginning, written: Written) -> Message | None:
    """What this very click began before. IdempotencyMismatch if the id made something else."""
    earlier = Message.objects.filter(client_id=written.client_id).first() if written.client_id else None
    if earlier is None:
        return None
    same = (earlier.agent_id, earlier.kind, earlier.sequence) == (written.by.pk, MessageKind.OUTBOUND, 1)
    if not same or (wish.template_id is None and earlier.text not in (written.text, written.hidden.text)):
        raise IdempotencyMismatch(_("This was already used for another message."))
    return earlier


def _way(wish: Beginning, by: Agent, *, at: datetime) -> Way:
    if wish.customer_id is not None:
        customer = visible_customer(by, wish.customer_id)
        if customer is None:
            raise NotFound(_("There is no such customer."))
        ways = [way for way in ways_to(customer, by=by, at=at) if wish.identity_id in (None, way.identity.pk)]
    else:
        kind, value = typed_address(wish.address)
        if not kind:
            raise InvalidInput("to", _("This is neither an e-mail address nor a phone number with its country code."))
        ways = ways_to_address(kind, value, by=by, at=at)
    found = next((way for way in ways if way.channel.pk == wish.channel_id), None)
    if found is None:
        raise InvalidInput("way", _("The customer cannot be reached this way."))
    return found


def _subject(way: Way, subject: str) -> str:
    clean = " ".join(subject.replace("\x00", "").split())[:MOST_SUBJECT]
    hidden = hide_in_reply(clean, "")
    if hidden.secrets and way.channel.secrets != SecretManner.OFF:
        clean = hidden.text
    if way.traits.addressed and not clean:
        raise InvalidInput("subject", _("Write a subject."))
    return clean if way.traits.addressed else ""


def _open(way: Way, subject: str, *, by: Agent, at: datetime) -> Conversation:
    """The ticket with its period, its conversation and whom it is with; the writer's own from the start."""
    whom = _whom(way)
    customer, channel = Customer.objects.get(pk=whom.customer_id), way.channel
    ticket = Ticket.objects.create(
        subject=subject, status=Status.OPEN, channel=channel, customer=customer, team_id=channel.team_id,
        language=(customer.locale or channel.locale)[:8], opened_at=at, last_message_at=at,
    )  # fmt: skip
    Cycle.objects.create(ticket=ticket, number=1, opened_at=at)
    conversation = Conversation.objects.create(
        ticket=ticket, channel=channel, customer=customer, subject=subject, external_id=way.thread
    )
    Participant.objects.create(conversation=conversation, identity_id=whom.id, role=ParticipantRole.REQUESTER)
    data = {"channel": channel.pk, "status": ticket.status, "begun": True}
    record(ticket, TicketEvent.TICKET_OPENED, by=by.actor, at=at, data=data)
    before = audience(ticket)
    ticket.assignee = by
    ticket.save(update_fields=["assignee"])
    record(ticket, TicketEvent.TICKET_ASSIGNED, by=by.actor, at=at, data={"from": None, "to": by.pk}, before=before)
    if not Ticket.objects.visible_to(by).filter(pk=ticket.pk).exists():
        raise NotFound(_("You would not see this conversation yourself."))
    return conversation


def _whom(way: Way) -> KnownIdentity:
    """The address, made with a customer of its own where nobody has had it: claimed, which opens nothing."""
    identity = way.identity
    key = IdentityKey(identity.kind, identity.value)
    return resolve_identities({key: Newcomer("", locale=way.channel.locale)})[key]
