"""What of an article's HTML is kept, and what never is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.addresses import slug_of
from knowledge.bodies import clean_body, headings_of, text_of, with_anchors
from tests.security.payloads import SCRIPTS

CID = "cid:0b1c2d3e-0000-4000-8000-000000000001"


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("<p>Hello <b>you</b></p>", "<p>Hello <b>you</b></p>"),
        ("<h1>Big</h1><h5>Small</h5>", "<h2>Big</h2><h4>Small</h4>"),
        ("<p style='color:red' class=x onclick=alert(1)>x</p>", "<p>x</p>"),
        ("<script>alert(1)</script>after", "after"),
        ("<iframe src='https://evil.example'></iframe>", ""),
        ('<a href="javascript:alert(1)">x</a>', '<a rel="noopener nofollow">x</a>'),
        ('<a href="//evil.example">x</a>', '<a rel="noopener nofollow">x</a>'),
        ('<a href="/help/en/articles/x/">x</a>', '<a href="/help/en/articles/x/" rel="noopener nofollow">x</a>'),
        ('<a href="https://shop.example/">x</a>', '<a href="https://shop.example/" rel="noopener nofollow">x</a>'),
        ('<img src="https://evil.example/pixel.gif">', ""),
        ('<img src="data:image/svg+xml,x">', ""),
        (f'<img src="{CID}" alt="A box" onerror=alert(1)>', f'<img src="{CID}" alt="A box">'),
        (
            "<table><tr><td colspan=2>x</td></tr></table>",
            '<table><tbody><tr><td colspan="2">x</td></tr></tbody></table>',
        ),
        ("a\x00b", "ab"),
    ],
)
def test_what_is_kept(written: str, kept: str) -> None:
    assert clean_body(written) == kept
    assert clean_body(clean_body(written)) == clean_body(written)


@pytest.mark.parametrize("payload", SCRIPTS)
def test_nothing_active_is_left(payload: str) -> None:
    cleaned = clean_body(f"<p>{payload}</p>").lower()
    assert "<script" not in cleaned and "<svg" not in cleaned and "<iframe" not in cleaned
    assert 'href="javascript' not in cleaned and " style=" not in text_tags(cleaned) and " on" not in text_tags(cleaned)


def text_tags(html: str) -> str:
    return " ".join(part.split(">")[0] for part in html.split("<")[1:])


def test_headings_have_anchors_of_their_own() -> None:
    body = clean_body("<h2>Терміни</h2><p>x</p><h2>Терміни</h2><h3><b>Two</b> words</h3><h2>!</h2>")
    assert [(one.level, one.anchor) for one in headings_of(body)] == [
        (2, "terminy"), (2, "terminy-2"), (3, "two-words"), (2, "part"),
    ]  # fmt: skip
    assert '<h2 id="terminy">' in with_anchors(body) and '<h3 id="two-words">' in with_anchors(body)


def test_the_words_of_a_body() -> None:
    assert text_of("<p>One<br>two</p><ul><li>three &amp; four</li></ul>") == "One two three & four"


@pytest.mark.parametrize(
    ("title", "slug"),
    [
        ("Як повернути товар?", "yak-povernuty-tovar"), ("Größe & Pflege", "grosse-pflege"), ("Посилка не прийшла", "posylka-ne-pryishla"),
        ("кур’єр", "kurier"), ("!!!", ""), ("x" * 100, "x" * 80), ("日本", ""),
    ],
)  # fmt: skip
def test_addresses_are_latin(title: str, slug: str) -> None:
    assert slug_of(title) == slug


@given(st.text())
def test_any_text_can_be_a_body_and_a_title(text: str) -> None:
    cleaned = clean_body(text)
    assert clean_body(cleaned) == cleaned
    with_anchors(cleaned)
    assert len(slug_of(text)) <= 80
