"""Files of customers in an object store: stored, served, backed up and restored as from a folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from botocore.exceptions import ClientError
from django.conf import settings
from django.core.files.storage import Storage, storages
from django.core.files.storage.handler import StorageHandler
from django.test import Client, override_settings
from django.utils import timezone

from helpdesk import environment
from helpdesk.backup import archive, files
from helpdesk.backup.making import make_backup
from helpdesk.backup.verifying import verify_backup
from people.storage import blob_name, open_blob, store_blob
from privacy.erasing import replay_erasures, start_erasure, work_erasures
from privacy.marks import unmarked
from privacy.models import Erasure
from tests.helpdesk.test_backup import attachment, house
from tests.helpdesk.test_settings import PRODUCTION, manage
from tests.people import House, open_ticket
from tests.support import s3
from tickets.models import Attachment, Message

__all__ = ["attachment", "house"]


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Iterator[s3.Store]:
    """The attachments' storage as the variables make it, in a store of our own."""
    with s3.Store() as store:
        for name, value in (("BUCKET", s3.BUCKET), ("ENDPOINT", store.url), ("REGION", s3.REGION),
                            ("ACCESS_KEY", s3.ACCESS_KEY), ("SECRET_KEY", s3.SECRET_KEY)):  # fmt: skip
            monkeypatch.setenv(f"HELPDESK_S3_{name}", value)
        made = {**settings.STORAGES, "attachments": environment.attachments(settings.FILES_DIR)}
        with override_settings(STORAGES=made):
            yield store


def test_what_is_stored_is_found_by_its_hash_and_once(store: s3.Store) -> None:
    sha256 = store_blob(b"the label")
    assert store.objects == {blob_name(sha256): b"the label"}
    assert open_blob(sha256).read() == b"the label"
    puts = [seen for seen in store.seen if seen.startswith("PUT")]
    store_blob(b"the label")
    assert [seen for seen in store.seen if seen.startswith("PUT")] == puts
    assert store.refused == 0


def test_what_is_gone_is_gone_as_from_a_folder(store: s3.Store) -> None:
    with pytest.raises(FileNotFoundError):
        open_blob("0" * 64)


def test_a_wrong_key_is_refused_and_told(store: s3.Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(s3, "SECRET_KEY", "another")
    with pytest.raises(ClientError, match="403"):
        store_blob(b"the label")
    assert store.refused
    assert store.objects == {}


@pytest.mark.django_db(transaction=True)
def test_an_agent_gets_the_file_and_a_backup_holds_it(
    store: s3.Store, attachment: Attachment, client: Client, tmp_path: Path
) -> None:
    assert attachment.uploaded_by
    client.force_login(attachment.uploaded_by)
    answer = client.get(f"/files/{attachment.public_id}/")
    assert b"".join(answer.streaming_content) == b"%PDF label"  # type: ignore[attr-defined]

    made = make_backup(tmp_path, at=timezone.now())
    assert verify_backup(made)["files"] == 1
    store.objects.clear()
    assert files.restore_files(made / archive.FILES) == 1
    assert store.objects == {blob_name(attachment.sha256): b"%PDF label"}


@pytest.mark.django_db
def test_a_store_that_is_down_costs_the_file_and_no_row(store: s3.Store, house: object) -> None:
    store.down = True
    with pytest.raises(ClientError):
        store_blob(b"the label")
    assert Attachment.objects.count() == 0


def test_production_starts_with_it() -> None:
    given = {"HELPDESK_S3_BUCKET": "files", "HELPDESK_S3_ENDPOINT": "https://objects.example.com"}
    result = manage("shell", "-v", "0", "-c", "from people.storage import attachments_storage as s; print(s().bucket_name)", **PRODUCTION | given)  # fmt: skip
    assert result.stdout.strip() == "files", result.stderr


def test_without_a_bucket_files_lie_in_the_data_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("HELPDESK_S3_BUCKET", raising=False)
    made: Storage = StorageHandler({"attachments": environment.attachments(tmp_path)})["attachments"]
    assert made.path("x") == str(tmp_path / "attachments" / "x")
    assert storages["attachments"].path("x").endswith("attachments/x")


@pytest.mark.django_db
def test_an_erasure_is_marked_in_the_store_also_where_the_folder_takes_nothing(
    store: s3.Store, house: House, tmp_path: Path
) -> None:
    customer = open_ticket(house.channel).customer
    start_erasure(customer, by=house.adam)
    with override_settings(DATA_DIR=tmp_path / "that is not there"):
        assert work_erasures() == 1
        [name] = [name for name in store.objects if name.startswith("erasures/")]
        assert str(customer.public_id).encode() in store.objects[name]
        assert unmarked() == []
        Erasure.objects.all().delete()
        Message.objects.filter(ticket__customer=customer).update(text="It is back.")
        assert replay_erasures().again == 1
    assert not Message.objects.filter(ticket__customer=customer, text="It is back.").exists()
