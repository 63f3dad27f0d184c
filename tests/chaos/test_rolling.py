"""Many of each on one machine, renewed one after the other while everybody works: three web processes behind a balancer,
three workers on queues of their own, one beat, two listeners, and PgBouncer in transaction mode where it is installed.

No request fails, no mail is refused for good, everything written is there once. `-s` prints what was measured.
"""

from __future__ import annotations

import http.client
import itertools
import json
import random
import statistics
import threading
import time
import uuid
from collections import Counter, deque
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.chaos.machine import Machine
from tests.chaos.people import Mail, MailServer, Post
from tests.support import pgbouncer
from tests.support.smtp_sink import SmtpSink

pytestmark = pytest.mark.kill
WEBS, MAILS, PAUSE = 3, 120, 0.05
_SETTLE_IN = """
from people.models import Agent, Membership, Team
from people.tokens import create_token
from tickets.models import Channel
team = Team.objects.create(name="Support")
for name, address in (("Support", "support@shop.example"), ("Returns", "returns@shop.example")):
    Channel.objects.create(name=name, address=address, team=team)
agent = Agent.objects.create(email="olena@shop.example", name="Olena", role="agent")
Membership.objects.create(agent=agent, team=team)
print("TOKEN", create_token(agent, "load", ("read", "write"), 1)[0])
"""


class Balancer:
    """As a proxy does: knows which are ready, passes over one that takes no connection, never repeats what was taken."""

    def __init__(self, ports: list[int]) -> None:
        self.ports, self.ready = ports, set[int]()
        self.turn = itertools.count()
        self.over = threading.Event()
        threading.Thread(target=self._watch, daemon=True).start()

    def _watch(self) -> None:
        while not self.over.wait(0.3):
            for port in self.ports:
                try:
                    good = self._ask(port, "GET", "/readyz?role=web", None, {})[0] == 200
                except OSError:
                    good = False
                (self.ready.add if good else self.ready.discard)(port)

    def ask(self, method: str, path: str, body: bytes | None, headers: dict[str, str]) -> tuple[int, bytes]:
        for _ in range(50):
            ready = sorted(self.ready)
            if ready:
                try:
                    return self._ask(ready[next(self.turn) % len(ready)], method, path, body, headers)
                except ConnectionRefusedError:
                    pass
            time.sleep(0.1)
        raise AssertionError("nobody was ready for five seconds")

    @staticmethod
    def _ask(port: int, method: str, path: str, body: bytes | None, headers: dict[str, str]) -> tuple[int, bytes]:
        line = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        try:
            line.request(method, path, body, {"Host": "localhost", **headers})
            answer = line.getresponse()
            return answer.status, answer.read()
        finally:
            line.close()


class Client(threading.Thread):
    """Reads lists and writes notes; every answer that is no yes is a failure."""

    def __init__(self, balancer: Balancer, token: str) -> None:
        super().__init__(daemon=True)
        self.balancer, self.token = balancer, token
        self.over = threading.Event()
        self.failures: Counter[str] = Counter()
        self.written: list[str] = []
        self.times: list[float] = []

    def run(self) -> None:
        while not self.over.wait(PAUSE):
            listed = self._ask("GET", "/api/v1/tickets/?status=open&limit=5")
            for ticket in (listed or {}).get("results", [])[:1]:
                words = f"note {uuid.uuid4()}"
                body = json.dumps({"kind": "note", "text": words}).encode()
                if self._ask("POST", f"/api/v1/tickets/{ticket['id']}/messages/", body) is not None:
                    self.written.append(words)

    def _ask(self, method: str, path: str, body: bytes | None = None) -> dict | None:
        headers = {"Authorization": f"Token {self.token}", "Content-Type": "application/json"}
        began = time.monotonic()
        try:
            status, said = self.balancer.ask(method, path, body, headers)
        except (OSError, http.client.HTTPException, AssertionError) as error:
            self.failures[f"{method} {type(error).__name__}"] += 1
            return None
        self.times.append(time.monotonic() - began)
        if not 200 <= status < 300:
            self.failures[f"{method} {status}"] += 1
            return None
        return json.loads(said)


@pytest.fixture
def machine(place: Path, smtp_sink: SmtpSink) -> Iterator[Machine]:
    queues = ("critical", "default", "bulk")
    machine = Machine(place, smtp_sink, webs=WEBS, lives=0, listeners=2, workers={queue: queue for queue in queues})
    try:
        machine.prepare()
        machine.pool_connections()
        machine.token = machine.settle(_SETTLE_IN)["TOKEN"].strip()
        machine.start()
        yield machine
    finally:
        machine.stop()


def test_a_rolling_restart_loses_no_request(machine: Machine) -> None:
    balancer = Balancer(machine.webs)
    _wait(lambda: len(balancer.ready) == WEBS, 120)
    post = Post(machine, random.Random(7), MAILS)  # type: ignore[arg-type]
    answers: Counter[str] = Counter()
    queue: deque[Mail] = deque()
    senders = [MailServer(post, queue, answers, 0.3) for _ in range(2)]
    clients = [Client(balancer, machine.token) for _ in range(4)]
    for thread in (*senders, *clients):
        thread.start()
    began = time.monotonic()
    _wait(lambda: any(client.written for client in clients), 60)
    for name in list(machine.children):
        machine.roll(name)
        if name.startswith("web"):
            port = machine.webs[int(name.removeprefix("web"))]
            _wait(lambda port=port: port in balancer.ready, 60)
        if name.startswith("mail"):
            machine.smtp_port = next(port for port in machine.listeners if port != machine.smtp_port)
    rolled = time.monotonic() - began
    for sender in senders:
        sender.join(120)
    for client in clients:
        client.over.set()
        client.join(60)
    _wait(
        lambda: machine.rows("SELECT count(*) FROM channels_inbound_rawdelivery WHERE state = 'stored'") == [(0,)], 120
    )
    balancer.over.set()
    times = sorted(time for client in clients for time in client.times)
    failures = sum((client.failures for client in clients), Counter())
    print(f"\n{'PgBouncer, ' if machine.pool else ''}{len(machine.children)} processes renewed in {rolled:.0f} s under {len(times)} requests: "
          f"median {statistics.median(times) * 1000:.0f} ms, p99 {times[int(len(times) * 0.99)] * 1000:.0f} ms, "
          f"longest {times[-1] * 1000:.0f} ms; mails {dict(answers)}")  # fmt: skip

    assert failures == Counter()
    assert [sender.refused for sender in senders] == [[], []]
    taken = sorted(mail.message_id for mails in post.taken.values() for mail in mails)
    stored = [
        name for (name,) in machine.rows("SELECT external_id FROM tickets_message WHERE kind = 'inbound' ORDER BY 1")
    ]
    assert stored == taken
    assert len(taken) == MAILS
    notes = Counter(text for (text,) in machine.rows("SELECT text FROM tickets_message WHERE kind = 'note'"))
    assert notes == Counter(words for client in clients for words in client.written)
    assert sum(notes.values()) > 20
    if machine.pool and machine.services.postgres:
        assert (
            machine.rows("SELECT count(*) FROM pg_stat_activity WHERE usename = 'helpdesk'")[0][0] <= pgbouncer.POOL + 2
        )


def _wait(until: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not until():
        assert time.monotonic() < deadline, "it took too long"
        time.sleep(0.2)
