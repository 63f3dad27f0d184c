"""Loading made-up data: everything in one transaction, by COPY, with indexes made anew when that is faster."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import TYPE_CHECKING, cast

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

from people.models import Agent, Membership, Role, Team
from tickets.counts import fold_tally
from tickets.models import Channel, Message, Tag

from .rows import COLUMNS, House, Ids, Teller
from .texts import PLANTED, Writer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from psycopg import Cursor

SEED = 2024
DAYS = 730
SLICE = 5_000  # tickets told before they are written
MANY = 20_000  # messages from which on dropping and making indexes is faster than keeping them
_TEAMS = ("Support", "Orders", "Returns", "Wholesale", "Technical", "Billing")
_TAGS = ("refund", "damaged", "vip", "late", "invoice", "exchange", "warranty", "praise", "shipping", "size", "payment")
_AGENTS_A_TEAM = 4


@dataclass(frozen=True, slots=True)
class Loaded:
    """What was made, and the ids it got (from, to)."""

    tickets: tuple[int, int]
    messages: tuple[int, int]
    planted: dict[str, int]


def create_scale_data(
    tickets: int, messages: int, *, now: datetime, say: Callable[[str], None] = lambda text: None
) -> Loaded:
    """Make so many tickets with so many messages in all, over two years up to `now`; all of it or nothing."""
    customers = max(1, round(tickets * 0.6))
    with transaction.atomic(), connection.cursor() as cursor:
        # The last: on a busy machine telling a slice takes longer than a forgotten transaction may stay open.
        cursor.execute(
            "SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = '30s'; "
            "SET LOCAL idle_in_transaction_session_timeout = 0"
        )
        house = _house()
        ids = _reserve(cursor, customers=customers, tickets=tickets, messages=messages)
        # The same data in the same place, other data beside it.
        random = Random(f"{SEED} {ids.ticket}")  # noqa: S311 - to be repeatable is the point
        writer = Writer(random, bodies=min(12_000, max(60, messages // 8)))
        teller = Teller(random, writer, house, ids, now)
        planted = _plant(teller, messages)
        with _without_indexes(cursor, say) if messages >= MANY else _as_they_are():
            _tell_all(cursor, teller, tickets, messages, customers, say)
    say("analysing")
    _tidy()
    return Loaded((ids.ticket, ids.ticket + tickets - 1), (ids.message, ids.message + messages - 1), planted)


def _tell_all(
    cursor: CursorWrapper, teller: Teller, tickets: int, messages: int, customers: int, say: Callable[[str], None]
) -> None:
    random, counts = teller.random, _message_counts(teller.random, tickets, messages)
    people = [teller.add_customer(number) for number in range(customers)]
    step = DAYS * 86400 / tickets
    for number in range(tickets):
        opened = teller.now - timedelta(seconds=step * (tickets - number - random.random()))
        # Some write often: a square puts half of the tickets on a third of the people.
        person = people[int(random.random() ** 1.6 * customers)]
        teller.tell(number, number / tickets, opened, counts[number], person)
        if (number + 1) % SLICE == 0 or number + 1 == tickets:
            for table, lines in teller.take_lines():
                _copy(cursor, table, lines)
            say(f"{number + 1} of {tickets} tickets")


def _message_counts(random: Random, tickets: int, messages: int) -> list[int]:
    """One message each, the rest by chance; a twentieth of the tickets goes on and on."""
    counts = [1] * tickets
    talkative = max(1, tickets // 20)
    for _ in range(messages - tickets):
        counts[random.randrange(tickets) if random.random() < 0.8 else random.randrange(talkative) * 20 % tickets] += 1
    return counts


def _plant(teller: Teller, messages: int) -> dict[str, int]:
    """Put rare words into messages chosen by chance; a word for more than a tenth of the messages is left out."""
    planted = {word: count for word, count in PLANTED.items() if count * 10 <= messages}
    for word, count in planted.items():
        free = [number for number in teller.random.sample(range(messages), count * 2) if number not in teller.planted]
        teller.planted |= dict.fromkeys(free[:count], word)
    return planted


def _house() -> House:
    teams: dict[int, tuple[int, ...]] = {}
    channels = []
    for name in _TEAMS:
        team, _ = Team.objects.get_or_create(name=name)
        teams[team.pk] = tuple(_agents(team))
        address = f"{name.lower()}@shop.example"
        channel, _ = Channel.objects.get_or_create(kind="email", address=address, defaults={"name": name, "team": team})
        channels.append((channel.pk, address, team.pk))
    tags = tuple(Tag.objects.get_or_create(name=name)[0].pk for name in _TAGS)
    return House(tuple(channels), teams, tags)


def _agents(team: Team) -> Iterator[int]:
    for number in range(1, _AGENTS_A_TEAM + 1):
        name = f"{team.name} {number}"
        role = Role.MANAGER if number == 1 else Role.AGENT
        defaults = {"name": name, "role": role, "password": "!"}
        agent, _ = Agent.objects.get_or_create(
            email=f"{name.lower().replace(' ', '.')}@shop.example", defaults=defaults
        )
        Membership.objects.get_or_create(agent=agent, team=team)
        yield agent.pk


def _reserve(cursor: CursorWrapper, *, customers: int, tickets: int, messages: int) -> Ids:
    """Ids out of the sequences, which afterwards go on behind them."""
    wanted = {
        "people_customer": customers,
        "people_identity": customers,
        "tickets_ticket": tickets,
        "tickets_conversation": tickets,
        "tickets_message": messages,
    }
    first = []
    for table, count in wanted.items():
        cursor.execute("SELECT nextval(%s)", [f"{table}_id_seq"])
        (start,) = cursor.fetchone()
        cursor.execute("SELECT setval(%s, %s)", [f"{table}_id_seq", start + count - 1])
        first.append(start)
    return Ids(*first)


def _copy(cursor: CursorWrapper, table: str, lines: list[str]) -> None:
    columns = ", ".join(COLUMNS[table].split())
    with cast("Cursor[tuple[object, ...]]", cursor.cursor).copy(f"COPY {table} ({columns}) FROM STDIN") as copy:
        copy.write("\n".join(lines).encode() + b"\n")


_INDEXES = """
SELECT i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid) FROM pg_index i
WHERE i.indrelid = ANY(%s::regclass[]) AND NOT i.indisunique
"""
_FOREIGN_KEYS = """
SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
WHERE contype = 'f' AND conrelid = ANY(%s::regclass[])
"""


@contextmanager
def _without_indexes(cursor: CursorWrapper, say: Callable[[str], None]) -> Iterator[None]:
    """Drop the plain indexes and foreign keys of the tables to fill, and make them again in the same transaction."""
    cursor.execute("SET LOCAL maintenance_work_mem = '512MB'")
    cursor.execute(_INDEXES, [list(COLUMNS)])
    indexes = cursor.fetchall()
    cursor.execute(_FOREIGN_KEYS, [list(COLUMNS)])
    keys = cursor.fetchall()
    cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    for table, name, _definition in keys:
        cursor.execute(f'ALTER TABLE {table} DROP CONSTRAINT "{name}"')
    for name, _definition in indexes:
        cursor.execute(f"DROP INDEX {name}")
    yield
    for name, definition in indexes:
        say(f"index {name}")
        cursor.execute(definition)
    for table, name, definition in keys:
        cursor.execute(f'ALTER TABLE {table} ADD CONSTRAINT "{name}" {definition}')


@contextmanager
def _as_they_are() -> Iterator[None]:
    yield


def _tidy() -> None:
    """Statistics for the planner and one row a kind in the tally, as a system that has run for long would have."""
    fold_tally()
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")
        for table in (*COLUMNS, "tickets_tally", Message._meta.db_table):
            cursor.execute(f"VACUUM (ANALYZE) {table}" if not connection.in_atomic_block else f"ANALYZE {table}")
        cursor.execute("RESET statement_timeout")
