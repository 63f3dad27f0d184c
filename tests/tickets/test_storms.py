"""The breaker: floods are noticed, shown, told to admins; nothing answers them; nothing of them is lost."""

from __future__ import annotations

from datetime import timedelta

import pytest

from events.delivery import drain
from tests.people import NOW, ZOE, House, assert_gapless, events_of, make_house, open_ticket, receive
from tests.security.world import signed_in
from tickets.actions import acknowledge_ticket
from tickets.actions.acknowledge import _queue
from tickets.inbound import Address
from tickets.models import Message, Notification, Storm, Ticket
from tickets.storms import ADDRESS_LIMIT, CALM, TICKET_LIMIT, WINDOW, automatic_answer_held, watch_storms

pytestmark = pytest.mark.django_db
SECOND = timedelta(seconds=1)


@pytest.fixture
def house() -> House:
    return make_house()


def flood_ticket(house: House, count: int) -> Ticket:
    ticket = open_ticket(house.channel, external_id="first@customer.example")
    for number in range(1, count):
        receive(house.channel, in_reply_to="first@customer.example", received_at=NOW + number * SECOND)
    return ticket


def test_a_busy_conversation_is_no_storm(house: House) -> None:
    ticket = flood_ticket(house, TICKET_LIMIT)

    assert watch_storms(at=NOW + timedelta(minutes=1)) == 0
    assert "storm.began" not in events_of(ticket.pk)


def test_a_flood_into_one_ticket_is_shown_once_and_everything_is_kept(house: House) -> None:
    ticket = flood_ticket(house, TICKET_LIMIT + 1)

    for minute in (1, 1, 2):
        assert watch_storms(at=NOW + timedelta(minutes=minute)) == 1
    drain()

    ticket.refresh_from_db()
    assert ticket.needs_attention
    assert events_of(ticket.pk).count("storm.began") == 1
    assert_gapless(ticket.pk)
    assert Message.objects.filter(ticket=ticket).count() == TICKET_LIMIT + 1
    told = Notification.objects.filter(event__kind="storm.began")
    assert list(told.values_list("agent__name", flat=True)) == ["Adam"]
    shown = signed_in(house.olena).get(f"/tickets/{ticket.pk}/pane/").json()["thread"]
    assert "21 mails came into this ticket within 10 minutes. All are kept." in shown
    assert f"Mail is flooding in at #{ticket.pk}" in signed_in(house.adam).get("/notifications/").content.decode()


def test_it_ends_when_it_has_been_quiet(house: House) -> None:
    ticket = flood_ticket(house, TICKET_LIMIT + 1)
    watch_storms(at=NOW + timedelta(minutes=1))
    last = NOW + TICKET_LIMIT * SECOND

    assert watch_storms(at=last + CALM - SECOND) == 1
    assert watch_storms(at=last + CALM) == 0
    assert watch_storms(at=last + CALM) == 0

    ticket.refresh_from_db()
    assert not ticket.needs_attention
    assert events_of(ticket.pk)[-2:] == ["storm.began", "storm.ended"]


def test_a_flood_of_tickets_from_one_address_holds_acknowledgements_back(house: House) -> None:
    house.channel.acknowledges = True
    house.channel.save()
    for number in range(ADDRESS_LIMIT + 1):
        last = open_ticket(house.channel, received_at=NOW + number * SECOND)
    other = open_ticket(house.channel, sender=Address("Ivo", "ivo@customer.example"))

    watch_storms(at=NOW + timedelta(minutes=5))

    storm = Storm.objects.get()
    assert (storm.scope, storm.ticket_id, storm.identity.value) == ("address", last.pk, ZOE.address)  # type: ignore[union-attr]
    assert acknowledge_ticket(last.pk, at=NOW + timedelta(minutes=6)) is None
    assert acknowledge_ticket(other.pk, at=NOW + timedelta(minutes=6)) is not None
    shown = signed_in(house.olena).get(f"/tickets/{last.pk}/pane/").json()["thread"]
    assert "41 mails came from this address within 10 minutes." in shown
    assert "No acknowledgement was sent: too much mail is coming in at once" in shown


def test_imported_history_is_no_flood(house: House) -> None:
    for number in range(ADDRESS_LIMIT * 2):
        receive(house.channel, historic=True, at=NOW - timedelta(days=number + 1), received_at=NOW)

    assert watch_storms(at=NOW) == 0


def test_mail_before_the_window_does_not_count(house: House) -> None:
    flood_ticket(house, TICKET_LIMIT + 1)

    assert watch_storms(at=NOW + WINDOW + timedelta(minutes=1)) == 0


def test_automatic_answers_in_one_ticket_have_a_limit_of_their_own(house: House) -> None:
    ticket = open_ticket(house.channel)
    first = Message.objects.get(ticket=ticket)
    for _ in range(5):
        assert automatic_answer_held(ticket.pk, [], at=NOW) == ""
        ticket.refresh_from_db()
        _queue(ticket, first, NOW)

    assert automatic_answer_held(ticket.pk, [], at=NOW) == "ticket_limit"
    assert automatic_answer_held(ticket.pk, [], at=NOW + timedelta(hours=1)) == ""


def test_looking_costs_three_statements(house: House, django_assert_num_queries: object) -> None:
    flood_ticket(house, 3)

    with django_assert_num_queries(3):  # type: ignore[operator]
        watch_storms(at=NOW)
