"""Amazon SES: what SNS brings, mail and events."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from channels_inbound.hooks.facts import Fact, Ignored, RawMail, Trouble
from channels_inbound.hooks.provider import Account, Field, Hook, Malformed, Reading
from channels_inbound.hooks.reading import line, load_object, moment, text, thing, things
from channels_inbound.mail_services.service import ADDRESS, LOGIN, MailService, report
from channels_inbound.mail_services.sns import confirm_subscription, verify_notice
from channels_inbound.mail_services.tags import NAME

EVENTS = {
    "Delivery": "delivered", "Bounce": "failed", "Reject": "failed", "Rendering Failure": "failed",
    "Complaint": "complained", "DeliveryDelay": "deferred",
}  # fmt: skip
# Under which name a notice tells more of its event, and where that names the recipients it is about.
_PARTS = {"Rendering Failure": "failure", "DeliveryDelay": "deliveryDelay"}
_PEOPLE = {"Bounce": "bouncedRecipients", "Complaint": "complainedRecipients", "DeliveryDelay": "delayedRecipients"}
MOST_PEOPLE = 50


class Ses(MailService):
    title = "Amazon SES"
    asks_others = True
    smtp_hosts = ("email-smtp*.amazonaws.com",)
    fields = (
        ADDRESS, LOGIN,
        Field(
            "topics", _("SNS topics"), needed=False,
            help=_("Their full names, separated by spaces; others are refused. Best set."),
        ),
    )  # fmt: skip
    guide = _(
        "Subscribe the webhook address, with user and password in it, to the SNS topics of receiving and of events; the"
        " subscription is confirmed by itself. The rule of receiving has to publish mail to the topic: what it puts"
        " into a bucket does not come here."
    )

    def verify(self, hook: Hook, account: Account) -> None:
        # The secret first: who does not know it makes us fetch nothing.
        super().verify(hook, account)
        verify_notice(hook.body, topics=str(account.settings.get("topics", "")).split())
        # Here and not later: while it does not work they are asked to come again. Doing it twice is the same.
        confirm_subscription(hook.body)

    def mail_headers(self, tag: str) -> Mapping[str, str]:
        return {"X-SES-MESSAGE-TAGS": f"{NAME}={tag}"}

    def parse(self, body: bytes, reading: Reading) -> list[Fact]:
        notice = load_object(body)
        kind, topic = text(notice, "Type", most=60), line(notice, "TopicArn")
        if kind == "UnsubscribeConfirmation":
            return [Trouble(f"the SNS topic {topic} tells us nothing any more: its subscription was ended")]
        if kind != "Notification":
            return [Ignored(f"a notice of the topic itself: {line(kind)}")]
        try:
            told = json.loads(text(notice, "Message", most=60_000_000))
        except (ValueError, RecursionError):
            raise Malformed("the message of the notification is no JSON") from None
        event = text(told, "notificationType", most=40) or text(told, "eventType", most=40)
        return [_mail(told)] if event == "Received" else _events(event, told, reading)


def _mail(told: dict[str, Any]) -> RawMail:
    """The mail that lies in the notice. Malformed, which keeps the notice where somebody looks, when it lies elsewhere:
    it names the place."""
    content, action = text(told, "content", most=60_000_000), thing(told, "receipt", "action")
    if not content:
        place = "/".join(p for p in (line(action, "bucketName"), line(action, "objectKey", most=300)) if p)
        raise Malformed(f"the mail itself lies in a bucket ({place or 'unnamed'}): the rule has to publish it")
    mail = content.encode("utf-8", "surrogateescape")
    if text(action, "encoding", most=20).upper() == "BASE64":
        try:
            mail = base64.b64decode(mail, validate=False)
        except ValueError:
            raise Malformed("the mail is not in the encoding that is named") from None
    to = thing(told, "receipt").get("recipients")
    rcpt = tuple(line(one) for one in to if "@" in line(one))[:20] if isinstance(to, list) else ()
    return RawMail(mail, rcpt, line(told, "mail", "source") or None)


def _events(event: str, told: dict[str, Any], reading: Reading) -> list[Fact]:
    part, mail = thing(told, _PARTS.get(event, event.lower())), thing(told, "mail")
    at = moment(part, "timestamp", default=moment(mail, "timestamp", default=reading.received_at))
    detail = line(part, "reason") or line(part, "errorMessage")
    found: list[Fact] = []
    for who, why in _people(event, part, mail):
        hard = event == "Bounce" and text(part, "bounceType") == "Permanent"
        found.append(report(EVENTS.get(event, ""), event, who, _ids(mail), at, hard=hard, detail=why or detail))
    return found or [Ignored(f"an event of another kind: {line(event) or 'none'}")]


def _people(event: str, part: dict[str, Any], mail: dict[str, Any]) -> list[tuple[str, str]]:
    """Whom it is about, each with what their server said; what never left is about everybody it was for."""
    if name := _PEOPLE.get(event):
        people = [(line(one, "emailAddress"), line(one, "diagnosticCode")) for one in things(part, name)]
    else:
        listed = part.get("recipients") if event == "Delivery" else mail.get("destination")
        people = [(line(one), "") for one in listed] if isinstance(listed, list) else []
    return [(who, why) for who, why in people if who][:MOST_PEOPLE]


def _ids(mail: dict[str, Any]) -> list[str]:
    """Our tag, where events are published by a configuration set; else the Message-ID, before they put their own."""
    tags = thing(mail, "tags").get(NAME)
    tag = line(tags[0]) if isinstance(tags, list) and tags else ""
    return [tag, text(mail, "commonHeaders", "messageId", most=400), text(mail, "messageId", most=200)]
