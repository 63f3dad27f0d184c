"""Which team a new chat goes to, by the visitor's language and the page they write from. Pure; the first rule that
fits decides, else the channel's own team."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

MOST_RULES = 30
LONGEST_PATH = 200
MOST_STARS = 3
_SPECIAL = re.compile(r"[.*+?^${}()|\[\]\\/]")


@dataclass(frozen=True, slots=True)
class Rule:
    """An empty language or path fits every one; in a path `*` stands for anything."""

    team: int
    language: str = ""
    path: str = ""

    def fits(self, language: str, path: str) -> bool:
        return self.language in ("", language) and (not self.path or path_fits(self.path, path))


def read_rules(kept: object) -> tuple[Rule, ...]:
    """Rules as they were kept; broken ones are left out."""
    rows = kept if isinstance(kept, list) else []
    return tuple(
        Rule(row["team"], str(row.get("language", "")), str(row.get("path", "")))
        for row in rows
        if isinstance(row, Mapping) and type(row.get("team")) is int
    )


def team_for(rules: Iterable[Rule], *, language: str, page: Mapping[str, Any]) -> int | None:
    """The team of the first rule that fits, or None."""
    path = urlsplit(str(page.get("url", ""))).path or "/"
    return next((rule.team for rule in rules if rule.fits(language, path)), None)


def path_fits(pattern: str, path: str) -> bool:
    """Whether a page's path is of this pattern; without a star it must be the whole path, a last slash aside.

    Each part is looked for once, from where the one before ended, so that no pattern takes long to fail.
    """
    path, parts = path.rstrip("/") or "/", _parts(pattern)
    if len(parts) == 1:
        return path == parts[0]
    first, *middle, last = parts
    if not path.startswith(first) or not path.endswith(last) or len(path) < len(first) + len(last):
        return False
    at, end = len(first), len(path) - len(last)
    for part in middle:
        found = path.find(part, at, end)
        if found < 0:
            return False
        at = found + len(part)
    return True


def clean_path(typed: str) -> str | None:
    """A pattern as it is kept; None when it has too many stars for browsers to read quickly."""
    pattern = re.sub(r"\*+", "*", typed.strip())[:LONGEST_PATH]
    return pattern if pattern.count("*") <= MOST_STARS else None


def _parts(pattern: str) -> list[str]:
    return re.split(r"\*+", pattern.rstrip("/") or "/")


def script_pattern(pattern: str) -> str:
    """The same as a regular expression that browsers read; empty for every page."""
    if not pattern:
        return ""
    parts = [_SPECIAL.sub(r"\\\g<0>", part) for part in _parts(pattern)]
    return f"^{'.*'.join(parts)}/?$"
