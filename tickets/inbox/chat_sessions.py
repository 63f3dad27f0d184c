"""Chats in a conversation: where one begins and ends, who answered, and how much was said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from tickets.events import TicketEvent

from .said import Said

# Whoever writes after such a pause begins another chat.
PAUSE = timedelta(hours=1)
_ENDS: set[str] = {TicketEvent.TICKET_SOLVED, TicketEvent.TICKET_CLOSED}


@dataclass(frozen=True, slots=True)
class Chat:
    """The line above a chat. `began` is None where its beginning is not shown, `ended` where it may go on."""

    first: Said
    began: datetime | None
    ended: datetime | None
    people: tuple[str, ...]
    said: int
    kind: str = "chat"

    @property
    def place(self) -> str:
        """Its id on the page."""
        return f"chat-{self.first.message.pk}"

    @property
    def told(self) -> str:
        """Chat with Olena, 14:02–14:20, 12 messages"""
        parts = [_("Chat with %(who)s") % {"who": ", ".join(self.people)} if self.people else _("Chat")]
        if self.began and self.ended:
            parts += [f"{_clock(self.began)}–{_clock(self.ended)}"]
            parts += [ngettext("%(n)d message", "%(n)d messages", self.said) % {"n": self.said}]
        elif self.began:
            parts += [_("since %(time)s") % {"time": _clock(self.began)}]
        elif self.ended:
            parts += [_("until %(time)s") % {"time": _clock(self.ended)}]
        return ", ".join(parts)


def teach_chat_end(kind: str) -> None:
    """Learn an event of a higher app that ends a chat; called once, when that app is ready."""
    _ENDS.add(kind)


def ends_chat(kind: str) -> bool:
    return kind in _ENDS


def with_chats(items: Sequence[Any], *, from_start: bool, to_end: bool, at: datetime) -> list[Any]:
    """A line before each chat. `from_start` and `to_end` say whether the items are the first and the last there are."""
    chats = _stretches(items)
    heads: dict[int, Chat] = {}
    for number, (messages, ended) in enumerate(chats):
        first, last = messages[0], messages[-1]
        if ended is None and (number + 1 < len(chats) or (to_end and at - last.message.at >= PAUSE)):
            ended = last.message.at
        whole = from_start or number > 0
        people = tuple(dict.fromkeys(one.author for one in messages if one.is_reply))
        heads[first.message.pk] = Chat(first, first.message.at if whole else None, ended, people, len(messages))
    drawn: list[Any] = []
    for item in items:
        if isinstance(item, Said) and item.message.pk in heads:
            drawn.append(heads[item.message.pk])
        drawn.append(item)
    return drawn


def _stretches(items: Sequence[Any]) -> list[tuple[list[Said], datetime | None]]:
    """The messages of each chat in order, and when it was ended, if it was."""
    chats: list[tuple[list[Said], datetime | None]] = []
    running: list[Said] = []
    for item in items:
        if isinstance(item, Said) and item.in_chat:
            if running and item.message.at - running[-1].message.at >= PAUSE:
                chats.append((running, None))
                running = []
            running = [*running, item]
        elif running and item.kind == "event" and item.event.kind in _ENDS:
            late = item.event.at - running[-1].message.at >= PAUSE
            chats.append((running, running[-1].message.at if late else item.event.at))
            running = []
    return [*chats, (running, None)] if running else chats


def _clock(at: datetime) -> str:
    return date_format(timezone.localtime(at), "H:i")
