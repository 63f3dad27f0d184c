"""What test_kill.py leaves out, with fewer mails: beat killed, PostgreSQL stopped and one backend of it killed, Redis frozen
and emptied, a disk nobody can write to, a clock that jumps, servers and a messenger that hang up, hang or answer twice,
mails to two mailboxes, customers who answer from their own mailbox, and threads that must not fork.

The seed is printed; `HELPDESK_STORM_SEED=...` plays the same weather again. A longer storm: HELPDESK_STORM_MAILS and
HELPDESK_STORM_ROUNDS (each kind of harm so many times).
"""

from __future__ import annotations

import os
import random
import secrets
import threading
import time
from collections import Counter, deque
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.chaos import checks
from tests.chaos.house import ChaosHouse
from tests.chaos.others import Friend, System, Visitor, Writer, told_of, wrong_lines
from tests.chaos.people import Answerer, Mail, MailServer, Post
from tests.chaos.weather import BadProvider, BadServer, FastClock, Weather
from tests.providers.server import running
from tests.providers.telegram import TelegramServer
from tests.support.smtp_sink import SmtpSink

pytestmark = pytest.mark.kill

SEED = int(os.environ.get("HELPDESK_STORM_SEED") or secrets.randbelow(1_000_000))
MAILS = int(os.environ.get("HELPDESK_STORM_MAILS") or 300)
ROUNDS = int(os.environ.get("HELPDESK_STORM_ROUNDS") or 1)
PAUSE = 2.0
MAIL_SERVERS = 8
VISITORS, SYSTEMS, FRIENDS, PROGRAMS_EACH = 3, 2, 3, 5
SETTLE_SECONDS = 240


def test_everything_holds_in_bad_weather(place: Path, smtp_sink: SmtpSink) -> None:
    with running(TelegramServer()) as messenger:
        assert isinstance(messenger, TelegramServer)
        house = ChaosHouse(place / "house", smtp_sink, messenger)
        try:
            house.start()
            _check_durable(house)
            _storm(house)
        finally:
            ended = house.launcher.end()
    assert ended == 0, house.launcher.output[-3000:]


def _check_durable(house: ChaosHouse) -> None:
    for name in ("fsync", "synchronous_commit", "full_page_writes"):
        assert house.rows(f"SHOW {name}") == [{name: "on"}]


def _storm(house: ChaosHouse) -> None:
    began = time.monotonic()
    print(f"\nstorm of seed {SEED}: {MAILS} mails, {ROUNDS} rounds of harm (HELPDESK_STORM_SEED={SEED})")
    weather, server = Weather(house, SEED, rounds=ROUNDS, pause=PAUSE), BadServer(house, SEED)
    provider = BadProvider(house, SEED)
    clock = FastClock(house)
    post = Post(house, random.Random(SEED), MAILS)
    length = len(weather.plan) * PAUSE
    answers: Counter[str] = Counter()
    queue: deque[Mail] = deque()
    senders = [MailServer(post, queue, answers, MAIL_SERVERS * length / MAILS) for _ in range(MAIL_SERVERS)]
    agents = [Answerer(house, token, SEED + n, f"agent{n}") for n, token in enumerate(house.tokens * PROGRAMS_EACH)]
    others: list[Writer] = [Visitor(house, SEED + 100 + n, f"visitor{n}") for n in range(VISITORS)]
    others += [System(house, SEED + 200 + n, f"system{n}") for n in range(SYSTEMS)]
    others += [Friend(house, SEED + 300 + n, f"friend{n}") for n in range(FRIENDS)]
    for thread in (clock, weather, server, provider, *senders, *agents, *others):
        thread.start()
    _join(house, [weather], 3 * length + 300)
    blown_over = time.monotonic() - began
    _join(house, senders, SETTLE_SECONDS)
    for thread in (*senders, *agents, *others):
        thread.over.set()
    _join(house, [*agents, *others], 60)
    for bad in (server, provider):
        bad.over.set()
        bad.join()
    with house.sink.lock, house.messenger.lock:
        house.sink.failures.clear()
        house.messenger.faults.clear()
    taken = time.monotonic() - began
    left = _wait_until_quiet(house)
    clock.over.set()
    quiet = time.monotonic() - began

    mails = [mail for sent in post.taken.values() for mail in sent]
    promised = {words: id for agent in agents for words, id in agent.promised.items()}
    states = {row["outbox"]: row["n"] for row in house.rows(
        "SELECT outbox, count(*) AS n FROM tickets_message WHERE kind = 'outbound' GROUP BY 1")}  # fmt: skip
    print(f"harm done {dict(weather.done)}, victim already down {dict(weather.missed)}")
    print(f"mail server's failures {dict(server.failures)}, the messenger's {dict(provider.failures)}")
    print(f"{len(mails)} mails taken, tries by answer {dict(answers)}; agents heard {[dict(a.codes) for a in agents]}")
    print(f"others {told_of(others)}")
    print(f"replies {states}, {len(house.sink.mails)} arrived by mail, {len(house.messenger.accepted)} in Telegram")
    print(f"storm {blown_over:.0f} s, all mail taken after {taken:.0f} s, quiet after {quiet:.0f} s")

    assert weather.error is None
    assert not weather.is_alive()
    assert house.launcher.process and house.launcher.process.poll() is None, house.launcher.output[-3000:]
    refused = [refusal for sender in senders for refusal in sender.refused]
    tried = [words for agent in agents for words in agent.tried]
    wrong = [f"refused for good: {refusal}" for refusal in refused]
    wrong += [f"still {what}: {n}" for what, n in left.items()]
    wrong += checks.broken_books(house) + checks.missing_files(house)
    wrong += checks.wrong_mails(house, mails) + checks.wrong_replies(house, tried, promised)
    wrong += wrong_lines(house, others) + checks.wrong_promises(house) + house.leaks()
    assert not wrong, f"seed {SEED}: {len(wrong)} things wrong\n" + "\n".join(wrong[:40])
    assert (post.written, len(mails)) == (MAILS, MAILS)
    assert (
        house.number("SELECT count(*) FROM tickets_message WHERE kind = 'inbound' AND external_id LIKE 'storm-%'")
        == MAILS
    )
    # A storm in which nothing was answered or nothing was hit would prove nothing.
    assert sum(weather.done.values()) >= len(weather.plan) // 2
    assert states.get("sent", 0) >= 10
    assert all(writer.taken for writer in others)


def _join(house: ChaosHouse, threads: Sequence[threading.Thread], patience: float) -> None:
    """Until they have ended; not longer when the launcher itself gives up."""
    deadline = time.monotonic() + patience
    while any(thread.is_alive() for thread in threads) and time.monotonic() < deadline:
        assert house.launcher.process and house.launcher.process.poll() is None, house.launcher.output[-3000:]
        time.sleep(0.2)


def _wait_until_quiet(house: ChaosHouse) -> dict[str, int]:
    """Until nothing is on its way any more; what still is when patience ends."""
    deadline = time.monotonic() + SETTLE_SECONDS
    while left := checks.unsettled(house):
        if time.monotonic() > deadline:
            break
        time.sleep(0.5)
    return left
