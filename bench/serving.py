"""Ways to serve pages and sockets, compared: CPU a request, memory, and what an idle socket holds."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass

from bench.cpu import family, measured, median, memory_of
from bench.data import scale_database
from bench.sockets import open_sockets
from bench.stack import Served, Stack, use_database
from bench.table import ratio, show

THREADS = "6"
Command = Callable[[int], list[str]]


@dataclass(frozen=True, slots=True)
class Way:
    """One way's cost: CPU ms a request by address, and memory of the loaded process in MiB."""

    cpu_ms: dict[str, float]
    memory: float


def run(
    stack: Stack, *, rounds: int = 3, size: int = 20_000, requests: int = 100, sockets: int = 200
) -> dict[str, Way]:
    """Print both comparisons."""
    database = scale_database(stack, size)
    use_database(database, stack)
    from bench.pages import AGENT, cookie_of  # noqa: PLC0415
    from people.models import Agent  # noqa: PLC0415

    cookie = cookie_of(Agent.objects.get(email=AGENT))
    paths = {"constant": "/healthz", "fragment": "/inbox/counts/", "list page": "/inbox/open/"}
    found = {name: _measure(stack, database, command, cookie, paths, rounds, requests) for name, command in ways()}
    _show(found, rounds, requests)
    _show_sockets(stack, database, sockets)
    return found


def ways() -> Iterator[tuple[str, Command]]:
    """Each way's command for a port; all with one process and six threads."""

    def variant(name: str) -> Command:
        return lambda port: [sys.executable, "-m", "bench.asgi_variants", name, str(port)]

    yield "our bridge (uvicorn)", lambda port: [sys.executable, "-m", "helpdesk.web"]
    yield "a2wsgi (uvicorn)", variant("a2wsgi")
    yield "Django's ASGI handler (uvicorn)", variant("django_asgi")
    yield (
        "gunicorn, threads",
        lambda port: [
            sys.executable, "-m", "gunicorn", "-k", "gthread", "-w", "1", "--threads", THREADS,
            "-b", f"127.0.0.1:{port}", "--log-level", "warning", "helpdesk.wsgi:application",
        ],
    )  # fmt: skip
    yield (
        "granian, WSGI",
        lambda port: [
            sys.executable, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port),
            "--workers", "1", "--blocking-threads", THREADS, "--no-access-log", "--log-level", "warning",
            "helpdesk.wsgi:application",
        ],
    )  # fmt: skip


def _measure(
    stack: Stack, database: str, command: Command, cookie: str, paths: dict[str, str], rounds: int, requests: int
) -> Way:
    with stack.serving(database, command) as served:
        served.headers = {"Cookie": cookie}
        costs: dict[str, list[float]] = {name: [] for name in paths}
        for _ in range(rounds + 1):  # the first warms up
            for name, path in paths.items():
                costs[name].append(_cost(served, path, requests))
        memory = sum(memory_of(pid) for pid in family(served.pid)) / (1 << 20)
        return Way({name: median(seen[1:]) for name, seen in costs.items()}, memory)


def _cost(served: Served, path: str, requests: int) -> float:
    with measured(web=served.cpu) as spent:
        for _ in range(requests):
            status, _body = served.get(path)
            assert status == 200, (path, status)
    return spent.total / requests * 1000


def _show(found: dict[str, Way], rounds: int, requests: int) -> None:
    ours = next(iter(found.values()))
    rows = []
    for name, way in found.items():
        cells: list[object] = [name]
        for path, cost in way.cpu_ms.items():
            cells += [cost, ratio(cost, ours.cpu_ms[path])]
        rows.append([*cells, way.memory])
    head = [cell for path in ours.cpu_ms for cell in (f"{path}, CPU ms", "to ours")]
    show(f"Serving: one process, six threads, {requests} requests each, medians of {rounds} rounds",
         ("", *head, "MiB"), rows, "CPU of the web process alone; PostgreSQL's is the same for all.")  # fmt: skip


def _show_sockets(stack: Stack, database: str, count: int) -> None:
    rows = []
    for name, deflate in (("without compression", False), ("with compression", True)):
        extra = ["--deflate"] if deflate else []
        command = [sys.executable, "-m", "bench.asgi_variants", "bridge"]
        with stack.serving(database, lambda port, e=extra, c=command: [*c, str(port), *e]) as served, ExitStack() as s:
            s.enter_context(open_sockets(served.port, 10, deflate=deflate))  # what the first few load stays loaded
            before = memory_of(served.pid)
            s.enter_context(open_sockets(served.port, count, deflate=deflate))
            rows.append((name, count, (memory_of(served.pid) - before) / count / 1024))
    show("Idle sockets of signed-in agents", ("", "sockets", "KiB each"), rows)
