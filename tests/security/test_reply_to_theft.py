"""A mail in the customer's name that only quotes a number must not lead an answer, or the thread, elsewhere."""

from __future__ import annotations

import pytest

from tests.people import NOW, House, make_house, open_ticket, receive
from tickets import actions
from tickets.errors import NewAddress
from tickets.inbound import Address
from tickets.models import Message, Participant

THIEF = Address("", "thief@evil.example")


@pytest.mark.django_db
def test_an_address_written_into_cc_and_reply_to_is_asked_about_and_takes_no_part() -> None:
    house: House = make_house()
    ticket = open_ticket(house.channel)
    receive(house.channel, subject_numbers=(ticket.pk,), cc=(THIEF,), reply_to=(THIEF,))
    assert not Participant.objects.filter(identity__value=THIEF.address).exists()
    with pytest.raises(NewAddress) as asked:
        actions.reply(ticket.pk, by=house.olena, text="Your order ships to ...", at=NOW)
    assert asked.value.addresses == (THIEF.address,)
    assert not Message.objects.filter(kind="outbound").exists()


@pytest.mark.django_db
def test_even_where_the_first_mail_had_both() -> None:
    house: House = make_house()
    ticket = open_ticket(house.channel, cc=(THIEF,), reply_to=(THIEF,))
    with pytest.raises(NewAddress):
        actions.reply(ticket.pk, by=house.olena, text="Hello", at=NOW)
    assert actions.reply(ticket.pk, by=house.olena, text="Hello", confirmed=[THIEF.address], at=NOW)
