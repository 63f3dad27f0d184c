"""Empties the test database after a test that committed, in a tenth of the time that Django takes.

Django truncates every table, which makes each of them and each index a new file, and then makes content types and
permissions again. Most tests leave some dozens of rows, which are quickly deleted.
"""

from __future__ import annotations

from typing import Any

import psycopg
from django.db import connection
from django.test import TransactionTestCase

from tests.support.services import running_services

# Made by `migrate` once, and never changed by a test.
KEPT = ("django_migrations", "django_content_type", "auth_permission")
# The lock waits for whoever is still writing, as a TRUNCATE would; triggers and foreign keys are not asked. What a test
# made large is truncated after all, or its dead rows would slow down those that come after.
EMPTY = """
DO $$
DECLARE one record; names text;
BEGIN
    SET LOCAL session_replication_role = replica;
    SELECT string_agg(quote_ident(relname), ', ' ORDER BY relname) INTO names FROM pg_class
    WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND relname <> ALL ({kept});
    EXECUTE 'LOCK TABLE ' || names || ' IN ACCESS EXCLUSIVE MODE';
    FOR one IN SELECT quote_ident(relname) AS name, pg_relation_size(oid) AS size FROM pg_class
        WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND relname <> ALL ({kept})
    LOOP
        IF one.size > 2000000 THEN
            EXECUTE 'TRUNCATE ' || one.name || ' CASCADE';
        ELSIF one.size > 0 THEN
            EXECUTE 'DELETE FROM ' || one.name;
        END IF;
    END LOOP;
END $$
""".format(kept="ARRAY['" + "', '".join(KEPT) + "']")


def empty() -> None:
    """Leave no row in any table but those that `migrate` filled."""
    postgres = running_services().postgres
    assert postgres
    # Only the superuser may leave triggers aside.
    url = postgres.url_for(str(connection.settings_dict["NAME"]), "postgres")
    with psycopg.connect(url, autocommit=True) as direct:
        for left in range(20, -1, -1):
            try:
                direct.execute(EMPTY)
                return
            except psycopg.errors.DeadlockDetected:  # somebody still works; they were let go on, so now it is our turn
                if not left:
                    raise


def _empty_after(case: Any) -> None:
    empty()


def empty_quickly() -> None:
    """From now on, tests with real commits are cleaned up after like this."""
    TransactionTestCase._fixture_teardown = _empty_after  # type: ignore[method-assign]
