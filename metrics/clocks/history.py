"""A ticket's events as the steps its clocks go by."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils.dateparse import parse_datetime

from events.actors import ActorKind
from events.models import Event
from metrics.events import SlaEvent
from tickets.events import TICKET_STREAM, TicketEvent
from tickets.models import Call, CallDirection, CallOutcome, Message, Ticket

from .machine import Step
from .terms import CUSTOMER_TRAITS
from .thanks import only_thanks

# Events after which clocks may stand otherwise. Others (`ticket.opened`, `message.sent`) come beside one of these.
HEARD = frozenset({
    TicketEvent.MESSAGE_RECEIVED, TicketEvent.MESSAGE_QUEUED, TicketEvent.MESSAGE_WITHDRAWN,
    TicketEvent.TICKET_REOPENED, TicketEvent.TICKET_STATUS_CHANGED, TicketEvent.TICKET_SOLVED,
    TicketEvent.TICKET_SNOOZED, TicketEvent.TICKET_WOKEN, TicketEvent.TICKET_PRIORITISED, TicketEvent.TICKET_MOVED,
    TicketEvent.PARTICIPANT_ACCEPTED, TicketEvent.PARTICIPANT_UNDECIDED, TicketEvent.TICKET_MERGED,
    TicketEvent.TICKET_ABSORBED, TicketEvent.TICKET_UNMERGED, TicketEvent.TICKET_RELEASED, TicketEvent.TICKET_SPLIT,
    TicketEvent.TICKET_SPLIT_OFF, TicketEvent.TICKET_MARKED_SPAM, TicketEvent.TICKET_UNMARKED_SPAM,
})  # fmt: skip
READ = HEARD | {
    TicketEvent.TICKET_OPENED, TicketEvent.MESSAGE_SENT, SlaEvent.REPLANNED, SlaEvent.CUSTOMER_NOTED,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Told:
    """What steps need of an event."""

    sequence: int
    kind: str
    actor_kind: str
    actor_id: int | None
    at: datetime
    data: dict[str, Any]


def read_history(ticket_id: int) -> list[Told]:
    """The events clocks go by, in ledger order; one query."""
    found = Event.objects.filter(stream_type=TICKET_STREAM, stream_id=ticket_id, kind__in=READ).order_by("sequence")
    return [Told(*row) for row in found.values_list("sequence", "kind", "actor_kind", "actor_id", "at", "data")]


def steps_of(ticket: Ticket, history: Iterable[Told]) -> list[Step]:
    """The history as steps. What an import brought in, what machines wrote and what was taken back is none."""
    told = [one for one in history if not one.data.get("historic") or one.kind == TicketEvent.TICKET_OPENED]
    taken_back = {one.data.get("message") for one in told if one.kind == TicketEvent.MESSAGE_WITHDRAWN}
    queued = {one.data.get("message") for one in told if one.kind == TicketEvent.MESSAGE_QUEUED}
    undecided = {one.data.get("undone") for one in told if one.kind == TicketEvent.PARTICIPANT_UNDECIDED}
    thanks, calls = _thanks(ticket, told), _calls(told)
    steps: list[Step] = []
    for one in told:
        message = one.data.get("message")
        if message in taken_back or (one.kind == TicketEvent.MESSAGE_SENT and message in queued):
            continue
        if one.kind == TicketEvent.PARTICIPANT_ACCEPTED and one.sequence in undecided:
            continue
        if (step := _STEPS[one.kind](ticket, one, told)) is not None:
            steps.append(step if message not in thanks else _as_thanks(step))
        if message in calls and one.kind == TicketEvent.MESSAGE_RECEIVED:
            steps.append(_called(calls[message], one))
    return steps


def _calls(told: list[Told]) -> dict[int, Call]:
    """Incoming calls among what was received, as far as it is known how long their callers waited."""
    received = [one.data["message"] for one in told if one.kind == TicketEvent.MESSAGE_RECEIVED]
    known = Call.objects.filter(message__in=received, direction=CallDirection.IN, wait_seconds__isnull=False)
    return {call.message_id: call for call in known.only("message", "started_at", "wait_seconds", "outcome", "agent")
            if call.message_id is not None}  # fmt: skip


def _called(call: Call, one: Told) -> Step:
    outcome = "answered" if call.outcome == CallOutcome.ANSWERED else _GAVE_UP.get(call.outcome, "missed")
    return Step("called", call.started_at, one.sequence, message=call.message_id, value=outcome, who=call.agent_id,
                waited=timedelta(seconds=call.wait_seconds or 0))  # fmt: skip


_GAVE_UP = {CallOutcome.ABANDONED.value: "abandoned", CallOutcome.VOICEMAIL.value: "voicemail"}


def _as_thanks(step: Step) -> Step:
    return Step(step.kind, step.at, step.sequence, message=step.message, value=step.value, slip=step.slip, thanks=True)


def _thanks(ticket: Ticket, told: list[Told]) -> set[int]:
    """Messages that reopened the ticket and say nothing but thanks."""
    reopening = [
        one.data["message"] for one in told if one.kind == TicketEvent.TICKET_REOPENED and "message" in one.data
    ]
    if not reopening:
        return set()
    rows = Message.objects.filter(pk__in=reopening, ticket=ticket).select_related("identity")
    return {row.pk for row in rows if says_only_thanks(row)}


def says_only_thanks(message: Message) -> bool:
    """The rule of `metrics.clocks.thanks` for a message: without its quoted parts, its files and its sender's name."""
    if message.attachments.filter(inline=False).exists():
        return False
    said, place = [], 0
    for start, end in sorted((int(a), int(b)) for a, b in message.quoted):
        said.append(message.text[place:start])
        place = max(place, end)
    said.append(message.text[place:])
    return only_thanks("".join(said), message.identity.display_name if message.identity else "")


Maker = Callable[[Ticket, Told, list[Told]], Step | None]


def _opened(ticket: Ticket, one: Told, told: list[Told]) -> Step:
    traits = {
        "channel_id": ticket.channel_id, "channel_kind": ticket.channel.kind, "language": ticket.language,
        "priority": _first(told, TicketEvent.TICKET_PRIORITISED, ticket.priority),
        "team_id": _first(told, TicketEvent.TICKET_MOVED, ticket.team_id),
    }  # fmt: skip
    for noted in told:
        if noted.data.get("from_opening"):
            traits |= _customer(noted)
    return Step("opened", one.at, one.sequence, value=one.data.get("status", "open"), traits=traits)


def _first(told: list[Told], kind: str, now: Any) -> Any:
    """The value before its first change; today's where it never changed."""
    return next((one.data.get("from") for one in told if one.kind == kind), now)


def _received(ticket: Ticket, one: Told, told: list[Told]) -> Step | None:
    if one.data.get("auto") or one.data.get("pending") or one.data.get("aside"):
        return None
    return Step("asked", one.at, one.sequence, message=one.data.get("message"))


def _accepted(ticket: Ticket, one: Told, told: list[Told]) -> Step:
    """What somebody wrote who was let in counts from then on."""
    return Step("asked", one.at, one.sequence)


def _written(ticket: Ticket, one: Told, told: list[Told]) -> Step | None:
    if one.data.get("automatic") or one.data.get("aside") or one.actor_kind not in (ActorKind.AGENT, ActorKind.BOT):
        return None
    by = "human" if one.actor_kind == ActorKind.AGENT else "bot"
    clicked = parse_datetime(one.data.get("clicked_at") or "") or one.at
    return Step("answered", clicked, one.sequence, message=one.data.get("message"), by=by, who=one.actor_id)


def _merged(ticket: Ticket, one: Told, told: list[Told]) -> Step:
    """Whatever it promised is now a matter of the ticket it went into."""
    return Step("cancelled", one.at, one.sequence, value="merged")


def _spam(ticket: Ticket, one: Told, told: list[Told]) -> Step:
    return Step("cancelled", one.at, one.sequence, value="spam")


def _asked_elsewhere(ticket: Ticket, one: Told, told: list[Told]) -> Step | None:
    """A question that came along from another ticket: asked when it was asked, never before this one was opened."""
    asked_at = parse_datetime(one.data.get("asked_at") or "")
    if asked_at is None:
        return None
    opened = next((first.at for first in told if first.kind == TicketEvent.TICKET_OPENED), asked_at)
    return Step("asked", max(asked_at, opened), one.sequence, message=one.data.get("asked"))


def _unmerged(ticket: Ticket, one: Told, told: list[Told]) -> Step:
    """Its clocks go on where they stood, as far as its customer still waits."""
    return Step("restored", one.at, one.sequence, value="waiting" if one.data.get("waiting") else "answered")


def _released(ticket: Ticket, one: Told, told: list[Told]) -> Step:
    """What waited for an answer to a message that went elsewhere waits no longer; what is left may still ask."""
    value = "waiting" if one.data.get("waiting") else ""
    return Step("released", one.at, one.sequence, value=value, gone=frozenset(one.data.get("messages", ())))


def _status(ticket: Ticket, one: Told, told: list[Told]) -> Step:
    return Step("status", one.at, one.sequence, value=one.data["to"])


def _solved(ticket: Ticket, one: Told, told: list[Told]) -> Step:
    by = "bot" if one.actor_kind == ActorKind.BOT else "human"
    return Step("status", one.at, one.sequence, value="solved", by=by)


def _reopened(ticket: Ticket, one: Told, told: list[Told]) -> Step:
    slip, message = bool(one.data.get("slip")), one.data.get("message")
    return Step("reopened", one.at, one.sequence, value=one.data.get("to", "open"), message=message, slip=slip)


def _simple(kind: str) -> Maker:
    return lambda ticket, one, told: Step(kind, one.at, one.sequence)


def _trait(name: str) -> Maker:
    return lambda ticket, one, told: Step("trait", one.at, one.sequence, traits={name: one.data.get("to")})


def _customer(one: Told) -> dict[str, Any]:
    """What an event says of the customer, as traits."""
    said = {name: one.data[name] for name in CUSTOMER_TRAITS if name in one.data}
    return said | ({"segment": frozenset(said["segment"])} if "segment" in said else {})


def _noted(ticket: Ticket, one: Told, told: list[Told]) -> Step | None:
    if one.data.get("from_opening"):
        return None
    return Step("trait", one.at, one.sequence, traits=_customer(one))


def _replanned(ticket: Ticket, one: Told, told: list[Told]) -> Step:
    return Step("replanned", one.at, one.sequence, rules=one.data["rules"])


_STEPS: dict[str, Maker] = {
    TicketEvent.TICKET_OPENED: _opened,
    TicketEvent.MESSAGE_RECEIVED: _received,
    TicketEvent.PARTICIPANT_ACCEPTED: _accepted,
    TicketEvent.MESSAGE_QUEUED: _written,
    TicketEvent.MESSAGE_SENT: _written,
    TicketEvent.MESSAGE_WITHDRAWN: lambda ticket, one, told: None,
    TicketEvent.PARTICIPANT_UNDECIDED: lambda ticket, one, told: None,
    TicketEvent.TICKET_STATUS_CHANGED: _status,
    TicketEvent.TICKET_SOLVED: _solved,
    TicketEvent.TICKET_REOPENED: _reopened,
    TicketEvent.TICKET_SNOOZED: _simple("snoozed"),
    TicketEvent.TICKET_WOKEN: _simple("woken"),
    TicketEvent.TICKET_PRIORITISED: _trait("priority"),
    TicketEvent.TICKET_MOVED: _trait("team_id"),
    SlaEvent.REPLANNED: _replanned,
    SlaEvent.CUSTOMER_NOTED: _noted,
    TicketEvent.TICKET_MERGED: _merged,
    TicketEvent.TICKET_MARKED_SPAM: _spam,
    TicketEvent.TICKET_UNMARKED_SPAM: _unmerged,
    TicketEvent.TICKET_ABSORBED: _asked_elsewhere,
    TicketEvent.TICKET_SPLIT_OFF: _asked_elsewhere,
    TicketEvent.TICKET_UNMERGED: _unmerged,
    TicketEvent.TICKET_RELEASED: _released,
    TicketEvent.TICKET_SPLIT: _released,
}
