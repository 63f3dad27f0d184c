"""Who answers in a conversation. Everything here is asked and changed under the ticket's lock, so that the bot never
speaks beside a person: what people did is read from what they wrote, not from what a subscriber has heard by then."""

from __future__ import annotations

from datetime import datetime

from django.db.models import QuerySet

from assistant.events import BotEvent
from assistant.models import Holder, Outcome, Ownership, Reason, Stretch
from assistant.rules import State
from events.actors import Actor, ActorKind
from events.models import Event
from tickets.actions.base import record
from tickets.actions.by_bot import BOT
from tickets.events import TICKET_STREAM, TicketEvent
from tickets.models import Conversation, Message, MessageKind, OutboxState, Ticket


def ownership_of(conversation_id: int) -> Ownership | None:
    """The token of a conversation, locked until the transaction ends."""
    return Ownership.objects.select_for_update(of=("self",)).filter(conversation=conversation_id).first()


def state_of(own: Ownership | None) -> State:
    """What went before, for the rules."""
    if own is None or own.holder == Holder.NOBODY:
        return State()
    return State(
        held=own.holder == Holder.BOT, people=own.holder == Holder.PEOPLE, turns=own.turns, answered=own.answered,
        told_order=own.told_order, offered=frozenset(own.offered),
    )  # fmt: skip


def people_are_in(ticket: Ticket, conversation_id: int, own: Ownership | None) -> bool:
    """Whether a person has answered here or was given the ticket by hand since the bot got it."""
    since, since_event = (own.since, own.since_event) if own else (0, 0)
    said = Message.objects.filter(
        conversation=conversation_id, kind=MessageKind.OUTBOUND, agent__isnull=False, sequence__gt=since
    )
    if said.exclude(outbox=OutboxState.WITHDRAWN).exists():
        return True
    if ticket.assignee_id is None:
        return False
    given = Event.objects.filter(stream_type=TICKET_STREAM, stream_id=ticket.pk, kind=TicketEvent.TICKET_ASSIGNED)
    last = given.order_by("-sequence").values_list("actor_kind", "sequence", "data__auto").first()
    return last is not None and last[0] == ActorKind.AGENT and last[1] > since_event and last[2] is None


def take(ticket: Ticket, conversation: Conversation, own: Ownership | None, *, at: datetime) -> Ownership:
    """The bot takes a conversation of a locked ticket that nobody holds; one that it holds stays as it is."""
    if own is not None and own.holder == Holder.BOT:
        return own
    own = own or Ownership(conversation=conversation, revision=0)
    start(own, ticket, at=at)
    own.save()
    record(ticket, BotEvent.BEGAN, by=BOT, at=at, data={"conversation": conversation.pk})
    return own


def start(own: Ownership, ticket: Ticket, *, at: datetime) -> None:
    """It is the bot's turn, anew; the caller saves."""
    own.holder, own.revision = Holder.BOT, own.revision + 1
    own.turns, own.answered, own.told_order, own.offered = 0, False, False, []
    conversation = own.conversation
    Stretch.objects.get_or_create(
        conversation=conversation, ended_at=None,
        defaults={"ticket": ticket, "channel_id": conversation.channel_id, "began_at": at},
    )  # fmt: skip


def let_go(
    ticket: Ticket, own: Ownership, *, by: Actor, reason: Reason, at: datetime, note: int | None = None,
    team: int | None = None, cause: Event | None = None,
) -> None:  # fmt: skip
    """People hold the conversation from now on, and why."""
    own.holder, own.revision = Holder.PEOPLE, own.revision + 1
    own.save()
    ended = {"ended_at": at, "outcome": Outcome.HANDED_OVER, "reason": reason, "turns": own.turns}
    _open(own).update(**ended)
    data = {"reason": str(reason), "conversation": own.conversation_id}
    data |= {"note": note} if note else {}
    data |= {"team": team} if team else {}
    record(ticket, BotEvent.HANDED_OVER, by=by, at=at, data=data, cause=cause)


def end_helped(own: Ownership, *, at: datetime) -> None:
    """It helped: nobody holds the conversation, and what comes next is judged anew."""
    _open(own).update(ended_at=at, outcome=Outcome.HELPED, turns=own.turns)
    own.holder, own.revision = Holder.NOBODY, own.revision + 1
    own.save()


def note_unmatched(own: Ownership) -> None:
    """A question found no article."""
    _open(own).update(unmatched=True)


def _open(own: Ownership) -> QuerySet[Stretch]:
    return Stretch.objects.filter(conversation=own.conversation_id, ended_at=None)
