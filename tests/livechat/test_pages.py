"""The managers' form, and what stands above a chat's ticket."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone

from channels_inbound.credentials import decrypt
from channels_inbound.models import Connection
from events.models import Event
from livechat.channels import add_chat_channel, change_chat_channel, renew_secret
from livechat.doors import door_for
from livechat.talk import say
from livechat.visitors import digest_of, visitor_begins, visitor_claims
from people.models import Identity
from people.permissions import PermissionDenied
from tests.livechat.shop import make_chat
from tests.people import House, make_house, row_counts
from tickets.errors import InvalidInput
from tickets.models import Conversation, Participant

SHOP = "https://shop.example"
FORM = {
    "name": "Our chat", "team": "", "locale": "en", "origins": f"{SHOP}\nhttps://www.shop.example/", "color": "#ffdd00",
    "position": "left", "unseen_minutes": "7",
    "ask_name": "no", "ask_email": "required", "ask_order": "asked", "mail_channel": "", "greeting_uk": "Вітаємо!",
    "brand": " Nordvik ", "away_en": "Back soon", "calendar": "", "shows_drafts": "on", "requeue_minutes": "4",
}  # fmt: skip


@pytest.fixture
def house(db: None) -> House:
    return make_house()


def client_of(agent: Any) -> Client:
    client = Client()
    client.force_login(agent)
    return client


def test_an_admin_makes_a_chat_and_sees_its_secret_once(house: House) -> None:
    client = client_of(house.adam)
    answer = client.post("/channels/chat/new/", FORM)
    assert answer.status_code == 201
    made = Connection.objects.get()
    assert made.settings == {
        "origins": [SHOP, "https://www.shop.example"], "color": "#ffdd00", "position": "left", "asks": {"email": True, "order": False},
        "greetings": {"uk": "Вітаємо!"}, "unseen_minutes": 7, "mail_channel": None, "brand": "Nordvik",
        "away": {"en": "Back soon"}, "calendar": None, "shows_drafts": True, "requeue_minutes": 4, "routes": [],
    }  # fmt: skip
    secret = decrypt(made.secret)["now"]
    assert secret in answer.content.decode() and secret not in made.secret
    again = client.get(f"/channels/chat/{made.channel_id}/").content.decode()
    assert secret not in again
    assert f"data-key=&quot;{made.key}&quot;" in again
    assert [event.kind for event in Event.objects.filter(stream_type="channel")] == ["channel.created"]
    changed = client.post(f"/channels/chat/{made.channel_id}/", {**FORM, "name": "Renamed", "is_active": "on"})
    assert changed.status_code == 302
    made.refresh_from_db()
    assert (made.channel.name, made.channel.is_active) == ("Renamed", True)


@pytest.mark.parametrize(
    ("field", "value"),
    [("origins", "*"), ("origins", " "), ("origins", "https://shop.example/path"), ("color", "red"), ("name", "")],
)
def test_what_cannot_be_used_is_said_beside_its_field_and_nothing_is_made(house: House, field: str, value: str) -> None:
    answer = client_of(house.adam).post("/channels/chat/new/", {**FORM, field: value})
    assert answer.status_code == 422
    assert field in answer.context["form"].errors
    assert not Connection.objects.exists()


def test_others_may_neither_make_change_nor_renew(house: House) -> None:
    made, _ = make_chat(house, SHOP)
    before = row_counts(), Connection.objects.get().secret
    given = {"origins": [SHOP], "color": "#000000"}
    for agent in (house.olena, house.ben, house.mallory, house.vera):
        with pytest.raises(PermissionDenied):
            add_chat_channel(by=agent, name="x", team=None, locale="en", settings=given)
        with pytest.raises(PermissionDenied):
            change_chat_channel(
                made.channel_id, by=agent, name="x", team=None, locale="en", is_active=False, settings=given
            )
        with pytest.raises(PermissionDenied):
            renew_secret(made.channel_id, by=agent)
    assert (row_counts(), Connection.objects.get().secret) == before
    made.refresh_from_db()
    assert made.channel.name == "Shop chat" and made.settings["origins"] == [SHOP]
    with pytest.raises(InvalidInput):
        add_chat_channel(by=house.adam, name="Shop chat", team=None, locale="en", settings=given)


def test_the_panel_tells_the_team_who_is_there_and_outsiders_nothing(house: House) -> None:
    made, _ = make_chat(house, SHOP)
    door = door_for(made.key, SHOP)
    visitor = visitor_begins(door, digest_of("s" * 43), language="en")
    visitor_claims(visitor, name="<b>Zoe</b>", email="zoe@customer.example")
    ticket = say(door, visitor, client_id=uuid4(), text="hello", at=timezone.now()).ticket_id
    shown = client_of(house.olena).get(f"/chat/tickets/{ticket}/panel/")
    assert shown.status_code == 200
    text = shown.content.decode()
    assert "Visitor left" in text and "zoe@customer.example" in text and "Not verified" in text
    for address in ("panel", "typing"):
        path = f"/chat/tickets/{ticket}/{address}/"
        mallory = client_of(house.mallory)
        refused = mallory.get(path) if address == "panel" else mallory.post(path)
        assert refused.status_code == 404
        assert b"zoe" not in refused.content
    page = client_of(house.olena).get(f"/tickets/{ticket}/", follow=True).content.decode()
    assert f'data-panel="/chat/tickets/{ticket}/panel/"' in page
    assert "&lt;b&gt;Zoe&lt;/b&gt;" in page and "<b>Zoe</b>" not in page


def test_a_visitor_is_shown_by_name_not_by_their_browsers_key(house: House) -> None:
    made, _ = make_chat(house, SHOP)
    door = door_for(made.key, SHOP)
    visitor = visitor_begins(door, digest_of("a" * 43), language="en")
    said = say(door, visitor, client_id=uuid4(), text="Hello?", at=timezone.now())
    visitor.refresh_from_db()
    shown = client_of(house.olena).get(f"/inbox/open/{said.ticket_id}/").content.decode()
    side = shown[shown.index('role="region" aria-label="Customer details"') :]
    assert f"{visitor.called}<br><small>Anonymous visitor of the chat, not verified</small>" in side
    assert visitor.thread not in side[: side.index("</section>", side.index("Addresses"))]
    assert f"<dd>{visitor.called}</dd>" in shown  # who the message is from


def test_who_takes_part_is_told_without_a_browsers_key(house: House) -> None:
    made, _ = make_chat(house, SHOP)
    door = door_for(made.key, SHOP)
    visitor = visitor_begins(door, digest_of("a" * 43), language="en")
    said = say(door, visitor, client_id=uuid4(), text="Hello?", at=timezone.now())
    visitor.refresh_from_db()
    talk = Conversation.objects.get(ticket=said.ticket_id)
    mail = Identity.objects.create(customer=talk.customer, kind="email", value="zoe@customer.example")
    Participant.objects.create(conversation=talk, identity=mail)
    shown = client_of(house.olena).get(f"/inbox/open/{said.ticket_id}/").content.decode()
    part = shown[shown.index("Taking part") :]
    part = part[: part.index("</section>")]
    assert "zoe@customer.example" in part and "<small>Visitor" in part
    [key] = Identity.objects.filter(kind="visitor").values_list("value", flat=True)
    assert key not in part
