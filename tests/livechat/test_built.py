"""Sizes of what a shop's customers load, and words in six languages."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from django.conf import settings

from livechat.widget_settings import clean_origin
from livechat.words import MAIL_WORDS, WORDS
from people.colours import text_color
from people.languages import LANGUAGES, choose_language

DIST = Path(settings.BASE_DIR) / "static" / "dist"


def packed(*names: str) -> int:
    return sum(len(gzip.compress((DIST / name).read_bytes(), 9)) for name in names)


def test_the_loader_is_under_3_kb_and_all_under_30() -> None:
    assert packed("widget-loader.js") < 3 * 1024
    spoken = {
        language: {name: text for name, text in said.items() if name not in MAIL_WORDS}
        for language, said in WORDS.items()
    }
    longest = max(
        len(gzip.compress(str(said).encode(), 9)) + packed(f"emoji-{language}.js") for language, said in spoken.items()
    )
    parts = ("widget-loader.js", "widget-more.js", "widget-ask.js", "widget.js", "widget.css", "emoji.css")
    assert packed(*parts) + longest < 30 * 1024
    # What a page with a greeting loads although nobody has opened the chat.
    assert packed("widget-loader.js", "widget-more.js", "widget-ask.js") < 6 * 1024


def test_emoji_are_the_same_in_every_language_and_each_has_its_name() -> None:
    import re

    folder = Path(settings.BASE_DIR) / "assets" / "widget" / "emoji"
    known = {path.stem.removeprefix("emoji-"): path.read_text() for path in folder.glob("*.js")}
    assert set(known) == set(LANGUAGES)
    rows = {language: re.findall(r"^    '([^|]+)\|([^|]+)\|", text, re.M) for language, text in known.items()}
    english = [char for char, _name in rows["en"]]
    assert len(english) == len(set(english)) > 80
    for some in rows.values():
        assert [char for char, _name in some] == english
        assert len({name for _char, name in some}) == len(some)


def test_the_contact_form_and_its_loader_are_under_2_kb() -> None:
    assert packed("contact.js", "contact-loader.js") < 2 * 1024


def test_every_language_says_everything_with_the_same_blanks() -> None:
    import re

    assert set(WORDS) == set(LANGUAGES)
    for said in WORDS.values():
        assert set(said) == set(WORDS["en"])
        for name, text in said.items():
            assert text.strip() and re.findall(r"{\w+}", text) == re.findall(r"{\w+}", WORDS["en"][name])


@pytest.mark.parametrize(
    ("wanted", "chosen"),
    [(["uk-UA"], "uk"), (["de_AT"], "de"), (["ja", "pl"], "pl"), (["xx"], "en"), ([], "en"), ([""], "en")],
)
def test_a_language_is_chosen_by_what_the_browser_wants(wanted: list[str], chosen: str) -> None:
    assert choose_language(wanted) == chosen


@pytest.mark.parametrize(
    ("color", "ink"), [("#1f57d6", "#ffffff"), ("#ffdd00", "#14161a"), ("#ffffff", "#14161a"), ("#000000", "#ffffff")]
)
def test_text_on_a_colour_can_be_read(color: str, ink: str) -> None:
    assert text_color(color) == ink


@pytest.mark.parametrize(
    ("typed", "origin"),
    [
        ("https://shop.example/", "https://shop.example"), ("https://SHOP.example:443", "https://shop.example"),
        ("http://localhost:8001", "http://localhost:8001"), ("https://*.example", None), ("*", None),
        ("https://shop.example/path", None), ("javascript:alert(1)", None), ("https://a@b.example", None),
        ("https://shop.example; script-src *", None), ("https://shop.example:x", None), ("", None),
    ],
)  # fmt: skip
def test_origins_are_exact(typed: str, origin: str | None) -> None:
    assert clean_origin(typed) == origin


def test_styles_name_no_side_of_the_page() -> None:
    """So that a language written from right to left needs no other sheet."""
    import re

    sheet = (DIST / "widget.css").read_text()
    assert (
        re.findall(
            r"(?:margin|padding|border|inset)-(?:left|right)|[;{](?:left|right):|text-align:(?:left|right)", sheet
        )
        == []
    )
