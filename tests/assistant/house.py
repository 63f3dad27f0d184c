"""A shop whose chat has a bot and whose help centre has an article, for tests of what the bot does."""

from __future__ import annotations

from typing import Any

from assistant.models import Bot, Ownership
from events.delivery import drain
from events.models import Event
from tests.knowledge.shelf import article, open_centre, shelf
from tests.livechat.talking import Chat, begin
from tests.people import House
from tickets.models import Message, MessageKind

RETURNS = "Send it back within 30 days: print the label from your account and hand the parcel in."


def open_shelf() -> None:
    """A help centre with one article about returns."""
    open_centre()
    article(shelf(), en=("How to return boots", RETURNS), uk=("Як повернути взуття", "Надішліть протягом 30 днів."))


def make_bot(house: House, *, chat: dict[str, Any] | None = None, **fields: Any) -> Chat:
    """A visitor of a chat whose bot always answers, and a help centre with one article about returns."""
    open_shelf()
    made = begin(house, **(chat or {}))
    values = {"when": "always", "languages": ["en", "uk"], "fallback_team": house.returns} | fields
    Bot.objects.create(channel=made.connection.channel, **values)
    return made


def ask(chat: Chat, text: str, **more: Any) -> list[Message]:
    """The visitor writes and everything that follows happens; what was sent to them since."""
    before = Message.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    chat.say(text, **more)
    drain()
    return list(Message.objects.filter(pk__gt=before, kind=MessageKind.OUTBOUND).order_by("pk"))


def token(chat: Chat) -> Ownership | None:
    return Ownership.objects.filter(conversation__external_id=chat.visitor.thread).order_by("-pk").first()


def told(chat: Chat) -> list[str]:
    """What the ticket's stream says of the bot."""
    rows = Event.objects.filter(stream_type="ticket", stream_id=chat.ticket.pk, kind__startswith="bot.")
    return list(rows.order_by("sequence").values_list("kind", flat=True))
