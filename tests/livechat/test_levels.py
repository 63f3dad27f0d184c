"""Who visitors are said to be, by what they may ask: each level at each of the widget's addresses (threat 33)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from channels_inbound.models import Connection
from livechat.models import Visitor, VisitorKey
from livechat.signed import make_token
from livechat.talk import before_place, cursor_of
from people.models import Identity, IdentityKind, Trust
from people.storage import store_blob
from tests.livechat.shop import make_chat
from tests.livechat.test_api import SHOP, ask, claims, say
from tests.people import House, make_house, open_ticket
from tickets.actions import reply
from tickets.models import Attachment, Message, Ticket

ZOE = "zoe@customer.example"
HERS, ANOTHER = "z" * 43, "a" * 43
# Where they may ask, and how it is answered where it is not theirs to have.
ENDPOINTS = {
    "sync": 200, "message": 200, "details": 200, "identity": 403, "typing": 200, "upload": 422, "file": 403,
    "transcript": 422, "rating": 422, "history": 200, "renew": 200, "end": 200, "goodbye": 200,
}  # fmt: skip
LEVELS = ("anonymous", "claimed", "verified elsewhere", "signed as another")


@dataclass
class World:
    """Zoe, whom the shop has signed, has a conversation with a file, and mail beside it; somebody else has a browser."""

    chat: Connection
    signing: str
    visitor: Visitor
    ticket: Ticket
    file: str


@pytest.fixture
def house(db: None) -> House:
    return make_house()


@pytest.fixture
def world(house: House) -> World:
    chat, signing = make_chat(house, SHOP)
    open_ticket(house.channel, text="MAIL-CANARY")
    token = make_token(signing, claims(chat, sub="zoe", email=ZOE, name="Zoe CANARY"))
    assert ask(chat, "identity", secret=HERS, token=token).status_code == 200
    say(chat, "HER-CANARY", secret=HERS)
    visitor = Visitor.objects.get(subject="zoe")
    ticket = Ticket.objects.get(channel=chat.channel_id)
    answer = reply(ticket.pk, by=house.olena, text="ANSWER-CANARY")
    sha256 = store_blob(b"FILE-CANARY")
    file = Attachment.objects.create(
        message=answer, ticket=ticket, filename="CANARY.txt", content_type="text/plain", size=11, sha256=sha256
    )
    return World(chat, signing, visitor, ticket, str(file.public_id))


def become(world: World, level: str) -> None:
    """The other browser is of this level, as near to Zoe as it can come."""
    if level == "signed as another":
        token = make_token(world.signing, claims(world.chat, sub="mallory", email="mallory@elsewhere.example"))
        assert ask(world.chat, "identity", secret=ANOTHER, token=token).status_code == 200
    if level == "verified elsewhere":  # she proved her address by mail; that it was she who types it here nobody did
        Identity.objects.filter(kind=IdentityKind.EMAIL, value=ZOE).update(trust=Trust.VERIFIED)
    typed = {"email": ZOE, "name": "Zoe"} if level in ("claimed", "verified elsewhere") else {}
    say(world.chat, "theirs", secret=ANOTHER, **typed)


def asked(world: World, what: str) -> Any:
    places = [cursor_of(message) for message in Message.objects.filter(ticket=world.ticket)]
    given: dict[str, dict[str, Any]] = {
        "file": {"id": world.file}, "message": {"client": str(uuid4()), "text": "more", "files": [], "order": "20417"},
        "details": {"name": "Zoe", "email": ZOE}, "transcript": {"email": ZOE}, "rating": {"score": 1, "comment": "x"},
        "identity": {"token": make_token("guessed", claims(world.chat, sub="zoe"))}, "sync": {"seen": places, "got": places},
        "history": {"before": 2**50},
    }  # fmt: skip
    return ask(world.chat, what, secret=ANOTHER, **given.get(what, {}))


def hers(world: World) -> tuple[Any, ...]:
    """Everything of Zoe's that somebody else might read or change."""
    visitor, ticket = Visitor.objects.get(pk=world.visitor.pk), Ticket.objects.get(pk=world.ticket.pk)
    messages = list(Message.objects.filter(ticket=ticket).order_by("pk").values_list("pk", "marks", "outbox"))
    said = [one["text"] for one in before_place(visitor, 0, at=timezone.now())[0]]
    keys = VisitorKey.objects.filter(visitor=visitor).count()
    return (visitor.name, visitor.email, visitor.email_signed, keys, ticket.status, ticket.customer_id, messages, said)


@pytest.mark.parametrize("level", LEVELS)
def test_nobody_else_reads_or_changes_anything_of_hers(world: World, level: str) -> None:
    become(world, level)
    before = hers(world)
    for what, status in ENDPOINTS.items():
        answer = asked(world, what)
        body = b"".join(answer.streaming_content) if answer.streaming else answer.content
        assert (answer.status_code, b"CANARY" in body, hers(world)) == (status, False, before), what
        theirs = Visitor.objects.exclude(pk=world.visitor.pk).get()
        assert theirs.identity is not None and theirs.identity.customer_id != world.ticket.customer_id, what
    assert b"CANARY" not in ask(world.chat, "sync", secret=ANOTHER).content


def test_her_own_signature_opens_it_in_another_browser(world: World) -> None:
    token = make_token(world.signing, claims(world.chat, sub="zoe", email=ZOE, name="Zoe CANARY"))
    assert ask(world.chat, "identity", secret=ANOTHER, token=token).status_code == 200
    assert b"HER-CANARY" in ask(world.chat, "sync", secret=ANOTHER).content
    file = ask(world.chat, "file", secret=ANOTHER, id=world.file)
    assert b"".join(file.streaming_content) == b"FILE-CANARY"
    # Logged out, the same browser knows nothing of it.
    assert ask(world.chat, "goodbye", secret=ANOTHER).status_code == 200
    after = ask(world.chat, "sync", secret=ANOTHER)
    assert after.json()["known"] is False and b"CANARY" not in after.content
