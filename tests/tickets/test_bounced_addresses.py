"""Addresses whose mail keeps coming back: marked after the second report, unmarked when they write or an agent says so."""

from __future__ import annotations

from typing import Any

import pytest

from people.models import Identity
from people.permissions import PermissionDenied
from tests.channels_inbound.test_pages import signed_in
from tests.people import NOW, ZOE, House, events_of, make_house, open_ticket, receive
from tickets import actions
from tickets.errors import NotFound
from tickets.inbound import Address, BounceReport
from tickets.models import Message, Ticket

DAEMON = Address("Mail Delivery System", "mailer-daemon@mx.example")


@pytest.fixture
def house(db: None) -> House:
    return make_house()


def zoe() -> Identity:
    return Identity.objects.get(value=ZOE.address, suspect=False)


def answer(house: House, ticket: Ticket) -> Message:
    return actions.reply(ticket.pk, by=house.olena, text="It left.", at=NOW, undo_seconds=0)


def bounce(house: House, message: Message, *, permanent: bool = True, **fields: Any) -> None:
    report = BounceReport(
        recipient=fields.pop("recipient", ZOE.address), status="5.1.1" if permanent else "4.2.2",
        permanent=permanent, original_ids=(message.external_id,),
    )  # fmt: skip
    receive(house.channel, sender=DAEMON, auto_kind="bounce", bounce=report, **fields)


def test_marked_from_the_second_message_on(house: House) -> None:
    ticket = open_ticket(house.channel)
    bounce(house, answer(house, ticket))
    assert (zoe().hard_bounces, zoe().is_unreachable) == (1, False)
    bounce(house, answer(house, ticket))
    assert (zoe().hard_bounces, zoe().is_unreachable) == (2, True)


def test_two_reports_of_one_message_count_once(house: House) -> None:
    message = answer(house, open_ticket(house.channel))
    bounce(house, message)
    bounce(house, message)
    assert zoe().hard_bounces == 1


def test_delays_and_foreign_recipients_do_not_count(house: House) -> None:
    message = answer(house, open_ticket(house.channel))
    bounce(house, message, permanent=False)
    bounce(house, message, recipient="victim@elsewhere.example")
    assert zoe().hard_bounces == 0


def test_who_writes_can_be_reached_again(house: House) -> None:
    ticket = open_ticket(house.channel)
    for _ in range(2):
        bounce(house, answer(house, ticket))
    receive(house.channel, sender=Address("Ann", "ann@customer.example"), cc=(ZOE,))
    assert zoe().is_unreachable
    receive(house.channel, historic=True)
    assert zoe().is_unreachable
    receive(house.channel)
    assert (zoe().hard_bounces, zoe().bounced_at) == (0, None)


def test_an_agent_may_take_the_mark_away(house: House) -> None:
    ticket = open_ticket(house.channel)
    for _ in range(2):
        bounce(house, answer(house, ticket))
    actions.use_address_again(ticket.pk, zoe().pk, by=house.olena, at=NOW)
    assert zoe().hard_bounces == 0
    assert events_of(ticket.pk)[-1] == "address.restored"
    before = events_of(ticket.pk)
    actions.use_address_again(ticket.pk, zoe().pk, by=house.olena, at=NOW)
    assert events_of(ticket.pk) == before


def test_nobody_else_may(house: House) -> None:
    ticket = open_ticket(house.channel)
    stranger = open_ticket(house.channel, sender=Address("Ann", "ann@customer.example"))
    for _ in range(2):
        bounce(house, answer(house, ticket))
    before = events_of(ticket.pk)
    with pytest.raises(NotFound):
        actions.use_address_again(ticket.pk, zoe().pk, by=house.mallory)
    with pytest.raises(PermissionDenied):
        actions.use_address_again(ticket.pk, zoe().pk, by=house.vera)
    with pytest.raises(NotFound):
        actions.use_address_again(stranger.pk, zoe().pk, by=house.olena)
    assert (zoe().hard_bounces, events_of(ticket.pk)) == (2, before)


def test_the_customer_pane_says_so_and_has_the_way_back(house: House) -> None:
    ticket = open_ticket(house.channel)
    for _ in range(2):
        bounce(house, answer(house, ticket))
    client = signed_in(house.olena)
    assert "Mail to this address comes back" in client.get(f"/tickets/{ticket.pk}/pane/").json()["customer"]
    assert signed_in(house.mallory).post(f"/tickets/{ticket.pk}/address/", {"identity": zoe().pk}).status_code == 404
    assert client.post(f"/tickets/{ticket.pk}/address/", {"identity": zoe().pk}).status_code == 200
    assert "comes back" not in client.get(f"/tickets/{ticket.pk}/pane/").json()["customer"]
