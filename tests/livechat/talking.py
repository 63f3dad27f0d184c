"""A visitor in the middle of a chat, for tests of what happens to chats."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

from django.utils import timezone

from channels_inbound.models import Connection
from events.doorbell import probe_client
from livechat.doors import Door, door_for
from livechat.models import Visitor
from livechat.talk import Said, say
from livechat.visitors import digest_of, visitor_begins
from people.desks import KEY, note_desks
from people.models import Agent
from tests.livechat.shop import make_chat
from tests.people import House
from tickets.models import Ticket

SHOP = "https://shop.example"


@dataclass
class Chat:
    """One visitor of the shop's chat."""

    connection: Connection
    door: Door
    visitor: Visitor

    def say(self, text: str, *, at: datetime | None = None, **more: Any) -> Said:
        return say(self.door, self.visitor, client_id=uuid4(), text=text, at=at or timezone.now(), **more)

    def reload(self) -> None:
        """What the channel is set to by now."""
        self.door = door_for(self.connection.key, SHOP)

    @property
    def ticket(self) -> Ticket:
        return Ticket.objects.filter(conversations__external_id=self.visitor.thread).latest("pk")


def begin(
    house: House, *, secret: str = "s" * 43, language: str = "en", connection: Connection | None = None, **settings: Any
) -> Chat:
    """A visitor who has not written yet; of a new chat channel, or of one there is."""
    connection = connection or make_chat(house, SHOP, **settings)[0]
    door = door_for(connection.key, SHOP)
    return Chat(connection, door, visitor_begins(door, digest_of(secret), language=language))


@contextmanager
def at_desks(agents: Iterable[Agent]) -> Iterator[None]:
    """These agents have the helpdesk open, and nobody else."""
    probe_client().delete(KEY)
    note_desks([agent.pk for agent in agents])
    yield
    probe_client().delete(KEY)
