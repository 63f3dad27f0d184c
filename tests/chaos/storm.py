"""A storm: customers whose mail servers retry, an agent who answers, and somebody who pulls plugs."""

from __future__ import annotations

import json
import random
import smtplib
import threading
import time
import urllib.error
import urllib.request
import uuid
from dataclasses import dataclass, field
from email.message import EmailMessage
from queue import Empty, Queue
from typing import Any

import psutil

from tests.support.launcher import Launcher
from tests.support.smtp_sink import SmtpSink, Step

SUPPORT = "support@shop.example"
PATIENCE = 240.0


@dataclass
class Mail:
    """One mail a customer wrote; `message_id` is what the checker counts."""

    number: int
    customer: int
    message_id: str
    answers: str = ""
    tries: int = 0

    def content(self) -> bytes:
        mail = EmailMessage()
        mail["From"] = f"Customer {self.customer} <customer{self.customer}@mail.example>"
        mail["To"] = SUPPORT
        mail["Subject"] = f"Question {self.number}" if not self.answers else f"Re: Question {self.number}"
        mail["Message-ID"] = f"<{self.message_id}>"
        if self.answers:
            mail["In-Reply-To"] = f"<{self.answers}>"
        mail.set_content(f"This is mail number {self.number}.\n\nIt was written once and must be read once.")
        return mail.as_bytes()


def write_mails(count: int, rng: random.Random) -> list[Mail]:
    """Every third mail continues an earlier one of the same customer."""
    mails: list[Mail] = []
    last: dict[int, str] = {}
    for number in range(count):
        customer = rng.randrange(max(1, count // 4))
        message_id = f"{number}.{uuid.UUID(int=rng.getrandbits(128))}@mail.example"
        answers = last.get(customer, "") if rng.random() < 0.35 else ""
        mails.append(Mail(number, customer, message_id, answers))
        last[customer] = message_id
    return mails


class Senders:
    """So many mail servers: each keeps a mail until it has heard 250 for it."""

    def __init__(self, port: int, mails: list[Mail], *, servers: int = 6) -> None:
        self.port = port
        self.queue: Queue[Mail] = Queue()
        for mail in mails:
            self.queue.put(mail)
        self.refused_for_good: list[str] = []
        self.threads = [threading.Thread(target=self._run, daemon=True) for _ in range(servers)]

    def start(self) -> None:
        for thread in self.threads:
            thread.start()

    def join(self, timeout: float) -> None:
        deadline = time.monotonic() + timeout
        for thread in self.threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        assert not any(thread.is_alive() for thread in self.threads), "mails are still waiting at their senders"

    def _run(self) -> None:
        while True:
            try:
                mail = self.queue.get_nowait()
            except Empty:
                return
            while not self._try(mail):
                time.sleep(min(2.0, 0.2 * mail.tries))

    def _try(self, mail: Mail) -> bool:
        mail.tries += 1
        try:
            with smtplib.SMTP("127.0.0.1", self.port, timeout=25) as smtp:
                smtp.sendmail(f"customer{mail.customer}@mail.example", [SUPPORT], mail.content())
        except smtplib.SMTPRecipientsRefused as error:
            self._note({code for code, _ in error.recipients.values()}, mail)
            return False
        except smtplib.SMTPResponseException as error:
            self._note({error.smtp_code}, mail)
            return False
        except (smtplib.SMTPException, OSError):
            return False
        return True

    def _note(self, codes: set[int], mail: Mail) -> None:
        """A 5xx would make a mail server give up and the customer's mail come back: never for a fault of ours."""
        if any(code >= 500 for code in codes):
            self.refused_for_good.append(f"mail {mail.number}: {codes}")


class Answering:
    """An agent's program: answers tickets through the API, each answer under one key until it is acknowledged."""

    def __init__(self, url: str, token: str, *, most: int) -> None:
        self.url, self.token, self.most = url, token, most
        self.markers: dict[str, int] = {}
        self.stopping = threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        self.thread.start()

    def stop(self) -> None:
        self.stopping.set()
        self.thread.join(60)
        assert not self.thread.is_alive()

    def _run(self) -> None:
        answered: set[int] = set()
        while not self.stopping.is_set() and len(self.markers) < self.most:
            page = self._call("GET", "/api/v1/tickets/?status=open&limit=100")
            fresh = [t for t in (page or {}).get("results", []) if t["id"] not in answered]
            for ticket in fresh[:10]:
                answered.add(ticket["id"])
                self._answer(ticket)
            time.sleep(0.2)

    def _answer(self, ticket: dict[str, Any]) -> None:
        marker = f"answer-{uuid.uuid4().hex}"
        body = {"kind": "reply", "text": f"We are on it. {marker}", "expected_sequence": ticket["message_sequence"]}
        deadline = time.monotonic() + 90
        while time.monotonic() < deadline:
            made = self._call("POST", f"/api/v1/tickets/{ticket['id']}/messages/", body, key=marker)
            if made is not None:
                self.markers[marker] = made["id"]
                return
            time.sleep(0.4)
        raise AssertionError(f"no answer could be written to #{ticket['id']}")

    def _call(self, method: str, path: str, body: Any = None, key: str = "") -> Any:
        headers = {"Authorization": f"Token {self.token}", "Content-Type": "application/json"}
        if key:
            headers["Idempotency-Key"] = key
        data = json.dumps(body).encode() if body is not None else None
        request = urllib.request.Request(self.url + path, data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            assert error.code in (409, 429, 500, 502, 503), f"{path}: {error.code} {error.read()[:300]!r}"
            return None
        except (OSError, ValueError):
            return None


VICTIMS: dict[str, tuple[str, ...]] = {
    "worker": ("celery",),
    "web": ("helpdesk.web",),
    "mail": ("manage.py", "mail"),
    "postgres": ("postgres", "-D"),
    "redis": ("redis-server",),
}


@dataclass
class Chaos:
    """Kills each kind of process so many times, one every few seconds in random order, and makes the sink fail."""

    launcher: Launcher
    sink: SmtpSink
    rng: random.Random
    rounds: int = 3
    pause: tuple[float, float] = (2.0, 4.0)
    killed: list[str] = field(default_factory=list)
    stopping: threading.Event = field(default_factory=threading.Event)

    def start(self) -> None:
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def finish(self) -> None:
        """Wait until everybody has had their turn, so that no storm ends before the last kill."""
        self.thread.join(PATIENCE)
        self.stopping.set()
        assert not self.thread.is_alive()

    def _run(self) -> None:
        names = [name for _ in range(self.rounds) for name in self.rng.sample(list(VICTIMS), len(VICTIMS))]
        while names and not self.stopping.wait(self.rng.uniform(*self.pause)):
            if self._kill(names[-1]):
                names.pop()
            step: Step = self.rng.choice(("connect", "mail", "rcpt", "data", "content", "answer", "quit"))
            reply = self.rng.choice((None, "451 4.3.0 later"))
            self.sink.fail(step, reply, times=self.rng.randrange(1, 3))

    def _kill(self, name: str) -> bool:
        """kill -9: the process with its children, or (a worker, half of the time) one of its children alone."""
        try:
            victim = self.launcher.child(*VICTIMS[name])
            children = victim.children(recursive=True)
            if name == "worker" and children and self.rng.random() < 0.5:
                self.rng.choice(children).kill()
            else:
                victim.kill()
                for child in children if name == "worker" else ():
                    child.kill()
        except (psutil.Error, StopIteration):
            return False  # it lies dead already
        self.killed.append(name)
        return True
