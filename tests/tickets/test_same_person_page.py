"""What the customer's panel says of who may be the same person."""

from __future__ import annotations

import pytest
from django.test import Client

from people.models import Customer
from tests.people import House, make_house, open_ticket
from tests.tickets.actions.test_same_person import chat
from tickets.models import Channel, Ticket

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def house() -> House:
    return make_house()


@pytest.fixture
def pair(house: House) -> tuple[Ticket, Ticket]:
    telegram = Channel.objects.create(kind="telegram", name="Telegram", address="1", team=house.support)
    return open_ticket(house.channel), chat(telegram, "Zed", "I am zoe@customer.example")


def signed_in(agent: object) -> Client:
    client = Client()
    client.force_login(agent)  # type: ignore[arg-type]
    return client


def test_the_panel_suggests_says_why_and_takes_the_decision(
    house: House, pair: tuple[Ticket, Ticket], django_assert_num_queries: object
) -> None:
    mail, other = pair
    client = signed_in(house.olena)
    html = client.get(f"/tickets/{other.pk}/same-person/").content.decode()
    assert "Perhaps the same person as <b>Zoe Bauer</b>" in html
    assert "Wrote here that zoe@customer.example is theirs; that is Zoe Bauer’s address." in html
    with django_assert_num_queries(13):  # type: ignore[operator]
        client.get(f"/tickets/{other.pk}/same-person/")
    form = {"do": "join", "id": str(mail.customer_id), "event": "0"}
    answer = client.post(f"/tickets/{other.pk}/same-person/decision/", form)
    assert "joined the customer with" in answer.json()["updates"]["items"]
    html = client.get(f"/tickets/{mail.pk}/same-person/").content.decode()
    assert "Joined with <b>Zed</b>" in html
    panel = client.get(f"/tickets/{mail.pk}/pane/").json()["customer"]
    assert "zoe@customer.example" in panel
    assert "Zed" in panel, "every address of the person"


def test_who_may_only_look_sees_no_buttons(house: House, pair: tuple[Ticket, Ticket]) -> None:
    html = signed_in(house.vera).get(f"/tickets/{pair[1].pk}/same-person/").content.decode()
    assert "Zoe Bauer" in html
    assert "<button" not in html
    assert "<select" not in html


def test_outsiders_hear_nothing(house: House, pair: tuple[Ticket, Ticket]) -> None:
    client = signed_in(house.mallory)
    assert client.get(f"/tickets/{pair[1].pk}/same-person/").status_code == 404
    form = {"do": "join", "id": str(pair[0].customer_id)}
    assert client.post(f"/tickets/{pair[1].pk}/same-person/decision/", form).status_code == 404
    assert not Customer.objects.exclude(merged_into=None).exists()


@pytest.mark.parametrize("form", [{}, {"do": "marry"}, {"do": "prefer", "kind": "pigeon"}, {"do": "join", "id": "x"}])
def test_nonsense_changes_nothing(house: House, pair: tuple[Ticket, Ticket], form: dict[str, str]) -> None:
    answer = signed_in(house.olena).post(f"/tickets/{pair[1].pk}/same-person/decision/", form)
    assert answer.status_code in (404, 422)
    assert not Customer.objects.exclude(merged_into=None).exists()
