"""Signatures: what is filled in, what is refused, and what the customer reads."""

from __future__ import annotations

import pytest
from django.test import Client

from channels_inbound.channels import change_email_channel, create_email_channel
from channels_inbound.email.compose import compose_mail
from channels_inbound.email.parse import parse_email
from events.models import Event
from people.models import Agent
from people.signatures import fill_in, first_name, unknown_variables, written_signature
from tests.people import NOW, House, make_house, open_ticket
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
    form = {"name": "Olena", "locale": "en", "time_zone": "Europe/Kyiv", "theme": "system", "density": "comfortable",
            "after_closing": "next"}  # fmt: skip
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


@pytest.mark.parametrize(("text", "html", "kept", "expected"), [
    ("Olena", "", ("", ""), ("Olena", "")),
    ("", "<p><strong>Olena</strong><br>Tel. 1</p>", ("", ""), ("Olena\nTel. 1", "<p><strong>Olena</strong><br>Tel. 1</p>")),
    ("", '<p onclick="x()">A<script>x()</script><img src="https://t.example/p.gif"></p>', ("", ""), ("A", "<p>A</p>")),
    ("Old", "", ("Old", "<p><b>Old</b></p>"), ("Old", "<p><b>Old</b></p>")),
    ("Old\r\nline ", "", ("Old\nline", "<b>Old</b>"), ("Old\r\nline ", "<b>Old</b>")),
    ("New", "", ("Old", "<p><b>Old</b></p>"), ("New", "")),
    ("Old", "<p></p>", ("Old", "<p><b>Old</b></p>"), ("", "")),
    ("", f'<p>A<img src="cid:{"0" * 8}-{"0" * 4}-{"0" * 4}-{"0" * 4}-{"0" * 12}"></p>', ("", ""), ("A", "<p>A</p>")),
])  # fmt: skip
def test_what_is_posted_becomes_words_and_cleaned_html(
    text: str, html: str, kept: tuple[str, str], expected: tuple[str, str]
) -> None:
    assert written_signature(text, html, kept=kept) == expected


def test_formatting_goes_out_filled_in_and_names_stay_words(house: House) -> None:
    own = '<p><strong>{agent.name}</strong>, <a href="mailto:{agent.email}">write to me</a></p>'
    Agent.objects.filter(pk=house.olena.pk).update(name="<b>O</b> & Co", signature="x", signature_html=own)
    Channel.objects.filter(pk=house.channel.pk).update(signature="Line one\nline <two>")
    ticket = open_ticket(house.channel)
    message = actions.reply(ticket.pk, by=house.olena, text="Hi", undo_seconds=0)
    assert message.not_before is not None
    (sent,) = claim_replies(10, at=message.not_before)
    mail = parse_email(compose_mail(sent, at=NOW, load=lambda file: b"").content)
    assert "<strong>&lt;b&gt;O&lt;/b&gt; &amp; Co</strong>" in mail.html
    assert 'href="mailto:olena@shop.example"' in mail.html
    assert "Line one<br>line &lt;two&gt;" in mail.html


def test_the_profile_keeps_what_the_editor_wrote(house: House) -> None:
    client = Client()
    client.force_login(house.olena)
    form = {"name": "Olena", "locale": "en", "time_zone": "Europe/Kyiv", "theme": "system", "density": "comfortable"}
    client.post(
        "/profile/", form | {"signature": "", "signature_html": "<p><em>{agent.name}</em><script>x</script></p>"}
    )
    house.olena.refresh_from_db()
    assert (house.olena.signature, house.olena.signature_html) == ("{agent.name}", "<p><em>{agent.name}</em></p>")
    assert "&lt;em&gt;{agent.name}" in client.get("/profile/").content.decode()
    assert client.post("/profile/", form | {"signature_html": "<p>{agent.phone}</p>"}).status_code == 422


def test_a_channel_keeps_it_too(house: House) -> None:
    client = Client()
    client.force_login(house.adam)
    form = {"name": "Support", "locale": "en", "is_active": "on", "signature": "", "signature_html": "<p><b>We</b></p>"}
    assert client.post(f"/channels/{house.channel.pk}/", form).status_code == 302
    house.channel.refresh_from_db()
    assert (house.channel.signature, house.channel.signature_html) == ("We", "<p><b>We</b></p>")
