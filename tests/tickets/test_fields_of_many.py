"""Closing many tickets where something is missing: it is asked for once, said where it is missing, and they are closed."""

from __future__ import annotations

import re
from uuid import uuid4

import pytest
from django.test import Client

from people.models import Agent
from tests.people import House, events_of, make_house, open_ticket, row_counts
from tickets import actions
from tickets.actions.fields import save_field
from tickets.models import BulkJob, FieldValue, Ticket, TicketField

pytestmark = pytest.mark.django_db


@pytest.fixture
def house() -> House:
    return make_house()


@pytest.fixture
def needed(house: House) -> TicketField:
    return save_field(None, by=house.adam, name="Cause", kind="choice", choices=["Courier", "Us"], required=True)


def client_of(agent: Agent) -> Client:
    client = Client()
    client.force_login(agent)
    return client


def said(*tickets: Ticket) -> list[str | None]:
    known = dict(FieldValue.objects.values_list("ticket", "value"))
    return [known.get(one.pk) for one in tickets]


def statuses(*tickets: Ticket) -> list[str]:
    known = dict(Ticket.objects.values_list("pk", "status"))
    return [known[one.pk] for one in tickets]


def test_what_is_missing_is_asked_for_once_and_said_only_where_it_is(house: House, needed: TicketField) -> None:
    other = save_field(None, by=house.adam, name="Weight", kind="number", required=True, team=house.returns)
    whole, lacking, also = (open_ticket(house.channel) for _ in range(3))
    actions.set_field(whole.pk, by=house.olena, field_id=needed.pk, value="Us")
    client = client_of(house.olena)
    numbers = [one.pk for one in (whole, lacking, also)]
    answer = client.post("/bulk/", {"tickets": numbers, "do": "status", "value": "solved"}).json()
    assert (answer["done"], answer["refused"]) == (1, 2)
    sheet = client.get(answer["asks"]).content.decode()
    assert f'name="field-{needed.pk}"' in sheet and f'name="field-{other.pk}"' not in sheet
    assert "2 tickets are still open" in sheet

    # Somebody else says it meanwhile: theirs stays.
    actions.set_field(also.pk, by=house.ben, field_id=needed.pk, value="Us")
    actions.add_note(also.pk, by=house.ben, text="done by me")
    page = f"/bulk/{answer['job']}/complete/"
    done = client.post(page, {f"field-{needed.pk}": "courier"}).json()

    assert (done["done"], done["asks"]) == (1, "")
    assert statuses(whole, lacking, also) == ["solved", "solved", "open"]
    assert said(whole, lacking, also) == ["Us", "Courier", "Us"]
    assert events_of(lacking.pk)[-2:] == ["ticket.field_set", "ticket.solved"]
    undone = client.post(f"/bulk/{done['job']}/undo/").json()
    assert undone["undone"] == 1 and statuses(lacking) == ["open"]


@pytest.mark.parametrize("given", ["", "Nobody", "x" * 700])
def test_what_a_field_cannot_hold_is_refused_and_nothing_is_lost(house: House, needed: TicketField, given: str) -> None:
    ticket = open_ticket(house.channel)
    client = client_of(house.olena)
    job = client.post("/bulk/", {"tickets": [ticket.pk], "do": "status", "value": "solved"}).json()
    events = events_of(ticket.pk)
    answer = client.post(f"/bulk/{job['job']}/complete/", {f"field-{needed.pk}": given})
    if given:
        assert answer.status_code == 422 and re.search("Cause|too long", answer.json()["message"])
        assert BulkJob.objects.count() == 1
    else:
        assert answer.json()["asks"], "still missing: asked for again"
    assert (events_of(ticket.pk), statuses(ticket), said(ticket)) == (events, ["open"], [None])


def test_of_others_jobs_and_out_of_sight_nothing_is_asked(house: House, needed: TicketField) -> None:
    ticket = open_ticket(house.channel)
    job = actions.start_bulk(
        actions.Selection(ids=[ticket.pk]), by=house.olena, do="status", value="solved", client_id=uuid4()
    )  # fmt: skip
    while actions.work_bulk(at=job.created_at, job_id=job.pk):
        pass
    before = row_counts()
    for agent in (house.ben, house.mallory, house.vera):
        client = client_of(agent)
        assert client.get(f"/bulk/{job.pk}/missing/").status_code == 404
        assert client.post(f"/bulk/{job.pk}/complete/", {f"field-{needed.pk}": "Us"}).status_code in (403, 404)
    assert row_counts() == before
    Ticket.objects.filter(pk=ticket.pk).update(team=house.returns)
    client, before = client_of(house.olena), row_counts()  # triggers count the move
    assert client.get(f"/bulk/{job.pk}/progress/").json()["asks"] == ""
    assert client.post(f"/bulk/{job.pk}/complete/", {f"field-{needed.pk}": "Us"}).status_code == 422
    assert row_counts() == before and statuses(ticket) == ["open"] and said(ticket) == [None]
