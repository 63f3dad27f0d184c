"""Who a reply reaches: chosen from the message answered, checked, and asked about when somebody is new."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.utils.translation import gettext as _

from people.identities import IdentityKey, Newcomer, resolve_identities
from people.models import Agent
from tickets.errors import InvalidInput, NewAddress
from tickets.events import TicketEvent
from tickets.inbound import Address
from tickets.models import (
    Channel,
    Conversation,
    Message,
    MessageKind,
    Participant,
    ParticipantRole,
    ParticipantState,
    Ticket,
)
from tickets.recipients import MAX_RECIPIENTS, Recipients, is_address, plain, reply_recipients

from .base import record


@dataclass(frozen=True, slots=True)
class Wish:
    """What the sender of a reply asked for, beside its text. `to` and `cc` None: as the message answered says."""

    to: Sequence[str] | None = None
    cc: Sequence[str] | None = None
    bcc: Sequence[str] = ()
    answers: int | None = None
    reply_all: bool = False
    confirmed: Collection[str] = field(default_factory=tuple)


def choose_recipients(answered: Message | None, wish: Wish) -> Recipients:
    """To, Cc and Bcc of a reply: what the agent typed, else what the message answered says. Each address once."""
    ours = frozenset(Channel.objects.values_list("address", flat=True))
    default = reply_recipients(answered.envelope, ours, reply_all=wish.reply_all) if answered else Recipients(())
    names = {entry.address: entry.name for entry in default.everyone()}
    to = list(default.to) if wish.to is None else _typed("to", wish.to, names, ours)
    cc = list(default.cc) if wish.cc is None else _typed("cc", wish.cc, names, ours)
    taken = {entry.address for entry in to}
    cc = [entry for entry in cc if entry.address not in taken]
    taken |= {entry.address for entry in cc}
    bcc = [entry for entry in _typed("bcc", wish.bcc, names, ours) if entry.address not in taken]
    recipients = Recipients(tuple(to), tuple(cc), tuple(bcc), default.differs)
    if not to:
        raise InvalidInput("to", _("Nobody would receive this: add a recipient."))
    if len(recipients.everyone()) > MAX_RECIPIENTS:
        raise InvalidInput("to", _("At most %(count)d recipients.") % {"count": MAX_RECIPIENTS})
    return recipients


def typed_recipients(wish: Wish) -> Recipients:
    """To, Cc and Bcc exactly as typed, each address once, none of ours."""
    return choose_recipients(None, Wish(wish.to or (), wish.cc or (), wish.bcc))


def _typed(field: str, values: Sequence[str], names: dict[str, str], ours: Collection[str]) -> list[Address]:
    found: dict[str, Address] = {}
    for value in values:
        address = value.strip().lower()
        if not is_address(address):
            raise InvalidInput(field, _("“%(address)s” is not an e-mail address.") % {"address": value[:100]})
        if plain(address) not in ours:
            found.setdefault(address, Address(names.get(address, ""), address))
    return list(found.values())


def admit_recipients(
    ticket: Ticket,
    conversation: Conversation,
    recipients: Recipients,
    confirmed: Collection[str],
    *,
    by: Agent,
    at: datetime,
) -> None:
    """Stop at addresses nobody in the conversation has used, unless confirmed; confirmed ones take part from now on.
    Who was asked aside is nobody to the customer's conversation, and the customer nobody to that one.

    A blind copy does not make anybody a participant: the others must not learn of it.
    """
    people = Participant.objects.filter(conversation__ticket=ticket, state=ParticipantState.ACTIVE)
    people = (
        people.filter(conversation=conversation) if conversation.aside else people.filter(conversation__aside=False)
    )
    known = set(people.values_list("identity__value", flat=True))
    if recipients.differs:
        # A Reply-To that leads elsewhere is asked about, even if the same mail wrote that address into Cc.
        wrote = Message.objects.filter(ticket=ticket, kind=MessageKind.INBOUND, pending=False)
        known &= set(wrote.values_list("identity__value", flat=True))
    new = [entry for entry in recipients.everyone() if entry.address not in known]
    agreed = {address.strip().lower() for address in confirmed}
    unconfirmed = [entry.address for entry in new if entry.address not in agreed]
    if unconfirmed:
        raise NewAddress(_("This would reach somebody outside the conversation."), unconfirmed)
    hidden = {entry.address for entry in recipients.bcc}
    joining = {IdentityKey("email", e.address): Newcomer(e.name) for e in new if e.address not in hidden}
    for identity in resolve_identities(joining).values():
        participant, created = Participant.objects.get_or_create(
            conversation=conversation, identity_id=identity.id, defaults={"role": ParticipantRole.COPIED}
        )
        if participant.state != ParticipantState.ACTIVE:
            participant.state = ParticipantState.ACTIVE
            participant.save(update_fields=["state"])
        if created:
            data = {"identity": identity.id, "conversation": conversation.pk}
            record(ticket, TicketEvent.PARTICIPANT_JOINED, by=by.actor, at=at, data=data)
