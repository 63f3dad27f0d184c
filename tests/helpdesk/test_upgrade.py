"""The database an earlier version left: brought up to date it loses nothing, reads and works as before, and has exactly
the tables, indexes, constraints and triggers that a new one has."""

from __future__ import annotations

import json
import lzma
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
from django.db import connection

from helpdesk.backup.database import Server, load, own_server
from tests.support.services import ROOT, SLOT, running_services

DUMP = Path(__file__).with_name("upgrade") / "house.dump.xz"
LARGEST = 200 * 1024
SECRET_KEY = "upgrade-test-" + 50 * "k"
# What a table is made of, by parts that must be alike wherever the table came from.
_SCHEMA = {
    "columns": """SELECT table_name || '.' || column_name, data_type || ' ' || is_nullable || ' ' || coalesce(column_default, '')
        FROM information_schema.columns WHERE table_schema = 'public'""",
    "indexes": "SELECT tablename || '.' || indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'",
    "constraints": """SELECT conrelid::regclass || '.' || conname, pg_get_constraintdef(oid)
        FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND conrelid <> 0""",
    "triggers": "SELECT tgrelid::regclass || '.' || tgname, pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal",
    "functions": """SELECT proname, md5(prosrc) FROM pg_proc WHERE pronamespace = 'public'::regnamespace
        AND NOT EXISTS (SELECT 1 FROM pg_depend WHERE objid = pg_proc.oid AND deptype = 'e')""",
}  # fmt: skip
# A dump says the same conditions with their casts elsewhere: `ARRAY['a'::text]` for `(ARRAY['a'])::text[]`.
_CASTS = re.compile(r"::(?:character varying|[a-z_]+)(?:\[\])?|[()]")
# Rows that a new version writes or takes by itself.
OWN = {"django_migrations", "auth_permission", "django_content_type"}


@contextmanager
def scratch() -> Iterator[Server]:
    """An empty database beside the tests' own."""
    server = own_server()
    name = f"upgrade_{SLOT}".replace("-", "_").lower()
    with psycopg.connect(**server | {"dbname": "postgres"}, autocommit=True) as database:
        database.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        database.execute(f"CREATE DATABASE {name} TEMPLATE template0")
        yield server | {"dbname": name}
        database.execute(f"DROP DATABASE {name} WITH (FORCE)")


def rows_of(server: Server) -> dict[str, int]:
    with psycopg.connect(**server) as database:
        tables = [name for (name,) in database.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")]
        return {name: database.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0] for name in tables}  # type: ignore[index]


def schema_of(server: Server) -> dict[str, dict[str, str]]:
    with psycopg.connect(**server) as database:
        return {
            part: {name: _CASTS.sub("", text) for name, text in database.execute(query).fetchall()}
            for part, query in _SCHEMA.items()
        }


def look(server: Server, place: Path) -> dict[str, Any]:
    address = urlsplit(running_services().addresses["DATABASE_URL"])
    there = urlunsplit(address._replace(path=f"/{server['dbname']}"))
    environment = os.environ | {
        "DATABASE_URL": there, "HELPDESK_SECRET_KEY": SECRET_KEY, "HELPDESK_DATA_DIR": str(place),
        "DJANGO_SETTINGS_MODULE": "helpdesk.settings", "HELPDESK_ASSETS": "plain",
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-m", "tests.helpdesk.upgrade.look"], cwd=ROOT, env=environment, capture_output=True, text=True,
        timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    return dict(json.loads(done.stdout.splitlines()[-1]))


@pytest.mark.django_db
def test_what_an_earlier_version_left_is_brought_up_to_date(tmp_path: Path) -> None:
    assert DUMP.stat().st_size < LARGEST
    dump = tmp_path / "house.dump"
    dump.write_bytes(lzma.decompress(DUMP.read_bytes()))
    with scratch() as server:
        load(server, dump, privileges=False)
        before = rows_of(server)
        assert before["tickets_ticket"] > 50 and before["events_auditentry"] > 5 and before["events_auditseal"] > 1
        seen = look(server, tmp_path)
        after, schema = rows_of(server), schema_of(server)
    assert seen["broken"] == {} and seen["pages"] > 30
    assert "REFUSED" not in seen["audit"] and f"{before['events_auditseal']} seals" in seen["audit"], seen["audit"]
    assert "REFUSED" not in seen["metrics"] + seen["metrics_after"], seen["metrics"] + seen["metrics_after"]
    assert (seen["reply"], seen["threaded"]) == (1, True)
    assert {
        name: (n, after.get(name)) for name, n in before.items() if name not in OWN and after.get(name, 0) < n
    } == {}
    with connection.cursor():
        fresh = schema_of(own_server())
    for part, made in fresh.items():
        assert schema[part] == made, part
