"""How fast webhooks are answered and worked through, beside the fewest commits that keep the same bytes.

The answer is what a provider waits for: verified, kept, committed. The limit is a bare program that inserts the same
two rows and commits, on one connection, as the request does.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import time
from typing import Any

import psycopg

from bench.cpu import median
from bench.data import empty_database
from bench.hooks_wall import AT_ONCE, spread, walls
from bench.stack import Stack, use_database
from bench.table import ratio, show

SECRET, PAGE = "secret-of-the-bench", "1001"
WAITS = {
    "bare": "bare program, two rows and a commit",
    "answer": "the web process's bare answer",
    "page": "a webhook as a page (the long way)",
    "hook": "a webhook",
    "crowded": "a webhook, while two agents open lists",
    "apart": "the same, with a process `live` of its own",
}
_STORE = """
WITH stored AS (
    INSERT INTO channels_inbound_rawdelivery (channel_id, transport, transport_key, trace_id, envelope, size)
    VALUES (%s, 'hook', %s, '', '{}', %s) RETURNING id
) INSERT INTO channels_inbound_rawbody (delivery_id, content) SELECT id, %s FROM stored
"""


def run(stack: Stack, *, webhooks: int = 1000, rounds: int = 3) -> dict[str, list[float]]:
    """Print webhooks a second of each way, and how long an answer takes; medians over the rounds."""
    found: dict[str, list[float]] = {name: [] for name in ("bare", "answered", "worked", "median", "late")}
    waits: dict[str, list[float]] = {}
    for number in range(rounds):
        _one_round(stack, f"bench_hooks_{number}", webhooks, found, waits)
    bare, answered, worked = (median(found[name]) for name in ("bare", "answered", "worked"))
    show(
        f"Webhooks ({webhooks} a round, {rounds} rounds)", ("", "a second", "of the bare commits"),
        [
            ("bare program, two rows and a commit", bare, "1.00 x"),
            ("verified, kept and answered", answered, ratio(answered, bare)),
            ("read into tickets, in batches", worked, ratio(worked, bare)),
        ],
        f"answered in {median(found['median']):.1f} ms, 99 of 100 within {median(found['late']):.1f} ms (limit 50 ms)",
    )  # fmt: skip
    _show_waits(waits)
    return found | waits


def _show_waits(waits: dict[str, list[float]]) -> None:
    bare, bare_late = spread(waits["bare"])
    rows = []
    for name, words in WAITS.items():
        median_ms, late = spread(waits[name])
        rows.append((words, median_ms, late, ratio(median_ms, bare), ratio(late, bare_late)))
    show(
        f"Waiting for the answer, {AT_ONCE} at once over HTTP (load {os.getloadavg()[0]:.1f})",
        ("", "p50 ms", "p99 ms", "p50 of the commits", "p99 of the commits"), rows,
    )  # fmt: skip


def _one_round(
    stack: Stack, database: str, webhooks: int, found: dict[str, list[float]], waits: dict[str, list[float]]
) -> None:
    _let_go()
    stack.make_database(database, template=empty_database(stack))
    use_database(database, stack)
    from channels_inbound.hooks.drain import drain_hooks  # noqa: PLC0415

    connection, client = _connected()
    bodies = [_body(number) for number in range(webhooks)]
    found["bare"].append(webhooks / _bare(stack.environment(database)["DATABASE_URL"], connection, bodies))
    for body in bodies[:20]:
        _post(client, connection, body + b" ")
    stack.settle()
    times = []
    for body in bodies:
        began = time.perf_counter()
        assert _post(client, connection, body) == 200
        times.append(time.perf_counter() - began)
    times.sort()
    found["answered"].append(webhooks / sum(times))
    found["median"].append(times[len(times) // 2] * 1000)
    found["late"].append(times[len(times) * 99 // 100] * 1000)
    began = time.perf_counter()
    done = drain_hooks()
    found["worked"].append(sum(done.values()) / (time.perf_counter() - began))
    requests = [_request(connection, _body(webhooks + number)) for number in range(4 * webhooks)]
    for name, times in walls(stack, database, _STORE, connection.channel_id, requests, _cookie()).items():
        waits.setdefault(name, []).extend(times)


def _connected() -> tuple[Any, Any]:
    from django.conf import settings  # noqa: PLC0415
    from django.test import Client  # noqa: PLC0415

    from channels_inbound.hooks.connections import add_connection  # noqa: PLC0415
    from people.models import Agent, Role  # noqa: PLC0415

    settings.ALLOWED_HOSTS = ["*"]
    admin = Agent.objects.create(email="bench@shop.example", name="Bench", role=Role.ADMIN)
    values = {"page_id": PAGE, "token": "t", "app_secret": SECRET}
    return add_connection("messenger", values, by=admin, name="Messenger"), Client()


def _cookie() -> str:
    from bench.pages import cookie_of  # noqa: PLC0415
    from people.models import Agent  # noqa: PLC0415

    return cookie_of(Agent.objects.get())


def _body(number: int) -> bytes:
    said = {"mid": f"m_{number}", "text": f"Message {number}: where is my parcel?"}
    item = {"sender": {"id": str(700_000 + number % 100)}, "recipient": {"id": PAGE},
            "timestamp": int(time.time() * 1000), "message": said}  # fmt: skip
    return json.dumps({"object": "page", "entry": [{"id": PAGE, "messaging": [item]}]}).encode()


def _request(connection: Any, body: bytes) -> tuple[str, bytes, dict[str, str]]:
    signature = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    headers = {"X-Hub-Signature-256": f"sha256={signature}", "Content-Type": "application/json"}
    return f"/hooks/messenger/{connection.key}/", body, headers


def _post(client: Any, connection: Any, body: bytes) -> int:
    path, body, headers = _request(connection, body)
    kind = headers.pop("Content-Type")
    status: int = client.post(path, body, content_type=kind, headers=headers).status_code
    return status


def _bare(url: str, connection: Any, bodies: list[bytes]) -> float:
    """Seconds of the same rows, kept by the shortest way; they are taken out again."""
    with psycopg.connect(url) as database:
        began = time.perf_counter()
        for number, body in enumerate(bodies):
            database.execute(_STORE, [connection.channel_id, f"bare-{number}", len(body), body])
            database.commit()
        seconds = time.perf_counter() - began
        database.execute("DELETE FROM channels_inbound_rawbody")
        database.execute("DELETE FROM channels_inbound_rawdelivery")
    return seconds


def _let_go() -> None:
    """Connections of an earlier round would keep the old database busy."""
    from django.db import connections  # noqa: PLC0415

    if connections.settings:
        connections.close_all()
