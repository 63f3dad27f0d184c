"""Jobs on many tickets as their agent sees them: the number beforehand, stopped, listed, taken back."""

from __future__ import annotations

from uuid import uuid4

import pytest
from django.test import Client

from events.models import Event
from people.models import Agent
from tests.people import NOW, House, make_house, open_ticket, row_counts
from tickets import actions
from tickets.actions import bulk
from tickets.errors import NotFound
from tickets.inbox import pages
from tickets.models import BulkJob, BulkPhase, Status, Ticket

pytestmark = pytest.mark.django_db


@pytest.fixture
def house() -> House:
    return make_house()


def client_of(agent: Agent) -> Client:
    client = Client()
    client.force_login(agent)
    return client


def half_done(house: House, monkeypatch: pytest.MonkeyPatch) -> BulkJob:
    monkeypatch.setattr(bulk, "BATCH", 2)
    ids = [open_ticket(house.channel).pk for _ in range(5)]
    chosen = actions.Selection(ids=ids)
    job = actions.start_bulk(chosen, by=house.olena, do="status", value="solved", client_id=uuid4(), at=NOW)
    actions.work_bulk(at=NOW)
    return job


def finish() -> None:
    while actions.work_bulk(at=NOW):
        pass


def solved() -> int:
    return Ticket.objects.filter(status=Status.SOLVED).count()


def test_a_stopped_job_keeps_what_is_done_until_it_is_taken_back(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    job = half_done(house, monkeypatch)
    client = client_of(house.olena)

    for _ in range(2):
        answer = client.post(f"/bulk/{job.pk}/stop/").json()
        assert (answer["phase"], answer["over"]) == ("stopped", True)
        assert answer["words"] == "2 tickets were changed. 3 were left as they are."
    finish()
    assert solved() == 2
    kinds = list(Event.objects.filter(stream_type="bulk").values_list("kind", flat=True))
    assert kinds == ["bulk.started", "bulk.stopped"]
    page = client.get(f"/bulk/{job.pk}/").content.decode()
    assert "Stopped before its turn came." in page and 'name="undo"' in page

    assert client.post(f"/bulk/{job.pk}/", {"undo": "1"}).headers["Location"] == f"/bulk/{job.pk}/"
    finish()
    assert solved() == 0
    assert 'name="undo"' not in client.get(f"/bulk/{job.pk}/").content.decode()


def test_nobody_stops_or_lists_the_job_of_another(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    job = half_done(house, monkeypatch)
    before = row_counts()
    for agent in (house.ben, house.mallory, house.vera, house.adam):
        client = client_of(agent)
        assert client.post(f"/bulk/{job.pk}/", {"stop": "1"}).status_code == 404
        assert client.post(f"/bulk/{job.pk}/stop/").status_code in (403, 404)
        assert f"/bulk/{job.pk}/" not in client.get("/bulk/jobs/").content.decode()
    with pytest.raises(NotFound):
        actions.stop_bulk(job.pk, by=house.ben)
    job.refresh_from_db()
    assert (job.phase, row_counts()) == (BulkPhase.DOING, before)


def test_the_list_says_what_was_done_and_how_far_it_is(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    job = half_done(house, monkeypatch)
    client = client_of(house.olena)
    page = client.get("/bulk/jobs/").content.decode()
    assert "Status set: Solved" in page and "2 of 5 done" in page and 'name="stop"' in page
    finish()
    page = client.get("/bulk/jobs/").content.decode()
    assert "5 tickets were changed." in page and f'href="/bulk/{job.pk}/"' in page and 'name="undo"' in page


def test_all_in_a_view_are_counted_to_the_last(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(3):
        actions.set_status(open_ticket(house.channel).pk, by=house.olena, status="solved")
    actions.set_status(open_ticket(house.other_channel).pk, by=house.mallory, status="solved")
    client = client_of(house.olena)
    assert client.get("/inbox/solved/count/").json() == {"count": "3"}
    assert client.get("/inbox/spam/count/").json() == {"count": "0"}
    assert client.get("/inbox/nothing/count/").status_code == 404
    monkeypatch.setattr(pages, "MOST", 2)
    assert client.get("/inbox/solved/count/").json() == {"count": "2+"}
