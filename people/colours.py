"""Colours that a shop chose, made readable: what to write on them, and how they must be changed to be written. Pure."""

from __future__ import annotations

import re

PRODUCT_COLOR = "#1f57d6"
_COLOR = re.compile(r"#[0-9a-f]{6}")
INK = "#14161a"
BLACK = "#000000"
READABLE = 4.5  # WCAG 2.2, 1.4.3
# The ground of customers' pages on which text is hardest to read, in each theme (assets/css/tokens.css).
GROUNDS = {"light": "#f0f2f5", "dark": "#1b1d22"}


def is_color(value: object) -> bool:
    """Whether it is a colour as we keep it and write it into style sheets: `#rrggbb`, in small letters."""
    return isinstance(value, str) and _COLOR.fullmatch(value) is not None


def accent_sheet(color: str) -> str:
    """A style sheet that gives our pages this colour, `#rrggbb`, in both themes: what is written on it or in it can be
    read."""
    light, dark = readable_on(color, GROUNDS["light"]), readable_on(color, GROUNDS["dark"])
    return (
        f":root {{ --accent: {color}; --accent-hov: {color}; --accent-fg: {text_color(color)}; "
        f"--accent-text: light-dark({light}, {dark}); }}\n"
    )


def text_color(color: str) -> str:
    """White or near-black, whichever reads better on this colour (WCAG contrast); black where neither is enough."""
    best = max("#ffffff", INK, key=lambda one: contrast(color, one))
    return best if contrast(color, best) >= READABLE else max("#ffffff", BLACK, key=lambda one: contrast(color, one))


def contrast(one: str, other: str) -> float:
    """The WCAG contrast of two colours, 1 to 21."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def readable_on(color: str, ground: str) -> str:
    """The colour itself where it can be read on `ground`, else a darker or lighter one of its kind that can."""
    target = "#000000" if _luminance(ground) > 0.18 else "#ffffff"
    steps = (_mixed(color, target, part / 20) for part in range(21))
    return next((mixed for mixed in steps if contrast(mixed, ground) >= READABLE + 0.1), target)


def _mixed(color: str, other: str, part: float) -> str:
    pairs = zip(_channels(color), _channels(other), strict=True)
    return "#" + "".join(f"{round(one + (two - one) * part):02x}" for one, two in pairs)


def _channels(color: str) -> list[int]:
    return [int(color[at : at + 2], 16) for at in (1, 3, 5)]


def _luminance(color: str) -> float:
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (v / 255 for v in _channels(color))]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
