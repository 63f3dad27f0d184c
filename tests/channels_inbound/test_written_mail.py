"""Mails of rich replies and forwards, as other programs and our own reader find them."""

from __future__ import annotations

import email
import email.policy
import re
from email.message import EmailMessage

import pytest

from channels_inbound.email.html_out import WIDEST
from channels_inbound.email.parse import parse_email
from tests.channels_inbound.replies import AT, PDF, TOKEN, composed
from tests.channels_inbound.test_compose import part, read
from tickets.inbound import Address
from tickets.outbound import ForwardedOriginal, OutboundAttachment, QuotedOriginal

ID = "6f9619ff-8b86-d011-b42d-00cf4fc964ff"
PICTURE = OutboundAttachment("знімок.png", "image/png", "0" * 64, ID)
RICH = (
    f'<p>Hi <strong>Zoe</strong></p><ul><li><p>one</p></li></ul><p><img src="cid:{ID}" alt="x" width="2400"></p>'
    "<table><tbody><tr><td><p>a</p></td></tr></tbody></table>"
)
ORIGINAL = ForwardedOriginal(
    Address("Zoe", "zoe@customer.example"),
    (Address("", "support+" + "b" * 26 + "@shop.example"),),
    AT,
    "Where is my parcel?",
    "Lost it\n\n> [#3] [ref:" + "c" * 26 + "]",
    '<p>Lost it <img data-cid="a@b"><img data-remote-src="https://t.example/x.gif"></p><p>[ref:' + "c" * 26 + "]</p>",
)


def shape(message: EmailMessage) -> object:
    if not message.is_multipart():
        return message.get_content_type()
    return [message.get_content_subtype(), *(shape(one) for one in message.iter_parts())]  # type: ignore[arg-type]


def test_pictures_stand_beside_the_html_and_files_beside_both() -> None:
    mail = read(composed(html=RICH, attachments=(PICTURE, PDF)))
    alternative = ["alternative", "text/plain", ["related", "text/html", "image/png"]]
    assert shape(mail) == ["mixed", alternative, "application/pdf"]
    (image,) = [one for one in mail.walk() if one.get_content_type() == "image/png"]
    assert image["Content-ID"] == f"<{ID}@shop.example>"
    assert (image.get_filename(), image.get_content_disposition()) == ("знімок.png", "inline")


def test_styles_stand_on_the_elements_and_force_no_colours() -> None:
    html = part(composed(html=RICH, attachments=(PICTURE,), signature="Olena"), "html")
    assert f'src="cid:{ID}@shop.example"' in html
    assert f'width="{WIDEST}"' in html
    assert "2400" not in html
    assert "<style" not in html
    assert not re.search(r"flex|grid|background|#fff|(?<!-)\bcolor:\s*#(?!808080)", html)
    assert '<meta name="color-scheme" content="light dark">' in html
    assert re.search(r'<td valign="top" style="[^"]*font-family:Arial', html)
    assert '<li style="margin:0 0 4px"><p style="margin:0">one</p>' in html


def test_a_picture_that_is_not_there_leaves_no_hole() -> None:
    assert "<img" not in part(composed(html=RICH, attachments=()), "html")


@pytest.mark.parametrize("content_id", ["a b", "a>\r\nBcc: x@y", "é@x", ""])
def test_ids_of_strangers_make_ordinary_files(content_id: str) -> None:
    message = read(composed(attachments=(OutboundAttachment("a.png", "image/png", "0" * 64, content_id),)))
    assert [one.get_content_disposition() for one in message.iter_attachments()] == ["attachment"]
    assert "Bcc" not in message


def test_a_channel_may_quote_nothing() -> None:
    assert "wrote:" not in part(composed(quoted=None), "plain")
    assert "blockquote" not in part(composed(quoted=None), "html")


def answered(kind: str) -> bytes:
    """Zoe's program quotes our mail below her answer."""
    ours = composed(html="<p>It left <b>today</b>.</p>", text="It left today.")
    answer = EmailMessage()
    answer["From"], answer["To"], answer["Subject"] = "zoe@customer.example", "support@shop.example", "Re: parcel"
    quoted = "\n".join(f"> {line}" for line in part(ours, "plain").splitlines())
    said = "On Mon, Mar 2, 2026 at 12:00 PM Olena (Support) <support@shop.example> wrote:"
    if kind == "inline":
        quoted = quoted.replace("> It left today.", "> It left today.\n\nWhich courier?\n")
        answer.set_content(f"{said}\n{quoted}\n")
        return answer.as_bytes(policy=email.policy.SMTP)
    answer.set_content(f"Great, thanks!\n\n{said}\n\n{quoted}\n")
    if kind == "gmail":
        inner = part(ours, "html")
        answer.add_alternative(
            f'<div dir="ltr">Great, thanks!</div><br><div class="gmail_quote"><div dir="ltr" class="gmail_attr">{said}'
            f'<br></div><blockquote class="gmail_quote">{inner}</blockquote></div>',
            subtype="html",
        )
    return answer.as_bytes(policy=email.policy.SMTP)


@pytest.mark.parametrize("kind", ["plain", "gmail"])
def test_our_own_reader_folds_our_mail_in_an_answer(kind: str) -> None:
    parsed = parse_email(answered(kind))
    assert parsed.reply_text.strip() == "Great, thanks!"
    assert TOKEN in parsed.text


def test_an_answer_between_the_lines_stays_in_sight() -> None:
    assert "Which courier?" in parse_email(answered("inline")).reply_text


def test_a_forward_carries_the_original_without_the_secrets_of_our_mails() -> None:
    picture = OutboundAttachment("a.png", "image/png", "0" * 64, "a@b")
    mail = composed(forwarded=(ORIGINAL,), quoted=None, text="", attachments=(picture, PDF))
    text, html = part(mail, "plain"), part(mail, "html")
    assert (
        "---------- Forwarded message ----------\nFrom: Zoe <zoe@customer.example>\nDate: 2 March 2026, 12:00\n" in text
    )
    assert "Subject: Where is my parcel?\nTo: support@shop.example\n\nLost it" in text
    assert 'src="cid:a@b"' in html
    assert "t.example" not in html
    for secret in ("b" * 26, "c" * 26):
        assert secret not in text + html
    assert "Lost it" in parse_email(mail.content).text


def test_ukrainian_forwards_speak_ukrainian() -> None:
    text = part(composed(locale="uk", forwarded=(ORIGINAL,), quoted=None), "plain")
    assert "Переслане повідомлення" in text
    assert "Від: Zoe <zoe@customer.example>" in text


def test_quotes_are_attributed_in_the_customers_language() -> None:
    assert "пише:\n> Де?" in part(composed(locale="uk", quoted=QuotedOriginal("Зоя", AT, "Де?")), "plain")
