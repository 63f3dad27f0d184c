"""What customers agreed to: added with its proof, the latest counts, nobody else notes it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from events.models import Event
from people.models import Customer
from people.permissions import PermissionDenied
from privacy.consents import agrees, note_consent
from privacy.models import ConsentEntry
from tests.people import NOW, House, make_house, open_ticket, signed_in
from tickets.errors import InvalidInput

pytestmark = pytest.mark.django_db


@pytest.fixture
def house() -> House:
    return make_house()


@pytest.fixture
def zoe(house: House) -> Customer:
    return open_ticket(house.channel).customer


def test_the_latest_of_a_purpose_counts(house: House, zoe: Customer) -> None:
    assert not agrees(zoe, "Newsletter")
    entry = note_consent(zoe, purpose=" Newsletter ", given=True, how="mail", proof="#10\x0001", by=house.adam, at=NOW)
    again = note_consent(zoe, purpose="Newsletter", given=True, how="mail", proof="#1001", by=house.adam)
    assert again == entry
    assert agrees(zoe, "Newsletter")
    assert not agrees(zoe, "Calls")
    later = NOW + timedelta(days=1)
    note_consent(zoe, purpose="Newsletter", given=False, how="call", proof="call at 10", by=house.adam, at=later)
    assert not agrees(zoe, "Newsletter")
    events = Event.objects.filter(stream_type="customer", stream_id=zoe.pk, kind="customer.consent_noted")
    assert [event.data["given"] for event in events.order_by("id")] == [True, False]
    assert "Newsletter" in signed_in(house.adam).get(f"/customers/{zoe.pk}/privacy/").content.decode()


@pytest.mark.parametrize("wrong", [{"purpose": " \x00"}, {"proof": "\x00"}, {"how": "telepathy"}])
def test_without_proof_it_is_none(house: House, zoe: Customer, wrong: dict[str, str]) -> None:
    said = {"purpose": "Newsletter", "how": "mail", "proof": "#1001"} | wrong
    with pytest.raises(InvalidInput):
        note_consent(zoe, given=True, by=house.adam, **said)
    signed_in(house.adam).post(f"/customers/{zoe.pk}/privacy/consents/", {"given": "1", **said})
    assert not ConsentEntry.objects.exists()


@pytest.mark.parametrize("who", ["olena", "mallory", "vera"])
def test_nobody_else_notes_it(house: House, zoe: Customer, who: str) -> None:
    agent, said = getattr(house, who), {"purpose": "Newsletter", "how": "mail", "proof": "#1001"}
    with pytest.raises(PermissionDenied):
        note_consent(zoe, given=True, by=agent, **said)
    assert signed_in(agent).post(f"/customers/{zoe.pk}/privacy/consents/", {"given": "1", **said}).status_code == 404
    assert not ConsentEntry.objects.exists()
