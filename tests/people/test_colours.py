"""A shop's colour on pages: whatever was chosen, what is written in it or on it can be read."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from people.colours import GROUNDS, READABLE, contrast

COLOURS = ("1f57d6", "ffff00", "ffffff", "000000", "777777", "e30613", "00a878", "1b1d22")


@pytest.mark.parametrize("color", COLOURS)
def test_the_sheet_is_readable_in_both_themes(color: str) -> None:
    answer = Client().get(f"/looks/{color}.css")
    sheet = answer.content.decode()
    found = re.fullmatch(
        r":root \{ --accent: (#\w{6}); --accent-hov: \1; --accent-fg: (#\w{6}); "
        r"--accent-text: light-dark\((#\w{6}), (#\w{6})\); \}\n",
        sheet,
    )
    assert found and found[1] == f"#{color}"
    assert contrast(found[1], found[2]) >= READABLE
    assert contrast(found[3], GROUNDS["light"]) >= READABLE and contrast(found[4], GROUNDS["dark"]) >= READABLE
    assert answer["Content-Type"].startswith("text/css") and "immutable" in answer["Cache-Control"]
    assert not answer.cookies


@pytest.mark.django_db
@pytest.mark.parametrize("color", ["1f57d", "1F57D6", "red", "1f57d6;}", "1f57d6a", "%23f57d6"])
def test_nothing_but_a_colour_has_a_sheet(color: str) -> None:
    assert Client().get(f"/looks/{color}.css").status_code in (302, 404)
