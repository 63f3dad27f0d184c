"""What one change costs when many agents look on: from its commit until the last open tab has been told."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from bench.cpu import measured, median
from bench.data import scale_database
from bench.sockets import open_sockets
from bench.stack import Served, Stack, use_database
from bench.table import show

if TYPE_CHECKING:
    from websockets.sync.client import ClientConnection

VIEW = "open"


def run(
    stack: Stack, *, rounds: int = 3, size: int = 20_000, audiences: Sequence[int] = (1, 20, 200), changes: int = 20
) -> dict[int, float]:
    """CPU ms of the web process a change, by number of open tabs."""
    database = scale_database(stack, size)
    use_database(database, stack)
    rows, found = [], {}
    with stack.serving(database) as served:
        for count in audiences:
            with open_sockets(served.port, count) as sockets:
                _look_at_list(sockets)
                _announce(sockets, 0)  # the first change reads what later ones have cached
                costs, delays = zip(*[_costs(served, sockets, changes) for _ in range(rounds)], strict=True)
            found[count] = median(costs)
            rows.append((f"{count} open tabs", found[count], found[count] / count, median(delays) * 1000))
    show(f"Live: one changed ticket told to all open tabs, medians of {rounds} rounds of {changes} changes",
         ("", "CPU ms a change", "a tab", "ms until the last is told"), rows,
         "CPU of the web process; the changes come one after another, so none are told together.")  # fmt: skip
    return found


def _costs(served: Served, sockets: list[ClientConnection], changes: int) -> tuple[float, float]:
    delays = []
    with measured(web=served.cpu) as spent:
        for number in range(changes):
            delays.append(_announce(sockets, number))
    return spent.total / changes * 1000, median(delays)


def _look_at_list(sockets: list[ClientConnection]) -> None:
    """Say, as the page does, which list stands in the window: only those who show it are told."""
    for socket in sockets:
        socket.send(json.dumps({"type": "view", "view": VIEW}))
    for socket in sockets:
        _wait_for(socket, "viewing", None)


def _announce(sockets: list[ClientConnection], number: int) -> float:
    """Announce a change of a ticket that everyone may see, and wait until every tab has its frame."""
    from tickets.models import Ticket  # noqa: PLC0415
    from tickets.realtime import publish  # noqa: PLC0415

    seen_by_all = Ticket.objects.filter(team=None, status="open", snoozed_until=None).order_by("-last_message_at")
    tickets = list(seen_by_all.values_list("pk", flat=True)[:20])
    ticket = tickets[number % len(tickets)]
    began = time.perf_counter()
    assert publish(changes=[[ticket, "ticket.changed", 1, None]], agents=[], to_agents=[])
    for socket in sockets:
        _wait_for(socket, "ticket.upsert", ticket)
    return time.perf_counter() - began


def _wait_for(socket: ClientConnection, kind: str, ticket: int | None) -> None:
    while True:
        message = json.loads(socket.recv(timeout=30))
        if any((frame["kind"], frame.get("ticket")) == (kind, ticket) for frame in message["frames"]):
            return
