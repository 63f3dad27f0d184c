"""One backup on disk: a folder of parts and a sealed manifest that says what each must be.

    helpdesk-20261130T001500Z/
        database.dump     pg_dump's custom format
        files.tar         attachments and imported files, as they lie on storage
        manifest.json     hashes, versions, row counts of the same moment, and a seal by our secret key

It is written under another name and renamed when it is whole, so a folder of this name was finished.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Collection
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from django.utils.crypto import salted_hmac

FORMAT = 1
PREFIX = "helpdesk-"
MANIFEST, DATABASE, FILES = "manifest.json", "database.dump", "files.tar"
PARTS = (DATABASE, FILES)
_CHUNK = 1024 * 1024


class BackupError(Exception):
    """A backup that cannot be made, trusted or restored; the text says why."""


@dataclass(frozen=True)
class Manifest:
    """What a backup holds. `rows` counts each table, `migrations` is the last of each app, `keys` are fingerprints."""

    taken_at: str
    version: str
    postgresql: str
    rows: dict[str, int]
    newest_ticket_at: str | None
    migrations: dict[str, list[str]]
    keys: list[str]
    files: int
    missing_files: int
    parts: dict[str, dict[str, Any]] = field(default_factory=dict)
    format: int = FORMAT


def seal_and_write(folder: Path, manifest: Manifest, secret_key: str) -> None:
    """The manifest goes last: without it a folder is no backup."""
    said = asdict(manifest)
    said["seal"] = _seal(said, secret_key)
    (folder / MANIFEST).write_text(json.dumps(said, indent=1, sort_keys=True))


def read(folder: Path, secret_keys: Collection[str]) -> Manifest:
    """The manifest, once every part is what it says; raises BackupError with what is wrong otherwise."""
    manifest = _read_manifest(folder, secret_keys)
    for name in PARTS:
        path, said = folder / name, manifest.parts.get(name)
        if said is None or not path.exists():
            raise BackupError(f"{name} is missing: the backup is not whole.")
        if path.stat().st_size != said["size"]:
            raise BackupError(f"{name} has {path.stat().st_size} bytes instead of {said['size']}: cut off or changed.")
        if hash_of(path) != said["sha256"]:
            raise BackupError(f"{name} is not what was written: its SHA-256 differs.")
    return manifest


def _read_manifest(folder: Path, secret_keys: Collection[str]) -> Manifest:
    try:
        said = json.loads((folder / MANIFEST).read_text())
    except FileNotFoundError:
        raise BackupError(f"{folder} holds no {MANIFEST}: it is no backup, or one that was never finished.") from None
    except ValueError:
        raise BackupError(f"{MANIFEST} cannot be read: it was cut off or changed.") from None
    if not isinstance(said, dict) or said.get("format") != FORMAT:
        raise BackupError(f"{MANIFEST} is of another format than {FORMAT}: restore it with the version that made it.")
    seal = str(said.pop("seal", ""))
    if not any(hmac.compare_digest(seal, _seal(said, key)) for key in secret_keys if key):
        raise BackupError(
            f"{MANIFEST} was changed, or sealed with a secret key that is not here: name the file of keys with --keys."
        )
    return Manifest(**said)


def newest(place: Path) -> Path:
    """The backup meant by this path: itself, or the newest of those in it."""
    if (place / MANIFEST).exists() or place.name.startswith(PREFIX):
        return place
    found = sorted(path for path in place.glob(f"{PREFIX}*Z") if (path / MANIFEST).exists())
    if not found:
        raise BackupError(f"There is no backup in {place}.")
    return found[-1]


def describe(path: Path) -> dict[str, Any]:
    """Size in bytes and SHA-256 of a part, as the manifest keeps them."""
    return {"size": path.stat().st_size, "sha256": hash_of(path)}


def hash_of(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def _seal(said: dict[str, Any], secret_key: str) -> str:
    text = json.dumps(said, sort_keys=True)
    return salted_hmac("helpdesk.backup.manifest", text, secret=secret_key, algorithm="sha256").hexdigest()
