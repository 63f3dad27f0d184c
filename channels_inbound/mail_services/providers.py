"""Mailgun, Postmark, SendGrid and Amazon SES as ways for mail in, and as witnesses of what became of ours.

Each is bound to a mail channel; sending stays with the outgoing server."""

from __future__ import annotations

import json
import time
from email import message_from_bytes
from email.policy import HTTP
from typing import Any

from django.utils.translation import gettext_lazy as _

from channels_inbound.hooks.facts import Fact, Ignored, MailReport, RawMail
from channels_inbound.hooks.provider import Account, BadSignature, Field, Hook, Malformed, Provider, Reading
from channels_inbound.hooks.reading import line, load_object, moment, parse_form, text, thing, things
from channels_inbound.hooks.signatures import hmac_hex, require_any, require_basic
from channels_inbound.mail_services.mime import decoded, header_pairs, mail_of
from channels_inbound.mail_services.sns import verify_notice
from people.http_client import HttpClient
from tickets.kinds import MAIL

ADDRESS = Field("address", _("Email address of the channel"))
LOGIN = Field(
    "login", _("User and password of the webhook"), secret=True, many=True,
    help=_("As user:password; put it into the webhook's address at the provider."),
)  # fmt: skip
OLDEST = 24 * 3600
EVENTS = {
    "delivered": "delivered", "delivery": "delivered", "failed": "failed", "bounced": "failed", "bounce": "failed",
    "dropped": "failed", "rejected": "failed", "complained": "complained", "spamcomplaint": "complained",
    "complaint": "complained", "spamreport": "complained", "deferred": "deferred", "unsubscribed": "complained",
    "unsubscribe": "complained", "group_unsubscribe": "complained",
}  # fmt: skip


class MailService(Provider):
    traits = MAIL
    account_field = "address"
    kept_headers = ("content-type",)
    max_body = 64 * 1024 * 1024

    def account_of(self, settings: Any, secrets: Any) -> str:
        return str(settings.get("address", "")).strip().lower()

    def verify(self, hook: Hook, account: Account) -> None:
        require_basic(hook.header("authorization"), account.secret_list("login"))

    def check(self, account: Account, http: HttpClient) -> str:
        return account.account


class Mailgun(MailService):
    title = "Mailgun"
    fields = (ADDRESS, Field("signing_key", _("Webhook signing key"), secret=True, many=True))
    guide = _(
        "Set a route with store(notify) or forward to this address, and the same address for webhooks of failures."
    )

    def verify(self, hook: Hook, account: Account) -> None:
        fields = _signed_fields(hook)
        stamp, token = fields.get("timestamp", ""), fields.get("token", "")
        if not stamp.isascii() or not stamp.isdigit() or len(stamp) > 12 or not token:
            raise BadSignature
        keys, signed = account.secret_list("signing_key"), (stamp + token).encode("utf-8", "surrogateescape")
        require_any(fields.get("signature", ""), [hmac_hex(key, signed) for key in keys])
        if abs(time.time() - int(stamp)) > OLDEST:
            raise BadSignature

    def delivery_key(self, hook: Hook) -> str:
        # Their token is for one delivery: the same once more is a replay, whatever else it says.
        return f"mailgun:{_signed_fields(hook).get('token', '')}"[:128]

    def parse(self, body: bytes, reading: Reading) -> list[Fact]:
        kind = reading.headers.get("content-type", "")
        if "json" in kind:
            return [_mailgun_event(load_object(body), reading)]
        fields, files = form_of(body, kind)
        if mime := fields.get("body-mime", ""):
            return [_raw(mime.encode("utf-8", "surrogateescape"), fields)]
        if not fields.get("from") and not fields.get("sender"):
            raise Malformed("a mail without a sender")
        mail = mail_of(
            header_pairs(fields.get("message-headers", "")), sender=fields.get("from", fields.get("sender", "")),
            to=fields.get("To", fields.get("recipient", "")), cc=fields.get("Cc", ""),
            subject=fields.get("subject", ""), plain=fields.get("body-plain", ""), html=fields.get("body-html", ""),
            files=files,
        )  # fmt: skip
        return [_raw(mail, fields)]


def _raw(mail: bytes, fields: dict[str, str]) -> RawMail:
    to = tuple(part.strip() for part in fields.get("recipient", "").split(",") if "@" in part)[:20]
    return RawMail(mail, to, fields.get("sender") or None)


def _signed_fields(hook: Hook) -> dict[str, str]:
    kind = hook.header("content-type")
    if "json" in kind:
        try:
            found = thing(json.loads(hook.body), "signature")
        except (ValueError, RecursionError):
            raise BadSignature from None
        return {name: text(found, name, most=200) for name in ("timestamp", "token", "signature")}
    return {name: value[:200] for name, value in form_of(hook.body, kind)[0].items()}


def _mailgun_event(content: dict[str, Any], reading: Reading) -> Fact:
    event = thing(content, "event-data")
    word = text(event, "event", most=30)
    failed = word == "failed" and text(event, "severity") != "temporary"
    status = thing(event, "delivery-status")
    detail = " ".join(p for p in (line(status, "code"), line(status, "message") or line(status, "description")) if p)
    return _report(
        "deferred" if word == "failed" and not failed else word, line(event, "recipient"),
        [text(event, "message", "headers", "message-id", most=400)],
        moment(event, "timestamp", default=reading.received_at),
        permanent=failed, detail=detail,
    )  # fmt: skip


class Postmark(MailService):
    title = "Postmark"
    fields = (ADDRESS, LOGIN)
    guide = _("Enter the webhook address, with user and password in it, for inbound, bounce, delivery and complaint.")

    def parse(self, body: bytes, reading: Reading) -> list[Fact]:
        content = load_object(body)
        if record := text(content, "RecordType", most=40):
            stamp = content.get("BouncedAt") or content.get("DeliveredAt")
            at = moment(stamp, default=reading.received_at)
            permanent = text(content, "Type") in ("HardBounce", "BadEmailAddress", "ManuallyDeactivated", "Blocked")
            ids = [_header(content, "Message-ID"), text(content, "Metadata", "helpdesk_message_id", most=200)]
            return [_report(record.lower(), line(content, "Email") or line(content, "Recipient"), ids, at,
                            permanent=permanent, detail=line(content, "Details"))]  # fmt: skip
        sender = line(content, "From", most=400)
        if not sender:
            raise Malformed("a mail without a sender")
        full = next(iter(things([content.get("FromFull")])), {})
        files = [
            (line(f, "Name", most=200), line(f, "ContentType"), decoded(f, "Content"), line(f, "ContentID"))
            for f in things(content, "Attachments")
        ]
        mail = mail_of(
            header_pairs(content.get("Headers")), sender=_mailbox(line(full, "Name"), sender),
            to=line(content, "To", most=2000), cc=line(content, "Cc", most=2000),
            subject=line(content, "Subject", most=500), plain=text(content, "TextBody", most=2_000_000),
            html=text(content, "HtmlBody", most=2_000_000), files=files,
        )  # fmt: skip
        to = line(content, "OriginalRecipient", most=320)
        return [RawMail(mail, (to,) if "@" in to else (), sender if "@" in sender else None)]


class SendGrid(MailService):
    title = "SendGrid"
    fields = (ADDRESS, LOGIN)
    guide = _(
        "In Inbound Parse tick “POST the raw, full MIME message”, and use the same address for the event webhook."
    )

    def parse(self, body: bytes, reading: Reading) -> list[Fact]:
        kind = reading.headers.get("content-type", "")
        if "json" not in kind:
            fields, _files = form_of(body, kind)
            if not fields.get("email"):
                raise Malformed("the raw mail is missing: “POST the raw, full MIME message” is not ticked")
            envelope = fields.get("envelope", "{}")
            try:
                told = json.loads(envelope)
            except (ValueError, RecursionError):
                told = {}
            to = told.get("to") if isinstance(told, dict) else None
            rcpt = tuple(line(one) for one in to if "@" in line(one))[:20] if isinstance(to, list) else ()
            return [RawMail(fields["email"].encode("utf-8", "surrogateescape"), rcpt, line(told, "from") or None)]
        try:
            events = json.loads(body)
        except (ValueError, RecursionError):
            raise Malformed("the body is no JSON") from None
        facts: list[Fact] = [
            _report(
                text(e, "event", most=30), line(e, "email"), [text(e, "smtp-id", most=400)],
                moment(e, "timestamp", default=reading.received_at),
                permanent=text(e, "event") in ("bounce", "dropped") and text(e, "type") != "blocked",
                detail=line(e, "reason"),
            )
            for e in things(events)
        ]  # fmt: skip
        return facts or [Ignored("there are no events")]


class Ses(MailService):
    title = "Amazon SES"
    asks_others = True
    fields = (
        ADDRESS, LOGIN,
        Field(
            "topics", _("SNS topics"), needed=False,
            help=_("Their full names, separated by spaces; others are refused. Best set."),
        ),
    )  # fmt: skip
    guide = _(
        "Subscribe the webhook address, with user and password in it, to the SNS topics of receiving and of events."
    )

    def verify(self, hook: Hook, account: Account) -> None:
        # The secret first: who does not know it makes us fetch nothing.
        super().verify(hook, account)
        verify_notice(hook.body, topics=str(account.settings.get("topics", "")).split())

    def parse(self, body: bytes, reading: Reading) -> list[Fact]:
        notice = load_object(body)
        kind = text(notice, "Type", most=60)
        if kind != "Notification":
            return [
                Ignored(f"a notice of the topic itself: {line(kind)} {line(notice, 'SubscribeURL', most=300)}".strip())
            ]
        try:
            told = json.loads(text(notice, "Message", most=60_000_000))
        except (ValueError, RecursionError):
            raise Malformed("the message of the notification is no JSON") from None
        event = text(told, "notificationType", most=40) or text(told, "eventType", most=40)
        if event == "Received":
            content = text(told, "content", most=60_000_000)
            if not content:
                return [Ignored("the mail itself lies in a bucket, not in the notification")]
            to = thing(told, "receipt").get("recipients")
            rcpt = tuple(line(one) for one in to if "@" in line(one))[:20] if isinstance(to, list) else ()
            return [RawMail(content.encode("utf-8", "surrogateescape"), rcpt, line(told, "mail", "source") or None)]
        part = thing(told, event.lower())
        at = moment(part, "timestamp", default=reading.received_at)
        names = {"Bounce": "bouncedRecipients", "Complaint": "complainedRecipients"}
        people = [line(one, "emailAddress") for one in things(part, names.get(event, ""))]
        if event == "Delivery" and isinstance(part.get("recipients"), list):
            people = [line(one) for one in part["recipients"][:50]]
        ids = [text(told, "mail", "commonHeaders", "messageId", most=400), text(told, "mail", "messageId", most=200)]
        permanent = text(part, "bounceType") == "Permanent"
        found: list[Fact] = [_report(event.lower(), who, ids, at, permanent=permanent) for who in people if who]
        return found or [Ignored(f"an event of another kind: {line(event) or 'none'}")]


def _report(word: str, recipient: str, ids: list[str], at: Any, *, permanent: bool = False, detail: str = "") -> Fact:
    event = EVENTS.get(word.lower(), "")
    named = tuple(id.strip().strip("<>") for id in ids if id.strip())
    if not event or not recipient or not named:
        return Ignored(f"an event that changes nothing: {line(word) or 'none'}")
    return MailReport(event, recipient.lower()[:320], at, named, permanent and event == "failed", detail[:300])


def _mailbox(name: str, address: str) -> str:
    clean = name.replace('"', "").replace("\\", "")
    return f'"{clean}" <{address}>' if clean else address


def _header(content: dict[str, Any], name: str) -> str:
    return next((value for key, value in header_pairs(content.get("Headers")) if key.lower() == name.lower()), "")


def form_of(body: bytes, kind: str) -> tuple[dict[str, str], list[tuple[str, str, bytes, str]]]:
    """The fields and files of a form, whichever of the two encodings it came in."""
    if "multipart/" not in kind:
        return dict(parse_form(body)), []
    whole = message_from_bytes(b"Content-Type: " + kind.encode("latin-1", "replace") + b"\r\n\r\n" + body, policy=HTTP)
    fields: dict[str, str] = {}
    files: list[tuple[str, str, bytes, str]] = []
    for part in whole.iter_parts() if whole.is_multipart() else ():
        name, filename = str(part.get_param("name", header="content-disposition") or ""), part.get_filename()
        content = part.get_payload(decode=True)
        data = content if isinstance(content, bytes) else b""
        if filename:
            files.append((filename[:200], part.get_content_type(), data, ""))
        elif name:
            fields[name[:100]] = data.decode("utf-8", "surrogateescape")
        if len(files) >= 100:
            break
    return fields, files
