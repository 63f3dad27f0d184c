"""How long a provider waits for its answer when many deliver at once, on the wall's clock and over real HTTP.

Beside it, from as many at once and in the same run: the bare commits of the same two rows, and the web process's
shortest answer, which asks no database. What the machine was doing besides is in all three.
"""

from __future__ import annotations

import http.client
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg

from bench.cpu import quantile
from bench.stack import Served, Stack

AT_ONCE = 16
WARM = 40
Job = Callable[[Any], None]
Post = tuple[str, bytes, dict[str, str]]


def walls(
    stack: Stack, database: str, store: str, channel_id: int, requests: Sequence[tuple[str, bytes, dict[str, str]]]
) -> dict[str, list[float]]:
    """Milliseconds of each of the requests but the first few, of as many bare commits and of as many bare answers."""
    url = stack.environment(database)["DATABASE_URL"]
    bodies = [(number, body) for number, (_path, body, _headers) in enumerate(requests[WARM:])]
    bare = _timed(lambda: _committing(url, store, channel_id), bodies)
    with stack.serving(database) as web:
        link = _link(web)
        for path, body, headers in requests[:WARM]:
            _send(link, "POST", path, body, headers, wanted=200)
        answers = _timed(lambda: _asking(web), [None] * len(bodies))
        hooks = _timed(lambda: _posting(web), requests[WARM:])
    return {"bare": bare, "answer": answers, "hook": hooks}


def spread(times: Sequence[float]) -> tuple[float, float]:
    """Median, and within how much 99 of 100 are."""
    return quantile(times, 0.5), quantile(times, 0.99)


def _timed(open_one: Callable[[], tuple[Job, Callable[[], None]]], jobs: Sequence[Any]) -> list[float]:
    """Every job once, by as many threads as deliver at once, each with a connection of its own."""

    def work(share: Sequence[Any]) -> list[float]:
        act, close = open_one()
        times = []
        for job in share:
            began = time.perf_counter()
            act(job)
            times.append((time.perf_counter() - began) * 1000)
        close()
        return times

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return [one for share in pool.map(work, [jobs[n::AT_ONCE] for n in range(AT_ONCE)]) for one in share]


def _committing(url: str, store: str, channel_id: int) -> tuple[Job, Callable[[], None]]:
    link = psycopg.connect(url)

    def act(job: tuple[int, bytes]) -> None:
        number, body = job
        link.execute(store, [channel_id, f"bare-wall-{number}", len(body), body])
        link.commit()

    return act, link.close


def _asking(web: Served) -> tuple[Job, Callable[[], None]]:
    link = _link(web)
    return lambda _job: _send(link, "GET", "/healthz", None, {}), link.close


def _posting(web: Served) -> tuple[Job, Callable[[], None]]:
    link = _link(web)
    return lambda job: _send(link, "POST", job[0], job[1], job[2], wanted=200), link.close


def _link(web: Served) -> http.client.HTTPConnection:
    return http.client.HTTPConnection("localhost", web.port, timeout=60)


def _send(
    link: http.client.HTTPConnection, method: str, path: str, body: bytes | None, headers: dict[str, str],
    *, wanted: int = 0,
) -> None:  # fmt: skip
    link.request(method, path, body=body, headers=headers)
    answer = link.getresponse()
    answer.read()
    if wanted and answer.status != wanted:
        raise RuntimeError(f"answered {answer.status}")
