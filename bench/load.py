"""`python -m bench.load`: agents, widgets and mails at once, on the processes of one machine; how long each waits, what
piles up, how memory grows.

The full form is `--seconds 600 --agents 50 --widgets 1000 --mails 20`; without options it is a tenth or a twentieth of
that for half a minute, which is what a busy machine can show.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import smtplib
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from uuid import uuid4

import psycopg

from bench.chat import SHOP, Widget
from bench.cpu import memory_of
from bench.data import empty_database
from bench.mails import SUPPORT, MadeMail, make_mails
from bench.stack import ROOT, Stack, use_database
from bench.table import show
from helpdesk.runtime import commands
from helpdesk.runtime.redis import free_port
from helpdesk.runtime.supervisor import Supervisor

DATABASE = "bench_load"
# Nobody here is slowed, and each visitor has an address of their own.
GIVEN = {"HELPDESK_API_REQUESTS_PER_MINUTE": "1000000", "HELPDESK_TRUSTED_PROXIES": "1"}
WAITING = """
SELECT 'mail', extract(epoch FROM now() - min(received_at))::float8 FROM channels_inbound_rawdelivery
WHERE state = 'stored'
UNION ALL SELECT 'events', extract(epoch FROM now() - min(next_try_at))::float8 FROM events_eventdelivery
WHERE state = 'due' AND next_try_at < now()
"""
AGENT_PAUSE = 3.0
SENDERS = 4
TICKETS = 40


@dataclass
class Times:
    """What one kind of user waited for, in seconds, and how often they heard no yes."""

    waited: list[float] = field(default_factory=list)
    failed: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, seconds: float, *, good: bool) -> None:
        with self.lock:
            self.waited.append(seconds)
            self.failed += not good


@contextmanager
def running(environment: dict[str, str]) -> Iterator[tuple[Supervisor, int, int]]:
    """web, worker with beat, listener; and their two ports."""
    http_port, smtp_port = free_port(), free_port()
    supervisor = Supervisor(ROOT / "var" / "bench" / "log", say=lambda text: None)
    for child in (commands.web(), commands.worker(), commands.mail()):
        ports = {"HELPDESK_HTTP_PORT": str(http_port), "HELPDESK_SMTP_PORT": str(smtp_port)}
        child.environment = {**os.environ, **environment, **ports, **child.environment}
        supervisor.add(child)
    supervisor.tick()
    try:
        _wait(lambda: _ask(http_port, "GET", "/readyz")[0] == 200, 180)
        yield supervisor, http_port, smtp_port
    finally:
        supervisor.stop()


def run(stack: Stack, *, seconds: float, agents: int, widgets: int, mails: float) -> dict[str, float]:
    """p99 of each kind in ms; prints the table."""
    stack.make_database(DATABASE, template=empty_database(stack))
    use_database(DATABASE, stack)
    token, widget = _world()
    given = stack.environment(DATABASE) | GIVEN
    written = make_mails(int(mails * seconds) + 5)
    kinds = {name: Times() for name in ("agent reads", "agent writes", "mail taken")}
    with (
        running(given) as (supervisor, http_port, smtp_port),
        _widgets(http_port, widget, widgets, seconds) as visitors,
    ):
        before = _memory(supervisor)
        over = threading.Event()
        threads = [
            *_some(agents, 16, lambda share: _agents(http_port, token, share, kinds, over)),
            *_senders(smtp_port, mails, written, kinds["mail taken"], over),
        ]
        for thread in threads:
            thread.start()
        ages = _watch(stack, seconds)
        over.set()
        for thread in threads:
            thread.join(60)
        said = json.loads(visitors.communicate(timeout=120)[0])
        grown = (_memory(supervisor) - before) / 2**20
    kinds |= {name: Times(found["waited"], found["failed"]) for name, found in said.items()}
    wanted = {"agent reads": agents / AGENT_PAUSE * seconds, "agent writes": agents / AGENT_PAUSE * seconds}
    wanted |= {"mail taken": mails * seconds} | {name: found["wanted"] for name, found in said.items()}
    rows = [_row(name, found, wanted[name]) for name, found in kinds.items()]
    show(
        f"Load for {seconds:.0f} s: {agents} agents, {widgets} widgets, {mails} mails a second",
        ("", "times", "of those wanted", "no yes", "p50 ms", "p99 ms"),
        rows,
        f"Oldest mail that waited: {ages['mail']:.1f} s; oldest fact: {ages['events']:.1f} s.",
        f"Memory of all processes grew by {grown:.0f} MiB.",
    )
    return {name: _p(found, 99) for name, found in kinds.items()} | {"failed": sum(f.failed for f in kinds.values())}


def _row(name: str, found: Times, wanted: float) -> tuple[object, ...]:
    times = len(found.waited)
    return name, times, times / wanted, found.failed, _p(found, 50), _p(found, 99)


def _world() -> tuple[str, Widget]:
    from channels_inbound.inbound import drain_inbound  # noqa: PLC0415
    from channels_inbound.raw import store_raw  # noqa: PLC0415
    from livechat.channels import create_chat_channel  # noqa: PLC0415
    from livechat.doors import door_for, write_pass  # noqa: PLC0415
    from people.models import Agent  # noqa: PLC0415
    from people.tokens import create_token  # noqa: PLC0415
    from tickets.models import Channel  # noqa: PLC0415

    agent = Agent.objects.create(email="olena@load.example", name="Olena", role="admin")
    channel = Channel.objects.create(name="Support", address=SUPPORT)
    # Agents write to tickets that are there; all of them to the first that comes would measure its lock.
    for number, mail in enumerate(make_mails(TICKETS, seed=11, answered=0)):
        store_raw([channel.pk], transport="smtp", transport_key=f"before{number}", content=mail.raw, envelope={})
    drain_inbound()
    made, _secret = create_chat_channel(name="Chat", settings={"origins": [SHOP], "color": "#1f57d6"})
    return create_token(agent, "load", ("read", "write"), 1)[0], Widget(made.key, write_pass(door_for(made.key, SHOP)))


def _some(count: int, most: int, work: Callable[[int], None]) -> list[threading.Thread]:
    """So many users shared by at most `most` threads, each of which plays its share in turn."""
    threads = min(count, most)
    shares = [count // threads + (number < count % threads) for number in range(threads)]
    return [threading.Thread(target=work, args=(share,), daemon=True) for share in shares]


def _turns(pause: float, over: threading.Event) -> Iterator[int]:
    """The number of each turn, at its own moment however long the last one took: who waits for an answer before they
    ask again ask less of a slow house, and measure it kinder than people would."""
    began, number = time.monotonic(), 0
    while not over.wait(max(0.0, began + (number + 1) * pause - time.monotonic())):
        number += 1
        yield number


def _agents(port: int, token: str, share: int, kinds: dict[str, Times], over: threading.Event) -> None:
    headers = {"Authorization": f"Token {token}", "Content-Type": "application/json"}
    for _number in _turns(AGENT_PAUSE / share, over):
        said = _timed(kinds["agent reads"], port, "GET", "/api/v1/tickets/?status=open&limit=20", None, headers)
        tickets = json.loads(said).get("results", []) if said else []
        if tickets:
            ticket = tickets[int(time.monotonic() * 1000) % len(tickets)]["id"]
            body = json.dumps({"kind": "note", "text": f"Looked at it. {uuid4()}"})
            _timed(kinds["agent writes"], port, "POST", f"/api/v1/tickets/{ticket}/messages/", body, headers)


@contextmanager
def _widgets(port: int, widget: Widget, count: int, seconds: float) -> Iterator[subprocess.Popen[str]]:
    """All widgets, their lines held; they play for so long, then say what they found (`bench.load_widgets`)."""
    given = {"port": port, "key": widget.key, "shown": widget.shown, "widgets": count, "seconds": seconds}
    with subprocess.Popen(
        [sys.executable, "-m", "bench.load_widgets"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
    ) as visitors:
        try:
            assert visitors.stdin and visitors.stdout
            visitors.stdin.write(json.dumps(given) + "\n")
            visitors.stdin.flush()
            assert visitors.stdout.readline().strip() == "ready"
            yield visitors
        finally:
            visitors.kill()


def _senders(
    port: int, rate: float, written: list[MadeMail], times: Times, over: threading.Event
) -> list[threading.Thread]:
    """Some who send in turn, each mail at its own moment: one sender would wait for the listener and send fewer."""
    began = time.monotonic() + 1
    due = [(began + number / rate, mail) for number, mail in enumerate(written)]
    shares = [due[number::SENDERS] for number in range(SENDERS)]
    return [threading.Thread(target=_mails, args=(port, share, times, over), daemon=True) for share in shares]


def _mails(port: int, due: list[tuple[float, MadeMail]], times: Times, over: threading.Event) -> None:
    for moment, mail in due:
        if over.wait(max(0.0, moment - time.monotonic())):
            return
        began, good = time.monotonic(), True
        try:
            with smtplib.SMTP("127.0.0.1", port, timeout=30) as server:
                server.sendmail("zoe@customer.example", [SUPPORT], mail.raw)
        except (OSError, smtplib.SMTPException):
            good = False
        times.note(time.monotonic() - began, good=good)


def _timed(times: Times, port: int, method: str, path: str, body: str | None, headers: dict[str, str]) -> bytes:
    began = time.monotonic()
    status, said = _ask(port, method, path, body, headers)
    times.note(time.monotonic() - began, good=200 <= status < 300)
    return said if status == 200 else b""


def _ask(
    port: int, method: str, path: str, body: str | None = None, headers: dict[str, str] | None = None
) -> tuple[int, bytes]:
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        line.request(method, path, body, headers or {})
        answer = line.getresponse()
        return answer.status, answer.read()
    except (OSError, http.client.HTTPException):
        return 0, b""
    finally:
        line.close()


def _watch(stack: Stack, seconds: float) -> dict[str, float]:
    """The longest anything waited while the load went on."""
    oldest = {"mail": 0.0, "events": 0.0}
    end = time.monotonic() + seconds
    with psycopg.connect(stack.environment(DATABASE)["DATABASE_URL"], autocommit=True) as database:
        while time.monotonic() < end:
            for name, age in database.execute(WAITING):
                oldest[name] = max(oldest[name], age or 0.0)
            time.sleep(1)
    return oldest


def _memory(supervisor: Supervisor) -> float:
    return sum(memory_of(child.process.pid) for child in supervisor.children if child.process)


def _p(times: Times, percent: int) -> float:
    if len(times.waited) < 2:
        return 0.0
    return statistics.quantiles(times.waited, n=100, method="inclusive")[percent - 1] * 1000


def _wait(until: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not until():
        if time.monotonic() > deadline:
            raise SystemExit("the helpdesk was not ready in time")
        time.sleep(0.3)


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.load", description=__doc__)
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--agents", type=int, default=5)
    parser.add_argument("--widgets", type=int, default=50)
    parser.add_argument("--mails", type=float, default=1)
    given = parser.parse_args(arguments)
    with Stack() as stack:
        found = run(stack, seconds=given.seconds, agents=given.agents, widgets=given.widgets, mails=given.mails)
    return 1 if found["failed"] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
