"""Who writes during the storm: customers through a mail server that tries again, and agents who answer by the API."""

from __future__ import annotations

import contextlib
import json
import random
import smtplib
import threading
import time
import urllib.error
import urllib.request
import uuid
from collections import Counter, deque
from dataclasses import dataclass, field
from email.message import EmailMessage
from functools import partial
from typing import Any

from tests.chaos.house import CANARY, RETURNS, SUPPORT, ChaosHouse

CUSTOMERS = 50


@dataclass
class Mail:
    """One mail a customer wrote. `after` is the mail, `answers` the reply of ours, whose ticket it belongs to."""

    number: int
    sender: str
    to: tuple[str, ...]
    content: bytes
    after: int | None = None
    answers: str | None = None
    tries: int = 0

    @property
    def message_id(self) -> str:
        return message_id(self.number)


def message_id(number: int) -> str:
    return f"storm-{number}@customer.example"


@dataclass
class Post:
    """Writes the mails one by one as the seed says; what can be answered is known by what was taken so far."""

    house: ChaosHouse
    chance: random.Random
    total: int
    written: int = 0
    taken: dict[str, list[Mail]] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def write(self) -> Mail | None:
        """The next mail, or None when all are written."""
        with self.lock:
            if self.written >= self.total:
                return None
            number, self.written = self.written, self.written + 1
            sender = f"customer{self.chance.randrange(CUSTOMERS)}@customer.example"
            way, both = self.chance.random(), self.chance.random() < 0.05
            mail = Mail(number, sender, (SUPPORT, RETURNS) if both else (SUPPORT,), b"")
            written = self._envelope(mail)
            earlier = self.taken.get(sender)
            if way < 0.25 and earlier:
                self._follow_up(mail, written, self.chance.choice(earlier))
            elif way < 0.5:
                self._answer(mail, written)
            mail.content = written.as_bytes()
            return mail

    def note_taken(self, mail: Mail) -> None:
        with self.lock:
            self.taken.setdefault(mail.sender, []).append(mail)

    def _envelope(self, mail: Mail) -> EmailMessage:
        written = EmailMessage()
        written["From"] = f"Customer <{mail.sender}>"
        written["To"] = ", ".join(mail.to)
        written["Subject"] = f"Order {mail.number}"
        written["Message-ID"] = f"<{mail.message_id}>"
        written["Date"] = "Mon, 02 Mar 2026 09:00:00 +0000"
        written.set_content(f"Where is order {mail.number}? {CANARY}\n")
        if mail.number % 20 == 0:
            written.add_attachment(
                f"list of order {mail.number}".encode(), maintype="text", subtype="csv", filename="list.csv"
            )
        return written

    def _follow_up(self, mail: Mail, written: EmailMessage, earlier: Mail) -> None:
        written["In-Reply-To"] = written["References"] = f"<{earlier.message_id}>"
        mail.after = earlier.number

    def _answer(self, mail: Mail, written: EmailMessage) -> None:
        """Answer something that lies in this customer's mailbox, as a mail program would."""
        got = [one for one in list(self.house.sink.mails) if mail.sender in one.rcpt_tos]
        if not got:
            return
        answered = self.chance.choice(got).message
        written["In-Reply-To"] = written["References"] = str(answered["Message-ID"]).strip()
        address = str(answered["Reply-To"]).split("<")[-1].rstrip("> ")
        mail.to = (address,)
        written.replace_header("To", address)
        mail.answers = str(answered["Message-ID"]).strip("<> ")


class MailServer(threading.Thread):
    """Delivers mail by mail and tries each again until somebody says 250, like any mail server."""

    def __init__(self, post: Post, queue: deque[Mail], answers: Counter[str], pace: float) -> None:
        super().__init__(name="mail server", daemon=True)
        self.post, self.queue, self.answers, self.pace = post, queue, answers, pace
        self.refused: list[str] = []
        self.over = threading.Event()

    def run(self) -> None:
        while not self.over.is_set():
            mail = self._next()
            if mail is None:
                return
            began = time.monotonic()
            while not self.over.is_set() and not self._deliver(mail):
                time.sleep(0.3)
            self.post.note_taken(mail)
            time.sleep(max(0.0, self.pace - (time.monotonic() - began)))

    def _next(self) -> Mail | None:
        with contextlib.suppress(IndexError):
            return self.queue.popleft()
        return self.post.write()

    def _deliver(self, mail: Mail) -> bool:
        mail.tries += 1
        said = ""
        try:
            with smtplib.SMTP("127.0.0.1", self.post.house.smtp_port, timeout=30) as smtp:
                smtp.ehlo("customer.example")
                said = self._talk(smtp, mail)
        except (OSError, smtplib.SMTPException):
            # After the answer to the mail only QUIT can have failed, and the answer holds.
            said = said or "cut"
        self.answers[said] += 1
        if said[0] == "5":
            self.refused.append(f"{mail.message_id}: {said}")
        return said[0] in "25"

    def _talk(self, smtp: smtplib.SMTP, mail: Mail) -> str:
        """The answer to the mail, or the first that was no yes."""
        steps = [lambda: smtp.mail(mail.sender), *(partial(smtp.rcpt, recipient) for recipient in mail.to)]
        for step in steps:
            if (code := step()[0]) != 250:
                return str(code)
        return str(smtp.data(mail.content)[0])


class Answerer(threading.Thread):
    """An agent's program: takes a ticket, answers it, asks again under the same key until it knows."""

    def __init__(self, house: ChaosHouse, token: str, seed: int, name: str) -> None:
        super().__init__(name=name, daemon=True)
        self.house, self.token, self.mark = house, token, name
        self.chance = random.Random(seed)
        self.over = threading.Event()
        self.promised: dict[str, int] = {}
        self.tried: set[str] = set()
        self.codes: Counter[int] = Counter()

    def run(self) -> None:
        answered: Counter[int] = Counter()
        while not self.over.wait(self.chance.uniform(0.1, 0.6)):
            code, body = self._ask("GET", "/api/v1/tickets/?status=open")
            tickets = [one for one in body.get("results", []) if answered[one["id"]] < 2] if code == 200 else []
            if not tickets:
                continue
            ticket = self.chance.choice(tickets)
            answered[ticket["id"]] += 1
            self._answer(ticket)

    def _answer(self, ticket: dict[str, Any]) -> None:
        words = f"answer {self.mark}-{len(self.tried)}-end"
        self.tried.add(words)
        key = str(uuid.uuid4())
        body = {"kind": "reply", "text": words, "expected_sequence": ticket["message_sequence"]}
        while not self.over.is_set():
            code, answer = self._ask("POST", f"/api/v1/tickets/{ticket['id']}/messages/", body, key)
            if code == 201:
                self.promised[words] = answer["id"]
            if code and code < 500 and answer.get("code") != "in_progress":
                return
            time.sleep(0.3)

    def _ask(self, method: str, path: str, body: Any = None, key: str = "") -> tuple[int, dict[str, Any]]:
        """Status and JSON; 0 when nobody answered."""
        headers = {"Authorization": f"Token {self.token}", "Content-Type": "application/json"}
        headers |= {"Idempotency-Key": key} if key else {}
        content = json.dumps(body).encode() if body is not None else None
        request = urllib.request.Request(self.house.url + path, content, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=20) as response:
                code, said = response.status, json.load(response)
        except urllib.error.HTTPError as error:
            code, said = error.code, {}
            with contextlib.suppress(ValueError):
                said = json.load(error)
        except (OSError, ValueError):
            code, said = 0, {}
        self.codes[code] += 1
        return code, said
