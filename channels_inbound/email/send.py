"""Handing a mail to the outgoing server, one step at a time, so that what is known after a failure is known exactly.

Nothing was sent while the final dot is not on its way; after it, silence means that nobody knows (threats R13).
"""

from __future__ import annotations

import re
import smtplib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from django.conf import settings

from channels_inbound.email.compose import ComposedMail
from channels_inbound.email.smtp_socket import open_smtp
from people.egress import is_loopback, tls_context

MAX_MAILS_PER_CONNECTION = 50
Refusals = dict[str, tuple[int, bytes]]
_BAD_LINE_END = re.compile(rb"\r\n|\r|\n")
_LEADING_DOT = re.compile(rb"(?m)^\.")


class Outcome(StrEnum):
    ACCEPTED = "accepted"
    TEMPORARY = "temporary"
    PERMANENT = "permanent"
    UNKNOWN = "unknown"
    CLAIM_LOST = "claim_lost"
    HELD = "held"  # by us, before anybody was asked


@dataclass(frozen=True, slots=True)
class SendResult:
    """How one attempt ended. `detail` is for the agent: what the server said. `refused` and `waiting` are the
    recipients it refused for good and for now, with its words, by their address on the wire."""

    outcome: Outcome
    detail: str = ""
    refused: Mapping[str, str] = field(default_factory=dict)
    waiting: Mapping[str, str] = field(default_factory=dict)
    # When to try again at the earliest, where somebody said so.
    again_at: datetime | None = None


class Unreachable(Exception):
    """The outgoing server cannot be used at all now; no mail of this round will do better."""


@dataclass(frozen=True, slots=True)
class SmtpRoute:
    """The outgoing server: plain, TLS from the start, or STARTTLS (then required, never optional). `token` signs in
    by XOAUTH2. A `guarded` one was typed into a form: it is called only where egress.py allows, and hears a password
    only over TLS or on this machine."""

    host: str
    port: int
    user: str = ""
    password: str = field(default="", repr=False)
    tls: bool = False
    starttls: bool = False
    timeout: float = 30.0
    local_name: str = ""
    token: str = field(default="", repr=False)
    guarded: bool = False

    @classmethod
    def from_settings(cls) -> SmtpRoute:
        return cls(
            host=settings.EMAIL_HOST, port=settings.EMAIL_PORT, user=settings.EMAIL_HOST_USER,
            password=settings.EMAIL_HOST_PASSWORD, tls=settings.EMAIL_USE_SSL, starttls=settings.EMAIL_USE_TLS,
            timeout=settings.EMAIL_TIMEOUT,
        )  # fmt: skip


class Sender(Protocol):
    """Sends mails over one connection; close it when done."""

    def send(self, mail: ComposedMail, begin: Callable[[], bool]) -> SendResult: ...
    def close(self) -> None: ...


class SmtpSender:
    """One connection to the outgoing server, opened when first needed and again when it was lost."""

    def __init__(self, route: SmtpRoute) -> None:
        self.route = route
        self._smtp: smtplib.SMTP | None = None
        self._sent = 0

    def send(self, mail: ComposedMail, begin: Callable[[], bool]) -> SendResult:
        """Send one mail. `begin` is asked right before DATA: it commits that the mail is being handed over, and
        says no when somebody else has taken the attempt over. Raises Unreachable."""
        if not mail.recipients:
            return SendResult(Outcome.PERMANENT, "no usable recipient address")
        smtp = self._connection()
        try:
            refused = self._envelope(smtp, mail)
        except _Answer as answer:
            return self._give_up(smtp, answer)
        except (OSError, smtplib.SMTPException) as error:
            self.close()
            return SendResult(Outcome.TEMPORARY, _said(error))
        if not begin():
            self._reset(smtp)
            return SendResult(Outcome.CLAIM_LOST)
        return self._data(smtp, mail, refused)

    def close(self) -> None:
        if self._smtp is not None:
            try:
                self._smtp.quit()
            except (OSError, smtplib.SMTPException):
                self._smtp.close()
            self._smtp = None
        self._sent = 0

    def _connection(self) -> smtplib.SMTP:
        """The connection if it still answers, else a new one: servers close idle ones without a word."""
        if self._smtp is not None and self._sent < MAX_MAILS_PER_CONNECTION:
            try:
                if self._smtp.rset()[0] == 250:
                    return self._smtp
            except (OSError, smtplib.SMTPException):
                pass  # told by the new connection below
        self.close()
        self._smtp = self._connect()
        return self._smtp

    def sign_in(self) -> None:
        """Connect and sign in, sending nothing. Raises Unreachable."""
        self._connection()

    def _connect(self) -> smtplib.SMTP:
        route = self.route
        try:
            smtp = open_smtp(route)
        except (OSError, smtplib.SMTPException) as error:
            raise Unreachable(_said(error)) from error
        try:
            smtp.ehlo_or_helo_if_needed()
            if route.starttls:
                smtp.starttls(context=tls_context())
                smtp.ehlo_or_helo_if_needed()
            _log_in(smtp, route)
        except (OSError, smtplib.SMTPException) as error:
            smtp.close()
            raise Unreachable(_said(error)) from error
        return smtp

    def _envelope(self, smtp: smtplib.SMTP, mail: ComposedMail) -> Refusals:
        """MAIL and RCPT; those refused while somebody else was accepted. Raises _Answer when nothing can be sent."""
        options = []
        if smtp.does_esmtp and smtp.has_extn("size"):
            options.append(f"SIZE={len(mail.content)}")
        if mail.needs_utf8:
            if not smtp.has_extn("smtputf8"):
                raise _Answer(553, b"the outgoing server does not take international addresses")
            options += ["SMTPUTF8", "BODY=8BITMIME"]
            smtp.command_encoding = "utf-8"
        code, said = smtp.mail(mail.sender, options)
        if code != 250:
            raise _Answer(code, said)
        refused: Refusals = {}
        for recipient in mail.recipients:
            code, said = smtp.rcpt(recipient)
            if code == 421:
                raise _Answer(code, said)
            if code not in (250, 251):
                refused[recipient] = (code, said)
        if len(refused) == len(mail.recipients):
            # Only if every refusal is final is the whole mail; otherwise a later attempt may reach somebody.
            code, said = next(((c, s) for c, s in refused.values() if c < 500), next(iter(refused.values())))
            raise _Answer(code, said, refused)
        return refused

    def _data(self, smtp: smtplib.SMTP, mail: ComposedMail, refused: Refusals) -> SendResult:
        content = _LEADING_DOT.sub(b"..", _BAD_LINE_END.sub(b"\r\n", mail.content))
        if not content.endswith(b"\r\n"):
            content += b"\r\n"
        try:
            code, said = smtp.docmd("data")
            if code != 354:
                if not 400 <= code < 600:  # out of step with us: whatever it says next is the answer to something else
                    self.close_hard()
                    return SendResult(Outcome.TEMPORARY, _text(code, said))
                return self._give_up(smtp, _Answer(code, said))
            smtp.send(content)
        except (OSError, smtplib.SMTPException) as error:
            self.close_hard()
            return SendResult(Outcome.TEMPORARY, _said(error))  # the final dot never left: it cannot have been taken
        try:
            smtp.send(b".\r\n")
            code, said = smtp.getreply()
        except (OSError, smtplib.SMTPException) as error:
            self.close_hard()
            return SendResult(Outcome.UNKNOWN, _said(error))
        if code != 250:
            if not 400 <= code < 600:
                self.close_hard()
                return SendResult(Outcome.UNKNOWN, _text(code, said))
            return self._give_up(smtp, _Answer(code, said))
        self._sent += 1
        return SendResult(Outcome.ACCEPTED, "", *_sorted_out(refused))

    def _give_up(self, smtp: smtplib.SMTP, answer: _Answer) -> SendResult:
        if answer.code == 421:
            self.close_hard()
        else:
            self._reset(smtp)
        outcome = Outcome.PERMANENT if 500 <= answer.code < 600 else Outcome.TEMPORARY
        return SendResult(outcome, _text(answer.code, answer.said), *_sorted_out(answer.refused))

    def _reset(self, smtp: smtplib.SMTP) -> None:
        try:
            smtp.rset()
        except (OSError, smtplib.SMTPException):
            self.close_hard()

    def close_hard(self) -> None:
        """Drop the connection without QUIT: after a time-out another command would only wait again."""
        if self._smtp is not None:
            self._smtp.close()
        self._smtp = None
        self._sent = 0


def _log_in(smtp: smtplib.SMTP, route: SmtpRoute) -> None:
    if not route.user:
        return
    if route.guarded and not (route.tls or route.starttls or is_loopback(route.host)):
        raise smtplib.SMTPException("without encryption no password is sent to another machine")
    if not route.token:
        smtp.login(route.user, route.password)
        return
    answer = f"user={route.user}\x01auth=Bearer {route.token}\x01\x01"
    # A refused token is explained in a challenge, which wants an empty answer.
    code, said = smtp.auth("XOAUTH2", lambda challenge=None: "" if challenge else answer)
    if code not in (235, 503):
        raise smtplib.SMTPAuthenticationError(code, said)


class _Answer(Exception):
    """The server said no before it had the mail."""

    def __init__(self, code: int, said: bytes, refused: Refusals | None = None) -> None:
        super().__init__(code)
        self.code, self.said, self.refused = code, said, refused or {}


def _sorted_out(refused: Refusals) -> tuple[dict[str, str], dict[str, str]]:
    """Those refused for good and those for now. Whatever is no 5xx may be otherwise next time."""
    words = {who: (code, _text(code, said)) for who, (code, said) in refused.items()}
    final = {who: text for who, (code, text) in words.items() if 500 <= code < 600}
    return final, {who: text for who, (_code, text) in words.items() if who not in final}


def _text(code: int, said: bytes) -> str:
    return f"{code} {said.decode('utf-8', 'replace')}".replace("\n", " ")[:300]


def _said(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        said = error.smtp_error
        return _text(error.smtp_code, said if isinstance(said, bytes) else str(said).encode())
    return f"{type(error).__name__}: {error}"[:300]
