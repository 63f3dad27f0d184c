"""What outlives a restored backup: that somebody was erased. Public ids and nothing else.

A mark is a line of a file in the data folder, and an object of its own in the store of attachments: the folder may go
with its container, the store with its disk. What a backup of the files holds of them is added to what is there.
"""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.core.files.storage import FileSystemStorage

from people.models import Customer
from people.storage import attachments_storage, store_named

from .models import Erasure, JobState

FOLDER = "erasures"


def marks_path() -> Path:
    """One line an erasure, beside the database and in none of its backups."""
    return Path(settings.DATA_DIR) / "erasures.jsonl"


def write_mark(erasure: Erasure) -> None:
    """Keep it in both places. The same mark twice does no harm. OSError when the place that lasts refuses it."""
    line = _line(erasure.public_id, customers_of(erasure))
    store_named(_name(erasure.public_id), line.encode())
    try:
        _append(line)
    except OSError:
        # Where files lie in an object store, the data folder is nothing that lasts, and may not even be writable.
        if isinstance(attachments_storage(), FileSystemStorage):
            raise


def _line(erasure: UUID, customers: Iterable[UUID]) -> str:
    return json.dumps({"erasure": str(erasure), "customers": [str(one) for one in customers]})


def _append(line: str) -> None:
    handle = os.open(marks_path(), os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        end = os.lseek(handle, 0, os.SEEK_END)
        torn = end and os.pread(handle, 1, end - 1) != b"\n"  # by a full disk or a cut, and it must not take this one
        content = (b"\n" if torn else b"") + line.encode() + b"\n"
        if os.write(handle, content) < len(content):
            raise OSError(errno.ENOSPC, "the mark could not be written whole")
        os.fsync(handle)
    finally:
        os.close(handle)


def marks(path: Path | None = None) -> Iterator[tuple[str, str]]:
    """Where each mark stands, and the mark: of this file, or of all places."""
    for file in (path,) if path else (marks_path(),):
        if path or file.exists():
            lines = enumerate(file.read_text(errors="replace").splitlines(), 1)
            yield from ((f"line {number}", line) for number, line in lines if line.strip())
    if path:
        return
    storage = attachments_storage()
    for name in sorted(_stored()):
        with storage.open(f"{FOLDER}/{name}", "rb") as file_there:
            yield f"{FOLDER}/{name}", file_there.read().decode(errors="replace")


def keep_mark(mark: dict[str, object], text: str) -> None:
    """Bring one that was read from a file into the store, where it may be missing."""
    with suppress(ValueError, KeyError, TypeError, AttributeError):
        store_named(_name(UUID(str(mark["erasure"]))), text.encode())


def unmarked() -> list[Erasure]:
    """Erasures that are done and of which the store knows nothing."""
    known = {name.removesuffix(".json") for name in _stored()}
    return [one for one in Erasure.objects.filter(state=JobState.DONE) if str(one.public_id) not in known]


def keep_known() -> None:
    """Bring the marks into the store that only this database has."""
    for one in unmarked():
        store_named(_name(one.public_id), _line(one.public_id, customers_of(one)).encode())


def customers_of(erasure: Erasure) -> Iterable[UUID]:
    """Whom it erased, by public id."""
    return Customer.objects.filter(pk__in=erasure.customers).order_by("pk").values_list("public_id", flat=True)


def _stored() -> list[str]:
    try:
        _folders, files = attachments_storage().listdir(FOLDER)
    except FileNotFoundError:
        return []
    return [name for name in files if name.endswith(".json")]


def _name(erasure: UUID) -> str:
    return f"{FOLDER}/{erasure}.json"
