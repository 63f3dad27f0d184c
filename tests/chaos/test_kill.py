"""Nothing acknowledged is lost, nothing is stored or sent twice, whoever is killed while it happens."""

from __future__ import annotations

import os
import random
import re
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.chaos.promises import Ledger
from tests.chaos.storm import PATIENCE, SUPPORT, Answering, Chaos, Senders, write_mails
from tests.support.launcher import Launcher
from tests.support.smtp_sink import SmtpSink

# A failure is repeated with HELPDESK_CHAOS_SEED; a longer storm is HELPDESK_CHAOS_MAILS=5000.
SEED = int(os.environ.get("HELPDESK_CHAOS_SEED") or random.SystemRandom().randrange(10**6))
MAILS = int(os.environ.get("HELPDESK_CHAOS_MAILS", "1000"))
ANSWERS = 120
_MARKER = re.compile(rb"answer-[0-9a-f]{32}")
_SETUP = f"""
from people.models import Agent, Membership, Role, Team
from people.tokens import create_token
from tickets.models import Channel
team = Team.objects.create(name="Support")
agent = Agent.objects.create_user("olena@shop.example", "not needed here", name="Olena", role=Role.AGENT)
Membership.objects.create(agent=agent, team=team)
Channel.objects.create(name="Support", address="{SUPPORT}", team=team)
print("token:" + create_token(agent, "storm")[0])
"""

pytestmark = pytest.mark.kill


@pytest.fixture
def helpdesk(tmp_path: Path, smtp_sink: SmtpSink) -> Iterator[Launcher]:
    """`manage.py up` as a shop runs it, with durable servers of its own, mailing to the sink."""
    launcher = Launcher(
        tmp_path / "var",
        HELPDESK_DEMO="0",
        EMAIL_URL=smtp_sink.url,
        HELPDESK_INBOUND_LEASE_SECONDS="6",
        HELPDESK_API_REQUESTS_PER_MINUTE="100000",
    ).start()
    try:
        launcher.wait_until_ready(said=True)
        yield launcher
    finally:
        launcher.end()


def test_a_thousand_mails_while_everything_is_killed(helpdesk: Launcher, smtp_sink: SmtpSink) -> None:
    print(f"seed {SEED}")
    rng = random.Random(SEED)
    token = helpdesk.manage("shell", "-v", "0", "-c", _SETUP).stdout.rpartition("token:")[2].strip()
    mails = write_mails(MAILS, rng)
    senders = Senders(int(helpdesk.environment["HELPDESK_SMTP_PORT"]), mails)
    answering = Answering(helpdesk.url, token, most=ANSWERS)
    chaos = Chaos(helpdesk, smtp_sink, rng)
    began = time.monotonic()
    for part in (senders, answering, chaos):
        part.start()
    senders.join(PATIENCE)
    took = time.monotonic() - began
    chaos.finish()
    answering.stop()
    smtp_sink.failures.clear()
    ledger = Ledger(helpdesk.data_dir)
    ledger.wait_until_settled(120)

    print(f"{MAILS} mails in {took:.0f} s over {sum(m.tries for m in mails)} tries; killed {Counter(chaos.killed)}")
    assert set(Counter(chaos.killed).values()) == {chaos.rounds}
    assert senders.refused_for_good == []
    assert ledger.messages_by_id() == Counter(mail.message_id for mail in mails)
    assert ledger.faults() == {}
    _answers_arrived_once_or_are_shown(answering.markers, ledger, smtp_sink)


def _answers_arrived_once_or_are_shown(markers: dict[str, int], ledger: Ledger, sink: SmtpSink) -> None:
    """Each answer is one message; the sink has it at most once, and without it only where the agent is told."""
    replies = ledger.replies()
    written = Counter(marker for _, text in replies.values() if (marker := text.rpartition(" ")[2]))
    assert written == Counter(markers.keys())
    arrived = Counter(found.decode() for mail in sink.mails if (found := _first_marker(mail.content)))
    states = {marker: replies[id][0] for marker, id in markers.items()}
    print(f"{len(markers)} answers: {Counter(states.values())}, {len(arrived)} at the sink")
    assert [marker for marker, times in arrived.items() if times > 1] == []
    assert [marker for marker, state in states.items() if state == "sent" and not arrived[marker]] == []
    assert set(states.values()) <= {"sent", "unknown", "failed"}
    assert states, "the agent could answer nothing"


def _first_marker(content: bytes) -> bytes | None:
    found = _MARKER.search(content)
    return found.group() if found else None
