"""The measures run, on almost nothing: what they print is worth no more than that they can."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from bench.mails import make_mails
from channels_inbound.email.parse import parse_email

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = """
import sys
from pathlib import Path
from bench import chat, ingest, pages, reading
from bench.stack import Stack
with Stack(Path(sys.argv[1])) as stack:
    runs = ingest.run(stack, mails=20, rounds=1)
    assert all(run.mails == 18 and run.cpu_ms > 0 for some in runs.values() for run in some), runs
    assert min(reading.run(stack, rounds=1, each=2).values()) > 0
    found = pages.run(stack, sizes=[400], rounds=1, requests=3)
    weights = chat.run(stack, chats=[1, 2], messages=2, idle=5, watched=0.1)
    assert weights["bare echo"] < weights["2 chats"] and "idle KiB" in weights, weights
    assert found[400]["list"].queries > 3 and found[400]["constant view"].queries == 0, found
"""


def test_ingest_and_pages_run_on_servers_of_their_own() -> None:
    given = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "REDIS_URL")}
    folder = ROOT / "var" / "bench-smoke"
    result = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(folder)],
        cwd=ROOT,
        env=given,
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert result.returncode == 0, result.stderr[-3000:]
    for title in ("bare program, same statements", "bare program, fewest statements", "product, one by one"):
        assert re.search(rf"{title} +[\d.]+ +[\d.]+ +[\d.]+ +[\d.]+ +[\d.]+ x", result.stdout), result.stdout
    assert "search, rare word" in result.stdout


def test_an_unknown_measure_is_named() -> None:
    result = subprocess.run([sys.executable, "-m", "bench", "speed"], cwd=ROOT, capture_output=True, text=True)
    assert result.returncode == 2
    assert "no such measure: speed" in result.stderr


@pytest.fixture(scope="module")
def mails() -> list:
    return make_mails(120)


def test_made_up_mails_are_the_same_each_time(mails: list) -> None:
    plain = [mail.raw for mail in make_mails(120) if b"boundary=" not in mail.raw]
    assert plain == [mail.raw for mail in mails if b"boundary=" not in mail.raw]


def test_made_up_mails_are_read_and_name_what_they_answer(mails: list) -> None:
    parsed = [parse_email(mail.raw) for mail in mails]
    for mail, read in zip(mails, parsed, strict=True):
        assert read.sender.address == mail.sender
        expected = (parsed[mail.answers].message_id,) if mail.answers is not None else ()
        assert read.references == expected
    assert any(read.html for read in parsed) and any(read.attachments for read in parsed)
    assert any(read.quoted for read in parsed)
