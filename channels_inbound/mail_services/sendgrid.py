"""SendGrid: inbound parse, whole or in its fields, and the event webhook."""

from __future__ import annotations

import json
from collections.abc import Mapping
from email import message_from_string
from email.policy import compat32
from typing import Any

from django.utils.translation import gettext_lazy as _

from channels_inbound.hooks.facts import Fact, Ignored, RawMail
from channels_inbound.hooks.provider import Malformed, Reading
from channels_inbound.hooks.reading import line, moment, text, things
from channels_inbound.mail_services.mime import form_of, mail_of
from channels_inbound.mail_services.service import ADDRESS, LOGIN, MailService, report
from channels_inbound.mail_services.tags import NAME

EVENTS = {
    "delivered": "delivered", "bounce": "failed", "dropped": "failed", "spamreport": "complained",
    "deferred": "deferred", "unsubscribe": "complained", "group_unsubscribe": "complained",
}  # fmt: skip
# It sends nothing any more to an address that was no good before.
DROPPED_HARD = ("bounced address", "invalid")
MOST_HEADERS = 200_000


class SendGrid(MailService):
    title = "SendGrid"
    fields = (ADDRESS, LOGIN)
    smtp_hosts = ("smtp*.sendgrid.net",)
    guide = _(
        "Enter the address in Inbound Parse, best with “POST the raw, full MIME message” ticked, and the same address"
        " for the event webhook."
    )

    def mail_headers(self, tag: str) -> Mapping[str, str]:
        return {"X-SMTPAPI": json.dumps({"unique_args": {NAME: tag}})}

    def parse(self, body: bytes, reading: Reading) -> list[Fact]:
        kind = reading.headers.get("content-type", "")
        if "json" not in kind:
            return [_mail(*form_of(body, kind))]
        try:
            events = json.loads(body)
        except (ValueError, RecursionError):
            raise Malformed("the body is no JSON") from None
        facts: list[Fact] = [_event(one, reading) for one in things(events)]
        return facts or [Ignored("there are no events")]


def _event(told: dict[str, Any], reading: Reading) -> Fact:
    word, reason = text(told, "event", most=30).lower(), line(told, "reason")
    hard = word == "bounce" and text(told, "type") != "blocked"
    hard = hard or (word == "dropped" and reason.lower().startswith(DROPPED_HARD))
    return report(
        EVENTS.get(word, ""), word, line(told, "email"),
        [text(told, NAME, most=100), text(told, "smtp-id", most=400)],
        moment(told, "timestamp", default=reading.received_at), hard=hard, detail=reason,
    )  # fmt: skip


def _mail(fields: dict[str, str], files: list[tuple[str, str, bytes, str]]) -> RawMail:
    """As it came, or out of the fields it was parsed into, which is what they do unless told otherwise. Malformed."""
    told = _object(fields.get("envelope", ""))
    to = told.get("to")
    rcpt = tuple(line(one) for one in to if "@" in line(one))[:20] if isinstance(to, list) else ()
    mail_from = line(told, "from") or None
    if fields.get("email"):
        return RawMail(fields["email"].encode("utf-8", "surrogateescape"), rcpt, mail_from)
    if not fields.get("from"):
        raise Malformed("a mail without a sender")
    charsets, infos = _object(fields.get("charsets", "")), _object(fields.get("attachment-info", ""))
    said = {name: _decoded(fields.get(name, ""), text(charsets, name, most=40)) for name in _WORDS}
    ids = {line(one, "filename"): line(one, "content-id") for one in infos.values()}
    mail = mail_of(
        _headers(fields.get("headers", "")), sender=said["from"], to=said["to"], cc=said["cc"],
        subject=said["subject"], plain=said["text"], html=said["html"],
        files=[(name, kind, content, ids.get(name, "").strip("<>")) for name, kind, content, _ in files],
    )  # fmt: skip
    return RawMail(mail, rcpt, mail_from)


_WORDS = ("from", "to", "cc", "subject", "text", "html")


def _object(value: str) -> dict[str, Any]:
    try:
        found = json.loads(value) if value else {}
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _decoded(value: str, charset: str) -> str:
    """A field in the charset that is named for it: they pass on the bytes of the mail's own parts."""
    content = value.encode("utf-8", "surrogateescape")
    try:
        return content.decode(charset or "utf-8", "replace")
    except (LookupError, ValueError):
        return content.decode("utf-8", "replace")


def _headers(value: str) -> list[tuple[str, str]]:
    """The mail's headers, which come as they stood in it."""
    found = message_from_string(value[:MOST_HEADERS].lstrip(), policy=compat32)
    return [(name[:100], " ".join(str(content).split())[:2000]) for name, content in found.items()]
