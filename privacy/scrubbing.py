"""Taking a person's words out of JSON that must stay: facts keep their shape, words go."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from typing import Any

from django.apps import apps

# Names of kinds and states, dates and ids: what the house itself writes into facts.
_PLAIN = re.compile(r"[a-z][a-z0-9_.:-]{0,60}|[0-9TZ:.+-]{4,40}|[0-9a-f-]{32,36}|#?\d+|")


def scrubbed(value: Any, words: Sequence[str]) -> Any:
    """The same with every text emptied that is a word of the person's or may hold one."""
    if isinstance(value, dict):
        return {key: scrubbed(one, words) for key, one in value.items()}
    if isinstance(value, list):
        return [scrubbed(one, words) for one in value]
    if not isinstance(value, str):
        return value
    if value in _house_words():
        return value
    plain = _PLAIN.fullmatch(value) is not None
    known = any(word.casefold() in value.casefold() for word in words)
    return value if plain and not known else ""


@cache
def _house_words() -> frozenset[str]:
    """Every word a column of ours may choose from. It says nothing of a person, even of one who is called so: who calls
    themselves "open" takes no state out of the facts about them."""
    fields = (field for model in apps.get_models() for field in model._meta.local_fields)
    return frozenset(str(value) for field in fields for value, _name in field.flatchoices) - {""}
