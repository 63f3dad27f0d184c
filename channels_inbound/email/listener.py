"""The built-in SMTP server: it says 250 only after the mail is committed, and before that nothing but "try later".

Behind it is one thread pool for the database; the event loop itself never waits for PostgreSQL.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import shutil
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session
from django.db import close_old_connections

from channels_inbound.email.addresses import normal
from channels_inbound.email.mailboxes import Mailboxes
from channels_inbound.raw import store_raw
from events.tracing import tracing

logger = logging.getLogger(__name__)

TRY_LATER = "451 4.3.0 try later"
NO_SUCH_MAILBOX = "550 5.1.1 no such mailbox here"
DISK_FULL = "452 4.3.1 not enough space, try later"
GOING_DOWN = "421 4.3.2 going down, try later"
TOO_MANY_CONNECTIONS = "421 4.7.0 too many connections, try later"

STORE_SECONDS = 20.0
DATABASE_THREADS = 4
MIN_FREE_SHARE = 0.05
MIN_FREE_BYTES = 1 << 30
MAX_RECIPIENTS = 100
# RFC 5321 allows 1,000 characters a line, home-made senders do not know it: whole attachments come in one line.
MAX_LINE = 1 << 20
MAX_COMMAND = 2048
# Senders deliver many mails over one connection; the limits only end those that go round in circles.
COMMAND_LIMITS = {"*": 50, "MAIL": 1000, "RCPT": 5000, "DATA": 1000, "RSET": 1000, "NOOP": 200}


@dataclass(frozen=True, slots=True)
class ListenerLimits:
    """What the operator may set."""

    max_size: int = 64 << 20
    max_connections: int = 100
    idle_seconds: float = 60.0
    session_seconds: float = 1800.0


@dataclass
class Handler:
    """aiosmtpd's hooks: who may be written to, and storing what was written."""

    mailboxes: Mailboxes
    spool: Path
    threads: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(DATABASE_THREADS, "smtp-db"))
    stopping: bool = False

    async def handle_MAIL(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.stopping:
            return GOING_DOWN
        if disk_is_full(self.spool):
            return DISK_FULL
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 2.1.0 OK"

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if len(envelope.rcpt_tos) >= MAX_RECIPIENTS:
            return "452 4.5.3 too many recipients"
        if await self._in_thread(self.mailboxes.channel_for, address) is None:
            return NO_SUCH_MAILBOX
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """250 after COMMIT; whatever goes wrong before it leaves the mail with the sender, who tries again."""
        trace = secrets.token_hex(8)
        try:
            stored = await self._in_thread(self._store, session, envelope, trace)
        except Exception as error:  # noqa: BLE001 - caught here so that aiosmtpd forgets the envelope as after a success
            return await self.handle_exception(error)
        return f"250 2.0.0 stored as {stored[0]} ({trace})"

    async def handle_exception(self, error: Exception) -> str:
        """Never a permanent error for a fault of ours, and never its text to a stranger."""
        logger.error("mail not taken", exc_info=error)
        return TRY_LATER

    def _store(self, session: Session, envelope: Envelope, trace: str) -> list[int]:
        channels = [self.mailboxes.channel_for(address) for address in envelope.rcpt_tos]
        content = envelope.original_content or b""
        said = {
            "mail_from": storable(normal(envelope.mail_from or "")),
            "rcpt_tos": [storable(address) for address in envelope.rcpt_tos],
            "peer": str(session.peer[0]) if isinstance(session.peer, tuple) else "",
            "helo": storable(session.host_name or "")[:255],
        }
        with tracing(trace):
            stored = store_raw(
                [channel for channel in channels if channel is not None],
                transport="smtp", content=content, envelope=said, trace_id=trace,
            )  # fmt: skip
            logger.info("mail stored", extra={"deliveries": str(stored), "size": len(content)})
        return stored

    async def _in_thread(self, work: Callable[..., Any], *arguments: Any) -> Any:
        future = asyncio.get_running_loop().run_in_executor(self.threads, _with_connection, work, *arguments)
        return await asyncio.wait_for(future, STORE_SECONDS)


def _with_connection(work: Callable[..., Any], *arguments: Any) -> Any:
    """Each thread keeps its connection while it works, and lets go of a broken or old one."""
    close_old_connections()
    try:
        return work(*arguments)
    finally:
        close_old_connections()


def storable(text: str) -> str:
    """Envelope text that PostgreSQL takes: commands may carry any byte."""
    return text.encode("utf-8", "replace").decode().replace("\x00", "")[:320]


def disk_is_full(path: Path) -> bool:
    """Less than 5 % free there, and less than a gigabyte: a big disk with 4 % left still takes mail."""
    usage = shutil.disk_usage(path)
    return usage.free < usage.total * MIN_FREE_SHARE and usage.free < MIN_FREE_BYTES


class Connection(SMTP):
    """One client. Our limits on top of aiosmtpd's, which would answer faults of ours with a permanent 500."""

    line_length_limit = MAX_LINE
    command_size_limit = MAX_COMMAND

    def __init__(
        self, handler: Handler, limits: ListenerLimits, *, open_connections: set[Connection], hostname: str
    ) -> None:
        # aiosmtpd keeps these in one dict for all connections and empties it with each new one.
        self.command_size_limits = defaultdict(lambda: MAX_COMMAND)
        super().__init__(
            handler, data_size_limit=limits.max_size, enable_SMTPUTF8=True, hostname=hostname, ident="ESMTP",
            timeout=limits.idle_seconds, command_call_limit=COMMAND_LIMITS, auth_exclude_mechanism=["LOGIN", "PLAIN"],
            loop=asyncio.get_running_loop(),
        )  # fmt: skip
        self._limits = limits
        self._open = open_connections
        self._opened_at = self._heard_at = monotonic()
        self.at_work = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._open.add(self)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        self._open.discard(self)
        super().connection_lost(error)

    def data_received(self, data: bytes) -> None:
        """A slow sender of a long mail is not idle; aiosmtpd counts from the last command only."""
        now = monotonic()
        if now - self._opened_at > self._limits.session_seconds:
            self._say_and_close("421 4.4.2 session too long")
            return
        if self.at_work and now - self._heard_at > 1:
            self._heard_at = now
            self._reset_timeout()
        super().data_received(data)

    async def smtp_DATA(self, arg: str) -> None:
        self.at_work = True
        try:
            await super().smtp_DATA(arg)
        finally:
            self.at_work = False
        if self.event_handler.stopping:
            self._say_and_close(GOING_DOWN)

    def _say_and_close(self, line: str) -> None:
        if self.transport is not None and not self.transport.is_closing():
            self._writer.write(line.encode() + b"\r\n")
            self.transport.close()

    def stop(self) -> None:
        self._say_and_close(GOING_DOWN)


class Refusal(asyncio.Protocol):
    """Answers a connection that is one too many."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)
        transport.write(TOO_MANY_CONNECTIONS.encode() + b"\r\n")
        transport.close()


class Listener:
    """The server: `start`, then `stop`, which lets mails under way be stored first."""

    def __init__(self, handler: Handler, limits: ListenerLimits, *, hostname: str) -> None:
        self.handler = handler
        self.limits = limits
        self.hostname = hostname
        self.connections: set[Connection] = set()
        self._server: asyncio.Server | None = None

    async def start(self, host: str, port: int) -> int:
        """Listen; the port (useful when it was 0)."""
        self._server = await asyncio.get_running_loop().create_server(self._answer, host, port, backlog=256)
        return int(self._server.sockets[0].getsockname()[1])

    def _answer(self) -> asyncio.BaseProtocol:
        if len(self.connections) >= self.limits.max_connections:
            return Refusal()
        return Connection(self.handler, self.limits, open_connections=self.connections, hostname=self.hostname)

    async def stop(self, patience: float = STORE_SECONDS) -> None:
        """No new connections, 421 to those that wait, and time for those whose mail is being stored."""
        self.handler.stopping = True
        if self._server:
            self._server.close()
        for connection in list(self.connections):
            if not connection.at_work:
                connection.stop()
        deadline = monotonic() + patience
        while any(connection.at_work for connection in self.connections) and monotonic() < deadline:
            await asyncio.sleep(0.05)
        for connection in list(self.connections):
            connection.stop()
        await asyncio.sleep(0)
        self.handler.threads.shutdown(wait=False, cancel_futures=True)
