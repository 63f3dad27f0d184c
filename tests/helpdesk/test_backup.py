"""A backup is whole or none, is proven by restoring it, and one that was cut off or changed is refused with its reason."""

from __future__ import annotations

import json
import shutil
import tarfile
from collections.abc import Callable, Iterator
from io import BytesIO, StringIO
from pathlib import Path

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.test import override_settings
from django.utils import timezone

from channels_inbound.models import Mailbox
from events.models import Event
from helpdesk.backup import archive, files, keys
from helpdesk.backup.archive import BackupError, Manifest
from helpdesk.backup.making import forget_old, make_backup
from helpdesk.backup.restoring import restore_backup
from helpdesk.backup.verifying import verify_backup
from helpdesk.events import HOUSE
from people.credentials import encrypt
from people.storage import attachments_storage, blob_name
from tests.people import House, make_house, open_ticket
from tickets import actions
from tickets.models import Attachment

pytestmark = pytest.mark.django_db(transaction=True)
OTHER_KEY = "kK2Zb1oQ5i2cYxAXuvwDTR1u8y4b9H0nVdfG3hJ4kLM="


@pytest.fixture
def house() -> House:
    return make_house()


@pytest.fixture
def attachment(house: House) -> Iterator[Attachment]:
    ticket = open_ticket(house.channel)
    made = actions.upload_attachment(ticket.pk, by=house.olena, upload=BytesIO(b"%PDF label"), filename="label.pdf")
    yield made
    attachments_storage().delete(blob_name(made.sha256))


@pytest.fixture
def mailbox(house: House) -> Mailbox:
    return Mailbox.objects.create(
        channel=house.channel, host="imap.example", username="shop", secret=encrypt({"password": "x"})
    )


@pytest.fixture
def made(attachment: Attachment, mailbox: Mailbox, tmp_path: Path) -> Path:
    return make_backup(tmp_path / "kept", at=timezone.now())


def own_secret() -> list[str]:
    return keys.own_keys().secret


def house_events() -> list[str]:
    stream = Event.objects.filter(stream_type=HOUSE[0], stream_id=HOUSE[1])
    return list(stream.order_by("sequence").values_list("kind", flat=True))


def test_it_holds_everything_but_the_keys_and_restores(
    attachment: Attachment, mailbox: Mailbox, tmp_path: Path
) -> None:
    said = StringIO()
    call_command(
        "backup", str(tmp_path / "kept"), "--verify", "--keys", str(tmp_path / "elsewhere" / "keys.json"), stdout=said
    )
    [made] = (tmp_path / "kept").iterdir()
    assert {path.name for path in made.iterdir()} == {archive.DATABASE, archive.FILES, archive.MANIFEST}
    assert "kinds of stored passwords opened: 1" in said.getvalue()
    assert house_events() == ["backup.made", "backup.verified"]
    manifest = archive.read(made, own_secret())
    assert manifest.rows["tickets_ticket"] == manifest.rows["tickets_attachment"] == 1
    assert manifest.files >= 1
    assert manifest.missing_files == 0
    everything = b"".join(path.read_bytes() for path in made.iterdir())
    for key in [*keys.own_keys().secret, *keys.own_keys().credentials]:
        assert key.encode() not in everything
    kept = tmp_path / "elsewhere" / "keys.json"
    assert keys.read_keys(kept) == keys.own_keys()
    assert kept.stat().st_mode & 0o777 == 0o600
    assert made.stat().st_mode & 0o777 == 0o700


def test_the_keys_are_inside_only_when_asked(attachment: Attachment, tmp_path: Path) -> None:
    made = make_backup(tmp_path, at=timezone.now(), keys_inside=True)
    assert keys.read_keys(made / "keys.json") == keys.own_keys()


def cut_off(folder: Path) -> None:
    path = folder / archive.DATABASE
    path.write_bytes(path.read_bytes()[:-100])


def change_a_byte(folder: Path) -> None:
    path = folder / archive.DATABASE
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def lose_the_files(folder: Path) -> None:
    (folder / archive.FILES).unlink()


def lose_the_manifest(folder: Path) -> None:
    (folder / archive.MANIFEST).unlink()


def cut_the_manifest(folder: Path) -> None:
    path = folder / archive.MANIFEST
    path.write_text(path.read_text()[:-20])


def change_hash_and_manifest(folder: Path) -> None:
    """What somebody would do who knows how it is made, and has no key."""
    change_a_byte(folder)
    path = folder / archive.MANIFEST
    said = json.loads(path.read_text())
    said["parts"][archive.DATABASE] = archive.describe(folder / archive.DATABASE)
    path.write_text(json.dumps(said))


def of_another_format(folder: Path) -> None:
    path = folder / archive.MANIFEST
    path.write_text(json.dumps(json.loads(path.read_text()) | {"format": 99}))


@pytest.mark.parametrize(
    ("harm", "reason"),
    [
        (cut_off, "cut off or changed"),
        (change_a_byte, "its SHA-256 differs"),
        (lose_the_files, "files.tar is missing"),
        (lose_the_manifest, "never finished"),
        (cut_the_manifest, "cannot be read"),
        (change_hash_and_manifest, "was changed, or sealed with a secret key that is not here"),
        (of_another_format, "another format"),
    ],
)
def test_what_is_not_whole_is_refused_with_its_reason(made: Path, harm: Callable[[Path], None], reason: str) -> None:
    harm(made)
    with pytest.raises(BackupError, match=reason):
        verify_backup(made)
    with pytest.raises(BackupError, match=reason):
        restore_backup(made, given=None, replace=True)
    assert Attachment.objects.count() == 1


def test_a_database_somebody_works_in_is_not_replaced_unasked(made: Path) -> None:
    with pytest.raises(CommandError, match="not empty"):
        call_command("restore", str(made))
    assert Attachment.objects.count() == 1


def resealed(folder: Path, **changes: object) -> None:
    said = json.loads((folder / archive.MANIFEST).read_text())
    said.pop("seal")
    archive.seal_and_write(folder, Manifest(**said | changes), own_secret()[0])


def test_one_of_a_newer_version_is_refused(made: Path) -> None:
    resealed(made, migrations={"tickets": ["9999_from_the_future"]}, version="9.9")
    with pytest.raises(BackupError, match=r"another version \(9.9\): tickets.9999_from_the_future"):
        restore_backup(made, given=None, replace=True)


def test_a_dump_that_lost_rows_does_not_pass(made: Path) -> None:
    rows = archive.read(made, own_secret()).rows
    resealed(made, rows=rows | {"tickets_ticket": 2})
    with pytest.raises(BackupError, match="tickets_ticket has 1 rows instead of 2"):
        verify_backup(made)


def test_a_dump_without_its_newest_ticket_does_not_pass(made: Path) -> None:
    resealed(made, newest_ticket_at="2030-01-01T00:00:00+00:00")
    with pytest.raises(BackupError, match="newest ticket"):
        verify_backup(made)


def with_other_files(folder: Path, content: bytes | None, name: str) -> None:
    with tarfile.open(folder / archive.FILES, "w") as tar:
        if content is not None:
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, BytesIO(content))
    parts = json.loads((folder / archive.MANIFEST).read_text())["parts"]
    resealed(folder, parts=parts | {archive.FILES: archive.describe(folder / archive.FILES)})


def test_an_attachment_that_is_gone_or_changed_does_not_pass(made: Path, attachment: Attachment) -> None:
    with_other_files(made, None, "")
    with pytest.raises(BackupError, match=f"1 attachments are not in it .*{attachment.sha256}"):
        verify_backup(made)
    with_other_files(made, b"other bytes", blob_name(attachment.sha256))
    with pytest.raises(BackupError, match=f"{attachment.sha256} is not what it was"):
        verify_backup(made)


@pytest.mark.parametrize("name", ["../../etc/cron.d/ours", "/etc/passwd"])
def test_files_that_lead_elsewhere_are_refused(tmp_path: Path, name: str) -> None:
    with tarfile.open(tmp_path / "files.tar", "w") as tar:
        tar.addfile(tarfile.TarInfo(name))
    with pytest.raises(BackupError, match="no backup of ours"):
        files.restore_files(tmp_path / "files.tar")


def test_passwords_that_no_key_opens_are_told(made: Path) -> None:
    with override_settings(CREDENTIALS_KEYS=[OTHER_KEY]):
        with pytest.raises(BackupError, match="do not open the passwords of channels_inbound_mailbox"):
            verify_backup(made)
        with pytest.raises(BackupError, match="None of its keys"):
            restore_backup(made, given=None, replace=True)


def test_the_file_of_keys_opens_what_another_machine_cannot(made: Path, tmp_path: Path) -> None:
    keys.write_keys(tmp_path / "keys.json", keys.own_keys())
    with override_settings(SECRET_KEY="another" * 10, CREDENTIALS_KEYS=[OTHER_KEY]):
        with pytest.raises(CommandError, match="sealed with a secret key"):
            call_command("restore", str(made), "--verify")
        call_command("restore", str(made), "--verify", "--keys", str(tmp_path / "keys.json"), stdout=StringIO())
    assert house_events() == ["backup.unsound", "backup.verified"]


def test_one_that_fails_leaves_nothing_and_is_told(tmp_path: Path) -> None:
    (tmp_path / "kept").write_text("a file where a folder should be")
    with pytest.raises(CommandError, match="cannot be written"):
        call_command("backup", str(tmp_path / "kept"))
    assert house_events() == ["backup.failed"]
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]


def test_old_ones_are_removed_and_unfinished_ones_left(tmp_path: Path) -> None:
    names = [f"helpdesk-2026010{day}T000000Z" for day in range(1, 5)]
    for name in names:
        (tmp_path / name).mkdir()
        (tmp_path / name / archive.MANIFEST).touch()
    (tmp_path / "helpdesk-20250101T000000Z").mkdir()
    assert forget_old(tmp_path, 2) == names[:2]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["helpdesk-20250101T000000Z", *names[2:]]
    assert archive.newest(tmp_path).name == names[-1]
    shutil.rmtree(tmp_path / names[2])
