"""A topic that rises is told of once a day to those who read reports, and to nobody of what they do not see."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.test import Client
from django.urls import reverse

from bench.shop_year import DAY
from events.models import Event
from metrics.models import TopicAlert
from metrics.topic_alerts import tell_of_spikes
from tests.metrics.shop import lead
from tests.people import House, make_house, open_ticket
from tickets.inbound import Address
from tickets.models import Notification
from tickets.notices import unread_count

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 3, 12, tzinfo=UTC)


@pytest.fixture
def house() -> House:
    house = make_house()
    late = [(NOW - DAY / 24, f"Parcel express late {n}") for n in range(8)]
    usual = [(NOW - DAY * (2 + n % 27), "Wrong size again") for n in range(56)]
    for n, (at, subject) in enumerate([*late, *usual]):
        sender = Address("A", f"a{n}@x.example")
        open_ticket(house.channel, subject=subject, at=at, received_at=at, sender=sender)
    return house


def test_each_reader_hears_once_a_day_with_the_reason(house: House) -> None:
    ben, mallory = lead(house.ben), lead(house.mallory)
    assert tell_of_spikes(NOW) == 6  # three words, as all see them and as Ben does
    assert tell_of_spikes(NOW) == 0
    told = Notification.objects.values_list("agent", "event__data__name")
    words = {"parcel", "express", "late"}
    assert sorted(told) == sorted((agent.pk, word) for agent in (ben, house.adam) for word in words)
    event = Event.objects.filter(kind="topic.rose").earliest("pk")
    assert event.data["count"] == 8 and event.data["expected"] < 1 and event.data["chance"] < 1e-6
    client = Client()
    client.force_login(ben)
    page = client.get(reverse("notifications")).content.decode()
    assert "8 tickets in a day" in page and reverse("topics_report") in page
    assert (unread_count(ben), unread_count(mallory), unread_count(house.olena)) == (3, 0, 0)
    ben.role = "agent"
    ben.save()
    assert unread_count(ben) == 0
    assert tell_of_spikes(NOW + DAY / 2) == 3 and TopicAlert.objects.count() == 9  # another day in Kyiv


def test_an_ordinary_day_tells_of_nothing(house: House) -> None:
    lead(house.ben)
    assert tell_of_spikes(NOW - 2 * DAY) == 0 and not Notification.objects.exists()
