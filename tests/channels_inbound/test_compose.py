"""What leaves as a mail, to the letter, and what no name or file can do to it."""

from __future__ import annotations

import email
import email.policy
from email.message import EmailMessage
from typing import Any

import pytest

from channels_inbound.email.compose import ComposedMail
from channels_inbound.email.loop import is_own_mark
from channels_inbound.email.parse import parse_email
from tests.channels_inbound.replies import AT, PDF, TOKEN, ZOE, composed
from tickets.inbound import Address
from tickets.outbound import OutboundAttachment, QuotedOriginal

BEN = Address("Ben", "ben@customer.example")


def read(mail: ComposedMail) -> EmailMessage:
    return email.message_from_bytes(mail.content, policy=email.policy.default)  # type: ignore[return-value]


def part(mail: ComposedMail, kind: str) -> str:
    found = read(mail).get_body((kind,))
    assert found is not None
    return str(found.get_content()).replace("\r\n", "\n")


def test_the_whole_mail() -> None:
    mail = composed(signature="Nordvik Outdoor\nTel. 123")
    message = read(mail)
    headers = {name: str(value) for name, value in message.items() if not name.startswith(("Content", "MIME", "X-"))}
    assert headers == {
        "From": '"Olena (Support)" <support@shop.example>',
        "To": "Zoe Bauer <zoe@customer.example>",
        "Reply-To": f"Support <support+{TOKEN}@shop.example>",
        "Subject": "Re: Where is my parcel?",
        "Date": "Mon, 02 Mar 2026 10:00:00 +0000",
        "Message-ID": f"<{TOKEN}@shop.example>",
        "In-Reply-To": "<first@customer.example>",
        "References": "<first@customer.example>",
    }
    assert part(mail, "plain") == (
        "It left this morning.\n\n-- \nNordvik Outdoor\nTel. 123\n\n"
        f"[#1042] [ref:{TOKEN}]\n\n"
        "On 2 March 2026, 12:00, Zoe Bauer wrote:\n> Hello, where is my parcel?\n"
    )
    html = part(mail, "html")
    assert "It left this morning." in html
    assert f"[#1042] [ref:{TOKEN}]" in html
    assert '<blockquote class="gmail_quote" type="cite"' in html
    assert mail.sender == f"support+{TOKEN}@shop.example"
    assert mail.recipients == ("zoe@customer.example",)
    assert is_own_mark(message["X-Helpdesk-Loop"])
    assert "Auto-Submitted" not in message


def test_only_what_no_person_wrote_says_so() -> None:
    message = read(composed(automatic=True))
    assert message["Auto-Submitted"] == "auto-replied"
    assert message["X-Auto-Response-Suppress"] == "All"


def test_blind_copies_stand_in_the_envelope_only() -> None:
    mail = composed(cc=(BEN,), bcc=(Address("Boss", "boss@shop.example"),))
    assert mail.recipients == ("zoe@customer.example", "ben@customer.example", "boss@shop.example")
    assert b"boss" not in mail.content.lower()
    assert read(mail)["Cc"] == "Ben <ben@customer.example>"


@pytest.mark.parametrize(
    "name",
    [
        "Zoe\r\nBcc: victim@example.com",
        "Zoe\nX-Injected: 1",
        "Zoe, victim@example.com",
        'Zoe" <victim@example.com>',
        "Zoe <victim@example.com>",
        "Zoe\x00\x1b[31m",
        "Z" * 10_000,
        "Зоя Бауер, «Подорожі»",
        "=?utf-8?q?victim=40example.com?=",
        "\u202eeoZ",
        "\ud800",
        "",
    ],
)
def test_one_recipient_whatever_they_call_themselves(name: str) -> None:
    """Threat row 8."""
    mail = composed(
        to=(Address(name, "zoe@customer.example"),), channel_name=name, agent_name=name, subject=f"Re: {name}"
    )
    message = read(mail)
    assert [address.addr_spec for address in message["To"].addresses] == ["zoe@customer.example"]
    assert [address.addr_spec for address in message["From"].addresses] == ["support@shop.example"]
    assert mail.recipients == ("zoe@customer.example",)
    assert not {"Bcc", "X-Injected"} & set(message.keys())
    assert len(message["To"]) < 400
    assert "It left this morning." in part(mail, "plain")


@pytest.mark.parametrize(
    "subject", ["Де моя посилка?", "Re: " + "дуже довга тема " * 30, "a\r\nBcc: x@y.example", "\x00"]
)
def test_subjects(subject: str) -> None:
    message = read(composed(subject=subject))
    assert str(message["Subject"]) == " ".join(subject.replace("\x00", " ").split())[:500].rstrip()
    assert "Bcc" not in message


def test_ukrainian_readers_get_ukrainian_words() -> None:
    mail = composed(locale="uk", text="Вже в дорозі.", quoted=QuotedOriginal("Зоя", AT, "Де моя посилка?"))
    text = part(mail, "plain")
    assert text.startswith("Вже в дорозі.")
    assert "> Де моя посилка?" in text
    assert max(map(len, mail.content.split(b"\r\n"))) <= 998
    assert mail.content.isascii()


@pytest.mark.parametrize(
    ("filename", "shown"),
    [
        ("рахунок №5.pdf", "рахунок №5.pdf"),
        ("../../etc/passwd", "_.._etc_passwd"),
        ("a\r\nContent-Type: text/html", "a Content-Type: text_html"),
        ('evil".pdf', 'evil".pdf'),
        ("\x00", "file"),
        ("x" * 300 + ".pdf", "x" * 146 + ".pdf"),
    ],
)
def test_file_names(filename: str, shown: str) -> None:
    mail = composed(attachments=(OutboundAttachment(filename, "application/pdf", "0" * 64),))
    (file,) = read(mail).iter_attachments()
    assert file.get_filename() == shown
    assert file.get_content() == b"%PDF-1.7 content"
    assert file.get_content_disposition() == "attachment"


@pytest.mark.parametrize(
    "kind", ["message/rfc822", "multipart/mixed", "text/html; charset=x", "nonsense", "a/b\r\nX: y", ""]
)
def test_file_types_that_would_change_the_mail(kind: str) -> None:
    (file,) = read(composed(attachments=(OutboundAttachment("a.bin", kind, "0" * 64),))).iter_attachments()
    assert file.get_content_type() in ("application/octet-stream", "text/html")
    assert file.get_filename() == "a.bin"


def test_long_threads_keep_their_beginning_and_their_end() -> None:
    ids = tuple(f"{number}{'x' * 200}@customer.example" for number in range(50))
    mail = composed(references=ids, in_reply_to=ids[-1])
    kept = read(mail)["References"].split()
    assert kept == [f"<{ids[0]}>", *(f"<{item}>" for item in ids[-19:])]
    head = mail.content.partition(b"\r\n\r\n")[0]
    assert max(map(len, head.split(b"\r\n"))) < 998
    assert b"=?" not in head


@pytest.mark.parametrize("bad", ["a b@c", "a>@c", "a\r\nBcc: x@y", "é@c", "", "x" * 2000])
def test_ids_of_strangers_cannot_break_headers(bad: str) -> None:
    message = read(composed(in_reply_to=bad, references=("good@x", bad)))
    assert message["References"] == "<good@x>"
    assert not message["In-Reply-To"]
    assert "Bcc" not in message


def test_html_of_agents_is_cleaned_and_made_from_text_otherwise() -> None:
    html = part(composed(html='<p onclick="x()">Hi <b>Zoe</b><script>alert(1)</script></p>'), "html")
    assert '<p style="margin:0 0 12px">Hi <b>Zoe</b></p>' in html
    assert "script" not in html
    made = part(composed(text="<b>1 & 2</b>\n\nSee https://shop.example/a?b=1&c=2."), "html")
    assert "&lt;b&gt;1 &amp; 2&lt;/b&gt;" in made
    assert '<a href="https://shop.example/a?b=1&amp;c=2">' in made


def test_quotes_carry_no_old_marks_and_end_somewhere() -> None:
    quoted = QuotedOriginal("Zoe", AT, f"[#3] [ref:{'c' * 26}]\n" + "line\n" * 1000)
    text = part(composed(quoted=quoted), "plain")
    assert "c" * 26 not in text
    assert text.count("\n") < 450
    assert text.rstrip().endswith("> […]")


def test_no_usable_recipient_is_known_before_anything_is_sent() -> None:
    assert composed(to=(Address("x", "nonsense"), Address("y", "a b@c.example"))).recipients == ()


def test_international_addresses() -> None:
    mail = composed(to=(Address("", "іван@приклад.укр"), Address("", "zoe@bücher.example")))
    assert mail.needs_utf8
    assert mail.recipients == ("іван@xn--80aikifvh.xn--j1amh", "zoe@xn--bcher-kva.example")
    assert not composed(to=(Address("", "zoe@bücher.example"),)).needs_utf8


def test_the_answered_mail_stands_last_in_the_references() -> None:
    message = read(composed(in_reply_to="b@x", references=("a@x", "b@x", "c@x", "a@x")))
    assert str(message["References"]).split() == ["<a@x>", "<c@x>", "<b@x>"]
    assert str(message["In-Reply-To"]) == "<b@x>"


def test_without_a_mail_to_answer_there_are_no_empty_headers() -> None:
    message = read(composed(in_reply_to="", references=()))
    assert "In-Reply-To" not in message
    assert "References" not in message


def test_the_language_is_said_to_programs_that_read_aloud_or_translate() -> None:
    mail = composed(locale="uk")
    assert read(mail)["Content-Language"] == "uk"
    assert '<html lang="uk">' in part(mail, "html")


def test_python_and_we_read_ukrainian_subjects_names_files_and_texts_as_they_were_written() -> None:
    subject, name = "Re: Де моє замовлення №1042? " + "Дуже довга тема листа " * 6, "Рахунок-фактура за листопад.pdf"
    file = OutboundAttachment(name, "application/pdf", "0" * 64)
    mail = composed(
        locale="uk", subject=subject, text="Доброго дня!\n\nПосилка вже їде.", agent_name="Олена", attachments=(file,)
    )
    message, parsed = read(mail), parse_email(mail.content)
    assert str(message["Subject"]) == parsed.subject == subject.strip()
    assert message["From"].addresses[0].display_name == parsed.sender.name == "Олена (Support)"
    assert [item.get_filename() for item in message.iter_attachments()] == [name]
    assert [item.filename for item in parsed.attachments] == [name]
    assert part(mail, "plain").startswith("Доброго дня!\n\nПосилка вже їде.\n")
    assert parsed.reply_text.startswith("Доброго дня!\n\nПосилка вже їде.")
    assert "Посилка вже їде." in parsed.html
    assert all(len(line) <= 998 and line.isascii() for line in mail.content.split(b"\r\n"))


def test_our_own_parser_finds_the_thread_again() -> None:
    parsed = parse_email(composed(cc=(BEN,), attachments=(PDF,)).content)
    assert parsed.message_id == f"{TOKEN}@shop.example"
    assert parsed.in_reply_to == "first@customer.example"
    assert is_own_mark(parsed.loop_header)
    assert parsed.reply_text.startswith("It left this morning.")
    assert [file.filename for file in parsed.attachments] == ["invoice.pdf"]
    assert parsed.kind == "human"


@pytest.mark.parametrize(
    ("fields", "recipients"),
    [
        ({}, ("zoe@customer.example",)),
        ({"cc": (ZOE,)}, ("zoe@customer.example",)),
        ({"cc": (BEN,), "bcc": (BEN,)}, ("zoe@customer.example", "ben@customer.example")),
        ({"to": (), "bcc": (ZOE,)}, ("zoe@customer.example",)),
    ],
)
def test_everybody_once(fields: dict[str, Any], recipients: tuple[str, ...]) -> None:
    assert composed(**fields).recipients == recipients
