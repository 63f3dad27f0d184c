"""More manners of real mail: mobile programs and providers of several countries, ticket systems of other companies,
forms, forwards, calendars, and the reports of mail systems. Written for the project; nobody's mail."""

from __future__ import annotations

import pytest

from channels_inbound.email.parse import parse_email
from channels_inbound.email.parsed import ParsedEmail
from tests.channels_inbound.email.building import multipart, part, raw_mail

RE = {"In_Reply_To": "<1@shop.example>", "Subject": "Re: Order 1042"}
SAID = "Чашка розбита.\n\nМожна нову?"
Q = "> We have sent your order.\n> It should arrive on Friday.\n"
SHOP = "Shop <support@shop.example>"


def block(names: str, when: str = "03.11.2026 12:30") -> str:
    """A header block of a quoted mail, its four names in a language."""
    who, at, to, about = names.split("|")
    return f"{who}: {SHOP}\n{at}: {when}\n{to}: Zoe <zoe@customer.example>\n{about}: Order 1042\n\nWe have sent your order.\n"


REPLIES = {
    "ticket system, line above": f"{SAID}\n\n##- Please type your reply above this line -##\n\nShop, Nov 3, 2026, 12:30:\nWe have sent your order.\n",
    "ticket system, line above, quoted": f"{SAID}\n\nOn Tue, 3 Nov 2026 at 12:30, Shop wrote:\n\n> ##- Please type your reply above this line -##\n> We have sent your order.\n",
    "ticket system, uk": f"{SAID}\n\n##- Введіть свою відповідь вище цього рядка -##\n\nWe have sent your order.\n",
    "ticket system, de": f"{SAID}\n\n##- Bitte geben Sie Ihre Antwort oberhalb dieser Zeile ein -##\n\nWe have sent your order.\n",
    "ticket system, unknown language": f"{SAID}\n\n##- Πληκτρολογήστε την απάντησή σας εδώ -##\n\nWe have sent your order.\n",
    "ticket system, dashes": f"{SAID}\n\n--- Please reply above this line ---\n\nWe have sent your order.\n",
    "ticket system, equal signs": f"{SAID}\n\n=-=-=-=-= Please reply above this line =-=-=-=-=\n\nWe have sent your order.\n",
    "otrs de": f"{SAID}\n\n03.11.2026 12:30 - Shop schrieb:\n{Q}",
    "mail.ru app": f"{SAID}\n\n--\nОтправлено из Mail.ru для Android\nвторник, 03 ноября 2026г., 12:30 +02:00 от {SHOP}:\n\n{Q}",
    "mail.ru web": f"{SAID}\n\n\nВторник, 3 ноября 2026, 12:30 +03:00 от Shop <support@shop.example>:\n{Q}",
    "yandex": f"{SAID}\n\n03.11.2026, 12:30, \"Shop\" <support@shop.example>:\n{Q}",
    "ukr.net app": f"{SAID}\n\n3 листопада 2026, 12:30:45, від \"Shop\" <support@shop.example>:\n\n{Q}",
    "outlook ios uk": f"{SAID}\n\nОтримати Outlook для iOS<https://aka.ms/o0ukef>\n________________________________\n{block('Від|Надіслано|Кому|Тема')}",
    "outlook android de": f"{SAID}\n\nOutlook für Android herunterladen<https://aka.ms/AAb9ysg>\n________________________________\n{block('Von|Gesendet|An|Betreff')}",
    "outlook ios fr": f"{SAID}\n\nTéléchargez Outlook pour iOS<https://aka.ms/o0ukef>\n________________________________\n{block('De |Envoyé |À |Objet ')}",
    "outlook ios pl": f"{SAID}\n\nPobierz aplikację Outlook dla systemu iOS<https://aka.ms/o0ukef>\n________________________________\n{block('Od|Wysłane|Do|Temat')}",
    "outlook ios es": f"{SAID}\n\nObtener Outlook para iOS<https://aka.ms/o0ukef>\n________________________________\n{block('De|Enviado|Para|Asunto')}",
    "samsung pl": f"{SAID}\n\n\nWysłano z telefonu Galaxy\n\n\n-------- Oryginalna wiadomość --------\n{block('Od|Data|Do|Temat')}",
    "samsung de": f"{SAID}\n\n\nVon meinem Galaxy gesendet\n\n\n-------- Ursprüngliche Nachricht --------\n{block('Von|Datum|An|Betreff')}",
    "samsung fr": f"{SAID}\n\n\nEnvoyé depuis mon appareil Galaxy\n\n\n-------- Message d'origine --------\n{block('De |Date |À |Objet ')}",
    "samsung es": f"{SAID}\n\n\nEnviado desde mi Galaxy\n\n\n-------- Mensaje original --------\n{block('De|Fecha|Para|Asunto')}",
    "thunderbird de": f"{SAID}\n\nAm 03.11.26 um 12:30 schrieb Shop:\n{Q}",
    "thunderbird it": f"{SAID}\n\nIl 03/11/26 12:30, Shop ha scritto:\n{Q}",
    "gmail uk, broken": f"{SAID}\n\nвт, 3 лист. 2026 р. о 12:30 Shop and the whole team of it <\nsupport@shop.example> пише:\n\n{Q}",
    "gmail pl": f"{SAID}\n\nwt., 3 lis 2026 o 12:30 {SHOP} napisał(a):\n\n{Q}",
    "gmail es": f"{SAID}\n\nEl mar, 3 nov 2026 a las 12:30, Shop (<support@shop.example>) escribió:\n\n{Q}",
    "gmail fr": f"{SAID}\n\nLe mar. 3 nov. 2026 à 12:30, {SHOP} a écrit :\n\n{Q}",
    "proton de": f"{SAID}\n\nAm Dienstag, 3. November 2026 um 12:30 schrieb {SHOP}:\n\n{Q}",
    "proton fr": f"{SAID}\n\nEnvoyé avec la messagerie sécurisée Proton Mail.\n\nLe mardi 3 novembre 2026 à 12:30, {SHOP} a écrit :\n\n{Q}",
    "huawei": f"{SAID}\n\n\n-------- Original Message --------\n{block('From|Date|To|Subject')}",
    "xiaomi": f"{SAID}\n\nSent from my Xiaomi 13\n\nOn Nov 3, 2026 12:30, {SHOP} wrote:\n{Q}",
    "blue mail": f"{SAID}\n\nGet BlueMail for Android\n\nOn 3 Nov 2026, at 12:30, {SHOP} wrote:\n{Q}",
    "edison": f"{SAID}\n\nSent from Edison Mail\n\nOn Tuesday, November 3, 2026, Shop <support@shop.example> wrote:\n{Q}",
}  # fmt: skip


@pytest.mark.parametrize("name", REPLIES)
def test_the_answer_is_what_was_written_anew(name: str) -> None:
    parsed = parse_email(raw_mail(REPLIES[name], Content_Type="text/plain; charset=utf-8", **RE))
    assert parsed.reply_text == SAID


KEPT_WHOLE = {
    "order confirmation forwarded": (
        "Fwd: Your order 1042",
        f"Please cancel it.\n\n---------- Forwarded message ---------\n{block('From|Date|To|Subject')}Total: 12 EUR\n",
        "Total: 12 EUR",
    ),
    "forwarded, uk": (
        "Fwd: Замовлення 1042",
        f"Скасуйте, будь ласка.\n\n---------- Переслане повідомлення ---------\n{block('Від|Дата|Кому|Тема')}Разом: 12 грн\n",
        "Разом: 12 грн",
    ),
    "forwarded by outlook": ("FW: Your order 1042", f"See below.\n\n{block('From|Sent|To|Subject')}Total: 12 EUR\n", "Total: 12 EUR"),
    "forwarded by apple": (
        "Fwd: Your order 1042",
        f"Cancel it.\n\nBegin forwarded message:\n\n{block('From|Date|To|Subject').replace(chr(10), chr(10) + '> ')}Total: 12 EUR\n",
        "Total: 12 EUR",
    ),
    "contact form": (
        "New message from the contact form",
        "Name: Zoe Koval\nEmail: zoe@customer.example\nSubject: Order 1042\nDate: 03.11.2026\n\nMessage:\nThe cup is broken.\n\n-- \nSent by the contact form of shop.example\n",
        "The cup is broken.",
    ),
    "complaint with a list of facts": (
        "Order 1042",
        "From: Kyiv\nTo: Lviv\nDate: 3 November\nSubject to return: yes\n\nPlease collect it.\n",
        "Please collect it.",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", KEPT_WHOLE)
def test_what_is_passed_on_or_filled_in_stays_in_sight(name: str) -> None:
    subject, text, needed = KEPT_WHOLE[name]
    parsed = parse_email(raw_mail(text, Subject=subject, Content_Type="text/plain; charset=utf-8"))
    assert needed in parsed.reply_text
    assert parsed.kind == "human"


def test_a_form_says_whom_to_answer() -> None:
    parsed = parse_email(
        raw_mail("Hi", From="Shop form <no-reply@forms.example>", Reply_To="Zoe <zoe@customer.example>")
    )
    assert [entry.address for entry in parsed.reply_to] == ["zoe@customer.example"]


def test_a_calendar_answer_is_no_bounce_and_says_what_it_is() -> None:
    calendar = "BEGIN:VCALENDAR\r\nMETHOD:REPLY\r\nBEGIN:VEVENT\r\nUID:1\r\nSUMMARY:Call\r\nDTSTART:20261103T100000Z\r\nATTENDEE;PARTSTAT=ACCEPTED:mailto:zoe@customer.example\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
    parsed = parse_email(
        multipart(
            "alternative", part("Zoe has accepted this invitation.", Content_Type="text/plain"),
            part(calendar, Content_Type="text/calendar; method=REPLY; charset=utf-8"),
            Subject="Accepted: Call @ Tue 3 Nov 2026",
        )
    )  # fmt: skip
    assert (parsed.is_bounce, parsed.text.strip()) == (False, "Zoe has accepted this invitation.")


def report(words: str, fields: str, *, sender: str, subject: str, **headers: str) -> ParsedEmail:
    """A delivery status notification (RFC 3464) about our mail to Zoe."""
    return parse_email(
        multipart(
            'report; report-type=delivery-status', part(words, Content_Type="text/plain; charset=utf-8"),
            part(f"Reporting-MTA: dns; mx.example\r\n\r\n{fields}", Content_Type="message/delivery-status"),
            part("Message-ID: <sent-1@shop.example>\r\nSubject: Order 1042\r\n", Content_Type="text/rfc822-headers"),
            From=sender, Subject=subject, Return_Path="<>", **headers,
        ).replace(b'multipart/report; report-type=delivery-status; boundary', b'multipart/report; report-type=delivery-status;\r\n boundary')
    )  # fmt: skip


FAILED = "Final-Recipient: rfc822; zoe@customer.example\r\nAction: failed\r\nStatus: 5.1.1\r\n"
REPORTS = {
    "exchange online": ("Microsoft Outlook <MicrosoftExchange329e71ec88ae4615bbc36ab6ce41109e@shop.example>", "Undeliverable: Order 1042", FAILED + "Diagnostic-Code: smtp; 550 5.1.10 RESOLVER.ADR.RecipientNotFound\r\n"),
    "exchange, uk": ("postmaster@outlook.com", "Не вдалося доставити: Order 1042", FAILED),
    "gmail": ("Mail Delivery Subsystem <mailer-daemon@googlemail.com>", "Delivery Status Notification (Failure)", FAILED + "Diagnostic-Code: smtp; 550-5.1.1 The email account that you tried to reach does not exist.\r\n"),
    "postfix": ("Mail Delivery System <MAILER-DAEMON@mx.example>", "Undelivered Mail Returned to Sender", "Final-Recipient: rfc822; zoe@customer.example\r\nOriginal-Recipient: rfc822;zoe@customer.example\r\nAction: failed\r\nStatus: 5.1.1\r\n"),
    "mail.ru": ("mailer-daemon@mail.ru", "Письмо не доставлено: Order 1042", FAILED),
    "amavis": ("\"Content-filter at mx.example\" <postmaster@mx.example>", "BANNED contents from you (.exe)", FAILED.replace("5.1.1", "5.7.0")),
    "exim": ("Mail Delivery System <Mailer-Daemon@mx.example>", "Mail delivery failed: returning message to sender", FAILED + "Remote-MTA: dns; mx.customer.example\r\n"),
}  # fmt: skip


@pytest.mark.parametrize("name", REPORTS)
def test_reports_name_who_was_not_reached_and_by_which_mail(name: str) -> None:
    sender, subject, fields = REPORTS[name]
    parsed = report("Your message could not be delivered.", fields, sender=sender, subject=subject)
    assert parsed.is_bounce
    assert [(bounce.recipient, bounce.status[:1], bounce.action) for bounce in parsed.bounces] == [
        ("zoe@customer.example", "5", "failed")
    ]
    assert parsed.bounced_message_ids == ("sent-1@shop.example",)


PLAIN_REPORTS = {
    "yahoo": ("MAILER-DAEMON@yahoo.com", "Failure Notice", "Sorry, we were unable to deliver your message to the following address.\n\n<zoe@customer.example>:\n554: delivery error: dd This user doesn't have a yahoo.com account [0]\n\n--- Below this line is a copy of the message.\n", "failed"),
    "exim late": ("Mail Delivery System <Mailer-Daemon@mx.example>", "Warning: message 1abcDE-0001 delayed 24 hours", "This message was created automatically by mail delivery software.\nA message that you sent has not yet been delivered to one or more of its\nrecipients after more than 24 hours on the queue on mx.example.\n\nThe address to which the message has not yet been delivered is:\n\n  zoe@customer.example\n    Delay reason: 451 4.3.0 try later\n\nNo action is required on your part. Delivery attempts will continue for\nsome time.\n", "delayed"),
    "qmail, full": ("MAILER-DAEMON@qmail.example", "failure notice", "Hi. This is the qmail-send program at qmail.example.\nI'm afraid I wasn't able to deliver your message to the following addresses.\n\n<zoe@customer.example>:\n192.0.2.7 does not like recipient.\nRemote host said: 552 5.2.2 mailbox full\nGiving up on 192.0.2.7.\n", "failed"),
    "i.ua": ("Mail Delivery System <MAILER-DAEMON@mail.i.ua>", "Недоставлене повідомлення", "Ваше повідомлення не було доставлено:\n\n<zoe@customer.example>: 550 5.1.1 Користувача не існує\n", "failed"),
    "rambler": ("Mail Delivery System <MAILER-DAEMON@rambler.ru>", "Недоставленное сообщение", "Ваше сообщение не может быть доставлено следующим получателям:\n\n<zoe@customer.example>: host mx.customer.example said: 550 Mailbox unavailable\n", "failed"),
}  # fmt: skip


@pytest.mark.parametrize("name", PLAIN_REPORTS)
def test_reports_in_plain_words(name: str) -> None:
    sender, subject, text, action = PLAIN_REPORTS[name]
    parsed = parse_email(
        raw_mail(text, From=sender, Subject=subject, Return_Path="<>", Content_Type="text/plain; charset=utf-8")
    )
    assert parsed.is_bounce
    assert [(bounce.recipient, bounce.action) for bounce in parsed.bounces] == [("zoe@customer.example", action)]


@pytest.mark.parametrize("text", [
    "I cannot write to your partner: 550 5.1.1 user unknown. What now?",
    "Лист не доставлено, пише мені сервер. Яка у вас адреса?",
    "Mail Delivery System told me that the parcel was returned to sender!",
])  # fmt: skip
def test_people_who_tell_of_reports(text: str) -> None:
    parsed = parse_email(raw_mail(text, Subject="Undelivered parcel", Content_Type="text/plain; charset=utf-8"))
    assert (parsed.is_bounce, parsed.kind) == (False, "human")
