"""The conversation as it happened: events in order, with messages standing where they were received or written."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef, Q, QuerySet
from django.db.models.functions import JSONObject
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from events.models import Event
from tickets.events import TICKET_STREAM, TicketEvent
from tickets.models import Attachment, AutoKind, Message, MessageKind, OutboxState, ThreadLayer
from tickets.reasons import retold

from .cards import File, RecipientLine, recipients_to_tell
from .faces import hue, initials
from .labels import state_label
from .sentences import Names, Sentence, sentence
from .written import written_html

WINDOW = 150  # events a page
GROUPED_FROM = 4
PLACES = frozenset({
    TicketEvent.MESSAGE_RECEIVED, TicketEvent.MESSAGE_QUEUED, TicketEvent.NOTE_ADDED, TicketEvent.MESSAGE_MIRRORED,
    TicketEvent.MESSAGE_IMPORTED,
    TicketEvent.CALL_LOGGED, TicketEvent.MESSAGE_SCHEDULED, TicketEvent.MESSAGE_FORWARDED,
})  # fmt: skip
RELATED = frozenset({
    TicketEvent.TICKET_LINKED, TicketEvent.TICKET_UNLINKED, TicketEvent.TICKET_MERGED, TicketEvent.TICKET_ABSORBED,
    TicketEvent.TICKET_UNMERGED, TicketEvent.TICKET_RELEASED, TicketEvent.TICKET_SPLIT, TicketEvent.TICKET_SPLIT_OFF,
})  # fmt: skip
_RICH = re.compile(r"<(?:img|table|ul|ol|h[1-6]|pre)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of a message's text; a quoted one is folded away."""

    text: str
    quoted: bool


@dataclass(frozen=True, slots=True)
class Said:
    """A message, ready to be drawn."""

    message: Message
    author: str
    address: str
    initials: str
    hue: int
    parts: list[Part]
    files: list[File]
    rich: bool
    label: str
    label_kind: str
    written: SafeString | None = None
    kind: str = "message"

    @property
    def is_note(self) -> bool:
        return self.message.kind == MessageKind.NOTE

    @property
    def is_reply(self) -> bool:
        return self.message.kind == MessageKind.OUTBOUND

    @property
    def is_withdrawn(self) -> bool:
        return self.message.outbox == OutboxState.WITHDRAWN

    @property
    def waits(self) -> bool:
        """Whether it is a reply for later that can still be changed."""
        waiting = self.message.outbox in (OutboxState.QUEUED, OutboxState.HELD)
        return waiting and self.message.scheduled_for is not None and not self.message.attempts

    @property
    def is_forward(self) -> bool:
        return bool(self.envelope.get("forwards"))

    @property
    def is_aside(self) -> bool:
        """Whether it was said to or by somebody else than the customer."""
        return self.message.conversation.aside

    @property
    def may_be_split(self) -> bool:
        """Whether it may become a ticket of its own: nothing that is on its way."""
        return self.message.outbox not in (OutboxState.WITHDRAWN, OutboxState.QUEUED, OutboxState.SENDING)

    @property
    def may_be_passed_on(self) -> bool:
        gone = (OutboxState.WITHDRAWN, OutboxState.QUEUED, OutboxState.HELD)
        return not self.is_note and not self.message.pending and self.message.outbox not in gone

    @property
    def has_remote(self) -> bool:
        """Whether the cleaned HTML holds pictures of other servers, held back until somebody allows them."""
        return "data-remote-src=" in self.message.html

    @property
    def recipients_to_tell(self) -> list[RecipientLine]:
        return recipients_to_tell(self.envelope, self.message.deliveries)

    @property
    def is_folded(self) -> bool:
        """Whether something of it is hidden behind a fold now."""
        return self.message.kind == MessageKind.INBOUND and any(part.quoted for part in self.parts)

    @property
    def shown_address(self) -> str:
        """The address as people read it: what a provider numbers is told by its handle or its last part."""
        sender = self.envelope.get("from") or {}
        if sender.get("handle"):
            return str(sender["handle"])
        return self.address if "@" in self.address else self.address.rpartition(":")[2]

    @property
    def reactions(self) -> list[dict[str, str]]:
        return [one for one in self.message.marks.get("reactions", ()) if one["emoji"]]

    @property
    def fetching(self) -> int:
        """Files of the message that are still on their way."""
        marks = self.message.marks
        if marks.get("unsent_at"):
            return 0
        return max(0, self.envelope.get("files_to_come", 0) - marks.get("fetched", 0) - marks.get("not_fetched", 0))

    @property
    def envelope(self) -> dict[str, Any]:
        return self.message.envelope

    @property
    def reply_to_differs(self) -> bool:
        sender = (self.envelope.get("from") or {}).get("address", "")
        return any(entry.get("address") != sender for entry in self.envelope.get("reply_to", ()))

    @property
    def why(self) -> str:
        """Why the message stands in this ticket."""
        layer = str(ThreadLayer(self.message.thread_layer).label) if self.message.thread_layer in ThreadLayer else ""
        return f"{layer} ({retold(self.message.thread_reason)})" if self.message.thread_reason else layer


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


Item = Said | Happened | Group | Day


@dataclass(frozen=True, slots=True)
class Timeline:
    items: list[Item]
    last_event: int
    earlier_than: int | None
    changed: list[Said]
    gone: Sequence[int] = ()
    related: bool = False  # something happened between this ticket and others


def read_timeline(ticket_id: int, names: Names, *, before: int | None = None) -> Timeline:
    """The newest stretch of a ticket's history, or the one before an event. Two queries."""
    found = Event.objects.filter(stream_type=TICKET_STREAM, stream_id=ticket_id)
    if before is not None:
        found = found.filter(sequence__lte=before)
    events = list(found.order_by("-sequence")[: WINDOW + (1 if before is None else 2)])
    until = None
    if before is not None and events and events[0].sequence == before:
        until, events = events[0].at, events[1:]
    more, events = len(events) > WINDOW, events[:WINDOW][::-1]
    said = _messages(ticket_id, events, names, brought=_within(events[0].at if more else None, until))
    items = with_days(group_events(_place(events, said, names)))
    last = events[-1].sequence if events else 0
    return Timeline(items, last, events[0].sequence if more else None, [])


def read_since(ticket_id: int, names: Names, *, event: int) -> Timeline:
    """What happened after an event, and messages from before whose state it changed. Two queries."""
    found = Event.objects.filter(stream_type=TICKET_STREAM, stream_id=ticket_id, sequence__gt=event)
    events = list(found.order_by("sequence")[: WINDOW + 1])
    if not events:
        return Timeline([], event, None, [])
    said = _messages(ticket_id, events, names, also=_mentioned(events), brought=_arrived(events))
    placed = {e.data.get("message") for e in events if e.kind in PLACES}
    items = list(_place(events, said, names, returned=_returned(events)))
    fresh = {item.message.pk for item in items if isinstance(item, Said)}
    changed = [one for id, one in said.items() if id not in fresh and id not in placed]
    related = any(event.kind in RELATED for event in events)
    return Timeline(items, events[-1].sequence, None, changed, _left(events), related)


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
    return {e.data["message"] for e in events if isinstance(e.data.get("message"), int)}


def _messages(
    ticket_id: int, events: Sequence[Event], names: Names, also: set[int] | None = None, brought: Q | None = None
) -> dict[int, Said]:
    ids = {e.data["message"] for e in events if e.kind in PLACES} | (also or set())
    wanted = Q(pk__in=ids) if brought is None else Q(pk__in=ids) | brought
    if any(e.kind == TicketEvent.DELIVERY_BOUNCED for e in events):
        wanted |= Q(auto_kind=AutoKind.BOUNCE)
    if not ids and wanted == Q(pk__in=ids):
        return {}
    messages = _with_files(ticket_id).filter(wanted).order_by("sequence")
    return {message.pk: say(message) for message in messages}


def read_said(ticket_id: int, message_id: int) -> Said | None:
    """One message of the ticket, ready to be drawn. One query."""
    message = _with_files(ticket_id).filter(pk=message_id).first()
    return say(message) if message else None


def _with_files(ticket_id: int) -> QuerySet[Message]:
    files = Attachment.objects.filter(message=OuterRef("pk"), inline=False).order_by("id")
    shape = JSONObject(id="public_id", name="filename", type="content_type", size="size", about="about")
    return (
        Message.objects.filter(ticket=ticket_id)
        .select_related("identity", "agent", "conversation")
        .annotate(file_list=ArraySubquery(files.values(json=shape)))
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
        case Group(events=events):
            return timezone.localtime(events[0].event.at)
        case Day():
            raise TypeError("days are made here")


def say(message: Message) -> Said:
    """Everything the template needs of one message; no query."""
    identity, agent = message.identity, message.agent
    sender = message.envelope.get("from") or {}
    if message.kind == MessageKind.INBOUND:
        address = sender.get("address") or (identity.value if identity else "")
        author = sender.get("name") or (identity.display_name if identity else "") or address or _("Unknown sender")
        face = hue(identity.customer_id if identity else 0)
    else:
        address, face = "", hue(message.agent_id)
        author = agent.name if agent else _nobody(message, str(sender.get("name") or sender.get("address") or ""))
    label, label_kind = state_label(message)
    return Said(
        message=message, author=author, address=address, initials=initials(author), hue=face,
        parts=text_parts(message.text, () if message.shown_whole else message.quoted),
        files=[File(f["id"], f["name"], f["type"], f["size"], f["about"]) for f in getattr(message, "file_list", ())],
        rich=bool(message.html) and message.kind == MessageKind.INBOUND and looks_rich(message.html, message.text),
        label=label, label_kind=label_kind, written=written_html(message),
    )  # fmt: skip


def _nobody(message: Message, written: str) -> str:
    """Whose reply it is when no agent of ours wrote it."""
    if written or message.thread_layer == ThreadLayer.EXTERNAL_ID:  # from elsewhere: a Sent folder, a phone
        return written or _("Somebody of ours, elsewhere")
    return _("Helpdesk") if message.auto_kind else _("A former agent")


def looks_rich(html: str, text: str) -> bool:
    """Whether the mail's layout says something its words do not; plain letters read better in our own type."""
    return not text.strip() or bool(_RICH.search(html))


def text_parts(text: str, quoted: Sequence[Sequence[int]]) -> list[Part]:
    """The text cut at its quoted spans; nothing is lost, empty stretches are left out."""
    parts: list[Part] = []
    place = 0
    for start, end in sorted((int(a), int(b)) for a, b in quoted):
        start, end = max(start, place), min(end, len(text))
        if end <= start:
            continue
        parts.append(Part(text[place:start], quoted=False))
        parts.append(Part(text[start:end], quoted=True))
        place = end
    parts.append(Part(text[place:], quoted=False))
    return [Part(part.text.strip("\n"), part.quoted) for part in parts if part.text.strip()]
