"""Colours that stand on each other can be told apart, in both themes: WCAG's 4.5 for text, 3 for what is no text."""

from __future__ import annotations

import math
import re
from functools import cache
from pathlib import Path

import pytest
from django.conf import settings

Colour = tuple[float, ...]
ON = ("bg", "surface", "surface-2", "surface-3")
TEXT = [
    *((text, on) for text in ("fg", "fg-2", "accent-text") for on in (*ON, "accent-soft")),
    *(("fg-3", on) for on in ("bg", "surface", "surface-2", "accent-soft", "note")),
    *(("accent-fg", on) for on in ("accent", "accent-hov")),
    *((text, "note") for text in ("fg", "note-fg", "accent-text")),
    *((state, on) for state in ("ok", "warn", "bad") for on in ("surface", f"{state}-soft")),
    ("bad", "bg"),
]
MARKS = [
    *((mark, "surface") for mark in ("control", "ok-mark", "bad-mark")), ("accent", "bg"),
]  # fmt: skip


@cache
def tokens() -> dict[str, tuple[Colour, Colour]]:
    """Each token's colour as lightness, chroma and hue, in the light theme and in the dark one."""
    css = (Path(settings.BASE_DIR) / "assets" / "css" / "tokens.css").read_text()
    found: dict[str, tuple[Colour, Colour]] = {}
    for name, value in re.findall(r"--([\w-]+):\s*(light-dark\(.*?\)\)|oklch\([^)]*\));", css):
        colours = [
            tuple(float(part) for part in one.split("/")[0].split()) for one in re.findall(r"oklch\(([^)]*)\)", value)
        ]
        found[name] = (colours[0], colours[-1])
    return found


def luminance(colour: Colour) -> float:
    """Relative luminance, by way of linear sRGB."""
    lightness, chroma, hue = colour
    a, b = chroma * math.cos(math.radians(hue)), chroma * math.sin(math.radians(hue))
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    middle = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3
    red = 4.0767416621 * long - 3.3077115913 * middle + 0.2309699292 * short
    green = -1.2684380046 * long + 2.6097574011 * middle - 0.3413193965 * short
    blue = -0.0041960863 * long - 0.7034186147 * middle + 1.707614701 * short
    red, green, blue = (min(1.0, max(0.0, part)) for part in (red, green, blue))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: Colour, other: Colour) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def test_black_and_white_and_a_known_grey() -> None:
    assert contrast((0, 0, 0), (1, 0, 0)) == pytest.approx(21, abs=0.01)
    assert contrast((0.5999, 0, 0), (1, 0, 0)) == pytest.approx(3.95, abs=0.05)  # #808080


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(("front", "behind", "least"), [(*pair, 4.5) for pair in TEXT] + [(*pair, 3) for pair in MARKS])
def test_what_stands_on_what_can_be_read(front: str, behind: str, least: float, theme: int) -> None:
    assert contrast(tokens()[front][theme], tokens()[behind][theme]) >= least
