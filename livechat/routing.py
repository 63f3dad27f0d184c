"""Which team a new chat goes to, by language, page, cart, hours and who the visitor is: the first rule that fits
decides, else it is the channel's own. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

MOST_RULES = 30
LONGEST_PATH = 200
LONGEST_TRAIT = 80
MOST_STARS = 3
# When a rule holds, by the hours of the chat. Who it is for, beside the segments that a sibling knows ("segment:KEY").
OPEN, CLOSED = "open", "closed"
SIGNED, RETURNING, SEGMENT = "signed", "returning", "segment:"
_SPECIAL = re.compile(r"[.*+?^${}()|\[\]\\/]")


@dataclass(frozen=True, slots=True)
class Asker:
    """What is known of who begins a chat. The cart is the page's word; `traits` the shop's signature vouches for, and
    `segments` are those of the customer a signature proves. `returning`: they chatted here before. `within` the
    hours of the chat."""

    language: str = ""
    path: str = "/"
    cart: float = 0
    signed: bool = False
    returning: bool = False
    traits: Mapping[str, str] = field(default_factory=dict)
    segments: frozenset[str] = frozenset()
    within: bool = True


@dataclass(frozen=True, slots=True)
class Rule:
    """What is empty or zero fits everybody; in a path `*` stands for anything. `trait` is a name, or `name=value`."""

    team: int
    language: str = ""
    path: str = ""
    min_cart: int = 0
    who: str = ""
    trait: str = ""
    hours: str = ""

    def fits(self, asker: Asker) -> bool:
        return (
            self.language in ("", asker.language)
            and (not self.path or path_fits(self.path, asker.path))
            and asker.cart >= self.min_cart
            and self._is_for(asker)
            and self.hours in ("", OPEN if asker.within else CLOSED)
            and (not self.trait or _has_trait(asker.traits, self.trait))
        )

    def _is_for(self, asker: Asker) -> bool:
        if self.who.startswith(SEGMENT):
            return self.who.removeprefix(SEGMENT) in asker.segments
        return {"": True, SIGNED: asker.signed, RETURNING: asker.returning}.get(self.who, False)

    @property
    def because(self) -> dict[str, Any]:
        """What it asked for, as it is kept with the ticket."""
        asked = {"language": self.language, "path": self.path, "cart": self.min_cart, "who": self.who}
        asked |= {"trait": self.trait, "hours": self.hours}
        return {name: value for name, value in asked.items() if value}


def _has_trait(traits: Mapping[str, str], wanted: str) -> bool:
    name, equals, value = wanted.partition("=")
    said = traits.get(name.strip())
    return said is not None and (said.casefold() == value.strip().casefold() if equals else said not in ("", "false"))


def read_rules(kept: object) -> tuple[Rule, ...]:
    """Rules as they were kept; broken ones are left out."""
    rows = kept if isinstance(kept, list) else []
    return tuple(
        Rule(
            row["team"], str(row.get("language", "")), str(row.get("path", "")),
            cart if type(cart := row.get("min_cart", 0)) is int else 0,
            str(row.get("who", "")), str(row.get("trait", "")), str(row.get("hours", "")),
        )
        for row in rows
        if isinstance(row, Mapping) and type(row.get("team")) is int
    )  # fmt: skip


def rule_for(rules: Iterable[Rule], asker: Asker) -> tuple[int, Rule] | None:
    """The first rule that fits, with its number from 1; None when none does."""
    return next(((number, rule) for number, rule in enumerate(rules, 1) if rule.fits(asker)), None)


def page_of(said: Mapping[str, Any]) -> tuple[str, float]:
    """Path and cart's value of a page as its script tells them."""
    cart = said.get("cart")
    value = cart.get("value", 0) if isinstance(cart, Mapping) else 0
    return urlsplit(str(said.get("url", ""))).path or "/", float(value) if isinstance(value, int | float) else 0.0


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
