"""What a look for deadlines costs at a million open clocks: it must follow what is due, not what is open."""

from __future__ import annotations

import time
from statistics import median

import psycopg
from psycopg import sql

from bench.data import empty_database
from bench.stack import Stack
from bench.table import show

CLOCKS = 1_000_000
DUE = (0, 10, 100, 1000)
NAME = "bench_deadlines"
# As metrics.clocks.sweep asks.
LOOK = """
SELECT ticket_id, statement_timestamp() FROM metrics_clock
WHERE next_at <= statement_timestamp() ORDER BY next_at LIMIT 500
"""


def run(stack: Stack, rounds: int, clocks: int = CLOCKS) -> dict[tuple[int, int], float]:
    """Milliseconds of one look by (open clocks, due clocks)."""
    found: dict[tuple[int, int], float] = {}
    for size in (clocks // 100, clocks):
        if stack.has_database(NAME):
            stack.drop_database(NAME)
        stack.make_database(NAME, template=empty_database(stack))
        with psycopg.connect(stack.environment(NAME)["DATABASE_URL"], autocommit=True) as connection:
            fill(connection, size)
            for due in DUE:
                found[size, due] = look(connection, due, rounds)
    rows = [[f"{size:,} open", *(found[size, due] for due in DUE)] for size in sorted({key[0] for key in found})]
    show("A look for deadlines (ms)", ["clocks", *(f"{due} due" for due in DUE)], rows)
    return found


def fill(connection: psycopg.Connection, size: int) -> None:
    """So many clocks that run, due in the next weeks, on one ticket: the look does not read tickets."""
    with connection.cursor() as cursor:
        # Without foreign keys: only the look and its index are measured.
        cursor.execute("SELECT conname FROM pg_constraint WHERE conrelid = 'metrics_clock'::regclass AND contype = 'f'")
        for (name,) in cursor.fetchall():
            cursor.execute(sql.SQL("ALTER TABLE metrics_clock DROP CONSTRAINT {}").format(sql.Identifier(name)))
        columns = (
            "ticket_id, cycle, target, number, rules_id, first_rules_id, policy_id, seconds, state, started_at, "
            "due_at, alarms, told, next_at, reason, channel_id"
        )
        with cursor.copy(f"COPY metrics_clock ({columns}) FROM STDIN") as copy:
            for number in range(size):
                due = f"2126-01-{1 + number % 28:02}T{number % 24:02}:{number % 60:02}:{number % 59:02}Z"
                copy.write_row((
                    number, 1, "first", 1, 1, 1, 1, 86400, "running", "2026-01-01T00:00:00Z", due,
                    f'[[100, "{due}"]]', 0, due, "", 1,
                ))  # fmt: skip
        cursor.execute("VACUUM ANALYZE metrics_clock")


def look(connection: psycopg.Connection, due: int, rounds: int) -> float:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE metrics_clock SET next_at = due_at WHERE next_at < now()")
        cursor.execute("UPDATE metrics_clock SET next_at = now() - interval '1 s' WHERE ticket_id < %s", [due])
        cursor.execute("VACUUM ANALYZE metrics_clock")
        took = []
        for _round in range(max(5, rounds * 5)):
            began = time.perf_counter()
            cursor.execute(LOOK)
            rows = cursor.fetchall()
            took.append((time.perf_counter() - began) * 1000)
            assert len(rows) == min(due, 500)
    return median(took)
