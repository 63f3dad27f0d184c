"""From a parsed mail to the message the spine takes: a table of cases. No database."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from channels_inbound.email.language import guess_language
from channels_inbound.email.loop import is_own_mark, loop_mark
from channels_inbound.email.parse import parse_email
from channels_inbound.email.receive import ReceivedEnvelope, ReceivingChannel, dedupe_key, fit_id, to_inbound
from tests.channels_inbound.mails import raw_mail
from tickets.inbound import InboundMessage

NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
TOKEN, OTHER = "a" * 25 + "2", "b" * 25 + "7"
CHANNEL = ReceivingChannel(1, "en", frozenset({"support@shop.example", "returns@shop.example"}))


def understood(
    raw: bytes | None = None,
    *,
    envelope: ReceivedEnvelope | None = None,
    trusted: tuple[str, ...] = (),
    channel: ReceivingChannel = CHANNEL,
    historic: bool = False,
    **fields: Any,
) -> InboundMessage:
    parsed = parse_email(raw_mail(**fields) if raw is None else raw, trusted_authserv_ids=trusted)
    envelope = envelope or ReceivedEnvelope("zoe@customer.example", ("support@shop.example",))
    return to_inbound(parsed, channel=channel, received_at=NOW, envelope=envelope, historic=historic)


def test_the_plain_facts() -> None:
    message = understood(Cc="Ben <BEN@Customer.example>", In_Reply_To="<q@x>", References="<p@x> <q@x>")
    assert message.channel_id == 1
    assert message.external_id == "first@customer.example"
    assert (message.sender.name, message.sender.address) == ("Zoe Bauer", "zoe@customer.example")
    assert [entry.address for entry in message.to] == ["support@shop.example"]
    assert [entry.address for entry in message.cc] == ["ben@customer.example"]
    assert message.in_reply_to == "q@x"
    assert message.references == ("p@x", "q@x")
    assert message.at == datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
    assert message.received_at == NOW
    assert message.text == "Hello, where is my parcel?"
    assert (message.auto_kind, message.verdict, message.tokens, message.body_tokens) == ("", "none", (), ())


@pytest.mark.parametrize(
    ("fields", "rcpt_tos", "tokens"),
    [
        ({"To": f"support+{TOKEN}@shop.example"}, (), (TOKEN,)),
        ({"To": f"Shop <SUPPORT+{TOKEN.upper()}@SHOP.example>"}, (), (TOKEN,)),
        ({"Cc": f"returns+{TOKEN}@shop.example"}, (), (TOKEN,)),
        ({"Delivered_To": f"support+{TOKEN}@shop.example"}, (), (TOKEN,)),
        ({}, (f"support+{TOKEN}@shop.example",), (TOKEN,)),
        ({"To": f"support+{OTHER}@shop.example"}, (f"support+{TOKEN}@shop.example",), (TOKEN, OTHER)),
        ({"To": f"support+{TOKEN}@elsewhere.example"}, (), ()),
        ({"To": f"somebody+{TOKEN}@shop.example"}, (), ()),
        ({"To": f"support+{TOKEN[:-1]}@shop.example"}, (), ()),
        ({"To": f"support+{TOKEN}a@shop.example"}, (), ()),
        ({"To": "support+1111111111111111111111111@shop.example"}, (), ()),
        ({"To": f"support+{TOKEN}+x@shop.example"}, (), ()),
        ({"Reply_To": f"support+{TOKEN}@shop.example"}, (), ()),
    ],
)
def test_reply_tokens(fields: dict[str, str], rcpt_tos: tuple[str, ...], tokens: tuple[str, ...]) -> None:
    assert understood(envelope=ReceivedEnvelope("z@x.example", rcpt_tos), **fields).tokens == tokens


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        (f"Hi\n> [#12] [ref:{TOKEN}]\n", (TOKEN,)),
        (f"[ref:{TOKEN}] and [ref:{OTHER}] and [ref:{TOKEN}]", (TOKEN, OTHER)),
        (f"[ref:{TOKEN.upper()}]", ()),
        (f"[ref:{TOKEN}x]", ()),
        ("[ref:]", ()),
    ],
)
def test_body_tokens(text: str, tokens: tuple[str, ...]) -> None:
    assert understood(text=text).body_tokens == tokens


def test_body_token_that_only_the_html_has() -> None:
    assert understood(text="Thanks", html=f"<p>Thanks</p><div>[ref:{TOKEN}]</div>").body_tokens == (TOKEN,)


@pytest.mark.parametrize(
    ("subject", "numbers"),
    [
        ("Re: Parcel [#1042]", (1042,)),
        ("[#1] [#2] [#1]", (1, 2)),
        ("#1042 and [1042] and [# 1042]", ()),
        ("[#99999999999999999999999]", ()),
        ("[#123456789012345678]", (123456789012345678,)),
    ],
)
def test_subject_numbers(subject: str, numbers: tuple[int, ...]) -> None:
    assert understood(Subject=subject).subject_numbers == numbers


@pytest.mark.parametrize(
    ("fields", "mail_from", "kind"),
    [
        ({}, "zoe@customer.example", ""),
        ({"Auto_Submitted": "auto-replied"}, "zoe@customer.example", "auto_reply"),
        ({"Auto_Submitted": "no"}, "zoe@customer.example", ""),
        ({"List_Id": "<news.shop.example>", "Precedence": "list"}, "zoe@customer.example", "list"),
        ({}, "", "auto_reply"),
        ({}, None, ""),
        ({"From": "support@shop.example"}, "support@shop.example", ""),
        ({"X_Helpdesk_Loop": "1"}, "zoe@customer.example", ""),
        ({"X_Helpdesk_Loop": f"{TOKEN}.{'0' * 40}"}, "zoe@customer.example", ""),
        ({"X_Helpdesk_Loop": "own"}, "zoe@customer.example", "own"),
    ],
)
def test_kinds(fields: dict[str, str], mail_from: str | None, kind: str) -> None:
    if fields.get("X_Helpdesk_Loop") == "own":
        fields = {"X_Helpdesk_Loop": loop_mark(TOKEN)}
    assert understood(envelope=ReceivedEnvelope(mail_from, ()), **fields).auto_kind == kind


def test_loop_marks_of_a_rotated_key_and_of_nobody(settings: Any) -> None:
    mark = loop_mark(TOKEN)
    assert is_own_mark(mark)
    assert is_own_mark(f" {mark} ")
    assert not is_own_mark(loop_mark(OTHER).replace(OTHER, TOKEN))
    for wrong in ("", ".", f"{TOKEN}.", f".{mark}", mark[:-1], mark + "é", TOKEN):
        assert not is_own_mark(wrong)
    settings.SECRET_KEY_FALLBACKS, settings.SECRET_KEY = [settings.SECRET_KEY], "x" * 60
    assert is_own_mark(mark)
    settings.SECRET_KEY_FALLBACKS = []
    assert not is_own_mark(mark)


def results(text: str, server: str = "mx.shop.example") -> dict[str, str]:
    return {"Authentication_Results": f"{server}; {text}"}


@pytest.mark.parametrize(
    ("fields", "trusted", "mail_from", "verdict"),
    [
        ({}, ("mx.shop.example",), "zoe@customer.example", "none"),
        (results("dmarc=pass header.from=customer.example"), ("mx.shop.example",), "zoe@customer.example", "pass"),
        (results("dmarc=fail header.from=customer.example"), ("mx.shop.example",), "zoe@customer.example", "fail"),
        (results("dmarc=fail; spf=pass"), ("mx.shop.example",), "zoe@customer.example", "fail"),
        (results("spf=pass smtp.mailfrom=customer.example"), ("mx.shop.example",), "zoe@customer.example", "pass"),
        (results("spf=pass"), ("mx.shop.example",), "bounce@mail.customer.example", "pass"),
        (results("spf=pass"), ("mx.shop.example",), "bounce@sender.example", "none"),
        (results("spf=pass"), ("mx.shop.example",), "bounce@example", "none"),
        (results("spf=fail"), ("mx.shop.example",), "zoe@customer.example", "none"),
        (results("dkim=pass header.d=evil.example"), ("mx.shop.example",), "zoe@customer.example", "none"),
        (results("dmarc=pass"), (), "zoe@customer.example", "none"),
        (results("dmarc=pass", "mx.evil.example"), ("mx.shop.example",), "zoe@customer.example", "none"),
    ],
)
def test_verdicts(fields: dict[str, str], trusted: tuple[str, ...], mail_from: str, verdict: str) -> None:
    assert understood(envelope=ReceivedEnvelope(mail_from, ()), trusted=trusted, **fields).verdict == verdict


def test_every_header_of_ours_written_by_a_stranger_changes_nothing() -> None:
    """Threat row 9."""
    forged = {
        "X_Helpdesk_Loop": f"{TOKEN}.{'f' * 40}",
        "X_Helpdesk_Ticket": "1042",
        "Authentication_Results": "mx.shop.example; dmarc=pass; spf=pass; dkim=pass",
        "Return_Path": f"<support+{TOKEN}@shop.example>",
    }
    plain, marked = understood(), understood(**forged)
    assert marked == plain


@pytest.mark.parametrize(
    ("date", "historic", "expected"),
    [
        ("Mon, 02 Mar 2026 09:30:00 +0000", False, datetime(2026, 3, 2, 9, 30, tzinfo=UTC)),
        ("Mon, 02 Mar 2026 12:30:00 +0200", False, NOW),
        ("Fri, 01 Jan 2038 00:00:00 +0000", False, NOW),
        ("Thu, 01 Jan 1970 00:00:00 +0000", False, NOW),
        ("Thu, 01 Jan 2015 00:00:00 +0000", True, datetime(2015, 1, 1, tzinfo=UTC)),
        ("Fri, 01 Jan 2038 00:00:00 +0000", True, NOW),
        (None, False, NOW),
    ],
)
def test_when_it_was_written(date: str | None, historic: bool, expected: datetime) -> None:
    assert understood(Date=date, historic=historic).at == expected


def test_senders_nobody_named_are_not_one_person() -> None:
    nobody = ReceivedEnvelope("", ())
    one = understood(b"Subject: a\n\nhi", envelope=nobody).sender.address
    two = understood(b"Subject: b\n\nhi", envelope=nobody).sender.address
    assert one.endswith("@sender.invalid")
    assert one != two
    assert understood(b"Subject: a\n\nhi", envelope=ReceivedEnvelope("Z@x.example", ())).sender.address == "z@x.example"
    for half in (b"alice@", b"@d.example", b"<@d.example>", b"Alice <alice@>"):
        said = b"From: " + half + b"\n\nhi"
        assert understood(said, envelope=nobody).sender.address.endswith("@sender.invalid"), half
        assert understood(said, envelope=ReceivedEnvelope("z@x.example", ())).sender.address == "z@x.example"
    long = f"From: {'a' * 400}@x.example\n\nhi".encode()
    assert understood(long, envelope=nobody).sender.address.endswith("@sender.invalid")


def test_identity_of_a_mail() -> None:
    parsed = parse_email(raw_mail())
    key = dedupe_key(parsed.message_id, parsed.fingerprint)
    with_trace = parse_email(b"Received: from x by y\r\n" + raw_mail())
    assert dedupe_key(with_trace.message_id, with_trace.fingerprint) == key
    other_text = parse_email(raw_mail(text="Something else"))
    assert dedupe_key(other_text.message_id, other_text.fingerprint) != key
    other_id = parse_email(raw_mail(Message_ID="<second@customer.example>"))
    assert dedupe_key(other_id.message_id, other_id.fingerprint) != key


def test_ids_too_long_to_store_still_meet() -> None:
    long = "x" * 900 + "@customer.example"
    assert len(fit_id(long)) == 255
    assert fit_id(long) != fit_id("y" + long)
    assert understood(Message_ID=f"<{long}>").external_id == fit_id(long)
    assert understood(In_Reply_To=f"<{long}>").in_reply_to == fit_id(long)


def test_bounces_name_whom_they_are_about() -> None:
    report = (
        b"From: mailer-daemon@mx.example\r\nTo: support+%b@shop.example\r\nSubject: Undelivered\r\n"
        b"Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n--b\r\n\r\nSorry.\r\n"
        b"--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example\r\n\r\n"
        b"Final-Recipient: rfc822; Zoe@Customer.example\r\nAction: failed\r\nStatus: %b\r\n"
        b"--b\r\nContent-Type: message/rfc822\r\n\r\nMessage-ID: <%b@shop.example>\r\n\r\nx\r\n--b--\r\n"
    )
    message = understood(report % (TOKEN.encode(), b"5.1.1", TOKEN.encode()), envelope=ReceivedEnvelope("", ()))
    assert message.auto_kind == "bounce"
    assert message.bounce is not None
    assert (message.bounce.recipient, message.bounce.status) == ("zoe@customer.example", "5.1.1")
    assert message.bounce.permanent
    assert message.bounce.original_ids == (f"{TOKEN}@shop.example",)
    assert message.bounce.tokens == (TOKEN,)
    later = understood(report % (TOKEN.encode(), b"4.2.2", TOKEN.encode()))
    assert later.bounce is not None
    assert not later.bounce.permanent


@pytest.mark.parametrize(
    ("text", "default", "language"),
    [
        ("Де моя посилка?", "en", "uk"),
        ("Привіт, є питання", "en", "uk"),
        ("Где мой заказ, сколько можно ждать? Ещё вчера обещали привезти.", "en", "ru"),
        ("Hello, where is my parcel?", "en", "en"),
        ("Hello, where is my parcel?", "uk", "en"),
        ("OK", "uk", "uk"),
        ("Wo ist mein Päckchen? Ich würde gern wissen", "en", "de"),
        ("Gdzie jest moja paczka? Proszę o odpowiedź, dziękuję", "en", "pl"),
        ("Hallo, wo ist mein Paket? Ich habe es vor einer Woche bestellt.", "en", "de"),
        ("Dzien dobry, gdzie jest moja paczka? Nie mam jej do dzis.", "en", "pl"),
        ("Hola, ¿dónde está mi pedido? Lo hice el lunes y no ha llegado.", "en", "es"),
        ("Bonjour, où est mon colis ? Je ne l’ai pas reçu.", "uk", "fr"),
        ("Buongiorno, il mio pacco non è arrivato, grazie.", "de", "it"),
        ("Where is my parcel? I have waited for a week.", "de", "en"),
        ("", "uk", "uk"),
        ("48213", "en", "en"),
    ],
)
def test_language(text: str, default: str, language: str) -> None:
    assert guess_language(text, default=default) == language


def test_everything_fits_its_column() -> None:
    message = understood(Subject="s" * 900, From=f"{'n' * 900} <zoe@customer.example>")
    assert len(message.subject) == 500
    assert len(message.sender.name) == 200
    assert replace(message, subject="") != message
    assert timedelta() == message.received_at - NOW
