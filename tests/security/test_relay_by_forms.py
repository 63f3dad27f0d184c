"""Threat 12: a thousand posts of the contact form in a thousand victims' names, from as many addresses: the mails they
get are few in all, and hold no word of whoever posted."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone

from channels_inbound.contact_form import guard
from channels_inbound.contact_form.guard import new_token
from channels_inbound.contact_form.taking import set_contact_form
from channels_inbound.email.compose import compose_mail
from channels_inbound.models import ContactForm
from events.delivery import drain
from events.doorbell import probe_client
from tests.people import House, make_house
from tickets.actions.delivery import claim_replies
from tickets.models import Acknowledgement, AutoKind, Message, Ticket

pytestmark = pytest.mark.django_db(transaction=True)
VICTIMS = 1000
WORDS = ("kanarek7391", "slowik5528", "zimorodek4410", "evil.example")


@pytest.fixture
def house() -> House:
    house = make_house()
    house.channel.acknowledges = True
    house.channel.save()
    return house


@pytest.fixture
def contact(house: House, monkeypatch: pytest.MonkeyPatch) -> ContactForm:
    """Whoever posts has done the work of each: what that costs is tested where the guard is."""
    monkeypatch.setattr(guard, "SOONEST", 0.0)
    monkeypatch.setattr(guard, "is_worked", lambda token, answer: True)
    return set_contact_form(house.channel.pk, by=house.adam, is_active=True, greeting="", origins=[])


def forget_counters() -> None:
    """As if minutes had passed."""
    client = probe_client()
    for key in client.scan_iter("contact:*"):
        client.delete(key)


def post(contact: ContactForm, number: int) -> Any:
    values = {
        "name": f"{WORDS[0]} http://evil.example", "email": f"victim{number}@elsewhere{number}.example", "website": "",
        "subject": f"{WORDS[1]} you won", "text": f"{WORDS[2]} click http://evil.example/{number}", "work": "1",
        "token": new_token(contact.key),
    }  # fmt: skip
    address = f"198.{18 + number // 65536}.{number // 256 % 256}.{number % 256}"
    return Client(REMOTE_ADDR=address).post(f"/contact/{contact.key}/?lang=en", values)


def test_a_thousand_victims_from_a_thousand_addresses(house: House, contact: ContactForm) -> None:
    forget_counters()
    refused = taken = 0
    for number in range(VICTIMS):
        answer = post(contact, number)
        refused += answer.status_code == 429
        taken += answer.status_code == 200
        if answer.status_code == 429:
            assert "Retry-After" in answer
            forget_counters()  # whoever has so many addresses waits, too
    # How many were refused is how fast this machine posted: the next test holds the door to its limit.
    assert refused + taken == VICTIMS and taken > VICTIMS * 0.9
    assert Ticket.objects.count() == taken
    drain(seconds=900)
    sent = Message.objects.filter(auto_kind=AutoKind.RECEIPT)
    assert sent.count() == Acknowledgement.objects.count() == settings.ACKNOWLEDGEMENTS_PER_HOUR < taken
    claimed = claim_replies(VICTIMS, at=timezone.now() + timedelta(minutes=1))
    assert claimed
    for message in claimed[:50]:
        content = compose_mail(message, at=timezone.now(), load=lambda file: b"").content
        assert not [word for word in WORDS if word.encode() in content]


def test_at_once_sixty_a_form_and_six_an_address_come_in(house: House, contact: ContactForm) -> None:
    forget_counters()
    assert [post(contact, number).status_code for number in range(65)].count(200) == 60
    forget_counters()
    assert [post(contact, 7).status_code for _ in range(8)].count(200) == 6
