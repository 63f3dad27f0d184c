"""Scales, bands and lots: pure rules."""

from __future__ import annotations

import pytest

from metrics.surveys.scales import SCALES, Kind, band_of, is_drawn, scores_of
from metrics.surveys.words import _ORDER, words_for
from people.languages import LANGUAGES, choose_language


@pytest.mark.parametrize(
    ("kind", "low", "middle", "high"),
    [
        (Kind.CSAT, [1, 2], [3], [4, 5]),
        (Kind.NPS, [0, 1, 2, 3, 4, 5, 6], [7, 8], [9, 10]),
        (Kind.CES, [1, 2, 3], [4], [5, 6, 7]),
        (Kind.CSAT10, [1, 2, 3, 4], [5, 6, 7, 8], [9, 10]),
    ],
)
def test_bands_share_the_scale_between_them(kind: str, low: list[int], middle: list[int], high: list[int]) -> None:
    assert [scores_of(kind, band) for band in ("low", "middle", "high")] == [low, middle, high]
    assert [*low, *middle, *high] == list(SCALES[kind])
    assert all(band_of(kind, score) == "low" for score in low)


def test_lots_are_fair_and_the_same_each_time() -> None:
    drawn = [is_drawn(f"1:{n}:1", 0.3) for n in range(20_000)]
    assert drawn == [is_drawn(f"1:{n}:1", 0.3) for n in range(20_000)]
    assert 0.28 < sum(drawn) / len(drawn) < 0.32
    assert all(is_drawn(str(n), 1.0) for n in range(100)) and not any(is_drawn(str(n), 0.0) for n in range(100))


def test_every_language_has_every_word() -> None:
    assert LANGUAGES == ("en", "uk", "de", "fr", "es", "pl")
    for language in LANGUAGES:
        words = words_for(language)
        assert set(words) == set(_ORDER) and all(words.values())
        assert "{number}" in words["intro"]
    assert choose_language(["it", "de-AT"]) == "de"
    assert choose_language(["xx"]) == "en"
