"""Handing over and following by the API: what the pages do, once each, and nothing for who may not."""

from __future__ import annotations

import pytest

from tests.api.client import Api
from tests.people import House, events_of, open_ticket
from tickets.models import Follow, Message, MessageKind, Ticket

pytestmark = pytest.mark.django_db(transaction=True)


def test_handed_over_with_a_note_once(house: House) -> None:
    ticket = open_ticket(house.channel)
    before = events_of(ticket.pk)
    body = {"agent": house.ben.pk, "note": "Please call her"}
    first = Api.of(house.olena).post(f"/api/v1/tickets/{ticket.pk}/hand-over/", body, Idempotency_Key="k1")
    again = Api.of(house.olena).post(f"/api/v1/tickets/{ticket.pk}/hand-over/", body, Idempotency_Key="k1")
    note = Message.objects.get(kind=MessageKind.NOTE)
    assert (first.status, first.body) == (201, {"ticket": ticket.pk, "note": note.pk})
    assert again.status == 201
    assert (note.text, Ticket.objects.get().assignee) == ("Please call her", house.ben)
    assert events_of(ticket.pk) == [*before, "note.added", "ticket.assigned"]


@pytest.mark.parametrize(
    "body", [{"note": "x"}, {"agent": 10**9, "note": "x"}, {"team": 10**9, "note": "x"}, {"agent": 1}]
)
def test_what_is_no_handing_over(house: House, body: dict[str, object]) -> None:
    ticket = open_ticket(house.channel)
    before = events_of(ticket.pk)
    assert Api.of(house.olena).post(f"/api/v1/tickets/{ticket.pk}/hand-over/", body).status in (400, 422)
    assert events_of(ticket.pk) == before
    assert not Message.objects.filter(kind=MessageKind.NOTE).exists()


def test_followed_and_no_longer(house: House) -> None:
    ticket, api = open_ticket(house.channel), Api.of(house.vera)
    for _ in range(2):
        answer = api.send("PUT", f"/api/v1/tickets/{ticket.pk}/following/")
        assert (answer.status, answer.body) == (200, {"ticket": ticket.pk, "following": True})
    assert list(Follow.objects.values_list("ticket", "agent")) == [(ticket.pk, house.vera.pk)]
    answer = api.send("DELETE", f"/api/v1/tickets/{ticket.pk}/following/")
    assert (answer.status, answer.body) == (200, {"ticket": ticket.pk, "following": False})
    assert not Follow.objects.exists()
    assert Api.of(house.mallory).send("PUT", f"/api/v1/tickets/{ticket.pk}/following/").status == 404
    assert not Follow.objects.exists()
