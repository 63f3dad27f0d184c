"""How a chat ends and what its visitor says of it: ended by either side, rated once for each period of the ticket."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import Max, Subquery

from events.actors import Actor
from livechat.events import ChatEvent
from livechat.models import Round, Visitor
from livechat.talk import ticket_of
from tickets.actions.base import record
from tickets.models import Cycle, Status, Ticket
from tickets.sensitive.arriving import hide_text

LONGEST_COMMENT = 500
_DONE = (Status.SOLVED, Status.CLOSED)


class NotEnded(Exception):
    """A chat that goes on cannot be rated."""


def latest_round(ticket_id: int) -> Round | None:
    """What is known of the ticket's present chat, if anything was noted yet. One query."""
    number = Cycle.objects.filter(ticket=ticket_id).order_by("-number").values("number")[:1]
    return Round.objects.filter(ticket=ticket_id, number=Subquery(number)).first()


def is_over(ticket: Ticket, present: Round | None) -> bool:
    """Whether the chat has ended and the visitor has not written since."""
    ended = present.ended_sequence if present else None
    return ticket.status in _DONE or (ended is not None and ended >= ticket.inbound_sequence)


def locked_round(ticket: Ticket) -> Round:
    """The present chat's row, made if there is none; under the ticket's lock, which the caller holds."""
    number = Cycle.objects.filter(ticket=ticket).aggregate(last=Max("number"))["last"] or 1
    return Round.objects.get_or_create(ticket=ticket, number=number)[0]


def note_end(ticket: Ticket, *, by: Actor, at: datetime) -> bool:
    """Write down that the chat of a locked ticket is over. False when it was."""
    present = locked_round(ticket)
    if is_over(ticket, present):
        return False
    present.ended_at, present.ended_sequence = at, ticket.inbound_sequence
    present.save(update_fields=["ended_at", "ended_sequence"])
    record(ticket, ChatEvent.ENDED, by=by, at=at, data={"round": present.number})
    return True


def visitor_ends(visitor: Visitor, *, at: datetime) -> bool:
    """The visitor ends their chat. The ticket stays as it is: whether all is done, agents say. False if it was over."""
    with transaction.atomic():
        ticket = _own_ticket(visitor)
        return ticket is not None and note_end(ticket, by=Actor.customer(ticket.customer_id), at=at)


def rate_chat(visitor: Visitor, *, score: int, comment: str, at: datetime) -> bool:
    """Keep how the visitor found the chat that has ended; saying it again changes it. False when nothing changed.
    NotEnded."""
    comment = hide_text(comment.strip()[:LONGEST_COMMENT])[0][:LONGEST_COMMENT]
    with transaction.atomic():
        ticket = _own_ticket(visitor)
        present = locked_round(ticket) if ticket else None
        if ticket is None or present is None or not is_over(ticket, present):
            raise NotEnded
        if (present.score, present.comment) == (score, comment):
            return False
        again = present.score == score
        present.score, present.comment, present.rated_at = score, comment, at
        present.save(update_fields=["score", "comment", "rated_at"])
        data = {"round": present.number, "rating": present.pk, "score": score, "commented": bool(comment)}
        data |= {"again": True} if again else {}
        record(ticket, ChatEvent.RATED, by=Actor.customer(ticket.customer_id), at=at, data=data)
    return True


def _own_ticket(visitor: Visitor) -> Ticket | None:
    """The ticket of the visitor's latest words, locked."""
    ticket_id = ticket_of(visitor)
    return Ticket.objects.select_for_update(of=("self",)).filter(pk=ticket_id).first() if ticket_id else None
