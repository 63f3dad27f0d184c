"""What others make of a mail, for comparison: Python's `email`, and the reply libraries people reach for.

The libraries are no part of the product: they are installed into a folder of their own the first time they are asked.
"""

from __future__ import annotations

import email
import email.policy
import importlib
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from email.utils import parseaddr
from types import FrameType
from typing import Any

from scripts.mail_corpora import ROOT

PACKAGES = ("mail-parser-reply==1.36", "email-reply-parser==0.5.12")
FOLDER = ROOT / "var" / "mail-baselines"
SECONDS = 5
_LANGUAGES = ["en", "de", "fr", "es", "it", "nl", "pl", "sv", "da", "ja", "cs", "ko", "zh"]
_DAEMON = re.compile(r"^(?:mailer-daemon|postmaster)@|^mailer-daemon$", re.IGNORECASE)


def install() -> bool:
    """Whether the libraries are there, after trying to fetch them."""
    sys.path.append(str(FOLDER))
    if (FOLDER / ".installed").exists():
        return True
    command = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--quiet",
        "--target",
        str(FOLDER),
        "--no-deps",
        *PACKAGES,
    ]
    if subprocess.run(command, check=False).returncode:
        return False
    (FOLDER / ".installed").touch()
    return True


def reply_readers() -> dict[str, Callable[[str], str]]:
    """Name and function of each reply library."""
    parser = importlib.import_module("mailparser_reply").EmailReplyParser(languages=_LANGUAGES)
    github = importlib.import_module("email_reply_parser").EmailReplyParser
    return {
        "mail-parser-reply": lambda text: parser.read(text=text).latest_reply or "",
        "email-reply-parser": github.parse_reply,
    }


class TooSlow(Exception):
    """A library took longer than SECONDS on one mail."""


@contextmanager
def time_limit() -> Iterator[None]:
    def stop(_signal: int, _frame: FrameType | None) -> None:
        raise TooSlow

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(SECONDS)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def read_with_stdlib(raw: bytes) -> dict[str, Any]:
    """The keys that are compared, as a careful program reads them with `email.policy.default`."""
    message = email.message_from_bytes(raw, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    body = message.get_body(("plain", "html"))
    sender = parseaddr(str(message.get("From", "")))
    return {
        "subject": str(message.get("Subject", "")),
        "from": {"name": sender[0], "address": sender[1]},
        "text": body.get_content() if body else "",
        "attachments": [
            {"filename": part.get_filename() or "", "content_id": str(part.get("Content-ID", "")).strip("<> ")}
            for part in message.iter_attachments()
        ],
        "auto_submitted": str(message.get("Auto-Submitted", "no")).strip().lower() != "no",
        "is_bounce": _is_bounce(message, sender[1]),
    }


def _is_bounce(message: EmailMessage, address: str) -> bool:
    report = message.get_content_type() == "multipart/report"
    return (report and message.get_param("report-type") == "delivery-status") or bool(_DAEMON.search(address))


def read_with_baseline(raw: bytes, reader: Callable[[str], str]) -> dict[str, Any]:
    """The stdlib's reading with a library's reply; {"error"} where either raises or takes too long."""
    try:
        with time_limit():
            found = read_with_stdlib(raw)
            return found | {"reply_text": reader(found["text"])}
    except Exception as error:  # noqa: BLE001 - that they raise is what is measured
        return {"error": f"{type(error).__name__}: {error}"}
