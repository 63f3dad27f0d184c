"""What the reports cost over a year of shop life: a million tickets, 300,000 orders, planted truths in them."""

from __future__ import annotations

import time

from bench.cpu import median
from bench.data import empty_database
from bench.pages import cookie_of, measure_page
from bench.stack import Stack, use_database
from bench.table import show

BUYERS = 200_000
TICKETS = 1_000_000
# Tickets of the year once more, some hours on, as often as it takes: the planted truths stay, only n grows.
_AGAIN = """
INSERT INTO tickets_ticket ({ticket}) SELECT id + %(up)s, {others} FROM tickets_ticket
    WHERE id BETWEEN 10000000 AND 19999999;
INSERT INTO metrics_clock ({clock}) SELECT id + %(up)s, ticket_id + %(up)s, {clock_others} FROM metrics_clock
    WHERE ticket_id BETWEEN 10000000 AND 19999999;
INSERT INTO metrics_surveyanswer ({answer}) SELECT ticket_id + %(up)s, {answer_others} FROM metrics_surveyanswer
    WHERE ticket_id BETWEEN 10000000 AND 19999999 AND id %% 4 = 0;
"""
PAGES = {
    "constant view": "/healthz", "overview, 30 days": "/reports/", "overview, a year": "/reports/?period=365",
    "overview, a year, open time": "/reports/?period=365&time=open",
    "service level, a year": "/reports/service-level/?period=365",
    "satisfaction, a year": "/reports/satisfaction/?period=365", "retention": "/reports/retention/?period=90",
    "work, a year": "/reports/work/?period=365", "topics": "/reports/topics/",
    "wall": "/reports/service-level/wall/",
}  # fmt: skip


def run(
    stack: Stack, *, rounds: int = 3, buyers: int = BUYERS, tickets: int = TICKETS
) -> dict[str, tuple[float, float]]:
    """(CPU ms, ms on the wall) of each page, medians over the rounds; an admin's and a manager's of one team."""
    database = year_database(stack, buyers, tickets)
    use_database(database, stack)
    found: dict[str, tuple[float, float]] = {}
    with stack.serving(database) as served:
        for role in ("admin", "manager"):
            served.headers = {"Cookie": _reader(role)}
            for name, path in PAGES.items():
                costs = [measure_page(stack, served, [path], 3, 0) for _round in range(rounds + 1)][1:]
                found[f"{name}, {role}"] = (median(c.cpu_ms for c in costs), median(c.p95_ms for c in costs))
    rows = [[name, cpu, wall] for name, (cpu, wall) in found.items()]
    show(f"Reports over {tickets:,} tickets and {buyers * 3 // 2:,} orders", ["", "CPU ms", "wall p95 ms"], rows)
    return found


def year_database(stack: Stack, buyers: int, tickets: int) -> str:
    """Made at the first run, then kept."""
    name = f"bench_year_{buyers}_{tickets}"
    if not stack.has_database(name):
        unfinished, began = f"{name}_unfinished", time.monotonic()
        stack.make_database(unfinished, template=empty_database(stack))
        stack.run(unfinished, "-m", "bench.shop_year", str(buyers))
        stack.run(unfinished, "-m", "bench.reports", str(tickets))
        stack.rename_database(unfinished, name)
        print(f"made once ({time.monotonic() - began:.0f} s)", flush=True)
    stack.manage(name, "migrate", "-v", "0")
    stack.manage(name, "count_reports", "-v", "0")
    return name


def _reader(role: str) -> str:
    from people.models import Agent, Membership, Team  # noqa: PLC0415

    agent, _made = Agent.objects.get_or_create(email=f"{role}@year.example", defaults={"name": role, "role": role})
    Membership.objects.get_or_create(agent=agent, team=Team.objects.get(name="Year 1"))
    return cookie_of(agent)


def multiply(tickets: int) -> None:
    """Bring the year to so many tickets."""
    from django.db import connection  # noqa: PLC0415

    from bench.shop_year import COLUMNS  # noqa: PLC0415

    names = {short: COLUMNS[table].split() for short, table in (
        ("ticket", "tickets_ticket"), ("clock", "metrics_clock"), ("answer", "metrics_surveyanswer")
    )}  # fmt: skip
    moments = {"opened_at", "last_message_at", "solved_at", "started_at", "due_at", "breached_at", "stopped_at",
               "answered_at"}  # fmt: skip

    def others(short: str, *own: str) -> str:
        return ", ".join(
            f"{name} + %(by)s" if name in moments else name for name in names[short] if name not in own
        )  # fmt: skip

    answer = ["ticket_id", *[name for name in names["answer"] if name != "ticket_id"]]
    sql = _AGAIN.format(
        ticket=", ".join(names["ticket"]), clock=", ".join(names["clock"]), answer=", ".join(answer),
        others=others("ticket", "id"), clock_others=others("clock", "id", "ticket_id"),
        answer_others=others("answer", "ticket_id"),
    )  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")
        # Where it was cut off it goes on: each round is one transaction.
        cursor.execute("SELECT count(*) FILTER (WHERE id < 20000000), max(id) / 10000000 FROM tickets_ticket")
        there, reached = cursor.fetchone()
        for number in range(reached, -(-tickets // there)):
            cursor.execute(sql, {"up": number * 10_000_000, "by": f"-{number} hours"})
        cursor.execute("VACUUM ANALYZE")


if __name__ == "__main__":
    import os
    import sys

    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "helpdesk.settings")
    django.setup()
    multiply(int(sys.argv[1]))
