"""The mail answered, quoted as it looked: its own words and no more, and never less."""

from __future__ import annotations

import pytest

from channels_inbound.email.html_clean import clean_html
from channels_inbound.email.html_text import html_to_text
from channels_inbound.email.parse import parse_email
from channels_inbound.email.quoted_html import quoted_html
from tests.channels_inbound.replies import AT, composed
from tickets.outbound import QuotedOriginal

GMAIL = (
    '<div dir="ltr"><p>Where is it, <b>pl</b>ease? &amp; 2 &lt; 3</p><ul><li>one</li><li>two</li></ul></div><br>'
    '<div class="gmail_quote"><div class="gmail_attr">On Tue, 3 Nov 2026 at 12:30, Shop &lt;support@shop.example&gt; wrote:<br></div>'
    '<blockquote class="gmail_quote">It left this morning.</blockquote></div>'
)
OUTLOOK = (
    "<div><p>Thank you!</p><p>Zoe</p>"
    '<div id="divRplyFwdMsg"><b>From:</b> Shop &lt;support@shop.example&gt;<br><b>Sent:</b> Tuesday<br><b>To:</b> Zoe<br>'
    "<b>Subject:</b> Re: Parcel<br></div><div><p>It left this morning.</p></div></div>"
)
APPLE = (
    '<div>See <i>below</i>.<br><div><br><blockquote type="cite"><div>On 3 Nov 2026, at 12:30, Shop wrote:</div>'
    "<div>It left this morning.</div></blockquote></div></div>"
)
INLINE = (
    '<div class="gmail_quote"><div class="gmail_attr">On Tue, Shop wrote:</div><blockquote class="gmail_quote">Which colour?'
    '</blockquote><div>Blue.</div><blockquote class="gmail_quote">Which size?</blockquote><div>Large.</div></div>'
)


def quoted(html: str, *, folds: bool = True) -> str:
    return quoted_html(QuotedOriginal("Zoe", AT, "text", clean_html(html).html, folds), "shop.example")


@pytest.mark.parametrize(("html", "said"), [
    (GMAIL, "Where is it, please? & 2 < 3\n\n- one\n- two"), (OUTLOOK, "Thank you!\n\nZoe"), (APPLE, "See below."),
])  # fmt: skip
def test_only_its_own_words(html: str, said: str) -> None:
    result = quoted(html)
    assert html_to_text(result).text == said
    assert clean_html(result).html == result  # every element is closed


def test_the_look_stays() -> None:
    assert "<b>pl</b>ease" in quoted(GMAIL)
    assert "<li>two</li>" in quoted(GMAIL)


def test_what_folds_nothing_is_quoted_whole() -> None:
    assert html_to_text(quoted(GMAIL, folds=False)).text.endswith("It left this morning.")


@pytest.mark.parametrize("html", [INLINE, "", "<p>x</p>" * 20_000, '<div style="display:none">a</div>' + GMAIL])
def test_what_is_no_clear_case_is_quoted_as_text(html: str) -> None:
    assert quoted(html) == ""


def test_pictures_scripts_and_our_secrets_stay_behind() -> None:
    html = '<p>Hi<img src="cid:a@b"><img src="https://t.example/p.gif"><script>x()</script> [ref:' + "a" * 26 + "]</p>"
    assert quoted(html, folds=False) == "<p>Hi </p>"


def test_it_stands_in_the_mail_and_the_text_part_as_before() -> None:
    original = QuotedOriginal("Zoe", AT, "Where is it, please?", clean_html(GMAIL).html, True)
    content = composed(quoted=original).content
    mail = parse_email(content)
    assert "<b>pl</b>ease" in mail.html
    assert "> Where is it, please?" in mail.text
    assert mail.reply_text.startswith("It left this morning.")
    assert "Where is it" not in mail.reply_text
