"""Variables in the words of a template, as providers write them: {{1}}, {{2}} by place, or {{name}}. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

_FIELD = re.compile(r"\{\{\s*([A-Za-z0-9_]{1,64})\s*\}\}")


@dataclass(frozen=True, slots=True)
class Numbered:
    """Words whose variables are {{1}}, {{2}} and so on; `fields` are their own names, if they had some."""

    text: str
    fields: tuple[str, ...]
    count: int


def has_variables(words: str) -> bool:
    return _FIELD.search(words) is not None


def numbered(words: str) -> Numbered | None:
    """The words with their variables by place; None when places are missing."""
    named = list(dict.fromkeys(_FIELD.findall(words)))
    if all(name.isdecimal() for name in named):
        if sorted(map(int, named)) != list(range(1, len(named) + 1)):
            return None
        return Numbered(_FIELD.sub(lambda found: f"{{{{{found[1]}}}}}", words), (), len(named))
    by_place = _FIELD.sub(lambda found: f"{{{{{named.index(found[1]) + 1}}}}}", words)
    return Numbered(by_place, tuple(named), len(named))
