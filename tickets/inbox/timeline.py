"""The conversation as it happened: events in order, with messages standing where they were received or written."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef, Q, QuerySet
from django.db.models.functions import JSONObject
from django.utils import timezone

from events.compiled import Compiled, compiled, slot
from events.models import Event
from tickets.events import TICKET_STREAM, TicketEvent
from tickets.kinds import traits_of
from tickets.models import Attachment, AutoKind, Message, OutboxState, Secret

from .calls import calls_of_messages
from .chat_sessions import Chat, ends_chat, with_chats
from .said import Said, say
from .sentences import Names, Sentence, sentence

WINDOW = 150  # events a page
GROUPED_FROM = 4
PLACES = frozenset({
    TicketEvent.MESSAGE_RECEIVED, TicketEvent.MESSAGE_QUEUED, TicketEvent.NOTE_ADDED, TicketEvent.MESSAGE_MIRRORED,
    TicketEvent.MESSAGE_IMPORTED,
    TicketEvent.CALL_LOGGED, TicketEvent.MESSAGE_SCHEDULED, TicketEvent.MESSAGE_FORWARDED,
})  # fmt: skip
PERSON = frozenset({TicketEvent.CUSTOMER_JOINED, TicketEvent.CUSTOMER_PARTED})
RELATED = frozenset({
    TicketEvent.TICKET_LINKED, TicketEvent.TICKET_UNLINKED, TicketEvent.TICKET_MERGED, TicketEvent.TICKET_ABSORBED,
    TicketEvent.TICKET_UNMERGED, TicketEvent.TICKET_RELEASED, TicketEvent.TICKET_SPLIT, TicketEvent.TICKET_SPLIT_OFF,
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Happened:
    event: Event
    told: Sentence
    kind: str = "event"


@dataclass(frozen=True, slots=True)
class Group:
    """Several events in a row, folded into one line."""

    events: list[Happened]
    kind: str = "group"

    @property
    def first(self) -> int:
        return self.events[0].event.sequence


@dataclass(frozen=True, slots=True)
class Day:
    on: date
    kind: str = "day"


Item = Said | Happened | Group | Day | Chat


@dataclass(frozen=True, slots=True)
class Timeline:
    items: list[Item]
    last_event: int
    earlier_than: int | None
    changed: list[Said]
    gone: Sequence[int] = ()
    related: bool = False  # something happened between this ticket and others
    aside: bool = False  # something was asked, answered or settled aside
    person: bool = False  # whose ticket it is was decided anew
    chat: Chat | None = None  # the one that ended just now


def read_timeline(ticket_id: int, names: Names, *, until: int, before: int | None = None) -> Timeline:
    """The newest stretch of a ticket's history up to an event, or the one before an event. Two queries."""
    most = WINDOW + (1 if before is None else 2)
    found = compiled(("history", most), lambda: _history(sequence__lte=slot(1)).order_by("-sequence")[:most])
    events: list[Event] = found.run(ticket_id, until if before is None else before)
    ended = None
    if before is not None and events and events[0].sequence == before:
        ended, events = events[0].at, events[1:]
    more, events = len(events) > WINDOW, events[:WINDOW][::-1]
    said = _messages(ticket_id, events, names, brought=_within(events[0].at if more else None, ended))
    placed = with_chats(_place(events, said, names), from_start=not more, to_end=before is None, at=timezone.now())
    items = with_days(group_events(placed))
    last = events[-1].sequence if events else 0
    return Timeline(items, last, events[0].sequence if more else None, [])


def read_since(ticket_id: int, names: Names, *, event: int, until: int) -> Timeline:
    """What happened after an event up to another, and messages from before whose state it changed. Two queries; two
    more where a chat ended, of which the line above it tells."""
    found = compiled(
        "history since",
        lambda: _history(sequence__gt=slot(1), sequence__lte=slot(2)).order_by("sequence")[: WINDOW + 1],
    )
    events: list[Event] = found.run(ticket_id, event, until)
    if not events:
        return Timeline([], event, None, [])
    said = _messages(ticket_id, events, names, also=_mentioned(events), brought=_arrived(events))
    placed = {e.data.get("message") for e in events if e.kind in PLACES}
    items = list(_place(events, said, names, returned=_returned(events)))
    fresh = {item.message.pk for item in items if isinstance(item, Said)}
    changed = [one for id, one in said.items() if id not in fresh and id not in placed]
    related = any(event.kind in RELATED for event in events)
    aside = any(event.kind.startswith("aside.") or event.data.get("aside") for event in events)
    aside = aside or any(event.kind == TicketEvent.MESSAGE_FORWARDED for event in events)
    person = any(event.kind in PERSON for event in events)
    chat = _ended_chat(ticket_id, names, until=until) if any(ends_chat(event.kind) for event in events) else None
    return Timeline(items, events[-1].sequence, None, changed, _left(events), related, aside, person, chat)


def _ended_chat(ticket_id: int, names: Names, *, until: int) -> Chat | None:
    items = read_timeline(ticket_id, names, until=until).items
    return next((item for item in reversed(items) if isinstance(item, Chat)), None)


def _history(**which: int) -> QuerySet[Event]:
    return Event.objects.filter(stream_type=TICKET_STREAM, stream_id=slot(0), **which)


def _within(since: datetime | None, until: datetime | None) -> Q:
    """What a merge or split brought here and was said in a stretch of time: its own events stand elsewhere."""
    found = Q(origin__isnull=False)
    found &= Q(at__gte=since) if since is not None else Q()
    return found & (Q(at__lt=until) if until is not None else Q())


def _arrived(events: Sequence[Event]) -> Q:
    """The messages that came along with what happened just now."""
    found = Q(pk__in=())
    for event in events:
        if "first" in event.data and "last" in event.data:
            found |= Q(sequence__range=(event.data["first"], event.data["last"]))
    returned = _returned(events)
    return found | Q(pk__in=returned) if returned else found


def _returned(events: Sequence[Event]) -> set[int]:
    """The messages that came home: their own events stand further up."""
    back = [event.data["back"] for event in events if isinstance(event.data.get("back"), list)]
    return {id for ids in back for id in ids}


def _left(events: Sequence[Event]) -> list[int]:
    """The messages that went elsewhere with it."""
    gone = (TicketEvent.TICKET_RELEASED, TicketEvent.TICKET_SPLIT)
    return [id for event in events if event.kind in gone for id in event.data.get("messages", ())]


def _mentioned(events: Sequence[Event]) -> set[int]:
    named = {e.data["message"] for e in events if isinstance(e.data.get("message"), int)}
    return named | {id for e in events if e.kind == TicketEvent.MESSAGE_REDACTED for id in e.data.get("also", ())}


def _messages(
    ticket_id: int, events: Sequence[Event], names: Names, also: set[int] | None = None, brought: Q | None = None
) -> dict[int, Said]:
    ids = {e.data["message"] for e in events if e.kind in PLACES} | (also or set())
    wanted = Q(pk__in=ids) if brought is None else Q(pk__in=ids) | brought
    if any(e.kind == TicketEvent.DELIVERY_BOUNCED for e in events):
        wanted |= Q(auto_kind=AutoKind.BOUNCE)
    if not ids and wanted == Q(pk__in=ids):
        return {}
    if len(ids) <= 2 * WINDOW and wanted in (Q(pk__in=ids), Q(pk__in=ids) | _within(None, None)):
        messages = _kept_query(len(ids), brought=brought is not None).run(ticket_id, *_padded(ids))
    else:
        messages = list(_with_files(ticket_id).filter(wanted).order_by("sequence"))
    return {message.pk: _in_its_shape(say(message), names) for message in messages}


def _in_its_shape(one: Said, names: Names) -> Said:
    """What was said in a chat stands closer together; notes and what was asked aside do not belong to it."""
    if one.is_note or one.is_aside or one.call is not None:
        return one
    channel = names.directory.channels.get(one.message.conversation.channel_id or 0)
    return replace(one, in_chat=True) if channel and traits_of(channel.kind).instant else one


def _kept_query(ids: int, *, brought: bool) -> Compiled:
    """Most conversations need one of a few queries: so many messages by id, and what came along from elsewhere."""
    places = [slot(1 + place) for place in range(_room(ids))]

    def build() -> QuerySet[Message]:
        wanted = Q(pk__in=places) | _within(None, None) if brought else Q(pk__in=places)
        return _with_files(slot(0)).filter(wanted).order_by("sequence")

    return compiled(("messages", len(places), brought), build)


def _room(ids: int) -> int:
    return min(2 * WINDOW, max(4, 1 << max(0, ids - 1).bit_length()))


def _padded(ids: Collection[int]) -> list[int]:
    """As many as there is room for; the first again says nothing new, and 0 is nobody's."""
    known = sorted(ids) or [0]
    return known + known[:1] * (_room(len(ids)) - len(known))


def read_said(ticket_id: int, message_id: int) -> Said | None:
    """One message of the ticket, ready to be drawn. One query."""
    message = _with_files(ticket_id).filter(pk=message_id).first()
    return say(message) if message else None


def _with_files(ticket_id: int) -> QuerySet[Message]:
    files = Attachment.objects.filter(message=OuterRef("pk"), inline=False).order_by("id")
    shape = JSONObject(id="public_id", name="filename", type="content_type", size="size", about="about")
    hidden = Secret.objects.filter(message=OuterRef("pk")).order_by("id")
    masks = JSONObject(id="id", kind="kind", ends="ends", kept=~Q(secret=""), going="going")
    return (
        Message.objects.filter(ticket=ticket_id)
        .select_related("identity", "agent", "conversation")
        .annotate(
            file_list=ArraySubquery(files.values(json=shape)),
            secret_list=ArraySubquery(hidden.values(json=masks)),
            call_list=calls_of_messages(),
        )
        .defer("dedupe_key", "reply_token")
    )


def _place(
    events: Sequence[Event], said: dict[int, Said], names: Names, *, returned: Collection[int] = ()
) -> list[Item]:
    """Events in order; a message where its event stands, a delivery report before the event that tells of it."""
    items: list[Item] = []
    reports = [one for one in said.values() if one.message.auto_kind == AutoKind.BOUNCE]
    shown: set[int] = set()
    for event in events:
        if event.kind == TicketEvent.DELIVERY_BOUNCED:
            report = next((r for r in reports if r.message.pk not in shown and r.message.at == event.at), None)
            if report:
                shown.add(report.message.pk)
                items.append(report)
        if event.kind in PLACES:
            one = said.get(event.data.get("message") or 0)
            if one and one.message.outbox != OutboxState.WITHDRAWN and one.message.pk not in shown:
                shown.add(one.message.pk)
                items.append(one)
        elif told := sentence(event, names):
            items.append(Happened(event, told))
    brought = [one for id, one in said.items() if one.message.origin_id is not None or id in returned]
    brought = [one for one in brought if one.message.pk not in shown]
    return _by_time(_between(items, [one for one in brought if not one.is_withdrawn]))


def _between(items: list[Item], brought: list[Said]) -> list[Item]:
    """What came from another ticket, each where its moment lies among the ticket's own."""
    merged: list[Item] = []
    waiting = sorted(brought, key=_said_at)
    for item in items:
        while waiting and waiting[0].message.at <= _moment(item):
            merged.append(waiting.pop(0))
        merged.append(item)
    return [*merged, *waiting]


def _by_time(items: list[Item]) -> list[Item]:
    """What a provider timed, in the order it was said, each where another of them stood: providers deliver out of
    order. Mails stay where they came in."""
    places = [place for place, item in enumerate(items) if isinstance(item, Said) and "clock" in item.envelope]
    said = sorted((item for item in items if isinstance(item, Said) and "clock" in item.envelope), key=_said_at)
    for place, one in zip(places, said, strict=True):
        items[place] = one
    return items


def _said_at(one: Said) -> datetime:
    return one.message.at


def group_events(items: Sequence[Item]) -> list[Item]:
    """Runs of four and more events become one line that opens."""
    grouped: list[Item] = []
    run: list[Happened] = []

    def flush() -> None:
        if len(run) >= GROUPED_FROM:
            grouped.append(Group(run[:]))
        else:
            grouped.extend(run)
        run.clear()

    for item in items:
        if isinstance(item, Happened):
            run.append(item)
            continue
        flush()
        grouped.append(item)
    flush()
    return grouped


def with_days(items: Sequence[Item]) -> list[Item]:
    """A line between items of different days, in the reader's zone; none above the first of today."""
    dated: list[Item] = []
    last: date | None = timezone.localdate() if items and _moment(items[0]).date() == timezone.localdate() else None
    for item in items:
        day = _moment(item).date()
        if day != last:
            dated.append(Day(day))
            last = day
        dated.append(item)
    return dated


def _moment(item: Item) -> datetime:
    match item:
        case Said(message=message):
            return timezone.localtime(message.at)
        case Happened(event=event):
            return timezone.localtime(event.at)
        case Chat(first=first):
            return timezone.localtime(first.message.at)
        case Group(events=events):
            return timezone.localtime(events[0].event.at)
        case Day():
            raise TypeError("days are made here")
