"""Postmark: mail in its own fields, and events with the metadata that a mail of ours carried."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from channels_inbound.hooks.facts import Fact, RawMail
from channels_inbound.hooks.provider import Malformed, Reading
from channels_inbound.hooks.reading import line, load_object, moment, text, things
from channels_inbound.mail_services.mime import decoded, header_pairs, mail_of
from channels_inbound.mail_services.service import ADDRESS, LOGIN, MailService, report
from channels_inbound.mail_services.tags import NAME

RECORDS = {"delivery": "delivered", "spamcomplaint": "complained"}
# What it calls a bounce is all that comes back for a mail. A type that is not here failed, and nothing is said of the
# address: some are its own refusals, some the receiver's, some machines that answered.
BOUNCES = {
    "autoresponder": "", "addresschange": "", "challengeverification": "", "subscribe": "", "openrelaytest": "",
    "unknown": "", "inbounderror": "", "transient": "deferred", "dnserror": "deferred", "unsubscribe": "complained",
    "spamnotification": "complained", "spamcomplaint": "complained",
}  # fmt: skip
HARD = frozenset({"hardbounce", "bademailaddress"})


class Postmark(MailService):
    title = "Postmark"
    fields = (ADDRESS, LOGIN)
    smtp_hosts = ("smtp*.postmarkapp.com",)
    guide = _("Enter the webhook address, with user and password in it, for inbound, bounce, delivery and complaint.")

    def mail_headers(self, tag: str) -> Mapping[str, str]:
        # Without the second it gives the mail a Message-ID of its own, which an answer would name.
        return {f"X-PM-Metadata-{NAME}": tag, "X-PM-KeepID": "true"}

    def parse(self, body: bytes, reading: Reading) -> list[Fact]:
        content = load_object(body)
        if text(content, "RecordType", most=40):
            return [_event(content, reading)]
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


def _event(content: dict[str, Any], reading: Reading) -> Fact:
    record, kind = text(content, "RecordType", most=40).lower(), text(content, "Type", most=40).lower()
    event = BOUNCES.get(kind, "failed") if record == "bounce" else RECORDS.get(record, "")
    stamp = content.get("BouncedAt") or content.get("DeliveredAt")
    metadata = content.get("Metadata")
    # As headers these names have no case.
    named = {str(k).lower(): v for k, v in metadata.items()} if isinstance(metadata, dict) else {}
    return report(
        event, f"{record} {kind}".strip(), line(content, "Email") or line(content, "Recipient"),
        [text(named, NAME, most=200)], moment(stamp, default=reading.received_at),
        hard=kind in HARD, detail=line(content, "Details"),
    )  # fmt: skip


def _mailbox(name: str, address: str) -> str:
    clean = name.replace('"', "").replace("\\", "")
    return f'"{clean}" <{address}>' if clean else address


def _header(content: dict[str, Any], name: str) -> str:
    return next((value for key, value in header_pairs(content.get("Headers")) if key.lower() == name.lower()), "")
