"""The spine knows channels, threads and people; which companies carry the messages is known above it only."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from channels_inbound.hooks.registry import PROVIDERS

ROOT = Path(__file__).resolve().parents[2]
COMPANIES = (
    "messenger", "instagram", "whatsapp", "facebook", "telegram", "twilio", "twitter", "mailgun", "postmark", "sendgrid",
    "aircall", "3cx", "asterisk", "amazon",
)  # fmt: skip
WORD = re.compile(rf"\b({'|'.join(COMPANIES)})\b", re.IGNORECASE)


@pytest.mark.parametrize("app", ["events", "people", "tickets"])
def test_the_core_holds_no_provider_s_name(app: str) -> None:
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for path in sorted((ROOT / app).rglob("*.py"))
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if WORD.search(line)
    ]
    assert found == []


def test_the_list_of_names_knows_every_provider() -> None:
    """A new provider is looked for too: its registry name, or the folder its code lies in."""
    ours = {name for name in PROVIDERS if not WORD.search(name.replace("_", " "))}
    assert ours <= {"x", "sms", "phone", "http", "ses", "fb_comments", "ig_comments", "form", "line"}
