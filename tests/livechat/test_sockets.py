"""Who may hold a visitor's line, and what it is told."""

from __future__ import annotations

import asyncio
import json
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from channels_inbound.models import Connection
from events.doorbell import probe_client
from events.models import Event
from events.rates import address_of
from livechat.doors import Door, door_for, write_pass
from livechat.live import consumers, hub
from livechat.models import Visitor
from livechat.presence import draft_of, where_visitor_is
from livechat.talk import say
from livechat.visitors import digest_of, visitor_begins
from tests.livechat.shop import make_chat
from tests.people import House, make_house
from tests.tickets.live.site import Site
from tickets.actions import reply
from tickets.models import Message, Ticket

SHOP = "https://shop.example"
SECRET, OTHER = "s" * 43, "o" * 43


@pytest.fixture(autouse=True)
def _rest_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub, "IDLE_SECONDS", 0.1)


@pytest.fixture
def house(transactional_db: None) -> House:
    return make_house()


@pytest.fixture
def chat(house: House) -> Connection:
    return make_chat(house, SHOP)[0]


def dial(
    site: Site, chat: Connection, *, origin: str | None = "", shown: str = "", secret: str = SECRET, key: str = ""
) -> ClientConnection:
    shown = shown or write_pass(door_for(chat.key, SHOP))
    offered = ["helpdesk.chat.v1", f"key.{key or chat.key}", f"pass.{shown.replace(':', '~')}", f"secret.{secret}"]
    return connect(
        f"ws://localhost:{site.port}/ws/chat/", origin=site.origin if origin == "" else origin,  # type: ignore[arg-type]
        subprotocols=offered, compression=None, proxy=None,  # type: ignore[arg-type]
    )  # fmt: skip


def status(site: Site, chat: Connection, **how: Any) -> int:
    try:
        with dial(site, chat, **how) as socket:
            assert socket.subprotocol == "helpdesk.chat.v1"
            return 101
    except InvalidStatus as refused:
        return int(refused.response.status_code)


def heard(socket: ClientConnection, timeout: float = 5) -> dict[str, Any]:
    return dict(json.loads(socket.recv(timeout=timeout)))


def begin(chat: Connection, secret: str = SECRET, text: str = "Hello") -> tuple[Door, Any, int]:
    door = door_for(chat.key, SHOP)
    visitor = visitor_begins(door, digest_of(secret), language="en")
    return door, visitor, say(door, visitor, client_id=uuid4(), text=text, at=timezone.now()).ticket_id


def test_only_our_frame_with_a_pass_and_a_secret(site: Site, chat: Connection) -> None:
    assert status(site, chat) == 101
    assert status(site, chat, origin=None) == 403
    assert status(site, chat, origin="https://evil.example") == 403
    assert status(site, chat, origin=SHOP) == 403
    assert status(site, chat, origin="http://localhost:1") == 403
    assert status(site, chat, secret="short") == 403
    assert status(site, chat, shown="nonsense") == 403
    assert status(site, chat, key="0" * 32) == 403
    shown = write_pass(door_for(chat.key, SHOP))
    assert status(site, chat, shown=shown[:-1] + ("A" if shown[-1] != "A" else "B")) == 403


def test_an_origin_taken_off_the_list_is_refused_at_once(site: Site, chat: Connection) -> None:
    shown = write_pass(door_for(chat.key, SHOP))
    assert status(site, chat, shown=shown) == 101
    chat.settings = {**chat.settings, "origins": ["https://new.example"]}
    chat.save()
    assert status(site, chat, shown=shown) == 403


def test_news_reaches_the_visitor_of_that_ticket_and_nobody_else_and_says_nothing(
    site: Site, chat: Connection, house: House
) -> None:
    _, _, ticket = begin(chat)
    begin(chat, OTHER)
    with dial(site, chat) as mine, dial(site, chat, secret=OTHER) as other:
        assert heard(mine) == {"kind": "hello"}
        assert heard(other) == {"kind": "hello"}
        # The listener may have begun with a gap; what it says then is news too.
        mine.send(json.dumps({"kind": "here", "page": {}}))
        while heard(mine) != {"kind": "pong"}:
            pass
        reply(ticket, by=house.olena, text="SECRET-CANARY")
        assert heard(mine) == {"kind": "news"}
        other.send(json.dumps({"kind": "here", "page": {}}))
        said = []
        while not said or said[-1] != {"kind": "pong"}:
            said.append(heard(other))
        assert said in ([{"kind": "pong"}], [{"kind": "news"}, {"kind": "pong"}])
        assert "CANARY" not in json.dumps(said)


def quiet(socket: ClientConnection) -> None:
    """Whatever was said so far is heard."""
    socket.send(json.dumps({"kind": "here", "page": {}}))
    while heard(socket) != {"kind": "pong"}:
        pass


def test_who_was_known_hears_of_answers_in_the_ticket_they_just_began(
    site: Site, chat: Connection, house: House
) -> None:
    """As whom the shop's token signed in, or whose last chat is closed: no browser has to say that they began."""
    door = door_for(chat.key, SHOP)
    visitor = visitor_begins(door, digest_of(SECRET), language="en")
    with dial(site, chat) as mine, dial(site, chat, secret=OTHER) as other:
        for socket in (mine, other):
            assert heard(socket) == {"kind": "hello"}
            quiet(socket)
        ticket = say(door, visitor, client_id=uuid4(), text="Hello", at=timezone.now()).ticket_id
        assert heard(mine) == {"kind": "news"}
        quiet(mine)
        reply(ticket, by=house.olena, text="In the new one")
        assert heard(mine) == {"kind": "news"}
        other.send(json.dumps({"kind": "here", "page": {}}))
        assert heard(other) == {"kind": "pong"}


def test_who_began_anew_hears_of_answers_in_the_ticket_before(site: Site, chat: Connection, house: House) -> None:
    door, visitor, first = begin(chat)
    Ticket.objects.filter(pk=first).update(status="closed")
    with dial(site, chat) as mine:
        assert heard(mine) == {"kind": "hello"}
        quiet(mine)
        second = say(door, visitor, client_id=uuid4(), text="Anew", at=timezone.now()).ticket_id
        assert second != first
        Ticket.objects.filter(pk=first).update(status="open")
        quiet(mine)
        for ticket in (first, second):
            reply(ticket, by=house.olena, text="An answer")
            assert heard(mine) == {"kind": "news"}
            quiet(mine)


@pytest.mark.parametrize("wanted", [True, False])
def test_a_draft_is_kept_only_where_the_channel_wants_it(site: Site, chat: Connection, wanted: bool) -> None:
    chat.settings = {**chat.settings, "shows_drafts": wanted}
    chat.save()
    _door, visitor, _ticket = begin(chat)
    with dial(site, chat) as socket:
        assert heard(socket)["kind"] == "hello"
        socket.send(json.dumps({"kind": "typing", "draft": "DRAFT"}))
        socket.send(json.dumps({"kind": "here", "page": {}}))
        while heard(socket)["kind"] != "pong":  # what came before it is done
            pass
        assert draft_of(visitor.thread) == ("DRAFT" if wanted else "")
    assert "DRAFT" not in str(Event.objects.values_list("data", flat=True))


def test_a_browser_that_takes_nothing_is_cut_off_and_nothing_piles_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub, "SEND_SECONDS", 0.05)
    cut: list[Any] = []
    monkeypatch.setattr(hub, "abort", cut.append)

    async def scenario() -> None:
        async def takes_nothing(message: dict[str, Any]) -> None:
            await asyncio.sleep(60)

        line = hub.Line(takes_nothing, key="k", shown="p", digest="d")
        for _ in range(1000):
            line.push("news")
        assert len(line._pending) == 1
        await asyncio.sleep(0.3)
        assert line.gone and cut == [takes_nothing]
        line.push("news")
        assert len(line._pending) <= 1

    asyncio.run(scenario())


def test_what_is_written_into_a_socket_is_no_message(site: Site, chat: Connection) -> None:
    """Words go by POST, where all is checked: the socket has no way for them."""
    with dial(site, chat) as socket:
        heard(socket)
        for kind in ("message", "say", "asked"):
            socket.send(json.dumps({"kind": kind, "text": "smuggled", "client": str(uuid4()), "page": {}}))
        socket.send(json.dumps({"kind": "here", "page": {"url": "https://shop.example/"}}))
        while heard(socket)["kind"] != "pong":
            pass
    assert not Message.objects.exists()


def test_behind_a_proxy_each_visitor_is_counted_alone(settings: Any) -> None:
    assert address_of("10.0.0.1", "6.6.6.6, 5.5.5.5") == "10.0.0.1"
    settings.TRUSTED_PROXIES = 1
    assert address_of("10.0.0.1", "6.6.6.6, 5.5.5.5") == "5.5.5.5"
    assert address_of("10.0.0.1", "") == "10.0.0.1"


def test_a_beat_that_says_nothing_new_asks_no_database(
    site: Site, chat: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[Any] = []
    look = consumers._look
    monkeypatch.setattr(consumers, "_look", lambda line, page: looks.append(page) or look(line, page))
    _door, visitor, _ticket = begin(chat)
    lease, boots, hats = f"chat:here:{visitor.thread}", {"url": f"{SHOP}/boots"}, {"url": f"{SHOP}/hats"}
    with dial(site, chat) as socket:

        def beat(page: dict[str, Any]) -> None:
            socket.send(json.dumps({"kind": "here", "page": page}))
            while heard(socket)["kind"] != "pong":
                pass

        beat(boots)
        probe_client().expire(lease, 5)
        beat(boots)
        assert looks == [boots] and int(probe_client().ttl(lease)) > 30  # type: ignore[arg-type]
        probe_client().delete(lease)  # Redis has forgotten everything
        beat(boots)
        assert looks == [boots] and (where_visitor_is(visitor.thread) or {})["url"] == boots["url"]
        beat(hats)
        assert looks == [boots, hats] and (where_visitor_is(visitor.thread) or {})["url"] == hats["url"]
        # Once a minute it is asked all the same: whoever is blocked meanwhile is shown the door.
        Visitor.objects.update(blocked_at=timezone.now())
        monkeypatch.setattr(consumers, "RECHECK_SECONDS", 0.0)
        socket.send(json.dumps({"kind": "here", "page": hats}))
        with pytest.raises(ConnectionClosed) as closed:
            heard(socket)
    assert closed.value.rcvd is not None and closed.value.rcvd.code == 4403
