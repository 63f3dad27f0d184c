from __future__ import annotations

import re

import pytest

from channels_inbound.email import bounce_words, reply_words
from channels_inbound.email.parse import parse_email
from channels_inbound.email.parsed import Bounce
from tests.channels_inbound.email.building import multipart, part, raw_mail

RETURNED = part(
    "From: Shop <support@shop.example>\r\nMessage-ID: <out1@shop.example>\r\nSubject: Your order\r\n\r\nHi",
    Content_Type="message/rfc822",
)
EXPLAINED = "Content-Type: text/plain\r\n\r\nYour message could not be delivered."
DAEMON = "Mail Delivery System <MAILER-DAEMON@mx.example>"


def report(*groups: str, **headers: str | None) -> bytes:
    status = part(
        "Reporting-MTA: dns; mx.example\r\n\r\n" + "\r\n\r\n".join(groups) + "\r\n",
        Content_Type="message/delivery-status",
    )
    raw = multipart(
        "report", EXPLAINED, status, RETURNED, From=DAEMON, Subject="Undelivered Mail Returned to Sender", **headers
    )
    return raw.replace(b"multipart/report;", b"multipart/report; report-type=delivery-status;")


FAILED = "Final-Recipient: rfc822; zoe@customer.example\r\nAction: failed\r\nStatus: 5.1.1\r\nDiagnostic-Code: smtp; 550 5.1.1 unknown"


def test_a_standard_report_names_who_and_which_mail() -> None:
    parsed = parse_email(report(FAILED))
    assert (parsed.is_bounce, parsed.kind, parsed.auto_submitted) == (True, "bounce", True)
    assert parsed.bounces == (Bounce("zoe@customer.example", "5.1.1", "failed"),)
    assert parsed.bounced_message_ids == ("out1@shop.example",)


def test_several_recipients_each_with_its_own_fate() -> None:
    delayed = "Final-Recipient: rfc822;ben@customer.example\nAction: delayed\nStatus: 4.4.1"
    delivered = "Final-Recipient: rfc822;ann@customer.example\nAction: delivered\nStatus: 2.0.0"
    parsed = parse_email(report(FAILED, delayed, delivered))
    assert parsed.bounces == (
        Bounce("zoe@customer.example", "5.1.1", "failed"),
        Bounce("ben@customer.example", "4.4.1", "delayed"),
    )


def test_a_report_of_success_or_reading_is_no_bounce() -> None:
    parsed = parse_email(report("Final-Recipient: rfc822;ann@customer.example\nAction: delivered\nStatus: 2.0.0"))
    assert (parsed.is_bounce, parsed.kind, parsed.auto_submitted) == (False, "report", True)
    receipt = multipart(
        "report",
        "\nread",
        part("Disposition: manual-action; displayed", Content_Type="message/disposition-notification"),
    )
    parsed = parse_email(receipt)
    assert (parsed.is_bounce, parsed.kind, parsed.auto_submitted) == (False, "report", True)


@pytest.mark.parametrize(
    ("sender", "subject", "body", "recipient", "status"),
    [
        (
            DAEMON,
            "Mail delivery failed: returning message to sender",
            "A message that you sent could not be delivered to one or more of its recipients.\n\n  zoe@customer.example\n"
            "    host mx [192.0.2.1]: 550 5.1.1 User unknown\n\n------ This is a copy of the message ------\n\nReceived: x",
            "zoe@customer.example",
            "5.1.1",
        ),
        (
            "MAILER-DAEMON@mail.example",
            "failure notice",
            "Hi. This is the qmail-send program.\nI'm afraid I wasn't able to deliver your message.\n\n<zoe@customer.example>:\n"
            "Sorry, no mailbox here by that name. (#5.1.1)\n\n--- Below this line is a copy of the message.\n",
            "zoe@customer.example",
            "5.1.1",
        ),
        (
            "postmaster@mail.example",
            "Недоставленное сообщение",
            "Сообщение не может быть доставлено: zoe@customer.example\n550 mailbox unavailable",
            "zoe@customer.example",
            "5.0.0",
        ),
        (
            "Mail Delivery Subsystem <mailer-daemon@mail.example>",
            "Delivery Status Notification (Delay)",
            "Delivery to zoe@customer.example has been delayed. 451 4.3.0 try later. It will be retried.",
            "zoe@customer.example",
            "4.3.0",
        ),
        (
            "postmaster@mail.example",
            "Unzustellbar: Ihre Bestellung",
            "Fehler bei der Nachrichtenzustellung an folgende Empfänger: zoe@customer.example",
            "zoe@customer.example",
            "",
        ),
    ],
)
def test_reports_in_plain_words(sender: str, subject: str, body: str, recipient: str, status: str) -> None:
    parsed = parse_email(raw_mail(body, From=sender, Subject=subject, Return_Path="<>"))
    assert parsed.is_bounce
    assert [(bounce.recipient, bounce.status) for bounce in parsed.bounces] == [(recipient, status)]


def test_a_failed_recipient_header_is_enough() -> None:
    parsed = parse_email(
        raw_mail("Sorry.", From="x@mail.example", X_Failed_Recipients="zoe@customer.example, ben@customer.example")
    )
    assert [bounce.recipient for bounce in parsed.bounces] == ["zoe@customer.example", "ben@customer.example"]


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ({"Subject": "Fwd: Undelivered Mail Returned to Sender"}, "I got this from your shop: 550 5.1.1 User unknown"),
        (
            {"Subject": "Mail delivery failed"},
            "Your message to me could not be delivered, please send it again to zoe@customer.example",
        ),
        (
            {"Subject": "Delivery failed: nobody was at home"},
            "The parcel could not be delivered. Delivery status: returned to sender.",
        ),
        (
            {"Subject": "Automatic reply: Delivery", "Return-Path": "<>"},
            "I am away. Mail is not delivered to my mailbox.",
        ),
        (
            {"Subject": "Undelivered parcel", "From": "Postmaster Pat <pat@customer.example>"[11:]},
            "My order was not delivered",
        ),
        (
            {"Subject": "Shipping", "From": "DHL <noreply@dhl.example>"},
            "Your parcel could not be delivered to the recipient, address unknown.",
        ),
        ({"Subject": "AWS", "From": "no-reply@sns.amazonaws.com"}, '{"notificationType":"Delivery"}'),
    ],
)
def test_people_and_parcels_never_bounce(headers: dict[str, str], body: str) -> None:
    parsed = parse_email(raw_mail(body, **headers))
    assert not parsed.is_bounce
    assert parsed.bounces == ()


def test_a_customer_forwarding_a_bounce_stays_a_customer() -> None:
    raw = multipart(
        "mixed",
        "\nLook what came back:",
        part(report(FAILED), Content_Type="message/rfc822"),
        boundary="outer",
        Subject="Fwd: x",
    )
    parsed = parse_email(raw)
    assert (parsed.is_bounce, parsed.kind) == (False, "human")


def test_a_notification_service_reports_in_json() -> None:
    body = '{"notificationType":"Bounce","bounce":{"bouncedRecipients":[{"emailAddress":"zoe@customer.example","status":"5.1.1"}]}}'
    parsed = parse_email(raw_mail(body, From="no-reply@sns.amazonaws.com", Subject="AWS Notification Message"))
    assert parsed.bounces == (Bounce("zoe@customer.example", "5.1.1"),)


NOTICES = {
    "Niedostarczalne: Zamówienie": "Twoja wiadomość do zoe@customer.example nie mogła zostać dostarczona.",
    "Nedoručitelné: Objednávka": "Vaši zprávu pro zoe@customer.example nebylo možné doručit.",
    "Nem kézbesíthető: Rendelés": "Az Ön üzenete nem kézbesíthető: zoe@customer.example",
    "Teslim Edilemedi: Sipariş": "zoe@customer.example adresine iletiniz teslim edilemedi.",
    "배달되지 않음: 주문": "zoe@customer.example 에게 보낸 메시지를 배달할 수 없습니다.",
    "Δεν ήταν δυνατή η παράδοση": "Το μήνυμά σας προς zoe@customer.example δεν παραδόθηκε.",
    "Лист не доставлено": "Вибачте, ваш лист до zoe@customer.example не вдалося доставити.",
    "Kunde inte levereras: Order": "Ditt meddelande till zoe@customer.example kunde inte levereras.",
}


@pytest.mark.parametrize(
    "sender", ["postmaster@corp.example", "Microsoft Outlook <MicrosoftExchange329e71ec@corp.example>"]
)
@pytest.mark.parametrize(("subject", "text"), NOTICES.items())
def test_notices_without_a_report_in_many_languages(subject: str, text: str, sender: str) -> None:
    parsed = parse_email(
        raw_mail(text, From=sender, Subject=subject, Return_Path="<>", Content_Type="text/plain; charset=utf-8")
    )
    assert [bounce.recipient for bounce in parsed.bounces] == ["zoe@customer.example"]


def test_a_quoted_local_part_is_found() -> None:
    group = 'Final-Recipient: rfc822; "zoe..koval"@customer.example\r\nAction: failed\r\nStatus: 5.1.1'
    assert parse_email(report(group)).bounces == (Bounce('"zoe..koval"@customer.example', "5.1.1", "failed"),)


def test_a_person_who_sends_us_a_report_as_a_file_stays_a_person() -> None:
    status = part(FAILED + "\r\n", Content_Type="message/delivery-status")
    raw = multipart("mixed", "\r\nWhy do I get this?", status, RETURNED, Return_Path="<zoe@customer.example>")
    assert parse_email(raw).kind == "human"
    from_a_server = multipart("mixed", EXPLAINED, status, RETURNED, Return_Path="<>", From=DAEMON)
    assert parse_email(from_a_server).is_bounce


def test_a_person_called_postmaster_may_ask_about_a_parcel() -> None:
    text = "Hello, my parcel could not be delivered. Who can help?"
    raw = raw_mail(text, From="Olga <postmaster@customer.example>", Return_Path="<olga@customer.example>")
    assert parse_email(raw).kind == "human"


def test_no_word_list_matches_everything() -> None:
    for module in (bounce_words, reply_words):
        patterns = {name: value for name, value in vars(module).items() if isinstance(value, re.Pattern)}
        assert patterns
        assert [name for name, pattern in patterns.items() if pattern.search("")] == []
