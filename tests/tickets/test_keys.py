"""The keyboard: what can be done by a button can be done by a key or found in the palette, and its tooltip says the key."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings

from tickets.inbox.keys import KEY_OF, KEYS
from tickets.inbox.strings import STRINGS

ROOT = Path(settings.BASE_DIR)
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
NAMED = re.compile(r'\bdata-(cmd|menu|mode-to|untag)="([^"]*)"')
MENUS = {"send": "ways"}  # a menu that is called otherwise than what opens it
# Where a button of the ticket stands, the palette takes it from the page ("In this ticket").
OF_TICKET = ("tickets/_", "assistant/_")


def buttons() -> Iterator[tuple[str, str, str, str]]:
    """Where, what kind, of which name, and the whole button."""
    for path in TEMPLATES:
        text = path.read_text()
        for found in NAMED.finditer(text):
            start = max(text.rfind(f"<{tag} ", 0, found.start()) for tag in ("a", "button"))
            end = min(place for tag in ("a", "button") if (place := text.find(f"</{tag}>", found.end())) > 0)
            yield path.relative_to(ROOT / "templates").as_posix(), found[1], found[2], text[start:end]


def in_palette() -> set[str]:
    source = (ROOT / "assets" / "js" / "palette.js").read_text()
    lists = re.findall(r"const OF_\w+ = \[(.*?)\]", source, re.DOTALL)
    return set(re.findall(r"'([\w-]+)'", " ".join(lists)))


def test_every_command_has_a_key_or_stands_in_the_palette() -> None:
    commands = {(where, name) for where, kind, name, _whole in buttons() if kind == "cmd"}
    assert len({name for _where, name in commands}) > 40
    known = set(KEY_OF) | in_palette()
    lost = {(where, name) for where, name in commands if name not in known and not where.startswith(OF_TICKET)}
    assert lost == set()


def test_the_table_names_each_key_once() -> None:
    assert len({key.command for key in KEYS}) == len({key.keys for key in KEYS}) == len(KEYS)
    assert {key.words for key in KEYS} <= set(STRINGS)
    assert not {key.also for key in KEYS if key.also} & {key.keys for key in KEYS}


def command_of(kind: str, name: str) -> str:
    return {"menu": MENUS.get(name, name), "untag": "tag"}.get(kind, name)


def test_tooltips_say_the_key() -> None:
    """By the tag, so that none goes out of date; a button that shows its key itself needs no tooltip for it."""
    seen, silent = 0, []
    for where, kind, name, whole in buttons():
        command = command_of(kind, name)
        if command not in KEY_OF:
            continue
        seen += 1
        shown = re.findall(r"<kbd>(.*?)</kbd>", whole)
        if "{% key '" + command + "' %}" not in whole and shown != [KEY_OF[command]]:
            silent.append((where, name, shown))
    assert seen > 40
    assert silent == []


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_no_tooltip_has_a_key_written_by_hand(path: Path) -> None:
    """Those of the text editor and of dialogs are the browser's or the editor's, not of the table."""
    titles = re.findall(r'title="([^"]*)"', path.read_text())
    of_table = {f"({keys})" for keys in KEY_OF.values()}
    assert not [title for title in titles if any(title.endswith(key) for key in of_table)]
    assert not [title for title in titles if re.fullmatch(r"\s*(\([^)]*\)|\{% key '[\w-]+' %\})", title)]
