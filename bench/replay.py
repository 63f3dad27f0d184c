"""The limit the ingest figures are held against: the product's own statements, sent by a bare program.

What the product executes for each mail is recorded once; the bare program reads the mail, cleans its HTML and sends
the same statements with the same values through plain psycopg, one commit a mail. Sequences start alike in both
databases, so the ids agree. What the product takes beyond this is Django, threading, quotes, search words and limits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from unittest import mock

import nh3
import psycopg
from fast_mail_parser import parse_email

from bench.mails import MadeMail

Statement = tuple[str, Any, bool | None]


@dataclass(slots=True)
class Recording:
    """The statements of each mail, in the order the mails were worked on."""

    mails: list[list[Statement]] = field(default_factory=list)


@contextmanager
def recording() -> Iterator[Recording]:
    """Note what the hot path executes, mail by mail; a claim begins a mail."""
    from channels_inbound import inbound, raw  # noqa: PLC0415
    from events.statements import PreparedCursor  # noqa: PLC0415

    kept = Recording()
    execute, claim = PreparedCursor.execute, inbound.claim_waiting

    def noted(cursor: Any, query: str, params: Any = None, *, binary: bool | None = None) -> Any:
        if query != raw._STORE:  # how the mails come to lie there is not what is measured
            kept.mails[-1].append((query, params, binary))
        return execute(cursor, query, params, binary=binary)

    def begun(**options: Any) -> Any:
        kept.mails.append([])
        return claim(**options)

    with mock.patch.object(PreparedCursor, "execute", noted), mock.patch.object(inbound, "claim_waiting", begun):
        yield kept


def replay(url: str, mails: list[MadeMail], recorded: list[list[Statement]]) -> None:
    """Work through the mails as recorded; the claim that found nothing more is left out."""
    with psycopg.connect(url, autocommit=True) as connection:
        for mail, statements in zip(mails, recorded, strict=False):
            parsed = parse_email(mail.raw)
            for html in parsed.text_html:
                nh3.clean(html)
            with connection.transaction(), connection.cursor() as cursor:
                for statement in statements:
                    _send(cursor.execute, *statement)
                    if cursor.description:
                        cursor.fetchall()


def _send(execute: Callable[..., Any], query: str, params: Any, binary: bool | None) -> None:
    execute(query, params, binary=binary)
