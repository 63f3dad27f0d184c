"""A house, an account on the real Dovecot, and visits to it: one by one, or by fetchers on their own threads."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connections
from django.utils import timezone

from channels_inbound.imap import leases
from channels_inbound.imap.actions import add_mailbox
from channels_inbound.imap.fetcher import Fetcher
from channels_inbound.imap.visit import Visit
from channels_inbound.inbound import drain_inbound
from channels_inbound.models import Mailbox
from tests.channels_inbound.mails import raw_mail
from tests.people import House, make_house
from tests.support.dovecot import PASSWORD, Account, Dovecot
from tickets.models import Message

AddMailbox = Callable[..., Mailbox]


@pytest.fixture
def house(transactional_db: None) -> House:
    return make_house()


@pytest.fixture
def account(dovecot: Dovecot) -> Account:
    return dovecot.account()


@pytest.fixture
def add(house: House, account: Account) -> AddMailbox:
    """`add(**settings)`: the account as a mailbox of Support, not encrypted, without IDLE unless said."""

    def add_one(secret: dict[str, str] | None = None, **settings: Any) -> Mailbox:
        values = {
            "host": "127.0.0.1", "port": account.server.port, "security": "none", "username": account.name,
            "folder": "INBOX", "use_idle": False, "poll_seconds": 60,
        }  # fmt: skip
        channel = settings.pop("channel", house.channel)
        return add_mailbox(channel, values | settings, secret or {"password": PASSWORD}, by=house.adam)

    return add_one


def directly(work: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
    return work(*arguments, **named)


def claim(mailbox: Mailbox) -> Visit:
    """A visit that holds the lease, not begun."""
    Mailbox.objects.filter(pk=mailbox.pk).update(next_look_at=timezone.now(), lease_until=None)
    found = {lease.mailbox_id: (lease, fresh) for lease, fresh in leases.claim_due(at=timezone.now(), limit=50)}
    return Visit(*found[mailbox.pk], directly)


def visit(mailbox: Mailbox) -> Mailbox:
    """One visit from beginning to end in this thread; the mailbox as it is afterwards."""
    going = claim(mailbox)
    going.run()
    leases.release([going.lease.token])
    mailbox.refresh_from_db()
    return mailbox


@contextmanager
def fetching(*, number: int = 1) -> Iterator[list[Fetcher]]:
    """Fetchers as the mail process runs them. Their threads let go of the database at once, so that it can go."""
    database = connections.databases["default"]
    kept, database["CONN_MAX_AGE"] = database["CONN_MAX_AGE"], 0
    fetchers = [Fetcher(tick_seconds=0.1) for _ in range(number)]
    for fetcher in fetchers:
        fetcher.start()
    try:
        yield fetchers
    finally:
        for fetcher in fetchers:
            fetcher.stop()
        database["CONN_MAX_AGE"] = kept


def wait_for(condition: Callable[[], Any], *, seconds: float = 15) -> Any:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := condition():
            return found
        time.sleep(0.02)
    raise AssertionError(f"not within {seconds} s")


def numbered(*numbers: int) -> list[bytes]:
    """Mails that differ, by number."""
    return [
        raw_mail(Message_ID=f"<mail-{n}@customer.example>", Subject=f"Mail {n}", text=f"This is mail {n}.\n",
                 From=f"Zoe Bauer <zoe{n}@customer.example>")
        for n in numbers
    ]  # fmt: skip


def read_subjects() -> list[str]:
    """Read what was stored, and what is in tickets now, in the order it came in."""
    drain_inbound()
    return list(Message.objects.order_by("id").values_list("subject", flat=True))
