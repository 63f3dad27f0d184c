"""Two roles of PostgreSQL: one owns the tables and migrates, the application's may change everything but the books.

Triggers refuse to change the audit, but the owner of a table can take its triggers away. Who sets
`HELPDESK_APPLICATION_ROLE` for `manage.py deploy`, run as the owner, keeps the application from being able to.
"""

from __future__ import annotations

from typing import Any

from django.db import connection
from psycopg import sql

AUDIT = ("events_auditentry", "events_auditseal")
LEDGER = "events_event"
# Of an event only what erasure takes out of it, in the open (`events.audit.note_amended`), may become another.
_GRANTS = (
    "GRANT USAGE ON SCHEMA public TO {role}",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role}",
    "GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {role}",
    "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {role}",
    "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE, SELECT ON SEQUENCES TO {role}",
    f"REVOKE UPDATE, DELETE, TRUNCATE ON {', '.join(AUDIT)}, {LEDGER} FROM {{role}}",
    f"GRANT UPDATE (data) ON {LEDGER} TO {{role}}",
)


def limit_application(role: str, cursor: Any = None) -> None:
    """Give the role what the application needs and no more; asked by the owner of the tables. Safe to run twice."""
    if cursor is None:
        with connection.cursor() as cursor:
            limit_application(role, cursor)
        return
    for statement in _GRANTS:
        cursor.execute(sql.SQL(statement).format(role=sql.Identifier(role)))


def open_books() -> list[str]:
    """What this process's role could do to the books, as `DELETE events_auditentry`; nothing before they are made."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT what || ' ' || book FROM unnest(%s::text[]) book, unnest('{UPDATE,DELETE,TRUNCATE}'::text[]) what"
            " WHERE has_table_privilege(to_regclass(book), what) ORDER BY 1",
            [[*AUDIT, LEDGER]],
        )
        return [found for (found,) in cursor.fetchall()]
