"""Mail services: what they tell is put on the mail they mean, and no mail they bring is lost."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from email.message import EmailMessage
from typing import Any

import pytest
from django.test import override_settings
from django.utils import timezone

from channels_inbound.delivery import drain_outbound
from channels_inbound.email.parse import parse_email
from channels_inbound.hooks.drain import drain_hooks
from channels_inbound.hooks.facts import Ignored, MailReport, RawMail
from channels_inbound.hooks.provider import Malformed, Reading
from channels_inbound.hooks.registry import provider
from channels_inbound.inbound import drain_inbound
from channels_inbound.mail_services.tags import mail_tag
from channels_inbound.models import Connection, OutgoingServer, RawDelivery
from channels_inbound.outgoing.tagging import service_of
from people.models import Identity
from tests.channels_inbound.hooks.house import KEY, connect, deliver
from tests.people import House, make_house, open_ticket
from tests.providers import mail_services
from tests.providers.mail_services import LOGIN, MAILGUN_KEY, TOPIC, SnsServer, sns, trusted
from tests.providers.server import Reply, running
from tests.providers.webhooks import Webhook
from tests.support.smtp_sink import SmtpSink
from tickets.actions import reply
from tickets.models import Channel, Message, OutboxState

pytestmark = pytest.mark.django_db(transaction=True)

ZOE, SHOP = "zoe@customer.example", "support@shop.example"


@pytest.fixture
def house(settings: Any) -> House:
    settings.ALLOWED_NETWORKS = ["127.0.0.0/8"]
    settings.CREDENTIALS_KEYS = [KEY]
    return make_house()


@pytest.fixture
def server(settings: Any) -> Iterator[SnsServer]:
    made = SnsServer()
    with trusted(), running(made):
        settings.PROVIDER_ENDPOINTS = {"sns": made.url}
        yield made


def answered(channel: Channel, house: House, sink: SmtpSink, text: str = "It left this morning.") -> Message:
    """A reply that left by SMTP; the mail is the sink's last."""
    ticket = open_ticket(channel, verdict="pass")
    answer = reply(ticket.pk, by=house.olena, text=text, undo_seconds=0)
    with override_settings(EMAIL_URL=sink.url, EMAIL_HOST=sink.host, EMAIL_PORT=sink.port):
        assert drain_outbound() == {"accepted": 1}
    return answer


def said_of(name: str, body: bytes, kind: str = "application/json") -> Any:
    found = provider(name)
    assert found is not None
    return found.parse(body, Reading(7, SHOP, timezone.now(), headers={"content-type": kind}))


# ---- which mail is meant


CARRIED = {
    "mailgun": ("X-Mailgun-Variables", '{"helpdesk_message_id": "%s"}'), "ses": ("X-SES-MESSAGE-TAGS", "helpdesk_message_id=%s"),
    "postmark": ("X-PM-Metadata-helpdesk_message_id", "%s"),
    "sendgrid": ("X-SMTPAPI", '{"unique_args": {"helpdesk_message_id": "%s"}}'),
}  # fmt: skip
VALUES = {"mailgun": {"signing_key": MAILGUN_KEY}, "postmark": {"login": LOGIN}, "sendgrid": {"login": LOGIN},
          "ses": {"login": LOGIN, "topics": TOPIC}}  # fmt: skip


@pytest.mark.parametrize("service", CARRIED)
def test_a_mail_carries_its_name_for_the_service_it_leaves_by(service: str, house: House, smtp_sink: SmtpSink) -> None:
    connect(house, service, {"address": house.channel.address, **VALUES[service]})
    answer = answered(house.channel, house, smtp_sink)
    mail = smtp_sink.mails[-1].message
    header, value = CARRIED[service]
    assert mail.get_all(header) == [value % mail_tag(answer.pk, answer.external_id)]
    assert (mail["X-PM-KeepID"] == "true") is (service == "postmark")
    assert {name for name, _ in CARRIED.values() if mail[name]} == {header}
    assert mail["Message-ID"] == f"<{answer.external_id}>"


def test_by_another_server_a_mail_carries_nothing_of_a_service(house: House, smtp_sink: SmtpSink) -> None:
    answered(house.channel, house, smtp_sink)
    mail = smtp_sink.mails[-1].message
    assert not [name for name in mail if name.lower().startswith(("x-pm-", "x-smtpapi", "x-ses", "x-mailgun"))]


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("smtp.postmarkapp.com", "postmark"), ("smtp-broadcasts.postmarkapp.com", "postmark"),
        ("smtp.eu.mailgun.org", "mailgun"), ("smtp.sendgrid.net.", "sendgrid"),
        ("Email-SMTP.eu-central-1.amazonaws.com", "ses"), ("smtp.shop.example", ""), ("postmarkapp.com.evil.example", ""),
    ],
)  # fmt: skip
def test_a_service_is_known_by_its_servers(host: str, name: str, house: House) -> None:
    found = service_of(host, house.channel.pk)
    assert (found.name if found else "") == name


@pytest.mark.parametrize("service", ["postmark", "ses"])
def test_a_service_that_puts_its_own_id_on_the_mail_is_understood(
    service: str, house: House, smtp_sink: SmtpSink, server: SnsServer
) -> None:
    made = connect(house, service, {"address": house.channel.address, **VALUES[service]})
    answer = answered(house.channel, house, smtp_sink)
    mail = smtp_sink.mails[-1].message
    del mail["Message-ID"]
    mail["Message-ID"] = "<own-id-of-the-service@service.example>"
    event = mail_services.postmark_event("Delivery", ZOE, mail) if service == "postmark" else mail_services.ses_event(
        "Delivery", ZOE, mail)  # fmt: skip
    assert deliver(made, event).status_code == 200
    drain_hooks()
    answer.refresh_from_db()
    assert "delivered_at" in answer.marks


def test_a_tag_of_another_house_means_none_of_ours(house: House, smtp_sink: SmtpSink) -> None:
    made = connect(house, "postmark", {"address": house.channel.address, "login": LOGIN})
    answer = answered(house.channel, house, smtp_sink)
    other = EmailMessage()
    other["X-PM-Metadata-helpdesk_message_id"] = mail_tag(answer.pk, "t1.other@elsewhere.example")
    assert deliver(made, mail_services.postmark_event("Bounce", ZOE, other, Type="HardBounce")).status_code == 200
    assert drain_hooks() == {"ignored": 1}
    answer.refresh_from_db()
    assert answer.marks == {} and not Identity.objects.exclude(bounced_at=None).exists()


# ---- several channels at one account


def second_channel(house: House) -> Channel:
    return Channel.objects.create(kind="email", name="Sales", address="sales@shop.example", team=house.support)


def test_one_account_of_a_service_may_tell_of_another_channel_s_mail(house: House, smtp_sink: SmtpSink) -> None:
    sales = second_channel(house)
    made = connect(house, "mailgun", {"address": house.channel.address, "signing_key": MAILGUN_KEY})
    connect(house, "mailgun", {"address": sales.address, "signing_key": MAILGUN_KEY}, "Sales by Mailgun")
    answer = answered(sales, house, smtp_sink)
    event = mail_services.mailgun_event(
        "failed", ZOE, smtp_sink.mails[-1].message, severity="permanent", reason="bounce"
    )
    assert deliver(made, event).status_code == 200
    assert drain_hooks() == {"applied": 1}
    answer.refresh_from_db()
    assert answer.outbox == OutboxState.FAILED
    assert Identity.objects.filter(value=ZOE).exclude(bounced_at=None).exists()


def test_another_account_s_webhook_says_nothing_of_it(house: House, smtp_sink: SmtpSink) -> None:
    sales = second_channel(house)
    made = connect(house, "mailgun", {"address": house.channel.address, "signing_key": MAILGUN_KEY})
    connect(house, "mailgun", {"address": sales.address, "signing_key": "another-key-of-mailgun-0000000001"}, "Sales")
    answer = answered(sales, house, smtp_sink)
    event = mail_services.mailgun_event("failed", ZOE, smtp_sink.mails[-1].message, severity="permanent")
    assert deliver(made, event).status_code == 200
    assert drain_hooks() == {"ignored": 1}
    answer.refresh_from_db()
    assert (answer.marks, answer.outbox) == ({}, OutboxState.SENT)


# ---- what an event means


@pytest.mark.parametrize(
    ("kind", "event", "hard"),
    [
        ("HardBounce", "failed", True), ("BadEmailAddress", "failed", True), ("SoftBounce", "failed", False),
        ("Blocked", "failed", False), ("ManuallyDeactivated", "failed", False), ("DMARCPolicy", "failed", False),
        ("AutoResponder", "", False), ("AddressChange", "", False), ("ChallengeVerification", "", False),
        ("Subscribe", "", False), ("OpenRelayTest", "", False), ("Unknown", "", False), ("Transient", "deferred", False),
        ("Unsubscribe", "complained", False), ("SpamNotification", "complained", False),
    ],
)  # fmt: skip
def test_postmark_s_types_of_bounces(kind: str, event: str, hard: bool) -> None:
    mail = EmailMessage()
    mail["X-PM-Metadata-helpdesk_message_id"] = "7-0123456789abcdef"
    (fact,) = said_of("postmark", mail_services.postmark_event("Bounce", ZOE, mail, Type=kind).body)
    if not event:
        assert isinstance(fact, Ignored)
        return
    assert (fact.event, fact.permanent, fact.message_ids) == (event, hard, ("7-0123456789abcdef",))


@pytest.mark.parametrize(
    ("word", "more", "event", "hard"),
    [
        ("bounce", {"reason": "550 5.1.1 no such user"}, "failed", True), ("bounce", {"type": "blocked"}, "failed", False),
        ("dropped", {"reason": "Bounced Address"}, "failed", True), ("dropped", {"reason": "Invalid"}, "failed", True),
        ("dropped", {"reason": "Unsubscribed Address"}, "failed", False),
        ("dropped", {"reason": "Spam Reporting Address"}, "failed", False), ("deferred", {}, "deferred", False),
    ],
)  # fmt: skip
def test_sendgrid_s_events(word: str, more: dict[str, Any], event: str, hard: bool) -> None:
    mail = EmailMessage()
    mail["Message-ID"] = "<a@shop.example>"
    (fact,) = said_of("sendgrid", mail_services.sendgrid_event(word, ZOE, mail, **more).body)
    assert (fact.event, fact.permanent, fact.message_ids) == (event, hard, ("a@shop.example",))


@pytest.mark.parametrize("reason", ["suppress-unsubscribe", "suppress-complaint", "espblock", "old"])
def test_mailgun_did_not_try(reason: str) -> None:
    mail = EmailMessage()
    mail["Message-ID"] = "<a@shop.example>"
    event = mail_services.mailgun_event("failed", ZOE, mail, severity="permanent", reason=reason)
    (fact,) = said_of("mailgun", event.body)
    assert (fact.event, fact.permanent) == ("failed", False)


@pytest.mark.parametrize(("kind", "hard"), [("Bounce", True), ("Reject", False), ("Rendering Failure", False)])
def test_ses_tells_what_never_left(kind: str, hard: bool) -> None:
    mail = EmailMessage()
    mail["Message-ID"] = "<a@shop.example>"
    (fact,) = said_of("ses", mail_services.ses_event(kind, ZOE, mail).body)
    assert isinstance(fact, MailReport)
    assert (fact.event, fact.permanent, fact.recipient, fact.message_ids[0]) == ("failed", hard, ZOE, "a@shop.example")
    assert fact.detail == ("" if kind == "Bounce" else "Bad content")


# ---- Amazon SES: mail and subscriptions


def test_a_mail_that_lies_in_a_bucket_is_kept_where_somebody_looks(house: House, server: SnsServer) -> None:
    made = connect(house, "ses", {"address": house.channel.address, **VALUES["ses"]})
    told = {"notificationType": "Received", "mail": {"source": ZOE, "messageId": "m1"},
            "receipt": {"recipients": [SHOP], "action": {"type": "S3", "bucketName": "shop-mail", "objectKey": "in/m1"}}}  # fmt: skip
    assert deliver(made, sns(told)).status_code == 200
    assert drain_hooks() == {"quarantined": 1}
    row = RawDelivery.objects.get()
    assert (row.state, "shop-mail/in/m1" in row.reason) == ("quarantined", True)


def test_a_mail_in_base64_is_read(house: House, server: SnsServer) -> None:
    made = connect(house, "ses", {"address": house.channel.address, **VALUES["ses"]})
    mail = mail_services.mail_bytes("Де моя посилка?", sender=ZOE, to=SHOP, subject="Parcel", id="b64@customer.example")
    told = {"notificationType": "Received", "mail": {"source": ZOE}, "content": base64.b64encode(mail).decode(),
            "receipt": {"recipients": [house.channel.address], "action": {"type": "SNS", "encoding": "BASE64"}}}  # fmt: skip
    assert deliver(made, sns(told)).status_code == 200
    drain_hooks()
    drain_inbound()
    assert Message.objects.get().text.strip() == "Де моя посилка?"


HOST = "sns.eu-central-1.amazonaws.com"


def asks(url: str = f"https://{HOST}/?Action=Unsubscribe&Token=evil", topic: str = TOPIC) -> Webhook:
    said, kind = "You have chosen to subscribe.", "SubscriptionConfirmation"
    return sns(said, kind=kind, topic=topic, Token="tok&en", SubscribeURL=url)


def test_a_subscription_is_confirmed_from_the_signed_notice(house: House, server: SnsServer) -> None:
    made = connect(house, "ses", {"address": house.channel.address, **VALUES["ses"]})
    server.faults = [None, None]
    assert deliver(made, asks()).status_code == 200
    assert server.accepted == [{"Action": "ConfirmSubscription", "TopicArn": TOPIC, "Token": "tok&en"}]
    assert drain_hooks() == {"ignored": 1}


@pytest.mark.parametrize(
    "url", ["https://evil.example/?Token=x", "https://10.0.0.1/", f"https://{HOST}:8443/", f"https://u@{HOST}/",
            "https://[", f"https://{HOST}.evil.example/", ""],
)  # fmt: skip
def test_nothing_is_asked_elsewhere(url: str, house: House, server: SnsServer) -> None:
    made = connect(house, "ses", {"address": house.channel.address, **VALUES["ses"]})
    assert deliver(made, asks(url)).status_code == 403
    assert server.accepted == []


def test_another_topic_is_not_confirmed_and_one_that_cannot_be_asked_comes_again(
    house: House, server: SnsServer
) -> None:
    made = connect(house, "ses", {"address": house.channel.address, **VALUES["ses"]})
    assert deliver(made, asks(topic=TOPIC + "-of-others")).status_code == 403
    assert server.accepted == []
    notice = sns({"notificationType": "Other"})
    assert deliver(made, notice).status_code == 200, "the certificate is known now"
    server.faults = [Reply(500, b"")]
    assert deliver(made, asks()).status_code == 503
    assert deliver(made, asks()).status_code == 200
    assert len(server.accepted) == 1


def test_a_subscription_that_was_ended_is_shown(house: House, server: SnsServer) -> None:
    made = connect(house, "ses", {"address": house.channel.address, **VALUES["ses"]})
    ended = sns("Ended.", kind="UnsubscribeConfirmation", Token="t", SubscribeURL=f"https://{HOST}/")
    assert deliver(made, ended).status_code == 200
    drain_hooks()
    made.refresh_from_db()
    assert server.accepted == [] and "was ended" in made.trouble


# ---- mail in fields


def test_sendgrid_s_own_fields_are_a_mail(house: House) -> None:
    """In the charset that is named for each, with files and what they are called in the text."""
    headers = "\nMessage-ID: <sg1@customer.example>\nIn-Reply-To: <t1.a@shop.example>\nSubject: not this one\n folded\n"
    fields = {
        "headers": headers, "from": "Zoe Bauer <zoe@customer.example>", "to": SHOP, "subject": "Лампа",
        "text": "Wo ist mein Paket, Müller?", "html": "<p>Wo ist mein Paket?</p>", "attachments": "0",
        "charsets": json.dumps({"from": "UTF-8", "subject": "UTF-8", "text": "utf-8"}),
        "envelope": json.dumps({"to": [SHOP], "from": ZOE}),
    }  # fmt: skip
    hook = mail_services.sendgrid_fields(fields)
    (raw,) = said_of("sendgrid", hook.body, hook.content_type)
    assert isinstance(raw, RawMail)
    assert (raw.rcpt_tos, raw.mail_from) == ((SHOP,), ZOE)
    mail = parse_email(raw.content)
    assert (mail.sender.name, mail.sender.address, mail.subject) == ("Zoe Bauer", ZOE, "Лампа")
    assert mail.message_id == "sg1@customer.example"
    assert mail.reply_text.strip() == "Wo ist mein Paket, Müller?"
    made = connect(house, "sendgrid", {"address": house.channel.address, "login": LOGIN})
    assert deliver(made, hook).status_code == 200
    drain_hooks()
    drain_inbound()
    assert Message.objects.get().text.strip() == "Wo ist mein Paket, Müller?"


def test_a_field_in_an_older_charset_and_a_file() -> None:
    edge = "edge7"
    parts = [
        (b'name="from"', b"zoe@customer.example"), (b'name="text"', "Де посилка?".encode("cp1251")),
        (b'name="html"', b'<img src="cid:pic1">'), (b'name="charsets"', b'{"text": "windows-1251"}'),
        (b'name="attachment-info"', b'{"attachment1": {"filename": "a.png", "content-id": "pic1"}}'),
        (b'name="attachment1"; filename="a.png"\r\nContent-Type: image/png', b"\x89PNG\xff"),
    ]  # fmt: skip
    body = b"".join(
        b"--edge7\r\nContent-Disposition: form-data; %s\r\n\r\n%s\r\n" % (head, value) for head, value in parts
    )
    (raw,) = said_of("sendgrid", body + b"--edge7--\r\n", f"multipart/form-data; boundary={edge}")
    mail = parse_email(raw.content)
    assert mail.reply_text.strip() == "Де посилка?"
    assert [(file.filename, file.content) for file in mail.attachments] == [("a.png", b"\x89PNG\xff")]
    with pytest.raises(Malformed, match="without a sender"):
        said_of("sendgrid", b"--edge7--\r\n", f"multipart/form-data; boundary={edge}")


def test_files_that_mailgun_kept_for_itself_are_not_passed_over() -> None:
    fields = {"from": ZOE, "recipient": SHOP, "body-plain": "See the picture.",
              "attachments": json.dumps([{"url": "https://se.api.mailgun.net/v3/a", "name": "a.png", "size": 5}])}  # fmt: skip
    hook = mail_services._form(fields)
    with pytest.raises(Malformed, match="forward"):
        said_of("mailgun", hook.body, hook.content_type)


def test_the_outgoing_server_of_a_service_needs_no_webhook_to_be_known(house: House, smtp_sink: SmtpSink) -> None:
    OutgoingServer.objects.create(channel=house.channel, host="smtp.postmarkapp.com", port=587)
    assert Connection.objects.count() == 0
    found = service_of(OutgoingServer.objects.get().host, house.channel.pk)
    assert found is not None and found.mail_headers("7-a")["X-PM-KeepID"] == "true"
