"""How fast stored mail becomes tickets: one worker process, durable and threaded, beside two bare programs.

`bench.replay` sends the product's own statements, `bench.bare` the fewest that leave the same rows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from bench import bare
from bench.cpu import Spent, measured, median
from bench.data import empty_database
from bench.mails import SUPPORT, MadeMail, make_mails
from bench.replay import Statement, recording, replay
from bench.stack import Stack, use_database
from bench.table import ratio, show

SAME, LEAN = "bare program, same statements", "bare program, fewest statements"
WAYS = (SAME, LEAN, "product, one by one", "product, backlog in batches")

# A claim that finds nothing sends the lock and the choice.
CLAIM_STATEMENTS = 2
Work = Callable[[Stack, str], None]


@dataclass(frozen=True, slots=True)
class Run:
    """One way's result in one round."""

    mails: int
    spent: Spent

    @property
    def cpu_ms(self) -> float:
        return self.spent.total / self.mails * 1000

    def share(self, who: str) -> float:
        return self.spent.cpu[who] / self.mails * 1000

    @property
    def rate(self) -> float:
        return self.mails / self.spent.wall


def run(stack: Stack, *, mails: int = 500, rounds: int = 3) -> dict[str, list[Run]]:
    """Print mails a second and CPU a mail of each way, medians over the rounds."""
    made = make_mails(mails)
    found: dict[str, list[Run]] = {way: [] for way in WAYS}
    _measure(stack, made[:20], _one_by_one)  # sets Django up, so that what it runs can be noted
    with recording() as recorded:
        _measure(stack, made, _one_by_one)
    again = _Replay(made, [mail for mail in recorded.mails if len(mail) > CLAIM_STATEMENTS])
    for _ in range(rounds):
        ways: tuple[Work, ...] = (again, _bare, _one_by_one, _in_batches)
        for way, work in zip(WAYS, ways, strict=True):
            found[way].append(_measure(stack, made, work))
    _show(found, mails, rounds)
    return found


def _measure(stack: Stack, mails: list[MadeMail], work: Work) -> Run:
    database = "bench_ingest"
    _let_go()
    stack.make_database(database, template=empty_database(stack))
    use_database(database, stack)
    work_first, rest = mails[: len(mails) // 10], mails[len(mails) // 10 :]
    _store(work_first)  # starts the parsing child, fills caches and prepares statements
    work(stack, database)
    _store(rest)
    stack.settle()
    with measured(application=stack.own_cpu, postgresql=stack.postgres_cpu) as spent:
        work(stack, database)
    _check(mails)
    return Run(len(rest), spent)


def _let_go() -> None:
    """The pool of an earlier round would keep the old database busy."""
    from django.db import connections  # noqa: PLC0415

    if connections.settings:
        connections.close_all()


class _Replay:
    """Sends what was recorded: the first call the mails stored first, the second the rest, and so on."""

    def __init__(self, mails: list[MadeMail], recorded: list[list[Statement]]) -> None:
        assert len(mails) == len(recorded), (len(mails), len(recorded))
        self.mails, self.recorded, self.half = mails, recorded, 0

    def __call__(self, stack: Stack, database: str) -> None:
        first = len(self.mails) // 10
        part = slice(first, None) if self.half else slice(first)
        replay(stack.environment(database)["DATABASE_URL"], self.mails[part], self.recorded[part])
        self.half = 1 - self.half


def _bare(stack: Stack, database: str) -> None:
    bare.ingest_all(stack.environment(database)["DATABASE_URL"])


def _one_by_one(stack: Stack, database: str) -> None:
    from channels_inbound.inbound import drain_inbound  # noqa: PLC0415

    drain_inbound(at_once=1)


def _in_batches(stack: Stack, database: str) -> None:
    from channels_inbound.inbound import drain_inbound  # noqa: PLC0415

    drain_inbound()


def _store(mails: list[MadeMail]) -> None:
    from channels_inbound.raw import store_raw  # noqa: PLC0415
    from tickets.models import Channel  # noqa: PLC0415

    channel, _ = Channel.objects.get_or_create(kind="email", address=SUPPORT, defaults={"name": "Support"})
    for mail in mails:
        envelope = {"mail_from": mail.sender, "rcpt_tos": [SUPPORT]}
        store_raw([channel.pk], transport="smtp", content=mail.raw, envelope=envelope)


def _check(mails: list[MadeMail]) -> None:
    """A rate counts only when every mail became a message, in the thread it answers."""
    from channels_inbound.models import RawDelivery  # noqa: PLC0415
    from tickets.models import Message, Ticket  # noqa: PLC0415

    states = Counter(RawDelivery.objects.values_list("state", flat=True))
    assert states == {"ingested": len(mails)}, states
    assert Message.objects.count() == len(mails)
    opened = sum(mail.answers is None for mail in mails)
    assert Ticket.objects.count() == opened, (Ticket.objects.count(), opened)


def _show(found: dict[str, list[Run]], mails: int, rounds: int) -> None:
    same, lean = found[SAME], found[LEAN]
    rows = []
    for way, runs in found.items():
        cpu, rate = median(r.cpu_ms for r in runs), median(r.rate for r in runs)
        # Ratios round by round: what the machine does meanwhile falls on both.
        to_cpu = median(b.cpu_ms / r.cpu_ms for r, b in zip(runs, same, strict=True))
        to_rate = median(r.rate / b.rate for r, b in zip(runs, same, strict=True))
        to_lean = median(b.cpu_ms / r.cpu_ms for r, b in zip(runs, lean, strict=True))
        application, postgresql = (median(r.share(who) for r in runs) for who in ("application", "postgresql"))
        rows.append((way, cpu, application, postgresql, rate, ratio(to_cpu, 1), ratio(to_rate, 1), ratio(to_lean, 1)))
    show(
        f"Ingest: {mails} mails from stored raw rows, medians of {rounds} rounds",
        ("", "CPU ms/mail", "application", "PostgreSQL", "mails/s", "rate by CPU", "rate by wall", "to fewest"),
        rows,
        "Ratios to the program of the same round that sends the same statements; the last column, by CPU, to the one\n"
        "  that sends the fewest. Goals: 0.60 x one by one, above 1 x in batches, about 10 CPU ms a mail.",
    )
