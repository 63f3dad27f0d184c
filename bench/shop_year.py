"""A year of shop life with planted truths: buyers, orders, tickets, answers and ratings, by COPY, of a fixed seed.

Planted, and to be found: one bad week of ratings; a slow team; buyers answered within an hour come back more often than
those who waited a day. Not planted, and not to be found: anything between channels, or in the effort of either team.

    python manage.py services --slot bench -- python -m bench.shop_year 300000

The plan lies in `Year`; with a thousand buyers it takes a second and serves the tests.
"""

from __future__ import annotations

import json
import os
import random
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from importlib import import_module
from typing import Any
from uuid import UUID

import django
from django.apps import apps
from django.db import connection, transaction

QUICK_BACK, SLOW_BACK, SILENT_BACK = 0.62, 0.38, 0.5
DAY = timedelta(days=1)
# One ticket in so many is rated once more on the scale of ten, with draws of its own.
TENS = 3


@dataclass
class Year:
    """What was made, for whoever recounts it. `end` is the moment the year ends."""

    end: datetime
    bad_week: datetime
    teams: tuple[int, int]
    channels: tuple[int, int]
    orders: list[tuple[int, datetime, int, str]] = field(default_factory=list)  # buyer, at, cents, status
    answers: list[tuple[str, int, datetime, int]] = field(default_factory=list)  # kind, score, at, team
    waits: list[tuple[int, float]] = field(default_factory=list)  # team, seconds


def make_year(
    buyers: int,
    *,
    end: datetime,
    teams: tuple[int, int],
    channels: tuple[int, int],
    shop: int,
    rules: int,
    seed: int = 1,
) -> Year:
    """Fill the database. The teams (the second is slow), channels, shop and rules must be there."""
    draw = random.Random(seed)
    year = Year(end, end - 120 * DAY, teams, channels)
    tables: dict[str, list[Sequence[Any]]] = {name: [] for name in COLUMNS}
    for number in range(1, buyers + 1):
        _live(year, tables, draw, 10_000_000 + number, shop, rules)
    _rate_of_ten(year, tables, random.Random(seed + 1))
    _write(tables)
    return year


COLUMNS = {
    "people_customer": "id public_id name locale time_zone created_at",
    "people_identity": "id customer_id kind value display_name trust suspect hard_bounces created_at",
    "tickets_ticket": "id subject status priority channel_id customer_id team_id language preview message_sequence "
    "inbound_sequence opened_at last_message_at solved_at needs_attention",
    "metrics_clock": "id ticket_id cycle target number rules_id first_rules_id policy_id seconds state started_at "
    "due_at alarms told breached_at stopped_at reason used_seconds wall_seconds channel_id team_id",
    "metrics_surveyanswer": "kind score reasons comment language via ticket_id cycle customer_id channel_id team_id "
    "answered_at",
    "commerce_buyer": "id key email phone name",
    "commerce_order": "shop_id external_id number buyer_id status currency total refunded placed_at changed_at items "
    "tracking",
}


def _live(year: Year, tables: dict[str, list[Any]], draw: random.Random, id: int, shop: int, rules: int) -> None:
    """One buyer's year: first purchase, perhaps a ticket after it, perhaps another purchase within 90 days."""
    address = f"b{id}@year.example"
    tables["commerce_buyer"].append((id, f"e:{address}", address, "", f"Buyer {id}"))
    first = year.end - timedelta(days=draw.uniform(100, 355))
    _order(year, tables, draw, id, shop, first, 1)
    index, back = first, SILENT_BACK
    if draw.random() < 0.6:
        index = first + timedelta(days=draw.uniform(0.5, 5))
        back = _ticket(year, tables, draw, id, address, index, rules)
    if draw.random() < back:
        _order(year, tables, draw, id, shop, index + timedelta(days=draw.uniform(1, 89)), 2)


def _order(
    year: Year, tables: dict[str, list[Any]], draw: random.Random, id: int, shop: int, at: datetime, n: int
) -> None:
    cents = draw.randrange(1_000, 30_000)
    status = "completed"
    year.orders.append((id, at, cents, status))
    tables["commerce_order"].append((shop, f"{id}-{n}", f"{id}-{n}", id, status, "EUR", cents, 0, at, at, "[]", ""))


def _ticket(
    year: Year, tables: dict[str, list[Any]], draw: random.Random, id: int, address: str, at: datetime, rules: int
) -> float:
    """The ticket, its first answer and ratings; how likely the buyer comes back."""
    slow = draw.random() < 0.5
    team, channel = year.teams[slow], draw.choice(year.channels)
    wait = draw.uniform(90_000, 180_000) if slow else draw.uniform(120, 3_500)
    answered, due = at + timedelta(seconds=wait), at + timedelta(hours=8)
    late = answered > due
    tables["people_customer"].append((id, str(UUID(int=id)), f"Buyer {id}", "en", "", at))
    tables["people_identity"].append((id, id, "email", address, "", "verified", False, 0, at))
    tables["tickets_ticket"].append(
        (id, "Where is it?", "solved", 20, channel, id, team, "en", "", 2, 1, at, answered, answered, False)
    )
    tables["metrics_clock"].append(
        (id, id, 1, "first", 1, rules, rules, 0, 28_800, "fulfilled", at, due, "[]", 100 if late else 0,
         due if late else None, answered, "answered", wait, wait, channel, team)
    )  # fmt: skip
    year.waits.append((team, wait))
    bad = year.bad_week <= answered < year.bad_week + 7 * DAY
    for kind, score in (("csat", draw.choices([1, 2, 3, 4, 5], [6, 5, 4, 3, 2] if bad else [1, 1, 2, 8, 12])[0]),
                        ("ces", draw.randint(3, 7))):  # fmt: skip
        year.answers.append((kind, score, answered, team))
        tables["metrics_surveyanswer"].append((kind, score, "[]", "", "en", "mail", id, 1, id, channel, team, answered))
    return SLOW_BACK if slow else QUICK_BACK


def _rate_of_ten(year: Year, tables: dict[str, list[Any]], draw: random.Random) -> None:
    """Ratings on the scale of ten, as of a shop that asks on both for a while; nothing is planted in them. They come
    after all others, whose draws and numbers stay as they are."""
    rated = [row for row in tables["metrics_surveyanswer"] if row[0] == "csat"]
    for _kind, _score, *rest in rated[::TENS]:
        score = draw.choices(range(1, 11), [1, 1, 1, 1, 2, 2, 4, 8, 10, 10])[0]
        team, answered = rest[8], rest[9]
        year.answers.append(("csat10", score, answered, team))
        tables["metrics_surveyanswer"].append(("csat10", score, *rest))


def _write(tables: dict[str, list[Sequence[Any]]]) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = 0")
        for table, rows in tables.items():
            _copy(cursor, table, COLUMNS[table].split(), rows)


def _copy(cursor: Any, table: str, columns: list[str], rows: Iterable[Sequence[Any]]) -> None:
    with cursor.copy(f"COPY {table} ({', '.join(columns)}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)


def main(buyers: int) -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "helpdesk.settings")
    django.setup()
    models = {name: apps.get_model(*name.split(".")) for name in ("people.Team", "tickets.Channel", "commerce.Shop")}
    teams = [models["people.Team"].objects.get_or_create(name=f"Year {n}")[0].pk for n in (1, 2)]
    channels = [
        models["tickets.Channel"].objects.get_or_create(name=f"Year {n}", defaults={"address": f"year{n}@shop.example"})
        for n in (1, 2)
    ]
    shop = models["commerce.Shop"].objects.get_or_create(name="Year", defaults={"key": "y" * 32})[0].pk
    rules = import_module("metrics.rules").newest_rules()
    began = time.monotonic()
    year = make_year(
        buyers, end=datetime.now(UTC), teams=(teams[0], teams[1]), channels=(channels[0][0].pk, channels[1][0].pk),
        shop=shop, rules=rules,
    )  # fmt: skip
    print(json.dumps({"orders": len(year.orders), "tickets": len(year.waits), "seconds": time.monotonic() - began}))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1000)
