"""What people write: cleaned to what is harmless, and readable as plain text."""

from __future__ import annotations

import time
from uuid import UUID

import pytest

from people.written_html import (
    clean_written_html,
    html_of_text,
    pictures_of,
    replace_pictures,
    text_of_html,
)

ID = "6f9619ff-8b86-d011-b42d-00cf4fc964ff"


@pytest.mark.parametrize(
    ("source", "kept"),
    [
        ('<p onclick="x()">Hi <b>Zoe</b><script>x()</script></p>', "<p>Hi <b>Zoe</b></p>"),
        ('<p style="color:red" class="x" id="y">a</p>', "<p>a</p>"),
        (f'<img src="cid:{ID}" alt="a" onerror="x()">', f'<img src="cid:{ID}" alt="a">'),
        (f'<img src="cid:{ID.upper()}" width="20">', f'<img src="cid:{ID}" width="20">'),
        (f'<img width="9999999" src="cid:{ID}">', f'<img src="cid:{ID}">'),
        ('<img src="https://tracker.example/x.gif">', ""),
        ('<img src="data:image/png;base64,AAAA">', ""),
        ('<img src="cid:../../etc/passwd">', ""),
        ('<img alt="no address">', ""),
        (f'<a href="cid:{ID}">a</a>', '<a rel="noopener noreferrer nofollow">a</a>'),
        ('<a href="javascript:x()">a</a>', '<a rel="noopener noreferrer nofollow">a</a>'),
        ('<td colspan="1e9">a</td>', "a"),
        ("<svg><circle/>x</svg>", ""),
        ('<form><input name="a"><button>b</button></form>', "b"),
    ],
)
def test_only_formatting_is_kept(source: str, kept: str) -> None:
    assert clean_written_html(source) == kept
    assert clean_written_html(kept) == kept


def test_pictures_are_found_and_put_elsewhere() -> None:
    html = clean_written_html(f'<p><img src="cid:{ID}" alt="x &gt; &quot;y"></p>')
    assert pictures_of(html) == [UUID(ID)]
    assert replace_pictures(html, {UUID(ID): "/files/1/"}) == '<p><img src="/files/1/" alt="x &gt; &quot;y"></p>'
    assert replace_pictures(html, {}) == "<p></p>"


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>one</p><p>two<br>lines</p>", "one\n\ntwo\nlines"),
        ("<p>one</p><p></p><p></p><p>two</p>", "one\n\ntwo"),
        ("<ul><li><p>a</p></li><li><p>b</p></li></ul>", "- a\n- b"),
        ("<p>so:</p><ol start='9'><li>nine</li><li>ten<ul><li>deep</li></ul></li></ol><p>end</p>",
         "so:\n\n9. nine\n10. ten\n    - deep\n\nend"),
        ("<ul><li><p>a</p><p>more</p></li></ul>", "- a\n  more"),
        ("<blockquote><p>a</p><p>b</p><blockquote>c</blockquote></blockquote>", "> a\n>\n> b\n>\n> > c"),
        ("<pre><code>a  b\n  c</code></pre>", "a  b\n  c"),
        ("<table><tr><th>Item</th><th>Price</th></tr><tr><td>Куртка</td><td><p>1200</p><p>UAH</p></td></tr></table>",
         "Item   | Price\nКуртка | 1200 UAH"),
        ("<table><tr><td></td></tr></table>", ""),
        ('<a href="https://shop.example/a">the page</a>', "the page <https://shop.example/a>"),
        ('<a href="https://shop.example/">shop.example</a>', "shop.example"),
        ('<a href="mailto:a@b.example">a@b.example</a>', "a@b.example"),
        (f'<p>see <img src="cid:{ID}" alt="label.png"></p>', "see [label.png]"),
        ("<p>a &lt;b&gt; &amp; c</p>", "a <b> & c"),
        ("plain\n  words", "plain words"),
        ("<b>bold<p>block</p></b>", "bold\nblock"),
    ],
)  # fmt: skip
def test_html_reads_well_as_text(html: str, text: str) -> None:
    assert text_of_html(html) == text


@pytest.mark.parametrize("text", ["one\n\ntwo\nlines", "<b> & c", "Їжак 🦔"])
def test_text_becomes_html_and_text_again(text: str) -> None:
    assert text_of_html(html_of_text(text)) == text


@pytest.mark.parametrize(
    "bomb",
    ["<div>" * 80_000, "<blockquote>" * 40_000, "<section>" * 40_000, "<li>" * 90_000, "<table><tr><td>" * 20_000,
     "<img " * 80_000, '<img src="cid:' * 20_000, "<b>" * 90_000],
)  # fmt: skip
def test_no_bomb_takes_long(bomb: str) -> None:
    began = time.process_time()
    text_of_html(bomb)
    assert time.process_time() - began < 5
