"""A customer's data as one file: all of theirs, nothing of others, for a week, each download on record."""

from __future__ import annotations

import io
import json
import zipfile
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.files.storage import storages
from django.utils import timezone

from events.models import AuditEntry, Event
from people.permissions import PermissionDenied
from privacy import erasing, exporting
from privacy.models import CustomerExport, JobState
from tests.people import House, receive, signed_in

from .test_erasing import ADDRESS, WORD, fill, house

pytestmark = pytest.mark.django_db
__all__ = ["house"]


def archive_of(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def test_everything_of_theirs_and_nothing_of_others(house: House) -> None:
    customer = fill(house)
    receive(house.channel)
    job = exporting.start_export(customer, by=house.adam)
    assert exporting.start_export(customer, by=house.adam) == job
    assert exporting.work_exports() == 1
    client = signed_in(house.adam)
    assert b"Download" in client.get(f"/customers/{customer.pk}/privacy/").content
    answer = client.get(f"/exports/{job.public_id}/")
    found = archive_of(b"".join(answer.streaming_content))  # type: ignore[attr-defined]
    assert {"customer.json", "addresses.json", "orders.json", "survey_answers.json", "notes.json"} <= set(found)
    assert ADDRESS in {one["value"] for one in json.loads(found["addresses.json"])}
    assert json.loads(found["orders.json"])[0]["total"] == 1000
    assert [name for name, content in found.items() if name.startswith("files/") and WORD.encode() in content]
    assert [name for name, content in found.items() if name.startswith("mails/") and ADDRESS.encode() in content]
    tickets = [json.loads(content) for name, content in found.items() if name.startswith("tickets/")]
    assert {"inbound", "outbound", "note"} <= {message["kind"] for one in tickets for message in one["messages"]}
    assert not [name for name, content in found.items() if b"zoe@customer.example" in content]
    noted = AuditEntry.objects.get(kind="exported")
    assert (noted.actor_id, noted.what) == (house.adam.pk, f"customer {customer.pk}")
    kinds = Event.objects.filter(stream_type="customer", stream_id=customer.pk, kind__startswith="customer.export")
    assert list(kinds.order_by("id").values_list("kind", flat=True)) == ["customer.export_asked", "customer.exported"]


def test_it_is_there_for_a_week(house: House) -> None:
    job = exporting.start_export(fill(house), by=house.adam)
    exporting.work_exports()
    later = timezone.now() + timedelta(days=7, minutes=1)
    assert exporting.sweep_exports() == 0
    assert exporting.open_export(job.public_id, by=house.adam, at=later) is None
    assert exporting.sweep_exports(at=later) == 1
    assert not storages["attachments"].exists(f"exports/{job.public_id}.zip")
    assert signed_in(house.adam).get(f"/exports/{job.public_id}/").status_code == 404


def test_what_breaks_is_tried_again_and_made_whole(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    job = exporting.start_export(fill(house), by=house.adam)

    def break_down(*args: object) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr(exporting, "write_contents", break_down)
    assert exporting.work_exports() == 0
    job.refresh_from_db()
    assert (job.state, job.attempts, job.stored_as) == (JobState.WAITING, 1, "")
    monkeypatch.undo()
    assert exporting.work_exports(at=timezone.now() + timedelta(hours=1)) == 1


def test_an_erasure_takes_it_along(house: House) -> None:
    customer = fill(house)
    exporting.start_export(customer, by=house.adam)
    exporting.work_exports()
    erasing.start_erasure(customer, by=house.adam)
    assert erasing.work_erasures() == 1
    assert not list(Path(storages["attachments"].path("exports")).iterdir())
    assert CustomerExport.objects.get().stored_as == ""


def test_one_that_is_just_being_made_is_of_nobody_once_they_are_erased(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    customer = fill(house)
    job = exporting.start_export(customer, by=house.adam)
    write = exporting._write

    def write_late(job: CustomerExport) -> int:
        size = write(job)
        erasing.start_erasure(customer, by=house.adam)
        assert erasing.work_erasures() == 1
        storages["attachments"].save(f"exports/{job.public_id}.zip", io.BytesIO(WORD.encode()))
        return size

    monkeypatch.setattr(exporting, "_write", write_late)
    assert exporting.work_exports() == 0
    assert not list(Path(storages["attachments"].path("exports")).iterdir())
    assert exporting.open_export(job.public_id, by=house.adam) is None
    job.refresh_from_db()
    assert job.state == JobState.FAILED


@pytest.mark.parametrize("who", ["olena", "mallory", "vera"])
def test_nobody_else_may(house: House, who: str) -> None:
    customer, agent = fill(house), getattr(house, who)
    job = exporting.start_export(customer, by=house.adam)
    exporting.work_exports()
    with pytest.raises(PermissionDenied):
        exporting.start_export(customer, by=agent)
    with pytest.raises(PermissionDenied):
        exporting.open_export(job.public_id, by=agent)
    client = signed_in(agent)
    assert client.post(f"/customers/{customer.pk}/privacy/export/").status_code == 404
    assert client.get(f"/exports/{job.public_id}/").status_code == 404
    assert CustomerExport.objects.count() == 1
    assert not AuditEntry.objects.filter(kind="exported").exists()
