"""A channel turns red and is well again: who is told, how often, and in which language."""

from __future__ import annotations

from typing import Any

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone

from channels_inbound import alarms
from channels_inbound.alarms import mail_people, people_of
from channels_inbound.events import ChannelEvent
from channels_inbound.hooks.condition import connection_refused, connection_works
from channels_inbound.hooks.connections import change_connection
from channels_inbound.models import Connection
from events.delivery import drain
from events.models import Event
from people.models import Agent, Role
from tests.channels_inbound.hooks.house import KEY, connect
from tests.people import House, make_agent, make_house
from tickets.models import Notification
from tickets.notices import notices_of, unread_count

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def rung(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int, list[int]]]:
    found: list[tuple[str, int, list[int]]] = []
    monkeypatch.setattr(alarms, "_ring", lambda kind, channel, ids: found.append((kind, channel, ids)))
    return found


@pytest.fixture
def house(settings: Any) -> House:
    settings.CREDENTIALS_KEYS = [KEY]
    return make_house()


@pytest.fixture
def marta(house: House) -> Agent:
    return make_agent("Marta", role=Role.MANAGER, team=house.support, locale="uk")


@pytest.fixture
def red(house: House, marta: Agent) -> Connection:
    make_agent("Petro", role=Role.MANAGER, team=house.returns)
    return connect(house, "telegram", {"token": "1:a"}, "Shop bot")


def kinds(connection: Connection) -> list[str]:
    found = Event.objects.filter(stream_type="channel", stream_id=connection.channel_id).order_by("sequence")
    return [kind for kind in found.values_list("kind", flat=True) if kind in set(alarms.HEARD)]


def test_once_an_outage_to_whom_it_concerns(
    red: Connection, house: House, marta: Agent, rung: list[tuple[str, int, list[int]]]
) -> None:
    for _ in range(3):
        connection_refused(red.channel_id, "Unauthorized", at=timezone.now())
    drain()
    drain()
    assert kinds(red) == ["connection.refused"]
    told = set(Notification.objects.values_list("agent", flat=True))
    assert told == {house.adam.pk, marta.pk}
    assert rung == [(ChannelEvent.CONNECTION_REFUSED, red.channel_id, sorted(told))]
    (notice,) = notices_of(marta)
    assert (notice.ticket_id, notice.channel_id) == (None, red.channel_id)
    connection_works(red.channel_id, at=timezone.now())
    connection_works(red.channel_id, at=timezone.now())
    connection_refused(red.channel_id, "again", at=timezone.now())
    drain()
    assert kinds(red) == ["connection.refused", "connection.recovered", "connection.refused"]
    assert unread_count(house.adam) == 3
    assert unread_count(house.olena) == 0


def test_new_credentials_say_that_it_is_well(red: Connection, house: House, rung: list[Any]) -> None:
    connection_refused(red.channel_id, "Unauthorized", at=timezone.now())
    change_connection(
        red.channel_id,
        {"token": "1:b"},
        by=house.adam,
        name="Shop bot",
        team=house.support,
        locale="en",
        is_active=True,
    )
    drain()
    assert kinds(red) == ["connection.refused", "connection.recovered"]
    red.refresh_from_db()
    assert (red.state, red.channel.health) == ("new", "ok")


def test_a_trouble_that_passes_by_itself_rings_nobody(red: Connection, house: House, rung: list[Any]) -> None:
    Connection.objects.update(state="trouble")
    connection_works(red.channel_id, at=timezone.now())
    drain()
    assert (kinds(red), rung, Notification.objects.count()) == ([], [], 0)


def test_the_mail_in_each_one_s_language(red: Connection, house: House, marta: Agent) -> None:
    connection_refused(red.channel_id, "Unauthorized: the token was taken back", at=timezone.now())
    assert mail_people(ChannelEvent.CONNECTION_REFUSED, red.channel_id, [house.adam.pk, marta.pk]) == 2
    english, ukrainian = sorted(mail.outbox, key=lambda one: one.to)
    assert (english.to, english.subject) == (["adam@shop.example"], "Shop bot does not work")
    assert "Unauthorized: the token was taken back" in english.body
    assert ukrainian.subject == "Shop bot не працює"
    mail.outbox.clear()
    mail_people(ChannelEvent.CONNECTION_RECOVERED, red.channel_id, [marta.pk])
    assert mail.outbox[0].subject == "Shop bot знову працює"


def test_the_page_shows_it_only_to_whose_business_it_is(
    red: Connection, house: House, marta: Agent, rung: list[Any]
) -> None:
    connection_refused(red.channel_id, "Unauthorized", at=timezone.now())
    drain()
    client = Client()
    client.force_login(house.adam)
    html = client.get("/notifications/").content.decode()
    assert "A channel does not work" in html
    assert "Shop bot" in html
    client.force_login(house.mallory)
    assert "Shop bot" not in client.get("/notifications/").content.decode()
    marta.role = Role.AGENT
    marta.save(update_fields=["role"])
    assert unread_count(marta) == 0
    assert [agent.name for agent in people_of(red.channel)] == ["Adam"]
