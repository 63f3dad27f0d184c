"""How long a provider waits for its answer when many deliver at once, on the wall's clock and over real HTTP.

Beside it, from as many at once and in the same run: the bare commits of the same two rows, the web process's shortest
answer, which asks no database, and the same webhooks as pages, by the long way (`helpdesk.hook_door` says when that is
taken; here because no length is told). What the machine was doing besides is in all of them.
"""

from __future__ import annotations

import http.client
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import psycopg

from bench.cpu import quantile
from bench.stack import Served, Stack

AT_ONCE = 16
WARM = 40
READS_BEFORE = 12
LIST = "/inbox/open/"
Job = Callable[[Any], None]
Post = tuple[str, bytes, dict[str, str]]


def walls(
    stack: Stack, database: str, store: str, channel_id: int, requests: Sequence[Post], cookie: str
) -> dict[str, list[float]]:
    """Milliseconds of a quarter of the requests by each way, of as many bare commits and of as many bare answers."""
    url = stack.environment(database)["DATABASE_URL"]
    warm, rest = requests[:WARM], requests[WARM:]
    short, long, crowded, alone = (rest[n::4] for n in range(4))
    bodies = [(number, body) for number, (_path, body, _headers) in enumerate(short)]
    bare = _timed(lambda: _committing(url, store, channel_id), bodies)
    with stack.serving(database) as web:
        link = _link(web)
        for number, post in enumerate(warm):
            _post(link, post, whole=number % 2 == 0)
        for _ in range(READS_BEFORE):  # the first loads what a list needs
            _send(link, "GET", LIST, None, {"Cookie": cookie}, wanted=200)
        answers = _timed(lambda: _asking(web), [None] * len(bodies))
        as_pages = _timed(lambda: _posting(web, whole=False), long)
        hooks = _timed(lambda: _posting(web), short)
        with _readers(web, cookie):
            beside = _timed(lambda: _posting(web), crowded)
            with stack.serving(database) as live:
                for post in warm:
                    _post(_link(live), post, whole=True)
                apart = _timed(lambda: _posting(live), alone)
    return {"bare": bare, "answer": answers, "page": as_pages, "hook": hooks, "crowded": beside, "apart": apart}


@contextmanager
def _readers(web: Served, cookie: str) -> Iterator[None]:
    """Two agents who open their list again and again, without a pause."""
    done = threading.Event()

    def read() -> None:
        link = _link(web)
        while not done.is_set():
            _send(link, "GET", LIST, None, {"Cookie": cookie}, wanted=200)
        link.close()

    threads = [threading.Thread(target=read) for _ in range(2)]
    for thread in threads:
        thread.start()
    yield
    done.set()
    for thread in threads:
        thread.join()


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


def _posting(web: Served, *, whole: bool = True) -> tuple[Job, Callable[[], None]]:
    link = _link(web)
    return lambda job: _post(link, job, whole=whole), link.close


def _post(link: http.client.HTTPConnection, post: Post, *, whole: bool) -> None:
    """One webhook; if not as a whole, then in chunks, whose length nobody knows before."""
    path, body, headers = post
    _send(link, "POST", path, body if whole else iter([body]), headers, wanted=200)


def _link(web: Served) -> http.client.HTTPConnection:
    return http.client.HTTPConnection("localhost", web.port, timeout=60)


def _send(
    link: http.client.HTTPConnection, method: str, path: str, body: Any, headers: dict[str, str],
    *, wanted: int = 0,
) -> None:  # fmt: skip
    link.request(method, path, body=body, headers=headers)
    answer = link.getresponse()
    answer.read()
    if wanted and answer.status != wanted:
        raise RuntimeError(f"answered {answer.status}")
