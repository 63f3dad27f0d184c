"""What visitors are asked before their first message: chosen by the channel's managers, held to by the server."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext

from channels_inbound.models import Connection
from events.models import Event
from livechat.channels import change_chat_channel
from livechat.models import Visitor
from livechat.signed import make_token
from livechat.widget_settings import WidgetSettings
from tests.livechat.shop import make_chat
from tests.livechat.test_api import OTHER, SHOP, ask, claims, say
from tests.livechat.test_pages import FORM, client_of
from tests.people import House, events_of, make_house, row_counts
from tickets.actions.fields import archive_field, save_field
from tickets.models import FieldValue, Message, Ticket, TicketField

pytestmark = pytest.mark.django_db


@pytest.fixture
def house() -> House:
    return make_house()


@pytest.fixture
def fields(house: House) -> list[TicketField]:
    return [
        save_field(None, by=house.adam, name=name, kind=kind, choices=choices)
        for name, kind, choices in (
            ("Cause", "choice", ["Courier", "Us"]), ("Amount", "number", []), ("Bought on", "date", []),
            ("Insured", "checkbox", []), ("Not asked", "text", []),
        )
    ]  # fmt: skip


@pytest.fixture
def made(house: House, fields: list[TicketField]) -> tuple[Connection, str]:
    cause, amount, bought, insured, _ = (str(one.pk) for one in fields)
    theirs = save_field(None, by=house.adam, name="Theirs", kind="text", team=house.returns)
    asks = {
        insured: False, "name": False, "email": True, "order": True, cause: True, amount: False, bought: False,
        str(theirs.pk): True, "999999": True, "password": True,
    }  # fmt: skip
    return make_chat(house, SHOP, asks=asks)


@pytest.fixture
def chat(made: tuple[Connection, str]) -> Connection:
    return made[0]


def answers(fields: list[TicketField], *said: str, **more: Any) -> dict[str, Any]:
    asked = {"order": "1042", **{str(one.pk): value for one, value in zip(fields, said, strict=False)}}
    return {"name": "Zoe", "email": "Zoe@Customer.example", "asked": asked, **more}


def kept(ticket: Ticket) -> dict[str, str]:
    return dict(FieldValue.objects.filter(ticket=ticket).values_list("field__name", "value"))


def test_what_is_answered_stands_on_the_ticket_as_theirs(chat: Connection, fields: list[TicketField]) -> None:
    client = uuid4()
    said = answers(fields, "us", "12,50", "2026-03-02", "1")
    assert say(chat, "Where is it?", client=client, **said).json() == {"known": True, "again": False}
    ticket, visitor = Ticket.objects.get(), Visitor.objects.get()
    assert kept(ticket) == {"Cause": "Us", "Amount": "12.5", "Bought on": "2026-03-02", "Insured": "1"}
    assert (visitor.name, visitor.email, visitor.email_signed) == ("Zoe", "zoe@customer.example", False)
    assert events_of(ticket.pk) == ["ticket.opened", "message.received", "chat.asked_about", *["ticket.field_set"] * 4]
    told = Event.objects.filter(stream_id=ticket.pk, kind__in=["chat.asked_about", "ticket.field_set"])
    assert set(told.values_list("actor_kind", "actor_id")) == {("customer", ticket.customer_id)}
    assert Event.objects.get(kind="chat.asked_about").data == {"order": "1042", "said": True}
    assert ticket.subject == "Where is it?", "a number that nobody proved is not the subject"
    before = row_counts()
    assert say(chat, "Where is it?", client=client, **said).json()["again"] is True
    assert row_counts() == before
    # The second message is asked nothing, and what it says of fields counts as nothing.
    assert say(chat, "Hello?", asked={str(fields[0].pk): "Courier", "order": "7"}).status_code == 200
    assert kept(ticket)["Cause"] == "Us" and Event.objects.filter(kind="chat.asked_about").count() == 1


@pytest.mark.parametrize(
    ("change", "wrong"),
    [
        ({"email": ""}, "email"), ({"email": "zoe"}, "email"), ({"asked": {}}, "order"), ({"asked": None}, "order"),
        ({"asked": []}, "order"), ({"cause": ""}, "Cause"), ({"cause": "Nobody"}, "Cause"), ({"amount": "many"}, "Amount"),
        ({"bought": "yesterday"}, "Bought on"), ({"cause": ["Us"]}, "Cause"), ({"order": " \x00 "}, "order"),
        ({"page_order": "1042", "order": ""}, "order"),
    ],
)  # fmt: skip
def test_a_first_message_without_them_is_refused_and_nothing_is_kept(
    chat: Connection, fields: list[TicketField], change: dict[str, Any], wrong: str
) -> None:
    said = answers(fields, "Us", "", "", "")
    places = {"order": "order", "cause": str(fields[0].pk), "amount": str(fields[1].pk), "bought": str(fields[2].pk)}
    for name, value in change.items():
        if name == "page_order":
            said["order"] = value
        elif name in places:
            said["asked"][places[name]] = value
        else:
            said[name] = value
    before = row_counts()
    answer = say(chat, "Where is it?", **said)
    body = answer.json()
    assert (answer.status_code, body["code"]) == (422, "asks")
    keys = {str(one.pk): one.name for one in fields}
    assert wrong in [keys.get(key, key) for key in body["wrong"]] and all(body["wrong"].values())
    assert [one["key"] for one in body["asks"]] == ["name", "email", "order", *(str(one.pk) for one in fields[:4])]
    assert row_counts() == before
    assert say(chat, "Where is it?", **answers(fields, "Us")).status_code == 200


def test_what_is_wrong_is_said_in_the_visitor_s_language(chat: Connection, fields: list[TicketField]) -> None:
    said = answers(fields, "", "viele", email="zoe", language="de")
    wrong = say(chat, "Wo ist es?", **said).json()["wrong"]
    assert wrong == {
        "email": "Das sieht nicht nach einer E-Mail-Adresse aus", str(fields[0].pk): "Bitte ausfüllen",
        str(fields[1].pk): "„Amount“ ist eine Zahl.",
    }  # fmt: skip


def test_what_is_not_asked_is_refused_with_what_is(chat: Connection, fields: list[TicketField], house: House) -> None:
    before = row_counts()
    said = answers(fields, "Us", "", "", "", "smuggled")
    answer = say(chat, "Hello", **said)
    assert (answer.status_code, answer.json()["wrong"]) == (422, {})
    assert row_counts() == before
    # A field that was archived while the form was open.
    archive_field(fields[1].pk, by=house.adam)
    answer = say(chat, "Hello", **answers(fields, "Us", "5"))
    assert str(fields[1].pk) not in [one["key"] for one in answer.json()["asks"]]
    assert not Message.objects.exists()
    assert say(chat, "Hello", **answers(fields, "Us")).status_code == 200


def test_whom_the_shop_signed_is_not_asked_what_it_says(
    made: tuple[Connection, str], fields: list[TicketField]
) -> None:
    chat, signing = made
    asked = {"order": "1042", str(fields[0].pk): "Us"}
    token = make_token(signing, claims(chat, name="Zoe", email="zoe@customer.example"))
    assert ask(chat, "identity", token=token).status_code == 200
    assert ask(chat, "sync").json()["chat"] is None, "the widget asks until there is one"
    assert set(say(chat, "Hello").json()["wrong"]) == {"order", str(fields[0].pk)}
    assert say(chat, "Hello", asked=asked).status_code == 200
    # A token without an address is asked for one.
    token = make_token(signing, claims(chat, sub="u2", name="Ann"))
    assert ask(chat, "identity", secret=OTHER, token=token).status_code == 200
    assert set(say(chat, "Hello", secret=OTHER, asked=asked).json()["wrong"]) == {"email"}


def test_a_blocked_visitor_is_let_in_by_no_answer(chat: Connection, fields: list[TicketField]) -> None:
    say(chat, "Hello", **answers(fields, "Us"))
    Visitor.objects.update(blocked_at="2026-01-01T00:00:00Z")
    before = row_counts()
    assert say(chat, "Hello", **answers(fields, "Us")).status_code == 403
    assert row_counts() == before


def test_the_frame_brings_the_questions(house: House, chat: Connection, fields: list[TicketField]) -> None:
    from livechat.doors import door_for

    with CaptureQueriesContext(database) as queries:
        page = Client().get(f"/widget/{chat.key}/frame/", {"origin": SHOP}).content.decode()
    assert len(queries) <= 2, [one["sql"] for one in queries]
    assert '"name": "Cause", "kind": "choice", "choices": ["Courier", "Us"]' in page
    assert "Not asked" not in page and "Theirs" not in page
    plain = make_house_chat(house)
    with CaptureQueriesContext(database) as queries:
        assert '"asks": []' in Client().get(f"/widget/{plain.key}/frame/", {"origin": SHOP}).content.decode()
    assert len(queries) <= 1, "a chat that asks nothing pays nothing"
    assert door_for(plain.key, SHOP).settings.asks == {}


def make_house_chat(house: House) -> Connection:
    from livechat.channels import create_chat_channel

    return create_chat_channel(name="Plain", team=house.support, settings={"origins": [SHOP], "color": "#1f57d6"})[0]


def test_a_manager_chooses_on_the_channel_s_page(house: House, fields: list[TicketField]) -> None:
    chat, client = make_chat(house, SHOP)[0], client_of(house.adam)
    address = f"/channels/chat/{chat.channel_id}/"
    page = client.get(address).content.decode()
    assert "Asked before the first message" in page and "Do not ask" in page and "Cause" in page
    chosen = {f"ask_{one.pk}": "no" for one in fields} | {f"ask_{fields[0].pk}": "required"}
    form = {**FORM, "team": house.support.pk, "is_active": "on"}
    assert client.post(address, form | chosen).status_code == 302
    chat.refresh_from_db()
    assert chat.settings["asks"] == {"email": True, "order": False, str(fields[0].pk): True}
    page = client.get(address).content.decode()
    assert f'<select name="ask_{fields[0].pk}"' in page
    assert client.post(address, form | chosen | {"ask_email": "perhaps"}).status_code == 422
    for agent in (house.olena, house.mallory):
        assert client_of(agent).post(address, form | chosen | {"ask_name": "required"}).status_code == 404
    chat.refresh_from_db()
    assert "name" not in chat.settings["asks"]
    # Of another team: fields of the one before are asked no more.
    of_support = save_field(None, by=house.adam, name="Of support", kind="text", team=house.support)
    given = {"origins": [SHOP], "color": "#1f57d6", "asks": {str(of_support.pk): True}}
    about = {"name": "Chat", "locale": "en", "is_active": True, "settings": given}
    change_chat_channel(chat.channel_id, by=house.adam, team=house.support, **about)
    assert Connection.objects.get(pk=chat.pk).settings["asks"] == {str(of_support.pk): True}
    change_chat_channel(chat.channel_id, by=house.adam, team=house.returns, **about)
    assert Connection.objects.get(pk=chat.pk).settings["asks"] == {}


@pytest.mark.parametrize(
    ("stored", "read"),
    [
        ("email", {"email": True}), ("name_email", {"name": False, "email": True}), ("nothing", {}), (None, {}), ([], {}),
        ({"email": True, "7": "yes"}, {"email": True, "7": False}),
    ],
)  # fmt: skip
def test_what_was_set_before_is_still_asked(stored: Any, read: dict[str, bool]) -> None:
    assert WidgetSettings.read({"asks": stored}).asks == read


def test_agents_see_the_number_as_not_verified(house: House, chat: Connection, fields: list[TicketField]) -> None:
    say(chat, "Hello", **answers(fields, "Us"))
    ticket, client = Ticket.objects.get(), client_of(house.olena)
    panel = client.get(f"/chat/tickets/{ticket.pk}/panel/").content.decode()
    assert "Order 1042" in panel and "not verified" in panel
    thread = client.get(f"/inbox/open/{ticket.pk}/").content.decode()
    assert "asks about order 1042, a number nobody verified" in thread
