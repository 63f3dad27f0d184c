"""Merging by the house: off unless somebody said so, only what is plainly one, with its reason, and back with one click."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from events.models import Event
from metrics.verify import differences
from people.permissions import PermissionDenied
from tests.metrics.shop import make_policy, settle
from tests.people import NOW, House, events_of, make_agent, make_house, open_ticket, row_counts, signed_in
from tickets import actions
from tickets.errors import InvalidInput
from tickets.inbound import Address
from tickets.merge_policy import merge_if_same, save_merge_policy
from tickets.models import MergePolicy, Notification, Relocation, Ticket

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


@pytest.fixture
def house() -> House:
    return make_house()


def write(house: House, subject: str, *, after: timedelta = timedelta(), **fields: Any) -> Ticket:
    """A mail of Zoe's whose address is proven, and all that follows from it."""
    values = {"channel": house.channel, "verdict": "pass", "at": NOW + after, "received_at": NOW + after} | fields
    ticket = open_ticket(values.pop("channel"), subject=subject, **values)
    settle()
    ticket.refresh_from_db()
    return ticket


def turn_on(house: House, hours: int = 3) -> None:
    save_merge_policy(by=house.adam, is_on=True, hours=hours)


def test_off_until_somebody_says_so(house: House) -> None:
    first, second = write(house, "Where is my parcel?"), write(house, "Where is my parcel?", after=HOUR)
    assert (first.merged_into, second.merged_into) == (None, None)
    assert not Relocation.objects.exists()


def test_merged_once_with_its_reason_and_back_for_good(house: House) -> None:
    make_policy()
    turn_on(house)
    first = write(house, "Where is my parcel?")
    actions.assign_ticket(first.pk, by=house.ben, assignee=house.olena)
    second = write(house, "where is my parcel", after=HOUR)

    assert second.merged_into == first
    done = Relocation.objects.get()
    assert (done.source, done.target, done.by) == (second, first, None)
    assert events_of(second.pk).count("ticket.merged") == events_of(first.pk).count("ticket.absorbed") == 1
    opened = Event.objects.get(stream_type="ticket", stream_id=second.pk, kind="ticket.opened")
    told = Event.objects.get(stream_type="ticket", stream_id=second.pk, kind="ticket.merged")
    assert (told.actor_kind, told.cause_id) == ("system", opened.pk)
    assert told.data["auto"] == {"why": ["subject", "near"], "named": ""}
    client = signed_in(house.olena)
    page = client.get(f"/tickets/{first.pk}/pane/").json()["thread"]
    assert "was merged in by itself: same customer, the subjects are alike, opened within a day" in page
    assert Notification.objects.filter(agent=house.olena, event__kind="ticket.absorbed", cause="answer").exists()

    for _ in range(2):
        merge_if_same(opened)
    assert Relocation.objects.count() == 1
    client.post(f"/relocations/{done.pk}/undo/")
    settle()
    merge_if_same(opened)
    second.refresh_from_db()
    assert second.merged_into is None
    assert Relocation.objects.count() == 1
    assert list(differences()) == []


ALONE: dict[str, Callable[[House], dict[str, Any]]] = {
    "unproven": lambda house: {"verdict": "none"},
    "another customer": lambda house: {"sender": Address("Ivo", "ivo@customer.example")},
    "another team": lambda house: {"channel": house.other_channel},
    "too late": lambda house: {"after": 4 * HOUR},
}


@pytest.mark.parametrize("name", ALONE)
def test_what_is_not_plainly_one_stays_alone(house: House, name: str) -> None:
    turn_on(house)
    write(house, "Where is my parcel?")
    write(house, "Where is my parcel?", **({"after": HOUR} | ALONE[name](house)))
    assert not Relocation.objects.exists()


def test_near_in_time_alone_is_no_reason(house: House) -> None:
    turn_on(house)
    write(house, "Where is my parcel?")
    write(house, "Green shoes", after=HOUR)
    assert not Relocation.objects.exists()


@pytest.mark.parametrize("what", ["answered", "solved", "said distinct"])
def test_what_somebody_began_with_is_left_alone(house: House, what: str) -> None:
    turn_on(house)
    first = write(house, "Where is my parcel?")
    if what == "answered":
        actions.reply(first.pk, by=house.olena, text="On its way")
    elif what == "solved":
        actions.set_status(first.pk, by=house.olena, status="solved")
    second = open_ticket(
        house.channel, subject="Where is my parcel?", verdict="pass", at=NOW + HOUR, received_at=NOW + HOUR
    )
    if what == "said distinct":
        actions.link_tickets(second.pk, by=house.olena, other=first.pk, reason="distinct")
    settle()
    assert not Relocation.objects.exists()


def test_only_who_may_says_so(house: House) -> None:
    before = row_counts()
    for agent in (house.olena, house.vera, house.mallory):
        with pytest.raises(PermissionDenied):
            save_merge_policy(by=agent, is_on=True, hours=3)
        assert signed_in(agent).post("/merging/", {"is_on": "on", "hours": "3"}).status_code == 403
    for hours in (0, 1000):
        with pytest.raises(InvalidInput):
            save_merge_policy(by=house.adam, is_on=True, hours=hours)
    assert row_counts() == before
    client: Client = signed_in(make_agent("Mira", role="manager"))
    assert client.post("/merging/", {"is_on": "on", "hours": "0"}).status_code == 422
    for _ in range(2):
        assert client.post("/merging/", {"is_on": "on", "hours": "12"}).status_code == 302
    policy = MergePolicy.objects.get()
    assert (policy.is_on, policy.hours) == (True, 12)
    assert 'value="12"' in client.get("/merging/").content.decode()
    assert Event.objects.filter(kind="merging.changed").count() == 1
