"""What a notice tells of the note behind it: who wrote it and how it begins, as far as its reader may see it now."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from events.actors import ActorKind
from events.models import Event
from people.models import Agent
from tickets.events import TicketEvent
from tickets.models import Message, MessageKind, Ticket
from tickets.preview import preview_of

SHOWN = 120
_OF_NOTE = frozenset({TicketEvent.NOTE_ADDED, TicketEvent.TICKET_MOVED, TicketEvent.TICKET_ASSIGNED})


@dataclass(frozen=True, slots=True)
class Written:
    """By whom, and the note's first words in one line; "" for what is not known."""

    who: str = ""
    words: str = ""


NOTHING = Written()


def notes_behind(events: Iterable[Event], reader: Agent) -> dict[int, Written]:
    """By event, for those that tell of a note; two queries, whatever their number. A note that was moved out of the
    reader's sight, or whose words were taken out, shows none of them."""
    told = {event.pk: (event.actor_id, _note_of(event)) for event in events if event.kind in _OF_NOTE
            and event.actor_kind == ActorKind.AGENT and _note_of(event)}  # fmt: skip
    if not told:
        return {}
    names = dict(Agent.objects.filter(pk__in={who for who, _note in told.values()}).values_list("pk", "name"))
    notes = Message.objects.filter(pk__in={note for _who, note in told.values()}, kind=MessageKind.NOTE)
    seen = notes.filter(ticket__in=Ticket.objects.visible_to(reader)).values_list("pk", "text")
    words = {pk: _first_words(text) for pk, text in seen}
    return {event: Written(names.get(who or 0, ""), words.get(note or 0, "")) for event, (who, note) in told.items()}


def _note_of(event: Event) -> int | None:
    note: int | None = event.data.get("message" if event.kind == TicketEvent.NOTE_ADDED else "note")
    return note


def _first_words(text: str) -> str:
    line = preview_of(text)
    return line if len(line) <= SHOWN else line[: SHOWN - 1] + "…"
