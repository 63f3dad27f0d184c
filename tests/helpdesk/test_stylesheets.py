"""Stylesheets that a page loads together know nothing of each other: a name must not mean two things."""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path

from django.conf import settings

STYLES = Path(settings.BASE_DIR) / "assets" / "css"
# One place lays it out, the other adds what stands beside it.
SHARED = {"pane-head"}
# The one sheet of the pages it dresses: those of the public help centre.
ALONE = {"help.css"}
_BARE = re.compile(r"^\s*((?:\.[\w-]+(?:\s*,\s*)?)+)\s*\{", re.MULTILINE)


def bare_classes(text: str) -> set[str]:
    """Classes that a rule dresses wherever they stand, without asking what they stand in."""
    return {name.strip().removeprefix(".") for found in _BARE.findall(text) for name in found.split(",")}


def test_a_bare_class_is_dressed_in_one_file() -> None:
    where = defaultdict(set)
    for path in sorted(path for path in STYLES.glob("*.css") if path.name not in ALONE):
        for name in bare_classes(path.read_text()):
            where[name].add(path.name)
    assert len(where) > 200
    twice = {name: files for name, files in where.items() if len(files) > 1 and name not in SHARED}
    assert twice == {}


def test_the_eye_sees() -> None:
    assert bare_classes(" .a { }\n.b, .c { }\n.d .e { }\nul.f { }\n.g:hover { }") == {"a", "b", "c"}
