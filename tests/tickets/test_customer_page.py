"""A customer's own page: all that belongs to them in one's sight, and nothing that does not."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from events.models import Event
from people.models import Customer, CustomerNote
from people.permissions import PermissionDenied
from tests.people import NOW, House, make_agent, make_house, open_ticket
from tickets.actions.customer_notes import note_customer, remove_customer_note
from tickets.customers import customers_among, visible_customer
from tickets.errors import InvalidInput, NotFound
from tickets.inbox import customers as page_of
from tickets.models import Ticket

pytestmark = pytest.mark.django_db


@pytest.fixture
def house() -> House:
    return make_house()


def signed_in(agent: Any) -> Client:
    client = Client()
    client.force_login(agent)
    return client


def told(customer: Customer) -> list[str]:
    stream = Event.objects.filter(stream_type="customer", stream_id=customer.pk).order_by("sequence")
    return list(stream.values_list("kind", flat=True))


def test_it_shows_who_and_every_ticket_in_sight_page_by_page(
    house: House, monkeypatch: pytest.MonkeyPatch, django_assert_num_queries: Any
) -> None:
    monkeypatch.setattr(page_of, "PAGE", 2)
    made = [open_ticket(house.channel, subject=f"Parcel {n}", at=NOW + timedelta(days=n)) for n in range(5)]
    theirs = open_ticket(house.other_channel, subject="Secret return", at=NOW)
    customer = made[0].customer
    assert theirs.customer_id == customer.pk, "the same address"
    client = signed_in(house.olena)
    client.get(f"/customers/{customer.pk}/")
    with django_assert_num_queries(13):
        html = client.get(f"/customers/{customer.pk}/").content.decode()
    assert "zoe@customer.example" in html
    assert "As the sender says, not verified" in html
    seen, address = [], f"/customers/{customer.pk}/"
    while address:
        html = client.get(address).content.decode()
        seen += [ticket.pk for ticket in Ticket.objects.order_by("-pk") if f'href="/tickets/{ticket.pk}/"' in html]
        _before, _sep, rest = html.partition('class="btn sm" href="?after=')
        address = f"/customers/{customer.pk}/?after={rest.partition(chr(34))[0]}" if rest else ""
    assert seen == [ticket.pk for ticket in reversed(made)]
    assert "Secret return" not in html


def test_an_outsider_knows_nothing_of_them(house: House) -> None:
    customer = open_ticket(house.channel).customer
    mallory = signed_in(house.mallory)
    before = list(Customer.objects.values()), list(CustomerNote.objects.values())
    for path in ("", "orders/", "answers/"):
        assert mallory.get(f"/customers/{customer.pk}/{path}").status_code == 404
    form = {"text": "I was here", "client_id": str(uuid4())}
    assert mallory.post(f"/customers/{customer.pk}/notes/", form).status_code == 404
    assert mallory.post(f"/customers/{customer.pk}/preference/", {"kind": "email"}).status_code == 404
    assert (list(Customer.objects.values()), list(CustomerNote.objects.values())) == before
    assert told(customer) == []
    assert customers_among(house.mallory, [customer.pk], most=5) == []
    assert "Zoe Bauer" not in mallory.get("/search/?q=Zoe").content.decode()


def test_they_are_found_by_a_part_of_name_or_address(house: House) -> None:
    customer = open_ticket(house.channel).customer
    client = signed_in(house.olena)
    assert f'href="/customers/{customer.pk}/"' in client.get("/search/?q=bauer").content.decode()
    for part in ("zoe", "BAUER", "customer.exam"):
        assert client.get(f"/search/quick/?q={part}").json()["people"] == [{"id": customer.pk, "name": "Zoe Bauer"}]
    assert client.get("/search/quick/?q=zoo").json()["people"] == []


def test_who_was_joined_leads_to_who_stays(house: House) -> None:
    kept = open_ticket(house.channel).customer
    other = Customer.objects.create(name="Zoe by phone", merged_into=kept)
    assert visible_customer(house.olena, other.pk) == kept
    CustomerNote.objects.create(public_id=uuid4(), customer=other, text="Deaf in one ear", at=NOW)
    client = signed_in(house.olena)
    answer = client.get(f"/customers/{other.pk}/")
    assert (answer.status_code, answer["Location"]) == (302, f"/customers/{kept.pk}/")
    assert "Deaf in one ear" in client.get(f"/customers/{kept.pk}/").content.decode()


class TestNotes:
    def test_one_note_however_often_it_is_sent(self, house: House) -> None:
        customer, key = open_ticket(house.channel).customer, uuid4()
        first = note_customer(customer.pk, by=house.olena, text=" Calls after six. ", client_id=key, at=NOW)
        assert note_customer(customer.pk, by=house.olena, text="Calls after six.", client_id=key) == first
        note = CustomerNote.objects.get()
        assert (note.text, note.by, note.customer, note.at) == ("Calls after six.", house.olena, customer, NOW)
        assert told(customer) == ["customer.noted"]
        event = Event.objects.get(kind="customer.noted")
        assert event.data == {"note": note.pk}, "no words in the ledger"

    @pytest.mark.parametrize("text", ["", "  \n", "\x00", "x" * 4001])
    def test_what_is_no_note(self, house: House, text: str) -> None:
        customer = open_ticket(house.channel).customer
        with pytest.raises(InvalidInput):
            note_customer(customer.pk, by=house.olena, text=text, client_id=uuid4())
        assert not CustomerNote.objects.exists()
        assert told(customer) == []

    def test_nobody_takes_over_the_key_of_another(self, house: House) -> None:
        customer, key = open_ticket(house.channel).customer, uuid4()
        note_customer(customer.pk, by=house.olena, text="Mine", client_id=key)
        with pytest.raises(InvalidInput):
            note_customer(customer.pk, by=house.ben, text="Not mine", client_id=key)
        assert CustomerNote.objects.get().text == "Mine"

    def test_removed_by_who_wrote_it_or_leads(self, house: House) -> None:
        customer = open_ticket(house.channel).customer
        note = note_customer(customer.pk, by=house.olena, text="Wrong", client_id=uuid4())
        with pytest.raises(PermissionDenied):
            remove_customer_note(customer.pk, note.pk, by=house.ben)
        with pytest.raises(NotFound):
            remove_customer_note(customer.pk, note.pk, by=house.mallory)
        with pytest.raises(PermissionDenied):
            remove_customer_note(customer.pk, note.pk, by=house.vera)
        assert CustomerNote.objects.exists()
        assert told(customer) == ["customer.noted"]
        manager = make_agent("Marta", role="manager", team=house.support)
        for _ in range(2):
            remove_customer_note(customer.pk, note.pk, by=manager)
        assert not CustomerNote.objects.exists()
        assert told(customer) == ["customer.noted", "customer.note_removed"]

    def test_they_stand_beside_the_ticket_too(self, house: House) -> None:
        ticket = open_ticket(house.channel)
        client = signed_in(house.olena)
        form = {"text": "Prefers short answers", "client_id": str(uuid4())}
        assert client.post(f"/customers/{ticket.customer_id}/notes/", form).status_code == 302
        assert "Prefers short answers" in client.get(f"/tickets/{ticket.pk}/pane/").json()["customer"]


def test_how_they_like_to_be_answered_is_told_on_their_ticket(house: House) -> None:
    ticket = open_ticket(house.channel)
    client = signed_in(house.olena)
    assert client.post(f"/customers/{ticket.customer_id}/preference/", {"kind": "email"}).status_code == 302
    assert Customer.objects.get(pk=ticket.customer_id).prefers == "email"
    vera = signed_in(house.vera)
    assert vera.post(f"/customers/{ticket.customer_id}/preference/", {"kind": ""}).status_code == 403
    assert Customer.objects.get(pk=ticket.customer_id).prefers == "email"
