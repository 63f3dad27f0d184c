"""Many of each on one machine, renewed one after the other while everybody works: three web and two live processes behind
balancers, three workers on queues of their own, one beat, two listeners, and PgBouncer in transaction mode where it is
installed.

No request fails, no mail is refused for good, everything written is there once; agents' tabs and visitors' widgets lose their
sockets with the process that held them, dial again and miss no line. `-s` prints what was measured.
"""

from __future__ import annotations

import http.client
import itertools
import json
import random
import statistics
import threading
import time
from collections import Counter, deque
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.chaos.balancer import Balancer
from tests.chaos.machine import Machine, wait
from tests.chaos.people import Mail, MailServer, Post
from tests.chaos.tabs import Desk, Tab, Widget
from tests.support import pgbouncer
from tests.support.smtp_sink import SmtpSink

pytestmark = pytest.mark.kill
WEBS, LIVES, MAILS, PAUSE = 3, 2, 120, 0.05
CHATS = 4
_SETTLE_IN = """
from bench.pages import cookie_of
from livechat.channels import create_chat_channel
from livechat.doors import door_for, write_pass
from people.models import Agent, Membership, Team
from people.tokens import create_token
from tickets.models import Channel
team = Team.objects.create(name="Support")
for name, address in (("Support", "support@shop.example"), ("Returns", "returns@shop.example")):
    Channel.objects.create(name=name, address=address, team=team)
chats = Team.objects.create(name="Chats")
agent = Agent.objects.create(email="olena@shop.example", name="Olena", role="agent")
Membership.objects.create(agent=agent, team=team)
print("TOKEN", create_token(agent, "load", ("read", "write"), 1)[0])
for name in ("ben", "iva"):
    agent = Agent.objects.create(email=name + "@shop.example", name=name.title(), role="agent")
    Membership.objects.create(agent=agent, team=chats)
    print(name.upper(), cookie_of(agent))
chat = create_chat_channel(name="Chat", team=chats, settings={"origins": ["https://shop.example"], "color": "#1f57d6"})[0]
print("KEY", chat.key)
print("PASS", write_pass(door_for(chat.key, "https://shop.example")))
"""


_numbers = itertools.count(1)


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
                words = f"note {next(_numbers)} of the load"
                body = json.dumps({"kind": "note", "text": words}).encode()
                if self._ask("POST", f"/api/v1/tickets/{ticket['id']}/messages/", body) is not None:
                    self.written.append(words)

    def _ask(self, method: str, path: str, body: bytes | None = None) -> dict | None:
        headers = {"Authorization": f"Token {self.token}", "Content-Type": "application/json"}
        began = time.monotonic()
        try:
            status, said, _ = self.balancer.ask(method, path, body, headers)
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
    queues = {queue: queue for queue in ("critical", "default", "bulk")}
    machine = Machine(place, smtp_sink, webs=WEBS, lives=LIVES, listeners=2, workers=queues)
    try:
        machine.prepare(HELPDESK_TRUSTED_PROXIES="1")
        machine.pool_connections()
        machine.said = machine.settle(_SETTLE_IN)
        machine.start()
        yield machine
    finally:
        machine.stop()


class Chats:
    """Visitors and the agents who answer them, each on a socket of its own."""

    def __init__(self, said: dict[str, str], webs: Balancer, lives: Balancer) -> None:
        marks = [f"v{number}" for number in range(CHATS)]
        self.widgets = [Widget(mark, said["KEY"], said["PASS"], lives) for mark in marks]
        self.desks = [Desk(mark, said[("BEN", "IVA")[number % 2]], lives, webs) for number, mark in enumerate(marks)]

    @property
    def tabs(self) -> list[Tab]:
        return [*self.widgets, *self.desks]

    def start(self) -> None:
        for tab in self.tabs:
            tab.start()

    def all_talk(self, lines: int) -> bool:
        return all(len(tab.words) >= 2 * lines for tab in self.tabs)

    def end(self) -> None:
        """When the last line was answered and seen."""
        for widget in self.widgets:
            widget.quiet.set()
        pairs = list(zip(self.widgets, self.desks, strict=True))
        wait(
            lambda: all(one.words == other.words and len(one.words) == 2 * one.written for one, other in pairs),
            30,
            self.tabs,
        )
        for tab in self.tabs:
            tab.over.set()
            tab.join(30)

    def wrong(self, machine: Machine) -> list[str]:
        """What is not on both sides and in the database, once each and in the order it was said."""
        found = [words for (words,) in machine.rows(CHAT_LINES)]
        wrong = [f"{tab.name}: {tab.error!r}" for tab in self.tabs if tab.error]
        wrong += [
            f"{tab.name}: {failure} {times} times" for tab in self.tabs for failure, times in tab.failures.items()
        ]
        for widget, desk in zip(self.widgets, self.desks, strict=True):
            mark = widget.name
            said = [f"{what} {mark} {number} end" for number in range(widget.written) for what in ("line", "answer")]
            stored = [words for words in found if words.split()[1] == mark]
            sides = {"widget": widget.words, "agent": desk.words, "database": stored}
            wrong += [f"{mark}, {side}: {seen}" for side, seen in sides.items() if seen != said]
        return wrong


CHAT_LINES = r"""
SELECT m.text FROM tickets_message m WHERE m.text ~ '^(line|answer) v\d+ \d+ end$' ORDER BY m.ticket_id, m.sequence
"""


def test_a_rolling_restart_loses_no_request(machine: Machine) -> None:
    balancer, lives = Balancer(machine.webs), Balancer(machine.lives)
    wait(lambda: len(balancer.ready) == WEBS and len(lives.ready) == LIVES, 120)
    post = Post(machine, random.Random(7), MAILS)  # type: ignore[arg-type]
    answers: Counter[str] = Counter()
    queue: deque[Mail] = deque()
    senders = [MailServer(post, queue, answers, 0.3) for _ in range(2)]
    clients = [Client(balancer, machine.said["TOKEN"].strip()) for _ in range(4)]
    chats = Chats({name: text.strip() for name, text in machine.said.items()}, balancer, lives)
    for thread in (*senders, *clients, chats):
        thread.start()
    began = time.monotonic()
    wait(lambda: any(client.written for client in clients) and chats.all_talk(1), 60, chats.tabs)
    renew_all(machine, balancer, lives)
    rolled = time.monotonic() - began
    for sender in senders:
        sender.join(120)
    chats.end()
    for client in clients:
        client.over.set()
        client.join(60)
    wait(
        lambda: machine.rows("SELECT count(*) FROM channels_inbound_rawdelivery WHERE state = 'stored'") == [(0,)], 120
    )
    balancer.over.set()
    lives.over.set()
    tell(machine, clients, chats, rolled, answers)

    assert sum((client.failures for client in clients), Counter()) == Counter()
    assert [sender.refused for sender in senders] == [[], []]
    assert_all_is_there(machine, post, clients)
    assert chats.wrong(machine) == []
    # Both were renewed, so everybody has lost a socket at least once.
    assert all(tab.hellos > 1 for tab in chats.tabs)
    assert sum(widget.written for widget in chats.widgets) >= 5 * CHATS
    if machine.pool and machine.services.postgres:
        assert (
            machine.rows("SELECT count(*) FROM pg_stat_activity WHERE usename = 'helpdesk'")[0][0] <= pgbouncer.POOL + 2
        )


def renew_all(machine: Machine, webs: Balancer, lives: Balancer) -> None:
    """As a deploy does: the next one goes when this one is back."""
    places = {f"web{number}": (webs, port) for number, port in enumerate(machine.webs)}
    places |= {f"live{number}": (lives, port) for number, port in enumerate(machine.lives)}
    for name in list(machine.children):
        machine.roll(name)
        if name in places:
            balancer, port = places[name]
            wait(lambda balancer=balancer, port=port: port in balancer.ready, 60)
        if name.startswith("mail"):
            machine.smtp_port = next(port for port in machine.listeners if port != machine.smtp_port)


def tell(machine: Machine, clients: list[Client], chats: Chats, rolled: float, answers: Counter[str]) -> None:
    times = sorted(time for client in clients for time in client.times)
    ends = sum((tab.ends for tab in chats.tabs), Counter())
    print(f"\n{'PgBouncer, ' if machine.pool else ''}{len(machine.children)} processes renewed in {rolled:.0f} s under {len(times)} requests: "
          f"median {statistics.median(times) * 1000:.0f} ms, p99 {times[int(len(times) * 0.99)] * 1000:.0f} ms, "
          f"longest {times[-1] * 1000:.0f} ms; mails {dict(answers)}; {sum(widget.written for widget in chats.widgets)} lines of "
          f"{CHATS} chats and as many answers, {sum(ends.values())} sockets lost and dialled again {dict(ends)}, "
          f"{sum(desk.stale for desk in chats.desks)} told that something came in between")  # fmt: skip


def assert_all_is_there(machine: Machine, post: Post, clients: list[Client]) -> None:
    """Every mail that was taken and every note that was promised, once."""
    taken = sorted(mail.message_id for mails in post.taken.values() for mail in mails)
    stored = machine.rows(
        "SELECT external_id FROM tickets_message WHERE kind = 'inbound' AND external_id LIKE 'storm-%' ORDER BY 1"
    )
    assert [name for (name,) in stored] == taken
    assert len(taken) == MAILS
    notes = Counter(text for (text,) in machine.rows("SELECT text FROM tickets_message WHERE kind = 'note'"))
    assert notes == Counter(words for client in clients for words in client.written)
    assert sum(notes.values()) > 20
