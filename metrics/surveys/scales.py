"""The three questions and their scales. Pure.

CSAT: how satisfied, 1 to 5 or 1 to 10. NPS: would you recommend us, 0 to 10. CES: how easy was it, 1 to 7 (7 is
easiest). A scale of its own is a kind of its own: people who may choose among ten fill them otherwise than among five,
so figures of the two are never added up. Satisfied are, on either, the two highest answers (the "top two boxes", as
survey tools count); dissatisfied the lowest two fifths.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from enum import StrEnum


class Kind(StrEnum):
    CSAT = "csat"
    NPS = "nps"
    CES = "ces"
    CSAT10 = "csat10"


# What is asked, without its scale.
QUESTIONS = (Kind.CSAT, Kind.NPS, Kind.CES)


class Band(StrEnum):
    LOW = "low"
    MIDDLE = "middle"
    HIGH = "high"


SCALES: Mapping[str, range] = {
    Kind.CSAT: range(1, 6), Kind.NPS: range(11), Kind.CES: range(1, 8), Kind.CSAT10: range(1, 11),
}  # fmt: skip
# The highest score of the low band, the lowest of the high one.
_BOUNDS: Mapping[str, tuple[int, int]] = {Kind.CSAT: (2, 4), Kind.NPS: (6, 9), Kind.CES: (3, 5), Kind.CSAT10: (4, 9)}
LOW_REASONS = ("slow", "unsolved", "unclear", "unkind", "repeat", "goods", "delivery")
HIGH_REASONS = ("quick", "solved", "clear", "kind", "goods", "delivery")
REASONS: Mapping[str, tuple[str, ...]] = {
    Band.LOW: LOW_REASONS, Band.MIDDLE: LOW_REASONS, Band.HIGH: HIGH_REASONS,
}  # fmt: skip


def question_of(kind: str) -> Kind:
    """What was asked, whatever the scale."""
    return Kind.CSAT if kind == Kind.CSAT10 else Kind(kind)


def is_score(kind: str, score: int) -> bool:
    return score in SCALES[kind]


def band_of(kind: str, score: int) -> Band:
    """Low, middle or high: for NPS detractor, passive, promoter."""
    low, high = _BOUNDS[kind]
    return Band.LOW if score <= low else Band.HIGH if score >= high else Band.MIDDLE


def scores_of(kind: str, band: str) -> list[int]:
    """The scores of a band, ascending."""
    return [score for score in SCALES[kind] if band_of(kind, score) == band]


def is_drawn(seed: str, probability: float) -> bool:
    """Whether this one is asked, with that probability; the same seed is always answered alike, so that a repeated
    event draws no second lot."""
    lot = int.from_bytes(hashlib.sha256(seed.encode()).digest()[:8]) / 2**64
    return lot < probability
