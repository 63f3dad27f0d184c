"""Files by content: written and synced before the row that names them, found again by their hash.

The same bytes are kept once. A blob without a row (its transaction failed) is swept after a day; a row without a
blob cannot come to be, because the row is written last.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO

from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage, Storage, storages

KEEP_UNREFERENCED_SECONDS = 24 * 3600


def attachments_storage() -> Storage:
    """The storage of attachments; a setting decides where it is."""
    return storages["attachments"]


def blob_name(sha256: str) -> str:
    """Where a blob lies. Takes nothing but a hash, so no path can come from a file name."""
    if len(sha256) != 64 or not set(sha256) <= set("0123456789abcdef"):
        raise ValueError("not a sha256")
    return f"{sha256[:2]}/{sha256[2:4]}/{sha256}"


def store_blob(content: bytes) -> str:
    """Keep the bytes durably and return their hash; the same bytes again cost one look."""
    sha256 = hashlib.sha256(content).hexdigest()
    store_named(blob_name(sha256), content)
    return sha256


def store_named(name: str, content: bytes) -> None:
    """Keep the bytes durably under a name of ours, which never means other bytes."""
    storage = attachments_storage()
    if isinstance(storage, FileSystemStorage):
        _write_synced(Path(storage.path(name)), content)
    elif not storage.exists(name):
        storage.save(name, ContentFile(content))


def open_blob(sha256: str) -> IO[bytes]:
    """The bytes again, as a file. Raises FileNotFoundError if they are gone."""
    return attachments_storage().open(blob_name(sha256), "rb")


def delete_unreferenced_blobs(referenced: Iterator[str] | set[str], *, now: float | None = None) -> int:
    """Remove local blobs that no row names and nobody stored within the last day; how many."""
    storage = attachments_storage()
    if not isinstance(storage, FileSystemStorage):
        return 0  # object stores have life-cycle rules for this
    known, deadline = set(referenced), (now or time.time()) - KEEP_UNREFERENCED_SECONDS
    removed = 0
    for path in Path(storage.base_location).glob("??/??/*"):
        if path.name.split(".")[0] in known:
            continue
        # store_blob touches what it finds, so a blob that is just being used again is young.
        with suppress(FileNotFoundError):
            if path.stat().st_mtime < deadline:
                path.unlink()
                removed += 1
    return removed


def _write_synced(path: Path, content: bytes) -> None:
    if path.exists() and path.stat().st_size == len(content):
        os.utime(path)
        return
    made = not path.parent.exists()
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f"{path.name}.{secrets.token_hex(6)}")
    try:
        with fresh.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    except BaseException:
        fresh.unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)
    if made:  # a new folder is an entry of the folder above, and that one may be new too
        _sync_folder(path.parent.parent)
        _sync_folder(path.parent.parent.parent)


def _sync_folder(folder: Path) -> None:
    """Make the rename itself survive a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
