"""Whether a backup can be restored: it is, into a server that is thrown away, and looked at there."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from django.apps import apps
from django.conf import settings
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from helpdesk.backup import archive, database, files
from helpdesk.backup.archive import BackupError, Manifest
from helpdesk.backup.keys import Keys, both
from helpdesk.runtime.faults import Fault
from helpdesk.runtime.postgres import Postgres


def verify_backup(folder: Path, *, keys: Keys | None = None, scratch_url: str = "") -> dict[str, Any]:
    """Restore it into a scratch database and compare; what was looked at. Raises BackupError with what is wrong."""
    known = both(keys)
    manifest = archive.read(folder, known.secret)
    with _scratch(scratch_url) as server:
        database.load(server, folder / archive.DATABASE, privileges=False)
        with psycopg.connect(**server, connect_timeout=5) as restored:
            _compare(restored, manifest)
            if gap := database.gap_in_ledger(restored):
                raise BackupError(f"The ledger has a gap in its stream {gap}.")
            if fault := files.wrong_in_sample(restored, folder / archive.FILES, lost_before=manifest.missing_files):
                raise BackupError(f"Files: {fault}.")
            opened = _open_one_secret(restored, known)
    return {"tables": len(manifest.rows), "rows": sum(manifest.rows.values()), "files": manifest.files, **opened}


def _compare(restored: psycopg.Connection, manifest: Manifest) -> None:
    found = database.facts_of(restored)
    for table, rows in manifest.rows.items():
        if found["rows"].get(table) != rows:
            raise BackupError(f"{table} has {found['rows'].get(table)} rows instead of {rows}.")
    if found["newest_ticket_at"] != manifest.newest_ticket_at:
        raise BackupError(f"The newest ticket is of {found['newest_ticket_at']}, not of {manifest.newest_ticket_at}.")
    if found["migrations"] != manifest.migrations:
        raise BackupError("Its migrations are not those the manifest names.")


def _open_one_secret(restored: psycopg.Connection, known: Keys) -> dict[str, Any]:
    """Each kind of stored password must open, or its mailboxes and shops are dumb after a restore."""
    opened = 0
    for model in (model for model in apps.get_models() if getattr(model, "holds_credentials", False)):
        table = model._meta.db_table
        query = sql.SQL("SELECT secret FROM {} WHERE secret <> '' ORDER BY 1 LIMIT 1").format(sql.Identifier(table))
        for (secret,) in restored.execute(query):
            if not known.open(secret):
                raise BackupError(f"The keys given do not open the passwords of {table}: they belong to another time.")
            opened += 1
    return {"secrets": opened}


@contextmanager
def _scratch(url: str) -> Iterator[database.Server]:
    """An empty database that nobody will miss: the one given, or a server of our own that ends with us."""
    if url:
        given: database.Server = {name: value for name, value in conninfo_to_dict(url).items() if value is not None}
        if not database.is_empty(given):
            raise BackupError("The scratch database is not empty.")
        yield given
        return
    home = settings.DATA_DIR / f"scratch-{secrets.token_hex(4)}"
    server = Postgres(home, password=secrets.token_urlsafe(16), durable=False)
    try:
        server.start()
        yield {name: value for name, value in conninfo_to_dict(server.url).items() if value is not None}
    except Fault as fault:
        raise BackupError(f"No scratch database: {fault.cause} Name one with --scratch-url.") from fault
    finally:
        server.stop()
        shutil.rmtree(home, ignore_errors=True)
