"""A mail server that keeps what it gets and fails when told to: the customer's side of every delivery test."""

from __future__ import annotations

import email
import email.policy
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.message import EmailMessage
from threading import Lock
from typing import Any, Literal

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from helpdesk.runtime.redis import free_port

# Where in the conversation to fail. `content` is after 354 and before the final dot; `answer` is after the mail was
# taken and before the sender hears of it; `quit` is after the 250.
Step = Literal["connect", "ehlo", "mail", "rcpt", "data", "content", "answer", "quit"]
STEPS: tuple[Step, ...] = ("connect", "ehlo", "mail", "rcpt", "data", "content", "answer", "quit")


@dataclass(frozen=True)
class Received:
    """One mail as it arrived."""

    mail_from: str
    rcpt_tos: tuple[str, ...]
    content: bytes

    @property
    def message(self) -> EmailMessage:
        return email.message_from_bytes(self.content, policy=email.policy.default)  # type: ignore[return-value]


@dataclass
class Failure:
    """What to do at a step: answer with `reply` (451 or 550 text), or cut the connection when it is None.

    A reply of 250 at `answer` takes the mail all the same: a server that says yes twice."""

    step: Step
    reply: str | None
    times: int
    address: str | None = None


@dataclass
class SmtpSink:
    """`mails` are those the sink took responsibility for, whether or not the sender was told."""

    port: int
    host: str = "127.0.0.1"
    mails: list[Received] = field(default_factory=list)
    connections: int = 0
    failures: list[Failure] = field(default_factory=list)
    lock: Lock = field(default_factory=Lock)

    @property
    def url(self) -> str:
        return f"smtp://{self.host}:{self.port}"

    def fail(self, step: Step, reply: str | None = None, *, times: int = 1, address: str | None = None) -> None:
        """At `step`, the next `times` times (for `address` only, at rcpt): answer `reply`, or cut when None."""
        with self.lock:
            self.failures.append(Failure(step, reply, times, address))

    def take_failure(self, step: Step, address: str | None = None) -> Failure | None:
        with self.lock:
            for failure in self.failures:
                if failure.step == step and failure.times > 0 and failure.address in (None, address):
                    failure.times -= 1
                    return failure
        return None

    def wait_for(self, number: int = 1, *, timeout: float = 20) -> list[Received]:
        """The mails once there are at least `number` of them."""
        deadline = time.monotonic() + timeout
        while len(self.mails) < number:
            if time.monotonic() > deadline:
                raise AssertionError(f"{len(self.mails)} mails at the sink after {timeout} s, {number} expected")
            time.sleep(0.02)
        return list(self.mails)

    def clear(self) -> None:
        with self.lock:
            self.mails.clear()
            self.failures.clear()
            self.connections = 0


class _FaultySMTP(SMTP):
    sink: SmtpSink

    def _fails(self, step: Step, address: str | None = None) -> Failure | None:
        failure = self.sink.take_failure(step, address)
        if failure and failure.reply is None:
            self.transport.abort()
        return failure

    async def _handle_client(self) -> None:
        self.sink.connections += 1
        if failure := self._fails("connect"):
            if failure.reply:
                await self.push(failure.reply)
                self.transport.close()
            return
        await super()._handle_client()

    async def smtp_EHLO(self, hostname: str) -> None:
        await self._unless_failing("ehlo", super().smtp_EHLO, hostname)

    async def smtp_MAIL(self, arg: str | None) -> None:
        await self._unless_failing("mail", super().smtp_MAIL, arg)

    async def smtp_RCPT(self, arg: str | None) -> None:
        address = (arg or "").partition("<")[2].partition(">")[0]
        await self._unless_failing("rcpt", super().smtp_RCPT, arg, address=address)

    async def smtp_DATA(self, arg: str | None) -> None:
        if failure := self.sink.take_failure("content"):
            await self.push("354 go on")
            await self._reader.readline()
            if failure.reply is None:
                self.transport.abort()
            return
        await self._unless_failing("data", super().smtp_DATA, arg)

    async def smtp_QUIT(self, arg: str | None) -> None:
        await self._unless_failing("quit", super().smtp_QUIT, arg)

    async def _unless_failing(self, step: Step, proceed: Any, arg: Any, address: str | None = None) -> None:
        failure = self._fails(step, address)
        if failure is None:
            await proceed(arg)
        elif failure.reply:
            await self.push(failure.reply)


class _Handler:
    def __init__(self, sink: SmtpSink) -> None:
        self.sink = sink

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        failure = self.sink.take_failure("answer")
        if failure and failure.reply and not failure.reply.startswith("250"):
            return failure.reply
        received = Received(str(envelope.mail_from or ""), tuple(envelope.rcpt_tos), bytes(envelope.content or b""))
        self.sink.mails.append(received)
        if failure and failure.reply is None:
            server.transport.abort()
        return failure.reply if failure and failure.reply else "250 taken"


class _Controller(Controller):
    def __init__(self, sink: SmtpSink) -> None:
        self.sink = sink
        super().__init__(_Handler(sink), hostname=sink.host, port=sink.port, ready_timeout=20)

    def factory(self) -> SMTP:
        server = _FaultySMTP(self.handler, **self.SMTP_kwargs)
        server.sink = self.sink
        return server


@pytest.fixture(scope="session")
def smtp_sink_server() -> Iterator[SmtpSink]:
    """The running sink; tests use `smtp_sink`, which starts empty."""
    sink = SmtpSink(port=free_port())
    controller = _Controller(sink)
    controller.start()
    yield sink
    controller.stop()


@pytest.fixture
def smtp_sink(smtp_sink_server: SmtpSink) -> Iterator[SmtpSink]:
    smtp_sink_server.clear()
    yield smtp_sink_server
    smtp_sink_server.clear()
