"""Handing a customer's mail to the running listener by SMTP, as their mail server would."""

from __future__ import annotations

import smtplib
from collections.abc import Sequence

from django.conf import settings

TIMEOUT_SECONDS = 10.0


class NotTaken(Exception):
    """The listener is not there, or did not take the mail; the text says which."""


def submit_mail(content: bytes, *, mail_from: str, rcpt_tos: Sequence[str]) -> str:
    """Give the mail to the listener of this installation and return what it answered."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.SMTP_HOST, settings.SMTP_HOST)  # noqa: S104 - compared, not bound
    try:
        with smtplib.SMTP(host, settings.SMTP_PORT, "customer.example", timeout=TIMEOUT_SECONDS) as smtp:
            refused = smtp.sendmail(mail_from, list(rcpt_tos), content)
    except ConnectionRefusedError:
        raise NotTaken(f"nothing listens for mail on {host}:{settings.SMTP_PORT}") from None
    except (OSError, smtplib.SMTPException) as error:
        raise NotTaken(f"{type(error).__name__}: {error}") from error
    return f"refused for {', '.join(refused)}" if refused else "taken"
