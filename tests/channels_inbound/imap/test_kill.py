"""The real processes, killed at any moment, a server that falls and numbers its mails anew: exactly every mail."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from channels_inbound.inbound import drain_inbound
from channels_inbound.models import FetchedMail, Mailbox, RawDelivery
from tests.channels_inbound.imap.conftest import AddMailbox, numbered, wait_for
from tests.support.dovecot import Account, Dovecot
from tests.support.live import test_database_url
from tickets.models import Message

pytestmark = pytest.mark.kill

MAILS = 1000
POISON = 500
SEED = int(os.environ.get("HELPDESK_KILL_SEED", "0")) or random.randrange(1, 1 << 30)


class MailProcess:
    """`manage.py mail`, only fetching."""

    def __init__(self, log: Path) -> None:
        self.log = log
        environment = {
            "DATABASE_URL": test_database_url(), "HELPDESK_IMAP_LEASE_SECONDS": "2", "HELPDESK_LOG_FORMAT": "text",
            "HELPDESK_LOG_LEVEL": "DEBUG",
        }  # fmt: skip
        self.process = subprocess.Popen(
            [sys.executable, "manage.py", "mail", "--no-smtp"], env={**os.environ, **environment},
            stdout=log.open("ab"), stderr=subprocess.STDOUT,
        )  # fmt: skip

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def stop(self) -> float:
        """SIGTERM; how long it took."""
        began = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(30)
        return time.monotonic() - began


@contextmanager
def two_processes(log: Path) -> Iterator[list[MailProcess]]:
    processes = [MailProcess(log), MailProcess(log)]
    try:
        yield processes
    finally:
        for process in processes:
            process.kill()


def test_a_thousand_mails_come_exactly_once(
    add: AddMailbox, account: Account, dovecot: Dovecot, tmp_path: Path
) -> None:
    print(f"seed {SEED}")
    chance = random.Random(SEED)
    mails = numbered(*range(MAILS))
    mails[POISON] = (
        b"Message-ID: <mail-500\xff@x>\nSubject: =?utf-8?b?\x00\nContent-Type: multipart/mixed\n\n\x00--\n" * 40
    )
    account.deliver(*mails[:400])
    add(use_idle=True, after_fetch="seen", poll_seconds=1)
    waiting = mails[400:]
    with two_processes(tmp_path / "mail.log") as processes:
        wait_for(RawDelivery.objects.exists, seconds=180)  # a number that nobody knew yet cannot change
        for round_ in range(12):
            time.sleep(chance.uniform(1.0, 3.0))
            account.deliver(*waiting[:60])
            del waiting[:60]
            victim = chance.randrange(2)
            processes[victim].kill()
            if round_ in (3, 7, 10):
                account.renumber()
            if round_ == 5:
                dovecot.kill()
                dovecot.start()
            processes[victim] = MailProcess(tmp_path / "mail.log")
            drain_inbound()
        account.deliver(*waiting)
        # Somebody must read: an old folder waits for that.
        wait_for(lambda: drain_inbound() is not None and RawDelivery.objects.count() >= MAILS, seconds=180)
        wait_for(lambda: not FetchedMail.objects.filter(action_owed=True, epoch=Mailbox.objects.get().epoch).exists())
        wait_for(lambda: Mailbox.objects.get().since is None, seconds=30)
        assert max(process.stop() for process in processes) < 8
    drain_inbound()
    states = Counter(RawDelivery.objects.values_list("state", flat=True))
    assert RawDelivery.objects.count() == MAILS, states
    assert Message.objects.count() == MAILS
    subjects = Counter(Message.objects.values_list("subject", flat=True))
    assert [n for n in range(MAILS) if n != POISON and subjects[f"Mail {n}"] != 1] == []
    assert Mailbox.objects.get().epoch >= 1
    assert Mailbox.objects.get().lease_token is None
    assert set(account.flags().values()) == {(b"\\Seen",)}
    assert b"s3cret-of-the-mailbox" not in (tmp_path / "mail.log").read_bytes()
