"""What went wrong with a mailbox, in words an admin can act on, and whether it may pass by itself."""

from __future__ import annotations

import re
import socket
import ssl
from dataclasses import dataclass
from enum import StrEnum

from django.utils.translation import gettext_lazy as _
from imapclient.exceptions import IMAPClientError, LoginError

from channels_inbound.credentials import CredentialsError
from channels_inbound.imap.oauth import TokenRefused, TokenUnavailable
from people.egress import AddressRefused, NameNotFound


class Kind(StrEnum):
    DNS = "dns"
    ADDRESS = "address"
    CONNECT = "connect"
    CERTIFICATE = "certificate"
    TLS = "tls"
    PROTOCOL = "protocol"
    LOGIN = "login"
    TOKEN = "token"  # noqa: S105 - a word, not a token
    SECRET = "secret"  # noqa: S105
    FOLDER = "folder"
    BUSY = "busy"
    LOST = "lost"


# What only a person can mend: shown red at once, tried again slowly. Everything else passes: tried again soon.
NEEDS_A_PERSON = frozenset({Kind.ADDRESS, Kind.CERTIFICATE, Kind.LOGIN, Kind.TOKEN, Kind.SECRET, Kind.FOLDER})
WORDS = {
    Kind.DNS: _("The server's name cannot be found. Check its spelling."),
    Kind.ADDRESS: _("This address may not be connected to."),
    Kind.CONNECT: _("The server does not answer. Check its name, the port and whether it is up."),
    Kind.CERTIFICATE: _("The server's certificate is not trusted, so the password was not sent."),
    Kind.TLS: _("No encrypted connection could be made. Check the port and the encryption."),
    Kind.PROTOCOL: _("What answers there does not speak IMAP as it should."),
    Kind.LOGIN: _("The server refuses the user name or the password."),
    Kind.TOKEN: _("The sign-in service refuses to give a new access token. The access has to be granted again."),
    Kind.SECRET: _("The stored password cannot be read."),
    Kind.FOLDER: _("There is no such folder in this mailbox."),
    Kind.BUSY: _("The server asks to try again later."),
    Kind.LOST: _("The connection was lost."),
}

# RFC 5530 and what servers say without it: a login that failed for now.
_FOR_NOW = re.compile(
    r"\[(unavailable|inuse|limit|serverbug)|temporar|try again|too many|not connected|internal error|timed? ?out", re.I
)


class FolderMissing(Exception):
    """SELECT was refused: the text is the server's."""


class StartTlsRefused(Exception):
    """The server does not offer STARTTLS or refuses it."""


class Unnumbered(Exception):
    """The server gives no lasting numbers (UIDVALIDITY), so nothing could be resumed."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why a visit ended. `detail` is the server's or the system's own word, without secrets."""

    kind: Kind
    detail: str = ""

    @property
    def needs_a_person(self) -> bool:
        return self.kind in NEEDS_A_PERSON

    @property
    def words(self) -> str:
        return str(WORDS[self.kind])


def trouble_of(error: BaseException, *, hide: tuple[str, ...] = ()) -> Trouble:
    """What an exception of a visit means. `hide` are the secrets that must not stand in the detail."""
    detail = " ".join(_text(error).split())
    for secret in hide:
        if secret:
            detail = detail.replace(secret, "***")
    return Trouble(_kind(error, detail), "".join(c for c in detail if c.isprintable())[:300])


def _kind(error: BaseException, detail: str) -> Kind:
    match error:
        case NameNotFound():
            return Kind.DNS
        case AddressRefused():
            return Kind.ADDRESS
        case CredentialsError():
            return Kind.SECRET
        case TokenRefused():
            return Kind.TOKEN
        case TokenUnavailable():
            return Kind.BUSY
        case ssl.SSLCertVerificationError():
            return Kind.CERTIFICATE
        case ssl.SSLError() | StartTlsRefused():
            return Kind.TLS
        case LoginError():
            return Kind.BUSY if _FOR_NOW.search(detail) else Kind.LOGIN
        case FolderMissing():
            return Kind.BUSY if _FOR_NOW.search(detail) else Kind.FOLDER
        case Unnumbered():
            return Kind.PROTOCOL
    return _kind_of_connection(error, detail)


def _kind_of_connection(error: BaseException, detail: str) -> Kind:
    match error:
        case TimeoutError() | ConnectionRefusedError() | socket.gaierror():
            return Kind.CONNECT
        case ConnectionError():
            return Kind.LOST
        case OSError():
            return Kind.CONNECT
        case IMAPClientError() if "EOF" in detail or "socket error" in detail or "BYE" in detail:
            return Kind.LOST
        case IMAPClientError():
            return Kind.BUSY if _FOR_NOW.search(detail) else Kind.PROTOCOL
    return Kind.PROTOCOL


def _text(error: BaseException) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return error.verify_message
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    text = str(error)
    # IMAPClient prints the server's bytes as Python would.
    return text[2:-1] if text.startswith(("b'", 'b"')) else text
