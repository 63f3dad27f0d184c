"""Whether the kept counts of reports keep up with five hundred events a second that change the past.

What happens now is not counted before its day is over and costs nothing; what changes a day that is over (a late
answer, an import, a ticket that goes to another team) is noted by a trigger in its transaction and counted anew by
Celery every ten seconds. So every event here is such a late one, twenty to a commit as mails are taken in, spread over
thirty days. The limit is the same rows committed with those triggers taken away.
"""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg

from bench.cpu import median
from bench.reports import year_database
from bench.stack import Stack, use_database
from bench.table import ratio, show

RATE, SECONDS, EVENTS, BATCH = 500, 30, 2000, 20
PAUSE = 10.0
DAYS = 30
_EVENT = """
INSERT INTO metrics_surveyanswer (kind, score, reasons, comment, language, via, ticket_id, cycle, channel_id, team_id,
    answered_at)
SELECT 'csat', 1 + %(n)s %% 5, '[]', '', 'en', 'mail', t.id, 1, t.channel_id, t.team_id, %(at)s
FROM tickets_ticket t WHERE t.id = %(ticket)s
"""


def run(stack: Stack, *, rounds: int = 3, tickets: int = 24_000) -> dict[str, list[float]]:
    """Print events a second with and without the notes, how far behind the counts are at five hundred a second, and
    what is left when they stop."""
    source = year_database(stack, 40_000, tickets)
    found: dict[str, list[float]] = {"bare": [], "noted": [], "reached": [], "behind": [], "settled": [], "days": []}
    for _round in range(rounds):
        stack.make_database("bench_rollups", template=source)
        use_database("bench_rollups", stack)
        url = stack.environment("bench_rollups")["DATABASE_URL"]
        found["bare"].append(_as_fast_as_it_goes(url, noted=False))
        found["noted"].append(_as_fast_as_it_goes(url, noted=True))
        _settle()
        _at_rate(url, found)
    bare, noted = median(found["bare"]), median(found["noted"])
    show(
        f"Events that change days long counted ({rounds} rounds, a year of {tickets:,} tickets)",
        ["", "a second", "of the bare commits"],
        [[f"the rows alone, {BATCH} to a commit", bare, "1.00 x"],
         ["with their hours noted", noted, ratio(noted, bare)],
         [f"wanted {RATE}, beside the counting", median(found["reached"]), ""]],
        f"{median(found['days']):.0f} days counted anew a second meanwhile; "
        f"a change stood in the kept counts after {median(found['behind']):.1f} s at the most,",
        f"and all of them {median(found['settled']):.1f} s after the last event",
    )  # fmt: skip
    return found


def _as_fast_as_it_goes(url: str, *, noted: bool) -> float:
    with psycopg.connect(url, autocommit=True) as connection:
        _triggers(connection, on=noted)
        ids = _tickets(connection)
        began = time.perf_counter()
        for number in range(0, EVENTS, BATCH):
            _events(connection, number, ids)
        took = time.perf_counter() - began
        _triggers(connection, on=True)
    return EVENTS / took


def _triggers(connection: psycopg.Connection[Any], *, on: bool) -> None:
    connection.execute(f"ALTER TABLE metrics_surveyanswer {'ENABLE' if on else 'DISABLE'} TRIGGER USER")


def _tickets(connection: psycopg.Connection[Any]) -> list[int]:
    return [id for (id,) in connection.execute("SELECT id FROM tickets_ticket ORDER BY id LIMIT 1000").fetchall()]


def _events(connection: psycopg.Connection[Any], first: int, ids: list[int]) -> None:
    """One commit of them, a statement each, as what happens to twenty tickets is."""
    with connection.transaction():
        for number in range(first, first + BATCH):
            at = datetime.now(UTC) - timedelta(days=2 + number % DAYS, minutes=number % 1440)
            connection.execute(_EVENT, {"n": number, "at": at, "ticket": ids[number % len(ids)]})


def _at_rate(url: str, found: dict[str, list[float]]) -> None:
    """Events at their rate, counted as Celery counts: a pass every ten seconds, each as long as it takes."""
    stop, done = threading.Event(), [0]

    def write() -> None:
        began = time.monotonic()
        with psycopg.connect(url, autocommit=True) as connection:
            ids = _tickets(connection)
            while not stop.is_set():
                _events(connection, done[0], ids)
                done[0] += BATCH
                if (ahead := began + done[0] / RATE - time.monotonic()) > 0:
                    time.sleep(ahead)

    writer = threading.Thread(target=write)
    began = time.monotonic()
    writer.start()
    longest, days, counting = 0.0, 0, 0.0
    while time.monotonic() - began < SECONDS:
        time.sleep(PAUSE)
        some, took = _settle()
        days, counting, longest = days + some, counting + took, max(longest, PAUSE + took)
    stop.set()
    writer.join()
    found["reached"].append(done[0] / (time.monotonic() - began))
    found["settled"].append(_settle()[1])
    found["behind"].append(longest)
    found["days"].append(days / counting if counting else 0.0)


def _settle() -> tuple[int, float]:
    """One pass of the counting until nothing is left: (days counted anew, seconds)."""
    from django.utils import timezone  # noqa: PLC0415  settings are there once the stack is

    from metrics.counting import count_days, zones  # noqa: PLC0415
    from metrics.models import ChangedHour  # noqa: PLC0415
    from metrics.tallies import days_of_hours  # noqa: PLC0415

    hours = set(ChangedHour.objects.values_list("at", flat=True).distinct())
    days = sum(len(days_of_hours(hours, zone)) for zone in zones())
    began = time.monotonic()
    while count_days(timezone.now()):
        pass
    return days, time.monotonic() - began
