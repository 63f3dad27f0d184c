from __future__ import annotations

import pytest

from channels_inbound.email.html_clean import clean_html
from channels_inbound.email.html_text import HtmlText, html_to_text


def text_of(source: str) -> HtmlText:
    return html_to_text(clean_html(source).html)


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("<p>One\n  two</p><p>three</p>", "One two\n\nthree"),
        ("<div>One</div><div>two</div>", "One\ntwo"),
        ("<div>One</div><div><br></div><div>two</div>", "One\n\ntwo"),
        ("a<br>b<br><br>c", "a\nb\n\nc"),
        ("<ul><li>one<li>two</ul>", "- one\n- two"),
        ("<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>", "a b\nc"),
        ("<pre>  keep\n   this</pre>", "  keep\n   this"),
        ("Tom &amp; &lt;Jerry&gt;&nbsp;!", "Tom & <Jerry> !"),
        ("<b>bo</b>ld and <i>it</i>", "bold and it"),
        ("<title>no</title><style>no</style><script>no</script>yes", "yes"),
        ('<div style="display:none">preheader</div>shown', "shown"),
        ('<span style="font-size:0">tiny</span>shown', "shown"),
        ("<h1>Head</h1>body", "Head\n\nbody"),
        ("<img alt='logo' src='cid:x'>", ""),
        ("", ""),
    ],
)
def test_text(source: str, text: str) -> None:
    assert text_of(source).text == text


@pytest.mark.parametrize(
    "quote",
    [
        "<blockquote type='cite'>{}</blockquote>",
        "<blockquote class='gmail_quote' style='margin:0 0 0 .8ex'>{}</blockquote>",
        "<div class='gmail_quote'>{}</div>",
        "<div class='gmail_quote'>x<blockquote class='gmail_quote'>{}</blockquote></div>",
        "<div class='yahoo_quoted'>{}</div>",
        "<div class='protonmail_quote'>{}</div>",
        "<span id='OLK_SRC_BODY_SECTION'>{}</span>",
        "<div id='mail-editor-reference-message-container'>{}</div>",
    ],
)
def test_marked_quotes(quote: str) -> None:
    found = text_of(f"<div>answer</div>{quote.format('<p>old</p><p>words</p>')}<div>more</div>")
    assert [found.text[start:end].strip() for start, end in found.quotes] in (["old\n\nwords"], ["x\nold\n\nwords"])


@pytest.mark.parametrize(
    "mark",
    [
        "<div id='divRplyFwdMsg'>From: x</div>",
        "<div id='appendonsend'></div><div>From: x</div>",
        "<div style='border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm'>From: x</div>",
    ],
)
def test_where_outlook_begins_to_quote(mark: str) -> None:
    found = text_of(f"<div>answer</div>{mark}<div>old words</div>")
    assert found.rest_quoted_from == len("answer")


def test_indented_text_is_no_quote_and_signatures_are_found() -> None:
    found = text_of("<p>see</p><blockquote>indented</blockquote><div class='gmail_signature'>Zoe<br>CEO</div>")
    assert found.quotes == []
    assert [found.text[start:end].strip() for start, end in found.indents] == ["indented"]
    assert [found.text[start:end].strip() for start, end in found.signatures] == ["Zoe\nCEO"]
