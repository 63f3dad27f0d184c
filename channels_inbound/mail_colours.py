"""Whether a mail brings colours of its own. Pure.

Mail programs write black on white and blue links into nearly every mail. Who chose nothing else is shown in the
reader's theme; a mail with other colours was designed on white, and is shown on it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from channels_inbound.email.elements import TAG, Attributes, attributes_of, written

_HEX = re.compile(r"#([0-9a-f]{3,4}|[0-9a-f]{6}|[0-9a-f]{8})")
_RGB = re.compile(r"rgba?\((\d{1,3})[, ]+(\d{1,3})[, ]+(\d{1,3})(?:[,/ ]+[\d.]+%?)?\)")
_KEPT = {"inherit", "initial", "unset", "currentcolor", "auto"}
_DARK = {"black", "windowtext", "dimgray", "dimgrey", "gray", "grey", "darkslategray", "darkslategrey"}
_SAID = {"color", "background-color", "bgcolor"}
_CLEAR = {"white", "window", "transparent", "none"}
# Channels of 0 to 255: grey text up to here is merely ink, paper from here on merely paper; in between greys' channels
# lie this near to each other.
_INK, _PAPER, _NEAR = 0x99, 0xF5, 24


def in_readers_colours(cleaned: str) -> str | None:
    """The cleaned HTML without the colours that say nothing; None where it has others, and is to be left as it is."""
    pieces: list[str] = []
    done = links = 0
    for tag in TAG.finditer(cleaned):
        closes, name, attributes = tag[1], tag[2], tag[3]
        if name == "a":
            links = max(0, links - 1) if closes else links + 1
        if closes or name == "hr" or "color" not in attributes:
            continue
        plain = _without_colours(attributes, in_link=links > 0)
        if plain is None:
            return None
        pieces += [cleaned[done : tag.start(3)], plain]
        done = tag.end(3)
    return "".join([*pieces, cleaned[done:]])


def _without_colours(attributes: str, *, in_link: bool) -> str | None:
    """The attributes of an element without colours that say nothing; None with others."""
    kept = Attributes()
    for name, value in attributes_of(attributes) or ():
        if name == "style":
            said = dict(_declarations(value))
            others = ";".join(f"{key}:{value}" for key, value in said.items() if key not in _SAID)
            kept += [("style", others)] if others else []
        elif name in _SAID:
            said = {name: value}
        else:
            kept.append((name, value))
            continue
        if not all(_says_nothing(key, value.lower(), in_link) for key, value in said.items() if key in _SAID):
            return None
    return written(kept)


def _says_nothing(key: str, value: str, in_link: bool) -> bool:
    value = value.removesuffix("important").rstrip(" !")
    return in_link or _is_ink(value) if key == "color" else _is_paper(value)


def _declarations(style: str) -> Iterator[tuple[str, str]]:
    for one in style.split(";"):
        said, colon, value = one.partition(":")
        if colon:
            yield said.strip().lower(), value.strip()


def _is_ink(colour: str) -> bool:
    """Whether text of this colour is as anybody would write on paper: black, or a dark grey."""
    if colour in _KEPT or colour in _DARK:
        return True
    channels = _channels(colour)
    return channels is not None and max(channels) <= _INK and max(channels) - min(channels) <= _NEAR


def _is_paper(colour: str) -> bool:
    if colour in _KEPT or colour in _CLEAR:
        return True
    channels = _channels(colour)
    return channels is not None and min(channels) >= _PAPER


def _channels(colour: str) -> tuple[int, ...] | None:
    if found := _HEX.fullmatch(colour):
        digits = found[1] if len(found[1]) > 4 else "".join(digit * 2 for digit in found[1])
        return tuple(int(digits[place : place + 2], 16) for place in (0, 2, 4))
    if found := _RGB.fullmatch(colour):
        return tuple(int(one) for one in found.groups())
    return None
