"""Mails as bytes, and a listener in this process to give them to."""

from __future__ import annotations

import asyncio
import smtplib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from django.db import connections

from channels_inbound.email.headers_out import POLICY
from channels_inbound.email.listener import Handler, Listener, ListenerLimits
from channels_inbound.email.mailboxes import Mailboxes


def make_mail(**fields: Any) -> EmailMessage:
    """Zoe's mail to support@; `text`, `html` and any header by its name with underscores."""
    mail = EmailMessage(policy=POLICY)
    headers = {
        "From": "Zoe Bauer <zoe@customer.example>",
        "To": "support@shop.example",
        "Subject": "Where is my parcel?",
        "Date": "Mon, 02 Mar 2026 09:00:00 +0000",
        "Message-ID": "<first@customer.example>",
    }
    text, html = fields.pop("text", "Hello, where is my parcel?\n"), fields.pop("html", "")
    headers |= {name.replace("_", "-"): value for name, value in fields.items()}
    for name, value in headers.items():
        if value is not None:
            mail[name] = value
    mail.set_content(text)
    if html:
        mail.add_alternative(html, subtype="html")
    return mail


def raw_mail(**fields: Any) -> bytes:
    return make_mail(**fields).as_bytes()


class RunningListener:
    """The listener on a thread of its own, as its process runs it."""

    def __init__(self, spool: Path, **limits: Any) -> None:
        self.handler = Handler(Mailboxes(), spool)
        self.listener = Listener(self.handler, ListenerLimits(**limits), hostname="helpdesk.test")
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.port = 0

    def start(self) -> None:
        self.thread.start()
        self.port = asyncio.run_coroutine_threadsafe(self.listener.start("127.0.0.1", 0), self.loop).result(10)

    def stop(self) -> None:
        asyncio.run_coroutine_threadsafe(self.listener.stop(2), self.loop).result(30)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(10)
        self.loop.close()

    def client(self, **options: Any) -> smtplib.SMTP:
        return smtplib.SMTP("127.0.0.1", self.port, timeout=30, **options)

    def send(self, content: bytes, *to: str, sender: str = "zoe@customer.example") -> None:
        with self.client() as smtp:
            smtp.sendmail(sender, list(to or ("support@shop.example",)), content)


@contextmanager
def running_listener(spool: Path, **limits: Any) -> Iterator[RunningListener]:
    # Its threads let go of their connections at once, or the test database could not be dropped.
    database = connections.databases["default"]
    kept, database["CONN_MAX_AGE"] = database["CONN_MAX_AGE"], 0
    running = RunningListener(spool, **limits)
    running.start()
    try:
        yield running
    finally:
        running.stop()
        database["CONN_MAX_AGE"] = kept
