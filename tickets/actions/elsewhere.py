"""Going on with the customer by another channel, on the same ticket. Only addresses that are proven theirs are ever
written to here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from tickets.errors import InvalidInput
from tickets.models import Conversation, Participant, ParticipantRole, Ticket
from tickets.recipients import Recipients

from .ways import Way, ways_of, worded


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """What an agent chose: a way, and for one whose window is over a template with its values."""

    channel_id: int
    identity_id: int
    template_id: int | None = None
    values: Sequence[str] = ()


def go_elsewhere(
    ticket: Ticket, wish: Elsewhere, *, text: str, at: datetime
) -> tuple[Conversation, Recipients, str, dict[str, Any]]:
    """The conversation to go on in, who it reaches, the words and what the outbox must know. InvalidInput when this
    way is none, or none now."""
    way = next(
        (one for one in ways_of(ticket, at=at)
         if (one.channel.pk, one.identity.pk) == (wish.channel_id, wish.identity_id)), None,
    )  # fmt: skip
    if way is None:
        raise InvalidInput("way", _("The customer cannot be reached this way."))
    text, envelope = worded(way, wish.template_id, wish.values, text)
    return _conversation(ticket, way), way.recipients, text, envelope


def _conversation(ticket: Ticket, way: Way) -> Conversation:
    """The ticket's own in that channel with that address, or a new one beside the others."""
    mine = Conversation.objects.filter(ticket=ticket, channel=way.channel, aside=False)
    found = mine.filter(participants__identity=way.identity).order_by("-pk").first()
    if found is not None:
        return found
    made = Conversation.objects.create(
        ticket=ticket, channel=way.channel, customer_id=ticket.customer_id, subject=ticket.subject,
        external_id=way.thread,
    )  # fmt: skip
    Participant.objects.create(conversation=made, identity=way.identity, role=ParticipantRole.REQUESTER)
    return made
