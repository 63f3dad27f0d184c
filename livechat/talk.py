"""What a visitor says, and what they may read: their own words and what agents wrote to them, nothing else."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib import import_module
from types import ModuleType
from typing import Any
from uuid import UUID, uuid5

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Max, Prefetch, Q, QuerySet
from django.utils.translation import gettext as _

from events.actors import SYSTEM, Actor
from livechat.alerts import ring_agents
from livechat.askers import asker_of
from livechat.asks import NOTHING
from livechat.asks import Said as Answered
from livechat.doors import Door
from livechat.events import ChatEvent
from livechat.models import Greeting, UnseenReplies, Visitor
from livechat.orders import own_order
from livechat.routing import Rule, rule_for
from livechat.visitors import identity_for
from people.models import Team
from tickets.actions.base import record
from tickets.actions.changes import message_delivered, message_read
from tickets.asked_fields import say_for_customer
from tickets.inbound import Address, InboundAttachment, InboundMessage, IngestResult
from tickets.inbox.faces import hue, initials
from tickets.ingest import ingest
from tickets.models import (
    Attachment,
    AutoKind,
    ChannelKind,
    Message,
    MessageKind,
    OutboxState,
    Seen,
    ThreadLayer,
    Ticket,
)
from tickets.realtime import publish

SPACE = UUID("6f0f7c1e-3f0b-5a55-9a58-0f5b3a0f6c11")
MOST = 200
PAGE = 60
MARKED = 100
TICKETS = 20
LATE = timedelta(minutes=10)
LONGEST_AWAY = timedelta(days=30)
_LAST_MS = 2**42  # in the year 2109
_SHIFT = 20  # no ticket has a million messages
# What plain text cannot say; all else the widget shows from the text, with its own links.
_SET_OUT = re.compile(r"<(?:b|strong|i|em|u|s|a|ul|ol|blockquote|code|pre|h[1-6])\b", re.IGNORECASE)
_LEFT = (OutboxState.SENDING, OutboxState.SENT, OutboxState.UNKNOWN)


@dataclass(frozen=True, slots=True)
class Said:
    message_id: int
    ticket_id: int
    again: bool


def say(
    door: Door,
    visitor: Visitor,
    *,
    client_id: UUID,
    text: str,
    files: Sequence[InboundAttachment] = (),
    at: datetime,
    page: Mapping[str, Any] | None = None,
    greeting: Greeting | None = None,
    order: str = "",
    answered: Answered = NOTHING,
) -> Said:
    """Put a visitor's words through the door, once however often they are sent; committed when this returns.

    `page` is where they write from, which may decide the team; `greeting` what they answer, kept with a new ticket;
    `order` the number of what they ask about, left aside unless it is proven theirs; `answered` what they were asked
    before, which stands on the ticket as theirs.
    """
    about = own_order(visitor, order or answered.order)
    for last in (False, False, True):
        try:
            with transaction.atomic():
                if visitor.identity_id is None:
                    identity_for(visitor)
                ruled = _ruled(door, visitor, page or {}, at=at)
                team_id = ruled[1].team if ruled else None
                result = ingest(_inbound(door, visitor, client_id, text, files, team_id, at, about))
                if result.outcome != "duplicate" and result.ticket_id is not None:
                    _after(result, visitor, greeting, ruled, page or {}, at=at, about=about, answered=answered)
            break
        except IntegrityError:
            visitor.refresh_from_db()
            if last:
                raise
    assert result.message_id is not None and result.ticket_id is not None
    return Said(result.message_id, result.ticket_id, result.outcome == "duplicate")


def _inbound(
    door: Door, visitor: Visitor, client_id: UUID, text: str, files: Sequence[InboundAttachment],
    team_id: int | None, at: datetime, about: str,
) -> InboundMessage:  # fmt: skip
    return InboundMessage(
        channel_id=door.channel_id,
        dedupe_key=uuid5(SPACE, f"{door.channel_id} {visitor.thread} {client_id}"),
        external_id=str(client_id),
        at=at,
        received_at=at,
        sender=Address(visitor.called, visitor.thread),
        handle=visitor.called,
        subject=_subject(f"{about}: {text}" if about else text),
        text=text,
        identity_kind="visitor",
        language=visitor.language[:2],
        attachments=tuple(files),
        thread_id=visitor.thread,
        team_id=team_id,
    )


def _ruled(door: Door, visitor: Visitor, page: Mapping[str, Any], *, at: datetime) -> tuple[int, Rule] | None:
    """The rule that says whose a new chat is, if one does and its team is still there."""
    rules, hours = door.settings.routes, door.settings.calendar
    if not rules:
        return None
    found = rule_for(rules, asker_of(visitor, page, rules, language=visitor.language[:2], calendar=hours, at=at))
    return found if found and Team.objects.filter(pk=found[1].team).exists() else None


def _after(
    result: IngestResult, visitor: Visitor, greeting: Greeting | None, ruled: tuple[int, Rule] | None,
    page: Mapping[str, Any], *, at: datetime, about: str, answered: Answered,
) -> None:  # fmt: skip
    """What their words lead to, in the same transaction: whoever may answer is rung; the greeting, what they were asked
    and the rule that chose the team are kept."""
    assert result.ticket_id is not None
    ticket = Ticket.objects.get(pk=result.ticket_id)
    if ruled is not None and ticket.message_sequence == 1 and ticket.team_id == ruled[1].team:
        number, rule = ruled
        data = {"team": rule.team, "rule": number, "because": rule.because}
        record(ticket, ChatEvent.ROUTED, by=SYSTEM, at=at, data=data)
    if greeting is not None and ticket.message_sequence == 1:
        data = {"greeting": greeting.pk, "text": greeting.text(visitor.language)[:300]}
        record(ticket, ChatEvent.GREETED, by=Actor.customer(ticket.customer_id), at=at, data=data)
    if about or answered.order:
        data = {"order": about} if about else {"order": answered.order, "said": True}
        record(ticket, ChatEvent.ASKED_ABOUT, by=Actor.customer(ticket.customer_id), at=at, data=data)
    say_for_customer(ticket.pk, answered.answers, at=at)
    if ticket.message_sequence == 1:
        # Lines of who was known before look for answers in the tickets they know.
        transaction.on_commit(lambda: publish(chats=[[visitor.thread, ticket.pk]]), robust=True)
    if ticket.waiting_since == at and not _bot().will_answer(ticket, at=at):
        ring_agents(
            ticket.pk, team_id=ticket.team_id, assignee_id=ticket.assignee_id, channel_id=ticket.channel_id, page=page
        )  # fmt: skip


def _bot() -> ModuleType:
    """The app that answers by itself stands beside us: settings name it."""
    return import_module(settings.CHAT_BOT)


def _subject(text: str) -> str:
    line = text.strip().split("\n", 1)[0].strip()
    return (line if len(line) <= 80 else f"{line[:79].rstrip()}…") or _("Chat")


def readable(visitor: Visitor, *, at: datetime) -> QuerySet[Message]:
    """Everything of this visitor's conversations that is theirs to read."""
    own = Q(kind=MessageKind.INBOUND, identity=visitor.identity_id)
    told = Q(kind=MessageKind.OUTBOUND, auto_kind__in=("", AutoKind.SURVEY, AutoKind.BOT)) & (
        Q(outbox__in=_LEFT) | Q(outbox=OutboxState.QUEUED, not_before__lte=at)
    )
    return Message.objects.filter(
        own | told, conversation__channel=visitor.channel_id, conversation__external_id=visitor.thread, pending=False
    )


def by_mail(visitor: Visitor) -> QuerySet[Message]:
    """What went on by mail with the visitor's address, in tickets of theirs."""
    if not visitor.email:
        return Message.objects.none()
    wrote = Q(kind=MessageKind.INBOUND, identity__value=visitor.email, pending=False)
    got = Q(kind=MessageKind.OUTBOUND, auto_kind="", outbox=OutboxState.SENT) & Q(
        envelope__to__contains=[{"address": visitor.email}]
    )
    return Message.objects.filter(
        wrote | got,
        ~Q(thread_layer=ThreadLayer.AUTOMATIC),
        conversation__channel__kind=ChannelKind.EMAIL,
        ticket__conversations__channel=visitor.channel_id,
        ticket__conversations__external_id=visitor.thread,
    ).distinct()


def cursor_of(message: Message) -> int:
    """The place of a message in its visitor's conversation, which is its name too. It grows in the order in which
    messages are written; what was written for later, or in an earlier ticket, comes after larger ones."""
    return (message.ticket_id << _SHIFT) | message.sequence


def _later_than(place: int) -> Q:
    ticket_id, sequence = _apart(place)
    return Q(ticket_id__gt=ticket_id) | Q(ticket_id=ticket_id, sequence__gt=sequence)


def _earlier_than(place: int) -> Q:
    ticket_id, sequence = _apart(place)
    return Q(ticket_id__lt=ticket_id) | Q(ticket_id=ticket_id, sequence__lt=sequence)


def _apart(place: int) -> tuple[int, int]:
    return place >> _SHIFT, place & ((1 << _SHIFT) - 1)


def after_place(visitor: Visitor, place: int, *, heard: int, at: datetime) -> tuple[list[dict[str, Any]], bool]:
    """What came after this place, oldest first, and whether there is more than one answer holds. With it what left
    since the browser last heard of us (`heard`, in ms; 0: lately) and stands before the place: the widget knows what
    it has."""
    sides = [
        rows.filter(_later_than(place)).order_by("ticket_id", "sequence")[: MOST + 1] for rows in _sides(visitor, at)
    ]
    found = _told(visitor, sides)
    return _late(visitor, place, heard=heard, at=at) + found[:MOST], len(found) > MOST


def before_place(visitor: Visitor, place: int, *, at: datetime) -> tuple[list[dict[str, Any]], bool]:
    """The page of the conversation that ends before this place (0: the latest), and whether there is an earlier one."""
    earlier = _earlier_than(place) if place else Q()
    sides = [rows.filter(earlier).order_by("-ticket_id", "-sequence")[: PAGE + 1] for rows in _sides(visitor, at)]
    found = _told(visitor, sides)
    return found[-PAGE:], len(found) > PAGE


def _late(visitor: Visitor, place: int, *, heard: int, at: datetime) -> list[dict[str, Any]]:
    then = min(at, datetime.fromtimestamp(heard / 1000, UTC)) if 0 < heard < _LAST_MS else at
    since = max(then, at - LONGEST_AWAY) - LATE
    left = Q(sent_at__gt=since) | Q(outbox=OutboxState.QUEUED, not_before__gt=since)
    rows = _in_chat(visitor, at).filter(left, _earlier_than(place), kind=MessageKind.OUTBOUND)
    return _told(visitor, [rows.order_by("-ticket_id", "-sequence")[:MOST]])


def _in_chat(visitor: Visitor, at: datetime) -> QuerySet[Message]:
    files = Prefetch("attachments", Attachment.objects.order_by("pk"))
    return readable(visitor, at=at).select_related("agent").prefetch_related(files)


def _sides(visitor: Visitor, at: datetime) -> list[QuerySet[Message]]:
    """What was said in the chat, and what went on by mail."""
    mails = [by_mail(visitor).select_related("agent")] if visitor.email and visitor.identity_id else []
    return [_in_chat(visitor, at), *mails]


def _told(visitor: Visitor, sides: Sequence[QuerySet[Message]]) -> list[dict[str, Any]]:
    """As the widget shows it, in its order."""
    shown = [_shown(message, full=True) for message in sides[0]]
    for mails in sides[1:]:
        shown += [_shown(message, full=visitor.email_signed, mail=True) for message in mails]
    return sorted(shown, key=lambda one: one["n"])


def _shown(message: Message, *, full: bool, mail: bool = False) -> dict[str, Any]:
    ours = message.kind == MessageKind.OUTBOUND
    shown: dict[str, Any] = {
        "n": cursor_of(message), "from": "agent" if ours else "you",
        "at": int((message.scheduled_for or message.at).timestamp() * 1000),
        "text": message.text if full else "",
    }  # fmt: skip
    if ours:
        agent = message.agent
        shown["name"] = agent.name.split(" ")[0] if agent else ""
        shown |= {"read": True} if mail or message.marks.get("read_at") else {}
        shown |= {"initials": initials(agent.name), "hue": hue(agent.pk)} if agent else {}
        shown |= _of_bot(message) if message.auto_kind == AutoKind.BOT else {}
        shown |= {"html": message.html} if full and not mail and _SET_OUT.search(message.html) else {}
        shown |= {"choices": message.envelope["choices"]} if message.envelope.get("choices") else {}
    else:
        shown["client"] = message.external_id if not mail else ""
    if mail:
        shown["mail"] = True  # without proof that the address is theirs only that there was a mail
    if full and not mail:
        shown["files"] = [_file(file) for file in message.attachments.all()]
    return shown


def _of_bot(message: Message) -> dict[str, Any]:
    """What the widget must know of a machine's words: that they are, and the way to a person while it answers."""
    about = message.envelope.get("bot") or {}
    return {"bot": True, "name": about.get("name", ""), "person": about.get("person", "") if about.get("holds") else ""}


def _file(file: Attachment) -> dict[str, Any]:
    return {"id": str(file.public_id), "name": file.filename, "type": file.content_type, "size": file.size}


def seen_by_agents(visitor: Visitor) -> int:
    """Up to where an agent has looked."""
    if not visitor.identity_id:
        return 0
    tickets = Message.objects.filter(
        conversation__channel=visitor.channel_id, conversation__external_id=visitor.thread
    ).aggregate(last=Max("ticket_id"))["last"]
    if not tickets:
        return 0
    seen = Seen.objects.filter(ticket=tickets).aggregate(up_to=Max("sequence"))["up_to"]
    return (tickets << _SHIFT) | seen if seen else 0


def visitor_got(visitor: Visitor, *, got: Collection[int], seen: Collection[int], at: datetime) -> None:
    """The browser has these replies, and the visitor has looked at those: each is named, since one with a smaller
    number may leave later. Marks only move forward."""
    tickets, sequences = zip(*map(_apart, {*got, *seen}), strict=True) if got or seen else ((), ())
    waiting = readable(visitor, at=at).filter(
        kind=MessageKind.OUTBOUND, marks__read_at__isnull=True, ticket__in=tickets, sequence__in=sequences
    )
    for message in waiting.order_by("pk"):
        place = cursor_of(message)
        if place in seen:
            message_read(message.pk, at=at)
        elif place in got and not message.marks.get("delivered_at"):
            message_delivered(message.pk, at=at)
    if seen:
        _nothing_unseen(visitor, at=at)


def _nothing_unseen(visitor: Visitor, *, at: datetime) -> None:
    unseen = readable(visitor, at=at).filter(kind=MessageKind.OUTBOUND, marks__read_at__isnull=True)
    if not unseen.exists():
        UnseenReplies.objects.filter(visitor=visitor).delete()


def ticket_of(visitor: Visitor) -> int | None:
    """The ticket that the visitor's next words would go to."""
    found = Message.objects.filter(conversation__channel=visitor.channel_id, conversation__external_id=visitor.thread)
    return found.order_by("-ticket_id").values_list("ticket_id", flat=True).first()


def tickets_of(visitor: Visitor) -> tuple[int, ...]:
    """The latest tickets of the visitor's, that of their next words first: agents may answer in each of them."""
    found = Message.objects.filter(conversation__channel=visitor.channel_id, conversation__external_id=visitor.thread)
    return tuple(found.order_by("-ticket_id").values_list("ticket_id", flat=True).distinct()[:TICKETS])
