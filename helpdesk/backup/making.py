"""Making a backup while the helpdesk works."""

from __future__ import annotations

import os
import shutil
from datetime import UTC, datetime
from pathlib import Path

from helpdesk import environment
from helpdesk.backup import archive, database, files, keys
from helpdesk.backup.archive import BackupError, Manifest


def make_backup(place: Path, *, at: datetime, keys_file: Path | None = None, keys_inside: bool = False) -> Path:
    """A new backup in this folder; its own folder's path. Nothing is left of one that could not be finished.

    Rows and counts are of one moment. Files are read after it: a file is stored before the row that names it and kept
    a day after the last such row went, so what the rows name is there.
    """
    own = keys.own_keys()
    name = f"{archive.PREFIX}{at.astimezone(UTC):%Y%m%dT%H%M%SZ}"
    final, growing = place / name, place / f".{name}.{os.getpid()}.partial"
    if keys_file is not None and not keys_inside and final in [keys_file.resolve(), *keys_file.resolve().parents]:
        raise BackupError("The file of keys would lie in the backup itself.")
    try:
        growing.mkdir(parents=True, mode=0o700)
        manifest = _write_parts(growing, at, own)
        if keys_inside:
            keys.write_keys(growing / "keys.json", own)
        archive.seal_and_write(growing, manifest, own.secret[0])
        _sync(growing)
        growing.rename(final)
    except OSError as error:
        raise BackupError(f"The backup cannot be written to {place}: {error.strerror}.") from error
    finally:
        shutil.rmtree(growing, ignore_errors=True)
    if keys_file is not None:
        keys.write_keys(keys_file, own)
    return final


def _write_parts(folder: Path, at: datetime, own: keys.Keys) -> Manifest:
    server = database.own_server()
    with database.snapshot(server) as (seen, snapshot_name):
        facts = database.facts_of(seen)
        database.dump(server, folder / archive.DATABASE, snapshot_name)
        names = files.write_files(folder / archive.FILES)
        missing = files.missing(seen, names)
        version = seen.info.server_version
    return Manifest(
        taken_at=at.astimezone(UTC).isoformat(),
        version=environment.version(),
        postgresql=f"{version // 10_000}.{version % 10_000}",
        keys=own.fingerprints,
        files=len(names),
        missing_files=len(missing),
        parts={part: archive.describe(folder / part) for part in archive.PARTS},
        **facts,
    )


def forget_old(place: Path, keep: int) -> list[str]:
    """Remove finished backups of this folder but the newest `keep`; their names."""
    found = sorted(path for path in place.glob(f"{archive.PREFIX}*Z") if (path / archive.MANIFEST).exists())
    old = found[:-keep] if keep else []
    for path in old:
        shutil.rmtree(path)
    return [path.name for path in old]


def _sync(folder: Path) -> None:
    """On disk before it has its name: a power cut leaves a whole backup or none."""
    for path in [*folder.iterdir(), folder]:
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
