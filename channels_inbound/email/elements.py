"""Elements of cleaned HTML and their attributes, taken apart as a browser does. Pure.

What leaves the cleaner has names in small letters, values between double quotes and no `<` outside of tags. A value
may hold whatever its writer liked but a double quote: what looks like a tag, or ends like the beginning of another
attribute (`alt="x src="`). So elements are met one after another from the start, and so are attributes within theirs;
nothing is ever looked for in the middle of the text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection

# (name, value) in the order in which they stand; values as they are written, with their character references.
Attributes = list[tuple[str, str]]

TAG = re.compile(r'<(/?)([a-z][a-z0-9-]*)((?:[^>"]|"[^"]*")*+)>')
_ATTRIBUTE = re.compile(r' ([^\s"=<>/]+)(?:="([^"]*)")?')


def attributes_of(written: str) -> Attributes | None:
    """The attributes of a tag; None where it is none of the cleaner's."""
    found, at = Attributes(), 0
    while one := _ATTRIBUTE.match(written, at):
        found.append((one[1], one[2] or ""))
        at = one.end()
    return found if at == len(written) else None


def written(attributes: Attributes) -> str:
    """As they stand in a tag."""
    return "".join([f' {name}="{value}"' for name, value in attributes])


def change_elements(html: str, names: Collection[str], change: Callable[[Attributes], Attributes | None]) -> str:
    """`html` with the attributes of these elements as `change` gives them; None takes the tag out, and so goes one that
    cannot be understood."""

    def changed(tag: re.Match[str]) -> str:
        if tag[1] or tag[2] not in names:
            return tag[0]
        given = attributes_of(tag[3])
        wanted = None if given is None else change(given)
        return "" if wanted is None else f"<{tag[2]}{written(wanted)}>"

    return TAG.sub(changed, html)


def without(attributes: Attributes, name: str) -> Attributes:
    return [one for one in attributes if one[0] != name]


def replaced(attributes: Attributes, name: str, *others: tuple[str, str]) -> Attributes:
    """With others in the place of the one of this name."""
    return [new for one in attributes for new in (others if one[0] == name else (one,))]


def value_of(attributes: Attributes, name: str) -> str | None:
    return next((value for key, value in attributes if key == name), None)
