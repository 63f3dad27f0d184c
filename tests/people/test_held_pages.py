"""A page is not to be had as the picture of a mail, whoever reads it."""

from __future__ import annotations

import pytest
from django.test import Client

from events.models import AuditEntry
from tests.people import House, make_house, open_ticket, signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def house() -> House:
    return make_house()


@pytest.mark.parametrize("held", ["image", "audio", "video", "script", "style", "object", "embed"])
def test_no_page_is_given_as_a_part_of_another_and_nothing_is_noted(house: House, held: str) -> None:
    ticket = open_ticket(house.channel, subject="Umbrella")
    client = signed_in(house.adam)
    for path in ("/search/?q=forged", f"/inbox/open/{ticket.pk}/", "/audit.csv", "/notifications/"):
        before = AuditEntry.objects.count()
        assert client.get(path, headers={"Sec-Fetch-Dest": held}).status_code == 403, path
        assert AuditEntry.objects.count() == before
    assert client.get("/search/?q=umbrella", headers={"Sec-Fetch-Dest": "document"}).status_code == 200
    assert client.get("/inbox/open/rows/", headers={"Sec-Fetch-Dest": "empty"}).status_code == 200


def test_files_are_there_to_be_held(client: Client) -> None:
    """They go on to their own guards."""
    path = "/files/00000000-0000-0000-0000-000000000000/"
    assert client.get(path, headers={"Sec-Fetch-Dest": "image"}).status_code == 302
