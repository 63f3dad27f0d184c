"""An IMAP connection that goes only where it may, believes only good certificates and reads only what it can hold."""

from __future__ import annotations

import imaplib
import select
import socket
from contextlib import suppress
from dataclasses import dataclass
from time import monotonic

from imapclient import IMAPClient
from imapclient.exceptions import IMAPClientAbortError, IMAPClientError

from channels_inbound.imap.troubles import StartTlsRefused
from channels_inbound.models import MailboxSecurity
from people import egress
from people.egress import AddressRefused, connect, is_loopback

PORTS = frozenset({143, 993})
CONNECT_SECONDS = 15.0
# Of silence while an answer is awaited; a slow mail that keeps coming may take longer.
ANSWER_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Server:
    """Where a mailbox is."""

    host: str
    port: int
    security: str
    max_literal: int


class TooMuch(IMAPClientAbortError):
    """The server sends more at once than it announced and than we hold."""


class _Protocol(imaplib.IMAP4):
    """imaplib over a judged address, with a bound on literals; it would take gigabytes if the server said so."""

    def __init__(self, server: Server) -> None:
        self.server = server
        super().__init__(server.host, server.port, timeout=CONNECT_SECONDS)

    def _create_socket(self, timeout: float | None) -> socket.socket:
        plain = connect(self.server.host, self.server.port, timeout=timeout or CONNECT_SECONDS, ports=PORTS)
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        if self.server.security != MailboxSecurity.TLS:
            return plain
        try:
            return egress.tls_context().wrap_socket(plain, server_hostname=self.server.host)
        except BaseException:
            plain.close()
            raise

    def read(self, size: int) -> bytes:
        if size > self.server.max_literal:
            raise TooMuch(f"the server wants to send {size} bytes at once")
        return super().read(size)


class Wake:
    """Ends the waiting of one thread from another."""

    def __init__(self) -> None:
        self._reader, self._writer = socket.socketpair()
        self._called = False

    def called(self) -> bool:
        return self._called

    def call(self) -> None:
        self._called = True
        with suppress(OSError):
            self._writer.send(b"!")

    def fileno(self) -> int:
        return self._reader.fileno()

    def wait(self, seconds: float) -> bool:
        """Whether it was called within that time."""
        poller = select.poll()
        poller.register(self._reader.fileno(), select.POLLIN)
        return self._called or bool(poller.poll(seconds * 1000))

    def close(self) -> None:
        self._reader.close()
        self._writer.close()


class Client(IMAPClient):
    """IMAPClient over `_Protocol`, with an IDLE that loses no line and can be woken."""

    def __init__(self, server: Server) -> None:
        self.server = server
        super().__init__(server.host, server.port, ssl=server.security == MailboxSecurity.TLS, timeout=ANSWER_SECONDS)
        self.normalise_times = False
        # IMAPClient has imaplib print every line to a logger, passwords in SASL answers too.
        self._imap.debug = 0

    def _create_IMAP4(self) -> imaplib.IMAP4:
        return _Protocol(self.server)

    def heard_of_new_mail(self) -> bool:
        """Whether an answer to some command told in passing that there is more mail; asked once."""
        return self._imap.response("EXISTS")[1] != [None]

    def wait_for_mail(self, seconds: float, wake: Wake) -> None:
        """IDLE until the server says something, `wake` is called or the time is up."""
        self._idle_tag = self._imap._command("IDLE")
        # A line about new mail may come before the server says "idling"; IMAPClient calls that an error.
        while self._imap._get_response() is not None:
            if self._imap.tagged_commands.get(self._idle_tag):
                raise IMAPClientError("IDLE is refused")
        if not self.heard_of_new_mail():
            self._sleep(monotonic() + seconds, wake)
        self.idle_done()

    def _sleep(self, deadline: float, wake: Wake) -> None:
        poller = select.poll()
        poller.register(self.socket().fileno(), select.POLLIN)
        poller.register(wake.fileno(), select.POLLIN)
        while not wake.called():
            # What came together with the last line lies in a buffer, and the socket would stay silent about it.
            if any(b"EXISTS" in line.upper() for line in self._lines_at_hand()):
                return
            left = deadline - monotonic()
            if left <= 0 or not poller.poll(left * 1000):
                return
            lines = self._lines_at_hand()
            # Readable and yet no line: the end of the connection, which the next command will tell.
            if not lines or any(b"EXISTS" in line.upper() for line in lines):
                return

    def _lines_at_hand(self) -> list[bytes]:
        lines: list[bytes] = []
        sock = self.socket()
        sock.setblocking(False)
        try:
            while True:
                lines.append(self._imap._get_line())
        except (OSError, imaplib.IMAP4.abort):
            return lines
        finally:
            sock.settimeout(ANSWER_SECONDS)

    def cut(self) -> None:
        """End the connection under whoever waits for it, from any thread."""
        with suppress(OSError, AttributeError):
            self.socket().shutdown(socket.SHUT_RDWR)


def open_connection(server: Server) -> Client:
    """Connected and encrypted, not signed in. Raises what `troubles.trouble_of` understands."""
    if server.security == MailboxSecurity.NONE and not is_loopback(server.host):
        raise AddressRefused("without encryption only a server on this machine may be used")
    client = Client(server)
    if server.security == MailboxSecurity.STARTTLS:
        try:
            if not client.has_capability("STARTTLS"):
                raise StartTlsRefused("the server does not offer STARTTLS")
            client.starttls(egress.tls_context())
        except BaseException as error:
            with suppress(OSError, IMAPClientError):
                client.shutdown()
            if isinstance(error, IMAPClientError):
                raise StartTlsRefused(str(error)) from None
            raise
    return client
