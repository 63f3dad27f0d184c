"""Orders in a chat: only whom the shop has signed, with the address it signed, sees and names their own."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from channels_inbound.models import Connection
from commerce.models import Buyer, Order, Shop
from events.models import Event
from livechat.models import Visitor
from livechat.presence import visitor_here
from livechat.signed import make_token
from livechat.visitors import visitor_claims
from people.models import Agent
from tests.livechat.shop import make_chat
from tests.livechat.test_api import OTHER, SHOP, ask, claims, say
from tests.people import House, events_of, make_house
from tickets.models import Ticket

pytestmark = pytest.mark.django_db
ZOE, ANN = "zoe@customer.example", "ann@customer.example"


@pytest.fixture
def house() -> House:
    return make_house()


@pytest.fixture
def made(house: House) -> tuple[Connection, str]:
    """A chat, and two buyers: Zoe bought twice, Ann once."""
    shop = Shop.objects.create(name="Nordvik", key="k" * 32)
    for days, number, mail, status in (
        (9, "#1001", ZOE, "completed"),
        (2, "1002", ZOE, "shipped"),
        (1, "2001", ANN, "paid"),
    ):
        buyer, _ = Buyer.objects.get_or_create(key=mail, email=mail)
        at = timezone.now() - timedelta(days=days)
        Order.objects.create(
            shop=shop, external_id=number, number=number, buyer=buyer, status=status, currency="EUR", total=18900,
            placed_at=at, changed_at=at, items=[{"title": "Boots", "quantity": 2}], tracking="TR-77",
        )  # fmt: skip
    return make_chat(house, SHOP)


def signed_in(made: tuple[Connection, str], email: str = "Zoe@customer.example") -> Connection:
    chat, signing = made
    assert ask(chat, "identity", token=make_token(signing, claims(chat, email=email, name="Zoe"))).status_code == 200
    return chat


def home(chat: Connection, **more: Any) -> Any:
    return ask(chat, "sync", **more).json().get("order")


def panel(agent: Agent, ticket: Ticket) -> str:
    client = Client()
    client.force_login(agent)
    answer = client.get(f"/chat/tickets/{ticket.pk}/panel/")
    assert answer.status_code == 200
    return answer.content.decode()


def test_home_shows_the_latest_order_to_whom_the_shop_has_signed(made: tuple[Connection, str]) -> None:
    chat = signed_in(made)
    shown = home(chat)
    assert (shown["number"], shown["state"]) == ("1002", "shipped")
    assert shown["placed"] == int(Order.objects.get(number="1002").placed_at.timestamp() * 1000)


def test_what_somebody_types_or_a_signature_without_address_shows_none(made: tuple[Connection, str]) -> None:
    chat, signing = made
    say(chat, "It is me", email=ZOE, name="Zoe")
    assert home(chat) is None
    ask(chat, "identity", token=make_token(signing, claims(chat, name="Zoe")), secret=OTHER)
    assert home(chat, secret=OTHER) is None
    ask(chat, "details", email=ZOE, secret=OTHER)
    assert home(chat, secret=OTHER) is None


def test_an_address_typed_while_the_shop_signs_another_opens_nobody_s_orders(made: tuple[Connection, str]) -> None:
    chat, signing = made
    say(chat, "Hello", name="Zoe")
    as_it_was = Visitor.objects.get()
    ask(chat, "identity", token=make_token(signing, claims(chat, email=ZOE)))
    assert not visitor_claims(as_it_was, name="", email=ANN), "a request that began before the shop had signed"
    visitor = Visitor.objects.get()
    assert (visitor.email, visitor.email_signed) == (ZOE, True)
    assert home(chat)["number"] == "1002"


def test_whoever_is_blocked_while_the_shop_signs_stays_blocked(
    made: tuple[Connection, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    chat, signing = made
    say(chat, "Hello")
    save = Visitor.save

    def blocked_meanwhile(visitor: Visitor, **how: Any) -> None:
        Visitor.objects.filter(pk=visitor.pk).update(blocked_at=timezone.now())
        save(visitor, **how)

    monkeypatch.setattr(Visitor, "save", blocked_meanwhile)
    ask(chat, "identity", token=make_token(signing, claims(chat, email=ZOE)))
    visitor = Visitor.objects.get()
    assert visitor.blocked_at and visitor.email_signed
    assert home(chat) is None and say(chat, "Again").status_code == 403


def test_a_chat_begins_about_an_order_of_theirs(made: tuple[Connection, str], house: House) -> None:
    chat = signed_in(made)
    say(chat, "Where is it?", order="1001")
    ticket = Ticket.objects.get()
    assert ticket.subject == "1001: Where is it?"
    assert events_of(ticket.pk) == ["ticket.opened", "message.received", "chat.asked_about"]
    assert Event.objects.get(kind="chat.asked_about").data == {"order": "1001"}
    shown = panel(house.olena, ticket)
    assert "Order 1001" in shown and "TR-77" in shown and "2 × Boots" in shown
    client = Client()
    client.force_login(house.olena)
    assert "asks about order 1001" in client.get(f"/inbox/open/{ticket.pk}/").content.decode()


@pytest.mark.parametrize("named", ["2001", "9999", "", "' OR 1=1 --", "#"])
def test_an_order_of_somebody_else_or_of_nobody_is_left_aside(
    made: tuple[Connection, str], house: House, named: str
) -> None:
    chat = signed_in(made)
    assert say(chat, "Where is it?", order=named).status_code == 200
    ticket = Ticket.objects.get()
    assert (ticket.subject, events_of(ticket.pk)) == ("Where is it?", ["ticket.opened", "message.received"])
    shown = panel(house.olena, ticket)
    assert "Order 1002" in shown and "2001" not in shown, "their newest"


@pytest.mark.parametrize("named", [7, ["1001"], "x" * 61])
def test_what_is_no_number_is_refused(made: tuple[Connection, str], named: object) -> None:
    chat = signed_in(made)
    assert say(chat, "Where is it?", order=named).status_code == 422
    assert not Ticket.objects.exists()


def test_an_unsigned_visitor_attaches_nothing_and_agents_see_only_the_page_s_word(
    made: tuple[Connection, str], house: House
) -> None:
    chat, _ = made
    say(chat, "Where is it?", email=ZOE, order="1002")
    ticket, visitor = Ticket.objects.get(), Visitor.objects.get()
    visitor_here(visitor.thread, {"url": "https://shop.example/", "order": "1002"})
    shown = panel(house.olena, ticket)
    assert events_of(ticket.pk) == ["ticket.opened", "message.received"]
    assert "Order 1002" in shown and "not verified" in shown
    assert "Boots" not in shown and "TR-77" not in shown


def test_the_page_s_word_chooses_among_what_is_proven(made: tuple[Connection, str], house: House) -> None:
    chat = signed_in(made)
    say(chat, "Hello")
    ticket, visitor = Ticket.objects.get(), Visitor.objects.get()
    visitor_here(visitor.thread, {"url": "https://shop.example/", "order": "1001"})
    shown = panel(house.olena, ticket)
    assert "Order 1001" in shown and "not verified" not in shown
    visitor_here(visitor.thread, {"url": "https://shop.example/", "order": "2001"})
    shown = panel(house.olena, ticket)
    assert "Order 1002" in shown and "Order 2001</span>" not in shown and "not verified" in shown
