"""Mailgun: its webhooks are signed in their body, and a token is for one delivery."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from channels_inbound.hooks.facts import Fact, RawMail
from channels_inbound.hooks.provider import Account, BadSignature, Field, Hook, Malformed, Reading
from channels_inbound.hooks.reading import line, load_object, moment, text, thing
from channels_inbound.hooks.signatures import hmac_hex, require_any
from channels_inbound.mail_services.mime import form_of, header_pairs, mail_of
from channels_inbound.mail_services.service import ADDRESS, MailService, report
from channels_inbound.mail_services.tags import NAME

OLDEST = 24 * 3600
EVENTS = {"delivered": "delivered", "failed": "failed", "rejected": "failed", "complained": "complained",
          "unsubscribed": "complained"}  # fmt: skip
# Why it did not even try, or gave up, though nothing is wrong with the address.
NOT_HARD = frozenset({"suppress-unsubscribe", "suppress-complaint", "espblock", "old"})


class Mailgun(MailService):
    title = "Mailgun"
    fields = (ADDRESS, Field("signing_key", _("Webhook signing key"), secret=True, many=True))
    smtp_hosts = ("smtp*.mailgun.org",)
    guide = _(
        "Set a route that forwards to this address (“store and notify” leaves files at Mailgun), and enter the same"
        " address for the webhooks of deliveries, failures and complaints."
    )

    def mail_headers(self, tag: str) -> Mapping[str, str]:
        return {"X-Mailgun-Variables": json.dumps({NAME: tag})}

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
        if fields.get("attachments", "").strip().startswith("["):
            raise Malformed("its files were left at Mailgun: let the route forward instead of store(notify)")
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
    word = text(event, "event", most=30).lower()
    passing = word == "failed" and text(event, "severity") == "temporary"
    status = thing(event, "delivery-status")
    detail = " ".join(p for p in (line(status, "code"), line(status, "message") or line(status, "description")) if p)
    ids = [text(event, "user-variables", NAME, most=100), text(event, "message", "headers", "message-id", most=400)]
    return report(
        "deferred" if passing else EVENTS.get(word, ""), word, line(event, "recipient"), ids,
        moment(event, "timestamp", default=reading.received_at),
        hard=word == "failed" and text(event, "reason", most=40) not in NOT_HARD, detail=detail,
    )  # fmt: skip
