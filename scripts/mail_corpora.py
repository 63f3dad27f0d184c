"""Folders of mails nobody here wrote, with what their authors expect, and the measures of how well they are read.

The folders are not part of the project (their licences are their own): `../shared/corpora`, or HELPDESK_CORPORA.
"""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
REPLY_KEYS = ("reply_text", "reply_matches", "reply_has", "reply_lacks")
ENOUGH = 0.9
_WORD = re.compile(r"\w+")


def corpora_folder() -> Path:
    """Where the folders lie; they may be missing."""
    return Path(os.environ.get("HELPDESK_CORPORA") or ROOT.parent / "shared" / "corpora")


@dataclass(frozen=True, slots=True)
class Sample:
    """One mail with its expectations ({} where its authors wrote none down)."""

    folder: str
    name: str
    raw: bytes
    wanted: dict[str, Any]


def read_samples(root: Path) -> Iterator[Sample]:
    for path in sorted(root.glob("*/*.eml")):
        notes = path.with_suffix(".json")
        wanted = json.loads(notes.read_text()) if notes.exists() else {}
        yield Sample(path.parent.name, path.name, path.read_bytes(), wanted)


def word_f1(wanted: str, found: str) -> float:
    """How alike two texts are in their words: 1 is the same words, as often."""
    left, right = Counter(_WORD.findall(wanted.lower())), Counter(_WORD.findall(found.lower()))
    if not left and not right:
        return float(wanted.strip() == found.strip())
    common = sum((left & right).values())
    return 2 * common / (sum(left.values()) + sum(right.values()))


def is_reply_found(wanted: dict[str, Any], reply: str) -> bool:
    """Whether a reply is what its mail's authors expect. A text stands for itself; the other keys only without one."""
    if "reply_text" in wanted:
        return word_f1(wanted["reply_text"], reply) >= ENOUGH
    flat = " ".join(reply.split())
    return (
        all(re.search(pattern, reply, re.MULTILINE) for pattern in wanted.get("reply_matches", ()))
        and all(" ".join(part.split()) in flat for part in wanted.get("reply_has", ()))
        and not any(" ".join(part.split()) in flat for part in wanted.get("reply_lacks", ()))
    )


def is_storable(found: dict[str, Any]) -> bool:
    """Whether PostgreSQL takes every string: no NUL, no lone surrogate."""
    try:
        text = json.dumps(found, ensure_ascii=False)
        text.encode()
    except (UnicodeError, ValueError, TypeError):
        return False
    return "\\u0000" not in text and "\x00" not in text
