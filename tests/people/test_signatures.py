"""Signatures: what is filled in, what is refused, and what the customer reads."""

from __future__ import annotations

import pytest
from django.test import Client

from channels_inbound.channels import change_email_channel, create_email_channel
from events.models import Event
from people.models import Agent
from people.signatures import fill_in, first_name, unknown_variables
from tests.people import House, make_house, open_ticket
from tickets import actions
from tickets.actions.delivery import claim_replies
from tickets.errors import InvalidInput
from tickets.models import Channel


@pytest.mark.parametrize(
    ("text", "unknown"),
    [
        ("{agent.first_name}, {channel.name}", []),
        ("{agent.phone} {order.number} {agent.phone}", ["agent.phone", "order.number"]),
        ("{ agent.name } {customer.Name}", ["customer.Name"]),
        ("{} {agent} {{x}} {a b.c} 5 {3.14}", []),
    ],
)
def test_only_what_can_be_filled_in_is_known(text: str, unknown: list[str]) -> None:
    assert unknown_variables(text) == unknown


def test_a_value_is_never_read_as_a_variable_again() -> None:
    assert fill_in("{customer.name}, {x.y}", {"customer.name": "{agent.email}"}) == "{agent.email}, {x.y}"


@pytest.mark.parametrize(("name", "first"), [("Olena Koval", "Olena"), ("Olena", "Olena"), ("", ""), ("  ", "")])
def test_first_names(name: str, first: str) -> None:
    assert first_name(name) == first


@pytest.fixture
def house(db: None) -> House:
    return make_house()


def test_the_reply_carries_both_filled_in(house: House) -> None:
    Agent.objects.filter(pk=house.olena.pk).update(signature="{agent.first_name} for {customer.first_name}")
    Channel.objects.filter(pk=house.channel.pk).update(signature="{channel.name} #{ticket.number}")
    ticket = open_ticket(house.channel)
    message = actions.reply(ticket.pk, by=house.olena, text="Hi", undo_seconds=0)
    assert message.not_before is not None
    (sent,) = claim_replies(10, at=message.not_before)
    assert sent.signature == f"Olena for Zoe\n\nSupport #{ticket.pk}"


def test_whoever_is_asked_aside_is_not_told_the_customers_name(house: House) -> None:
    Agent.objects.filter(pk=house.olena.pk).update(signature="Dear {customer.name}")
    ticket = open_ticket(house.channel)
    message = actions.forward(ticket.pk, by=house.olena, to=["c@x.example"], confirmed=["c@x.example"], undo_seconds=0)
    assert message.not_before is not None
    (sent,) = claim_replies(10, at=message.not_before)
    assert sent.signature == "Dear"


def test_the_profile_refuses_unknown_ones_by_name_and_shows_the_rest(house: House) -> None:
    client = Client()
    client.force_login(house.olena)
    form = {"name": "Olena", "locale": "en", "time_zone": "Europe/Kyiv", "theme": "system", "density": "comfortable"}
    refused = client.post("/profile/", form | {"signature": "{agent.phone}"})
    assert refused.status_code == 422
    assert "{agent.phone}" in refused.content.decode()
    house.olena.refresh_from_db()
    assert house.olena.signature == ""
    assert client.post("/profile/", form | {"signature": "{agent.first_name}, #{ticket.number}"}).status_code == 302
    assert "Olena, #1042" in client.get("/profile/").content.decode()


def test_channels_refuse_them_too_and_nothing_changes(house: House) -> None:
    events = Event.objects.count()
    with pytest.raises(InvalidInput) as refused:
        change_email_channel(
            house.channel.pk, by=house.adam, name="New", team=None, locale="en", signature="{shop.name}", is_active=True
        )
    assert (refused.value.field, "{shop.name}" in refused.value.message) == ("signature", True)
    with pytest.raises(InvalidInput):
        create_email_channel("Other", "other@shop.example", signature="{shop.name}")
    house.channel.refresh_from_db()
    assert (house.channel.name, Event.objects.count()) == ("Support", events)
