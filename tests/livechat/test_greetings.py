"""Greetings as they are kept and as the loader gets them."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from channels_inbound.models import Connection
from events.models import Event
from livechat.channels import set_routes
from livechat.greetings import MOST, remove_greeting, save_greeting
from livechat.models import Greeting
from livechat.routing import Rule
from people.permissions import PermissionDenied
from tests.livechat.shop import make_chat
from tests.livechat.talking import at_desks
from tests.livechat.test_api import SHOP, ask, say
from tests.livechat.test_pages import client_of
from tests.people import House, events_of, make_house, row_counts
from tickets.errors import InvalidInput, NotFound
from tickets.models import Ticket

FORM = {
    "name": "Cart", "path": "/cart*", "after_seconds": "20", "min_cart": "100", "hours": "open", "again_hours": "48",
    "returning": "on", "is_active": "on", "text_en": "Questions about your order?", "text_uk": "Є питання?",
}  # fmt: skip


@pytest.fixture
def house(db: None) -> House:
    return make_house()


@pytest.fixture
def chat(house: House) -> Connection:
    return make_chat(house, SHOP)[0]


def make(chat: Connection, house: House, **more: Any) -> Greeting:
    fields: dict[str, Any] = {"name": "Hello", "texts": {"en": "Hello"}, **more}
    return save_greeting(chat.channel_id, None, by=house.adam, **fields)


def facts(chat: Connection, **more: Any) -> list[dict[str, Any]]:
    answer = Client().get(f"/widget/{chat.key}/facts/", headers={"Origin": SHOP}, query_params=more)
    return list(answer.json()["greetings"])


def test_an_admin_keeps_greetings_and_the_loader_hears_of_them(chat: Connection, house: House) -> None:
    client, path = client_of(house.adam), f"/channels/chat/{chat.channel_id}/greetings/"
    assert client.post(path, FORM).status_code == 302
    made = Greeting.objects.get()
    with at_desks([house.olena]):
        assert facts(chat, lang="uk") == [
            {"id": made.pk, "text": "Є питання?", "path": "^\\/cart.*/?$", "after": 20, "cart": 100, "back": True,
             "again": 48},
        ]  # fmt: skip
        assert facts(chat, lang="pl")[0]["text"] == "Questions about your order?"
    with at_desks([]):
        assert facts(chat) == []
    assert client.post(f"{path}{made.pk}/", {**FORM, "hours": "closed"}).status_code == 302
    with at_desks([]):
        assert [one["id"] for one in facts(chat)] == [made.pk]
    assert client.get(f"{path}{made.pk}/").status_code == 200
    assert client.post(f"{path}{made.pk}/remove/").status_code == 302
    assert not Greeting.objects.exists()
    kinds = list(Event.objects.filter(stream_type="channel").values_list("kind", flat=True))
    assert kinds == ["channel.created", "connection.changed", "connection.changed", "connection.changed"]


def test_saving_what_is_there_changes_nothing(chat: Connection, house: House) -> None:
    made = make(chat, house)
    before = row_counts()
    save_greeting(chat.channel_id, made.pk, by=house.adam, name="Hello", texts={"en": " Hello "})
    assert row_counts() == before
    assert remove_greeting(chat.channel_id, made.pk, by=house.adam) is True
    assert remove_greeting(chat.channel_id, made.pk, by=house.adam) is False


def test_others_keep_none(chat: Connection, house: House) -> None:
    made = make(chat, house)
    clients = {agent: client_of(agent) for agent in (house.olena, house.mallory, house.vera)}
    before, path = row_counts(), f"/channels/chat/{chat.channel_id}/greetings/"
    for agent, client in clients.items():
        with pytest.raises(NotFound):
            save_greeting(chat.channel_id, None, by=agent, name="x", texts={"en": "x"})
        with pytest.raises(NotFound):
            remove_greeting(chat.channel_id, made.pk, by=agent)
        with pytest.raises(PermissionDenied):
            set_routes(chat.channel_id, by=agent, rules=[Rule(house.returns.pk)])
        for address in (path, f"{path}{made.pk}/", f"/channels/chat/{chat.channel_id}/routing/"):
            assert client.get(address).status_code == client.post(address, FORM).status_code == 404
        assert client.post(f"{path}{made.pk}/remove/").status_code == 404
    assert row_counts() == before
    chat.refresh_from_db()
    assert chat.settings["routes"] == []


def test_what_cannot_be_kept_is_said(chat: Connection, house: House) -> None:
    with pytest.raises(InvalidInput):
        make(chat, house, texts={"en": "  ", "xx": "Hello"})
    answer = client_of(house.adam).post(
        f"/channels/chat/{chat.channel_id}/greetings/", {**FORM, "text_en": "", "text_uk": ""}
    )
    assert (answer.status_code, "text_en" in answer.context["form"].errors) == (422, True)
    for number in range(MOST):
        make(chat, house, name=str(number))
    with pytest.raises(InvalidInput):
        make(chat, house)


def test_the_agent_sees_which_greeting_was_answered(chat: Connection, house: House) -> None:
    made, other = make(chat, house), make_chat_elsewhere(house)
    say(chat, "Yes please", greeting=made.pk)
    say(chat, "Another word", greeting=made.pk)
    number = Ticket.objects.get().pk
    assert events_of(number) == ["ticket.opened", "message.received", "chat.greeted", "message.received"]
    assert Event.objects.get(kind="chat.greeted").data == {"greeting": made.pk, "text": "Hello"}
    # Another channel's greeting is none of ours.
    say(chat, "Hi", secret="o" * 43, greeting=other.pk)
    assert Event.objects.filter(kind="chat.greeted").count() == 1
    page = client_of(house.olena).get(f"/tickets/{number}/", follow=True).content.decode()
    assert "answered our greeting: “Hello”" in page
    assert ask(chat, "sync").status_code == 200


def make_chat_elsewhere(house: House) -> Greeting:
    from livechat.channels import create_chat_channel

    connection, _ = create_chat_channel(name="Other chat", settings={"origins": [SHOP], "color": "#1f57d6"})
    return make(connection, house)


def test_rules_of_teams_are_kept_in_their_order_and_survive_other_settings(chat: Connection, house: House) -> None:
    client = client_of(house.adam)
    rows = [("uk", "/uk/*", house.returns.pk), ("", "", ""), ("", "/cart", house.support.pk)]
    form: dict[str, Any] = {"form-TOTAL_FORMS": "3", "form-INITIAL_FORMS": "0"}
    for number, (language, path, team) in enumerate(rows):
        form |= {f"form-{number}-language": language, f"form-{number}-path": path, f"form-{number}-team": team}
    address = f"/channels/chat/{chat.channel_id}/routing/"
    for _ in range(2):
        assert client.post(address, form).status_code == 302
    chat.refresh_from_db()
    rest = {"min_cart": 0, "who": "", "trait": "", "hours": ""}
    wanted = [
        {"team": house.returns.pk, "language": "uk", "path": "/uk/*", **rest},
        {"team": house.support.pk, "language": "", "path": "/cart", **rest},
    ]
    assert chat.settings["routes"] == wanted
    assert Event.objects.filter(kind="connection.changed").count() == 1
    assert client.get(address).status_code == 200
    from tests.livechat.test_pages import FORM as CHANNEL

    assert client.post(f"/channels/chat/{chat.channel_id}/", {**CHANNEL, "is_active": "on"}).status_code == 302
    chat.refresh_from_db()
    assert chat.settings["routes"] == wanted
