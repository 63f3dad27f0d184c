"""Whole mails with the answer a reader should see: folding/NAME.eml and NAME.json. `manage.py folding_cases` writes
such pairs from mails that agents marked; the ones here were written for the project."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from channels_inbound.email.parse import parse_email

CASES = sorted((Path(__file__).parent / "folding").glob("*.json"))


@pytest.mark.parametrize("case", CASES, ids=[case.stem for case in CASES])
def test_what_is_shown_is_the_answer(case: Path) -> None:
    wanted = json.loads(case.read_text(encoding="utf-8"))

    parsed = parse_email(case.with_suffix(".eml").read_bytes())

    assert wanted["answer"], "say in `answer` what should have been shown"
    assert parsed.reply_text.split() == wanted["answer"].split()
