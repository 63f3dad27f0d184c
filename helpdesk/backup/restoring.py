"""Putting a backup in place of what is there."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings
from django.db import connection
from django.db.migrations.loader import MigrationLoader

from helpdesk.backup import archive, database, files, keys
from helpdesk.backup.archive import BackupError, Manifest
from helpdesk.upgrade import migrate_patiently


def restore_backup(folder: Path, *, given: keys.Keys | None, replace: bool) -> Manifest:
    """Restore the database in one transaction, and every file before it; then bring it up to this version.

    Refused before anything is touched: a backup that is not whole, one of a newer version, a database somebody has
    worked in (unless `replace`), processes that are at work.
    """
    known = keys.both(given)
    manifest = archive.read(folder, known.secret)
    _refuse_newer(manifest)
    _refuse_other_keys(manifest, known)
    server = database.own_server()
    if not replace and not database.is_empty(server):
        raise BackupError("The database is not empty. --replace puts the backup in place of all that is in it.")
    if at_work := database.processes_at_work(server):
        raise BackupError(f"Stop {', '.join(at_work)} first: they work in the database that would be replaced.")
    connection.close()
    files.restore_files(folder / archive.FILES)
    database.load(server, folder / archive.DATABASE, privileges=True)
    if given and not settings.PRODUCTION:
        keys.keep_on_this_machine(given)
    migrate_patiently()
    return manifest


def _refuse_newer(manifest: Manifest) -> None:
    ours = set(MigrationLoader(None).disk_migrations or ())
    unknown = [f"{app}.{name}" for app, names in manifest.migrations.items() for name in names
               if (app, name) not in ours]  # fmt: skip
    if unknown:
        raise BackupError(f"It was made by another version ({manifest.version}): {unknown[0]} is not known here.")


def _refuse_other_keys(manifest: Manifest, known: keys.Keys) -> None:
    if manifest.keys and not set(manifest.keys) & set(known.fingerprints):
        raise BackupError(
            "None of its keys for stored passwords is here. Name the file of keys with --keys, or set "
            "HELPDESK_CREDENTIALS_KEYS to those it was made with."
        )
