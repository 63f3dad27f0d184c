"""One agent's list and open ticket while two hundred other tickets a second change: are they still right, and how much
slower than when nothing else happens?"""

from __future__ import annotations

import json
import re
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from html import unescape
from typing import TYPE_CHECKING

from bench.cpu import median, quantile
from bench.data import scale_database
from bench.pages import AGENT, cookie_of
from bench.sockets import open_sockets
from bench.stack import Served, Stack, use_database
from bench.table import ratio, show

if TYPE_CHECKING:
    from websockets.sync.client import ClientConnection

    from people.models import Agent

VIEW = "open"
BATCHES_A_SECOND = 10  # so many commits, each with its share of the changes
IN_VIEW = 5  # every fifth change is of a ticket that stands in the list shown
PAUSE = 0.4  # between two changes of the open ticket: a ticket is told of four times a second at most
_PREVIEW = re.compile(r'class="said"[^>]*>([^<]*)<')


@dataclass
class Tab:
    """What the measured tab was told."""

    previews: dict[int, str] = field(default_factory=dict)
    resyncs: Counter[str] = field(default_factory=Counter)
    rows: int = 0
    expected: int = 0  # the event whose telling is waited for
    looks: threading.Event = field(default_factory=threading.Event)
    ours: threading.Event = field(default_factory=threading.Event)

    def hear(self, frame: dict[str, object], ours: int) -> None:
        kind, ticket = frame["kind"], frame.get("ticket")
        if kind == "ticket.upsert" and isinstance(ticket, int):
            self.rows += 1
            if found := _PREVIEW.search(str(frame["html"])):
                self.previews[ticket] = unescape(found[1])
        elif kind == "ticket.changed" and ticket == ours and frame["event"] == self.expected:
            self.ours.set()
        elif kind == "viewing":
            self.looks.set()
        elif kind == "resync":
            self.resyncs[str(frame["reason"])] += 1


@dataclass
class Waits:
    """Milliseconds an agent waits: until the open ticket's change is told, for what is new on it, for the list."""

    told: list[float] = field(default_factory=list)
    ticket: list[float] = field(default_factory=list)
    rows: list[float] = field(default_factory=list)


@dataclass
class Changes:
    """What was changed meanwhile: the last preview of each ticket, how many changes, in how many seconds."""

    last: dict[int, str] = field(default_factory=dict)
    made: int = 0
    seconds: float = 0.0


def run(
    stack: Stack, *, rounds: int = 3, size: int = 100_000, rate: int = 200, seconds: float = 10.0, tabs: int = 5
) -> dict[str, Waits]:
    """What an agent waits when it is quiet, and when `rate` other tickets a second change, in the same run."""
    database = scale_database(stack, size)
    use_database(database, stack)
    ours, *shown = _tickets(1 + 2 * rate // IN_VIEW)
    others = _mixed(shown, 2 * rate)
    tab, found, changes = Tab(), {}, Changes()
    with stack.serving(database) as served, open_sockets(served.port, tabs) as sockets:
        served.headers["Cookie"] = cookie_of(_looker())
        with _listening(sockets, tab, ours):
            assert tab.looks.wait(30), "the tab was never told that it is looked at"
            _measure(served, tab, ours, 1.0)  # the first of each reads what later ones have cached
            found["quiet"] = _measure(served, tab, ours, seconds * rounds / 2)
            tab.rows = 0
            with _changing(others, rate, changes):
                found["busy"] = _measure(served, tab, ours, seconds * rounds)
            told = tab.rows
            time.sleep(3)  # the last ones
    seen = {pk: said for pk, said in changes.last.items() if pk in set(shown)}
    wrong = {pk: (said, tab.previews.get(pk)) for pk, said in seen.items() if tab.previews.get(pk) != said}
    _show(found, changes, told, f"{size:,} tickets, {tabs} open tabs")
    print(f"  Rows that were not told as they are at the end: {len(wrong)} of {len(seen)}; "
          f"tabs told to fetch everything again: {dict(tab.resyncs) or 'never'}.", flush=True)  # fmt: skip
    assert not wrong or tab.resyncs, f"told wrongly: {dict(list(wrong.items())[:5])}"
    return found


def _looker() -> Agent:
    """Whose tab is measured: the agent `open_sockets` opens the first for."""
    from people.models import Agent  # noqa: PLC0415

    found = Agent.objects.filter(is_active=True).exclude(email=AGENT).order_by("pk").first()
    assert found
    return found


def _tickets(count: int) -> list[int]:
    """Open tickets in that agent's sight, the liveliest first."""
    from tickets.models import Ticket  # noqa: PLC0415

    seen = Ticket.objects.visible_to(_looker()).filter(status="open", snoozed_until=None)
    return list(seen.newest_first().values_list("pk", flat=True)[:count])


def _mixed(shown: list[int], count: int) -> list[int]:
    """These and so many of all others, in turns: most of what changes in a shop stands in nobody's window."""
    from tickets.models import Ticket  # noqa: PLC0415

    rest = Ticket.objects.exclude(status="open").order_by("-pk").values_list("pk", flat=True)[: count - len(shown)]
    elsewhere, mixed = iter(rest), []
    for pk in shown:
        mixed += [pk, *(other for other, _ in zip(elsewhere, range(IN_VIEW - 1), strict=False))]
    return mixed


@contextmanager
def _listening(sockets: list[ClientConnection], tab: Tab, ours: int) -> Iterator[None]:
    """The first socket is the measured tab, with list and ticket open; the others show the list and are read."""
    stop = threading.Event()
    for number, socket in enumerate(sockets):
        socket.send(json.dumps({"type": "view", "view": VIEW, "ticket": ours if number == 0 else None}))

    def listen(socket: ClientConnection, hears: Tab | None) -> None:
        while not stop.is_set():
            try:
                text = socket.recv(timeout=0.5)
            except TimeoutError:
                continue
            if hears is not None:
                for frame in json.loads(text)["frames"]:
                    hears.hear(frame, ours)

    threads = [
        threading.Thread(target=listen, args=(socket, None if number else tab), daemon=True)
        for number, socket in enumerate(sockets)
    ]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join(5)


@contextmanager
def _changing(others: Sequence[int], rate: int, changes: Changes) -> Iterator[None]:
    """Change other tickets, `rate` a second: rows written, committed and announced as actions do."""
    stop = threading.Event()

    def change() -> None:
        from django.db import connection  # noqa: PLC0415

        began, at, each = time.monotonic(), 0, max(1, rate // BATCHES_A_SECOND)
        while not stop.is_set():
            some = [others[(at + n) % len(others)] for n in range(each)]
            at += each
            _commit(some, f"change {at}")
            changes.last |= dict.fromkeys(some, f"change {at}")
            changes.made, changes.seconds = at, time.monotonic() - began
            stop.wait(max(0.0, began + at / rate - time.monotonic()))
        connection.close()

    thread = threading.Thread(target=change, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(10)


def _commit(tickets: list[int], preview: str) -> None:
    from django.utils import timezone  # noqa: PLC0415

    from tickets.models import Ticket  # noqa: PLC0415
    from tickets.realtime import publish  # noqa: PLC0415

    Ticket.objects.filter(pk__in=tickets).update(preview=preview, last_message_at=timezone.now())
    publish(changes=[[pk, "ticket.changed", 1, None] for pk in tickets], agents=[], to_agents=[])


def _measure(served: Served, tab: Tab, ours: int, seconds: float) -> Waits:
    from tickets.realtime import publish  # noqa: PLC0415

    waits, until = Waits(), time.monotonic() + seconds
    while time.monotonic() < until:
        tab.expected += 1
        tab.ours.clear()
        began = time.perf_counter()
        assert publish(changes=[[ours, "ticket.changed", tab.expected, None]], agents=[], to_agents=[])
        assert tab.ours.wait(30), "the open ticket was never told of"
        waits.told.append((time.perf_counter() - began) * 1000)
        for path, spent in ((f"/tickets/{ours}/updates/?event=1", waits.ticket), (f"/inbox/{VIEW}/rows/", waits.rows)):
            began = time.perf_counter()
            status, _body = served.get(path)
            assert status == 200, (path, status)
            spent.append((time.perf_counter() - began) * 1000)
        time.sleep(PAUSE)
    return waits


def _show(found: dict[str, Waits], changes: Changes, told: int, where: str) -> None:
    rows = []
    for name, words in (("told", "until its change is told"), ("ticket", "what is new on it"), ("rows", "the list")):
        quiet, busy = (getattr(found[when], name) for when in ("quiet", "busy"))
        middle, late = (median(quiet), median(busy)), (quantile(quiet, 0.95), quantile(busy, 0.95))
        rows.append((words, *middle, ratio(middle[1], middle[0]), *late, ratio(late[1], late[0])))
    rate = changes.made / changes.seconds if changes.seconds else 0.0
    show(f"Busy: an open ticket and its list while others change, {where}, milliseconds",
         ("", "quiet", "busy", "busy to quiet", "p95 quiet", "p95 busy", "busy to quiet"), rows,
         f"{changes.made} changes of other tickets in {changes.seconds:.0f} s ({rate:.0f} a second), "
         f"{len(changes.last)} of them, {told} rows told to the tab meanwhile.")  # fmt: skip
