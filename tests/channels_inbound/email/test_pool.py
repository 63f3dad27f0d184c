"""Reading in children: what a mail costs is its own fault, what the machine keeps from it is not."""

from __future__ import annotations

import os
import signal
import threading
import time

import pytest
from django.db import InternalError
from psycopg import errors

from channels_inbound.draining import settle
from channels_inbound.email.parsed import ParsedEmail
from channels_inbound.email.pool import ParseFailure, ParserPool, PoolLimits

MAIL = b"From: zoe@customer.example\nSubject: Hello\n\nHello\n"


def stopped_for(pool: ParserPool, seconds: float) -> threading.Thread:
    """The pool's one child stands still for so long, as on a machine that has no processor for it."""
    [child] = pool._idle
    os.kill(child.process.pid, signal.SIGSTOP)
    thread = threading.Timer(seconds, os.kill, [child.process.pid, signal.SIGCONT])
    thread.start()
    return thread


def test_a_mail_is_not_to_blame_for_a_machine_without_time() -> None:
    pool = ParserPool(1, PoolLimits(wall_seconds=1.0))
    pool.parse_many([MAIL])
    stands = stopped_for(pool, 2.5)
    [read] = pool.parse_many([MAIL])
    stands.join()
    assert isinstance(read, ParsedEmail)
    assert read.subject == "Hello"
    pool.close()


def test_a_child_that_stands_for_ever_is_not_waited_for_for_ever() -> None:
    pool = ParserPool(1, PoolLimits(wall_seconds=1.0))
    pool.parse_many([MAIL])
    [child] = pool._idle
    os.kill(child.process.pid, signal.SIGSTOP)
    began = time.monotonic()
    [failed] = pool.parse_many([MAIL])
    assert isinstance(failed, ParseFailure)
    assert (failed.reason, time.monotonic() - began > 1.0) == ("timeout", True)
    [read] = pool.parse_many([MAIL])  # by another child
    assert isinstance(read, ParsedEmail)
    pool.close()


@pytest.mark.parametrize("cause", [errors.IdleInTransactionSessionTimeout("25P03"), errors.TransactionTimeout("25P04")])
def test_a_transaction_that_the_server_ended_is_laid_to_no_mail(cause: Exception) -> None:
    def together(_work: object) -> list[str]:
        raise InternalError("terminating connection") from cause

    def set_aside(*_: object) -> str:
        raise AssertionError("nothing is to be set aside")

    with pytest.raises(InternalError):
        settle(["mail"], together=together, set_aside=set_aside)
