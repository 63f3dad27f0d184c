"""The database's part: PostgreSQL's own programs, and what its rows must be."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import psycopg
from django.db import connection
from psycopg import sql

from helpdesk.backup.archive import BackupError
from helpdesk.runtime.binaries import postgres_bin
from helpdesk.runtime.faults import Fault

Server = dict[str, Any]  # what psycopg.connect takes
OUR_PROCESSES = ("web", "worker", "bulk", "beat", "mail")
_FRESH = "SET lock_timeout = '10s';\nDROP SCHEMA public CASCADE;\nCREATE SCHEMA public;\n"
_VARIABLES = {
    "host": "PGHOST", "port": "PGPORT", "user": "PGUSER", "password": "PGPASSWORD", "dbname": "PGDATABASE",
    "sslmode": "PGSSLMODE", "sslrootcert": "PGSSLROOTCERT", "sslcert": "PGSSLCERT", "sslkey": "PGSSLKEY",
}  # fmt: skip
TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename"
_GAPS = """
SELECT stream_type || ' ' || stream_id FROM events_event GROUP BY stream_type, stream_id
HAVING count(*) <> max(sequence) OR min(sequence) <> 1 LIMIT 1
"""


def own_server() -> Server:
    """Where this helpdesk's database is, without the limits that suit pages."""
    given = connection.get_connection_params()
    return {name: given[name] for name in _VARIABLES if given.get(name)}


@contextmanager
def snapshot(server: Server) -> Iterator[tuple[psycopg.Connection, str]]:
    """A view of one moment that others can share by its name; the system works on beside it."""
    with psycopg.connect(**server, connect_timeout=5, application_name="backup") as database:
        database.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        database.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
        database.execute("SET LOCAL statement_timeout = 0")
        [name] = database.execute("SELECT pg_export_snapshot()").fetchone() or [""]
        yield database, name


def facts_of(database: psycopg.Connection) -> dict[str, Any]:
    """What a restored copy must have again: rows by table, the newest ticket, the migrations."""
    tables = [name for (name,) in database.execute(TABLES)]
    rows = {}
    for table in tables:
        [rows[table]] = database.execute(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table))).fetchone()  # type: ignore[misc]
    if "tickets_ticket" not in rows:
        raise BackupError("This database holds no helpdesk.")
    [newest] = database.execute("SELECT max(opened_at) FROM tickets_ticket").fetchone() or [None]
    migrations: dict[str, list[str]] = {}
    for app, name in database.execute("SELECT app, name FROM django_migrations ORDER BY app, name"):
        migrations.setdefault(app, []).append(name)
    return {"rows": rows, "newest_ticket_at": newest.isoformat() if newest else None, "migrations": migrations}


def gap_in_ledger(database: psycopg.Connection) -> str | None:
    """A stream of events that misses one, or None."""
    found = database.execute(_GAPS).fetchone()
    return str(found[0]) if found else None


def dump(server: Server, target: Path, snapshot_name: str) -> None:
    """pg_dump of that moment."""
    _run([_program("pg_dump"), "--format=custom", f"--snapshot={snapshot_name}", f"--file={target}"], server)


def load(server: Server, dumped: Path, *, privileges: bool) -> None:
    """Put the dump in place of whatever the database holds, in one transaction: all of it, or nothing changes."""
    to_text = [_program("pg_restore"), "--no-owner", "--no-comments", "--file=-", str(dumped)]
    if not privileges:
        to_text.insert(1, "--no-privileges")
    into = [_program("psql"), "-X", "-q", "-v", "ON_ERROR_STOP=1", "--single-transaction", "-o", os.devnull, "-f", "-"]
    with psycopg.connect(**server, connect_timeout=5) as database:
        version = database.info.server_version
    with (
        tempfile.TemporaryFile() as said,
        subprocess.Popen(to_text, stdout=subprocess.PIPE, stderr=said) as reader,
        subprocess.Popen(into, stdin=subprocess.PIPE, stderr=said, env=_environment(server)) as writer,
    ):
        assert reader.stdout and writer.stdin
        try:
            _pour(reader.stdout, writer.stdin, version)
        except BrokenPipeError:
            reader.kill()
        finally:
            reader.stdout.close()
        codes = reader.wait(), writer.wait()
        said.seek(0)
        if any(codes):
            raise BackupError(f"The database could not be restored: {_last_words(said.read())}")
    with psycopg.connect(**server, connect_timeout=5, autocommit=True) as database:
        database.execute("ANALYZE")


def _pour(source: IO[bytes], sink: IO[bytes], version: int) -> None:
    try:
        sink.write(_FRESH.encode())
        head = source.read(4096)
        if version < 170_000:  # a parameter older servers do not know
            head = re.sub(rb"(?m)^SET transaction_timeout = .*;$", b"", head)
        sink.write(head)
        shutil.copyfileobj(source, sink, 1024 * 1024)
    finally:
        sink.close()


def is_empty(server: Server) -> bool:
    """Whether nobody has worked in it yet: no tables, or tables without people and tickets."""
    with psycopg.connect(**server, connect_timeout=5, autocommit=True) as database:
        tables = {name for (name,) in database.execute(TABLES)}
        for table in ("people_agent", "tickets_ticket", "events_event"):
            query = sql.SQL("SELECT EXISTS (SELECT 1 FROM {})").format(sql.Identifier(table))
            if table in tables and (database.execute(query).fetchone() or [False])[0]:
                return False
    return True


def processes_at_work(server: Server) -> list[str]:
    """Those of ours that are connected to this database."""
    with psycopg.connect(**server, connect_timeout=5, autocommit=True) as database:
        found = database.execute(
            "SELECT DISTINCT application_name FROM pg_stat_activity WHERE datname = current_database()"
            " AND application_name = ANY(%s) ORDER BY 1",
            [list(OUR_PROCESSES)],
        )
        return [name for (name,) in found]


def _program(name: str) -> str:
    """PostgreSQL's client programs: those that came with the packages, else those on PATH."""
    try:
        found = str(postgres_bin() / name)
    except Fault:
        found = shutil.which(name) or ""
    if not found:
        raise BackupError(f"{name} was not found: install PostgreSQL's client programs.")
    return found


def _run(command: list[str], server: Server) -> None:
    done = subprocess.run(command, env=_environment(server), capture_output=True)
    if done.returncode:
        raise BackupError(f"{Path(command[0]).name} failed: {_last_words(done.stderr)}")


def _environment(server: Server) -> dict[str, str]:
    """Not the command line, which everybody on the machine can read."""
    return os.environ | {_VARIABLES[name]: str(value) for name, value in server.items() if name in _VARIABLES}


def _last_words(said: bytes) -> str:
    lines = [line for line in said.decode(errors="replace").splitlines() if line.strip()]
    telling = [line for line in lines if "error" in line.lower() or "ERROR" in line] or lines or ["it said nothing"]
    return telling[0].strip()
