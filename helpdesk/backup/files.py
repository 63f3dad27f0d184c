"""The files' part: everything on the attachments' storage but the pictures we can make again."""

from __future__ import annotations

import hashlib
import io
import random
import tarfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage, Storage

from helpdesk.backup.archive import BackupError
from people.storage import attachments_storage, blob_name, store_blob

MADE_AGAIN = "pictures/"
SAMPLE = 50


def write_files(target: Path) -> set[str]:
    """All of storage as one tar; the names in it. A file that vanishes meanwhile was nobody's."""
    storage = attachments_storage()
    names: set[str] = set()
    with tarfile.open(target, "w") as archive:
        for name in sorted(_names(storage)):
            try:
                with storage.open(name, "rb") as file:
                    content = file.read()
            except FileNotFoundError:
                continue
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(content), 0o600
            archive.addfile(entry, io.BytesIO(content))
            names.add(name)
    return names


def missing(database: psycopg.Connection, names: set[str]) -> list[str]:
    """Attachments that rows name and storage does not hold."""
    rows = database.execute("SELECT DISTINCT sha256 FROM tickets_attachment")
    return [sha256 for (sha256,) in rows if blob_name(sha256) not in names]


def wrong_in_sample(database: psycopg.Connection, archived: Path, *, lost_before: int) -> str | None:
    """What is wrong with attachments chosen by chance, the newest among them; None when each is whole."""
    with tarfile.open(archived, "r:") as archive:
        present = {entry.name: entry for entry in archive}
        lost = missing(database, set(present))
        if len(lost) > lost_before:
            return f"{len(lost)} attachments are not in it (the first: {lost[0]})"
        rows = [sha256 for (sha256,) in database.execute("SELECT sha256 FROM tickets_attachment ORDER BY id")]
        held = [sha256 for sha256 in rows if blob_name(sha256) in present]
        for sha256 in {*held[-5:], *random.SystemRandom().sample(held, min(SAMPLE, len(held)))}:
            content = archive.extractfile(present[blob_name(sha256)])
            if content is None or hashlib.sha256(content.read()).hexdigest() != sha256:
                return f"attachment {sha256} is not what it was"
    return None


def restore_files(archived: Path) -> int:
    """Put every file where it was; those that are there already are left. How many were put there."""
    storage, put = attachments_storage(), 0
    with tarfile.open(archived, "r:") as archive:
        for entry in archive:
            _refuse_odd(entry)
            content = archive.extractfile(entry)
            if content is not None and _put(storage, entry.name, content.read()):
                put += 1
    return put


def _put(storage: Storage, name: str, content: bytes) -> bool:
    sha256 = name.rsplit("/", 1)[-1]
    if len(sha256) == 64 and name == blob_name(sha256):
        if hashlib.sha256(content).hexdigest() != sha256:
            raise BackupError(f"attachment {sha256} is not what it was")
        store_blob(content)
        return True
    if storage.exists(name):
        return False
    storage.save(name, ContentFile(content))
    return True


def _refuse_odd(entry: tarfile.TarInfo) -> None:
    """We write plain files with relative names; anything else was put there by somebody else."""
    if not entry.isreg() or entry.name.startswith("/") or ".." in Path(entry.name).parts:
        raise BackupError(f"files.tar holds {entry.name!r}, which no backup of ours would.")


def _names(storage: Storage) -> Iterator[str]:
    if isinstance(storage, FileSystemStorage):
        base = Path(storage.base_location)
        found: Iterator[str] = (path.relative_to(base).as_posix() for path in base.rglob("*") if path.is_file())
    else:
        found = _listed(storage, "")
    # `name.random` is a blob that is being written.
    return (name for name in found if not name.startswith(MADE_AGAIN) and not _is_half_written(name))


def _listed(storage: Storage, folder: str) -> Iterator[str]:
    folders, files = storage.listdir(folder)
    yield from (f"{folder}{name}" for name in files)
    for name in folders:
        if name:
            yield from _listed(storage, f"{folder}{name}/")


def _is_half_written(name: str) -> bool:
    stem, _, rest = name.rsplit("/", 1)[-1].partition(".")
    return len(stem) == 64 and bool(rest)
