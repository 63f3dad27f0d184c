"""What happens between the queries of one page: a ticket and its history are shown as of the same moment."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.people import House, make_house, open_ticket, receive, signed_in
from tickets.inbox import pages
from tickets.models import Message, Ticket

pytestmark = pytest.mark.django_db
LATE = "And the laces are missing too."


@pytest.fixture
def house() -> House:
    return make_house()


@pytest.fixture
def ticket(house: House) -> Ticket:
    return open_ticket(house.channel)


@contextmanager
def written_in_between(house: House, monkeypatch: pytest.MonkeyPatch, ticket: Ticket) -> Iterator[None]:
    """The customer writes when the ticket has been read and its history has not."""
    first = Message.objects.filter(ticket=ticket).earliest("pk")

    def saw(agent: Any, ticket_id: int) -> None:
        receive(house.channel, text=LATE, references=[first.external_id])

    with monkeypatch.context() as patch:
        patch.setattr(pages, "saw_ticket", saw)
        yield
    assert Message.objects.filter(ticket=ticket).count() == 2


def test_an_update_brings_it_whole_or_not_at_all(house: House, ticket: Ticket, monkeypatch: pytest.MonkeyPatch) -> None:
    browser = signed_in(house.olena)
    with written_in_between(house, monkeypatch, ticket):
        first = browser.get(f"/tickets/{ticket.pk}/updates/?event=0").json()
    assert (LATE in first["items"], first["facts"]["sequence"]) == (False, 1)
    second = browser.get(f"/tickets/{ticket.pk}/updates/?event={first['event']}").json()
    assert (LATE in second["items"], second["facts"]["sequence"]) == (True, 2)
    assert second["event"] > first["event"]


def test_so_does_a_conversation_that_is_opened(house: House, ticket: Ticket, monkeypatch: pytest.MonkeyPatch) -> None:
    browser = signed_in(house.olena)
    with written_in_between(house, monkeypatch, ticket):
        opened = browser.get(f"/tickets/{ticket.pk}/pane/").json()["thread"]
    assert LATE not in opened
