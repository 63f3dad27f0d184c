"""The health page: what an admin sees of a house in trouble, and nobody else."""

from __future__ import annotations

from datetime import timedelta
from unittest.mock import patch

import pytest
from django.test import Client
from django.utils import timezone

from channels_inbound.models import RawDelivery
from channels_inbound.raw import store_raw
from helpdesk import health
from helpdesk.events import HouseEvent, tell_of_house
from people.models import Agent
from tests.channels_inbound.mails import raw_mail
from tests.people import House, make_house

pytestmark = pytest.mark.django_db


@pytest.fixture
def house() -> House:
    return make_house()


def page(client: Client, house: House) -> str:
    client.force_login(house.adam)
    response = client.get("/health/")
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


def test_it_tells_what_waits_and_since_when(client: Client, house: House) -> None:
    assert "pill bad" not in page(client, house).partition("What waits")[2].partition("Production checklist")[0]
    store_raw([house.channel.pk], transport="smtp", content=raw_mail(), envelope={})
    RawDelivery.objects.update(received_at=timezone.now() - timedelta(minutes=20))
    waits = page(client, house).partition("Mail to be read")[2].partition("</tr>")[0]
    assert ">1<" in waits
    assert "pill bad" in waits


def test_a_bad_backup_is_red_with_its_reason(client: Client, house: House) -> None:
    assert "There is none" in page(client, house)
    tell_of_house(HouseEvent.BACKUP_MADE, {"name": "b"})
    tell_of_house(HouseEvent.BACKUP_UNSOUND, {"name": "b", "reason": "people_agent has 4 rows instead of 5."})
    told = page(client, house)
    assert "No good" in told
    assert "people_agent has 4 rows instead of 5." in told


def test_what_is_wrong_is_told_in_the_readers_language(client: Client, house: House) -> None:
    tell_of_house(HouseEvent.BACKUP_UNSOUND, {"name": "b", "reason": "people_agent has 4 rows instead of 5."})
    Agent.objects.filter(pk=house.adam.pk).update(locale="uk")
    house.adam.refresh_from_db()
    with patch.object(health, "state_of", lambda part: "last heartbeat 90 s ago" if part == "worker" else "no answer"):
        told = page(client, house)
    assert "У people_agent рядків: 4, а має бути 5." in told
    assert "озивалися 90 с тому" in told
    assert "<code>HELPDESK_MODE</code> має значення <code>local</code>" in told
    assert not {"heartbeat", "answer", "rows"} & set(told.split())


def test_the_checklist_stands_there_line_by_line(client: Client, house: House) -> None:
    told = page(client, house)
    assert told.count('<ol class="checks"') == 1
    assert told.partition('<ol class="checks"')[2].partition("</ol>")[0].count("<li>") == 19
    assert "<code>HELPDESK_MODE</code> is <code>local</code>" in told


def test_only_admins_see_it(client: Client, house: House) -> None:
    for agent in (house.olena, house.vera):
        client.force_login(agent)
        assert client.get("/health/").status_code == 403
        assert "/health/" not in client.get("/profile/").content.decode()
    client.logout()
    assert client.get("/health/").status_code == 302
