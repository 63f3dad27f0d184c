"""Where another role owns the tables, the application can add to the audit and do nothing else to it, whatever it tries."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from django.db import connection, connections, transaction
from django.utils import timezone

from events.actors import SYSTEM, Actor
from events.audit import AuditKind, note
from events.ledger import record_event
from events.seals import seal_all
from helpdesk.two_roles import AUDIT, LEDGER, limit_application, open_books
from tests.support.services import running_services

pytestmark = pytest.mark.django_db(transaction=True)
ROOT = Path(__file__).resolve().parents[2]
OPERATIONS = (ROOT / "docs" / "operations.md").read_text()


def documented() -> list[str]:
    """The statements of the section, for this test's database."""
    [block] = re.findall(r"```sql\n(.*?)```", OPERATIONS.partition("## The audit")[2].partition("\n## ")[0], re.DOTALL)
    name = connection.settings_dict["NAME"]
    return [one.strip().replace("DATABASE helpdesk", f'DATABASE "{name}"') for one in block.split(";") if one.strip()]


@pytest.fixture
def application() -> Iterator[psycopg.Connection]:
    """A connection that is the application's role in every statement, after what the documentation says; all of it is
    undone in the end, the other role too."""
    note(AuditKind.EXPORTED, by=SYSTEM, what="a list")
    with transaction.atomic():
        record_event(("team", 1), "team.created", by=Actor.agent(7), at=timezone.now(), data={"name": "Night"})
    seal_all(at=timezone.now())
    connections.close_all()
    postgres = running_services().postgres
    assert postgres
    with psycopg.connect(postgres.url_for(str(connection.settings_dict["NAME"]), "postgres")) as direct:
        try:
            for statement in documented():
                direct.execute(statement.encode())
            direct.execute("SET LOCAL SESSION AUTHORIZATION helpdesk_owner")
            with direct.cursor() as cursor:
                limit_application("helpdesk", cursor)
                limit_application("helpdesk", cursor)
            direct.execute("SET LOCAL SESSION AUTHORIZATION DEFAULT")
            direct.execute("SET LOCAL SESSION AUTHORIZATION helpdesk")
            yield direct
        finally:
            direct.rollback()


def tried(application: psycopg.Connection, statement: str) -> str:
    """What the server says to it; nothing where it lets it through."""
    try:
        with application.transaction():
            application.execute(statement.encode())
    except psycopg.Error as error:
        return type(error).__name__
    return ""


FORBIDDEN = [
    *[f"UPDATE {table} SET id = id" for table in (*AUDIT, LEDGER)],
    *[f"DELETE FROM {table}" for table in (*AUDIT, LEDGER)],
    *[f"TRUNCATE {table} CASCADE" for table in (*AUDIT, LEDGER)],
    *[f"ALTER TABLE {table} DISABLE TRIGGER USER" for table in (*AUDIT, LEDGER)],
    *[f"ALTER TABLE {table} OWNER TO helpdesk" for table in AUDIT],
    *[f"GRANT DELETE ON {table} TO helpdesk" for table in AUDIT],
    "DROP TRIGGER audit_entry_append_only ON events_auditentry",
    "CREATE OR REPLACE FUNCTION events_audit_refuses() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN OLD; END'",
    "UPDATE events_event SET kind = 'x'",
    "UPDATE events_event SET actor_id = 1",
    "UPDATE events_auditentry SET xid = 1",
    "SET session_replication_role = replica",
    "SET ROLE helpdesk_owner",
    "ALTER ROLE helpdesk SUPERUSER",
    "DROP TABLE events_auditseal",
]  # fmt: skip


def test_the_application_can_do_nothing_to_the_books(application: psycopg.Connection) -> None:
    counts = [application.execute(f"SELECT count(*) FROM {table}".encode()).fetchone() for table in (*AUDIT, LEDGER)]
    assert (0,) not in counts
    let_through = [one for one in FORBIDDEN if tried(application, one) not in ("InsufficientPrivilege",)]
    # A grant by somebody who has nothing to give is a warning, and gives nothing.
    assert [one for one in let_through if not one.startswith("GRANT")] == []
    for table in AUDIT:
        said = application.execute("SELECT has_table_privilege('helpdesk', %s, 'DELETE')", [table]).fetchone()
        assert said == (False,)
    again = [application.execute(f"SELECT count(*) FROM {table}".encode()).fetchone() for table in (*AUDIT, LEDGER)]
    assert again == counts


ALLOWED = [
    "INSERT INTO events_auditentry (at, actor_kind, kind, what, mark) VALUES (now(), 'system', 'exported', 'x', '')",
    "SELECT * FROM events_auditentry ORDER BY id",
    "UPDATE events_event SET data = '{}'",
    "SELECT * FROM events_event FOR UPDATE",
    "INSERT INTO people_team (name, created_at) VALUES ('Night', now())",
    "UPDATE people_team SET name = 'Day'",
    "DELETE FROM people_team WHERE name = 'Day'",
    "SELECT nextval('tickets_ticket_id_seq')",
]


@pytest.mark.parametrize("statement", ALLOWED)
def test_and_everything_it_needs(application: psycopg.Connection, statement: str) -> None:
    assert tried(application, statement) == ""


def test_a_table_of_a_later_version_is_the_applications_too(application: psycopg.Connection) -> None:
    application.execute("SET LOCAL SESSION AUTHORIZATION DEFAULT")
    application.execute("SET LOCAL SESSION AUTHORIZATION helpdesk_owner")
    application.execute("CREATE TABLE people_later (id bigserial PRIMARY KEY)")
    application.execute("SET LOCAL SESSION AUTHORIZATION helpdesk")
    assert tried(application, "INSERT INTO people_later DEFAULT VALUES") == ""


def test_with_one_role_the_doctor_is_told() -> None:
    """As it is here: it works, and says that the application could."""
    assert {"UPDATE events_auditentry", "DELETE events_auditentry", "TRUNCATE events_event"} <= set(open_books())
