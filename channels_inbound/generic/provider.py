"""The generic channel: a documented signed HTTP contract, in and out (docs/http-channel.md)."""

from __future__ import annotations

import base64
import json
import time
from typing import Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from channels_inbound.hooks.facts import Echo, Edited, Fact, Heard, Ignored, Reacted, Receipt, RemoteFile, Unsent
from channels_inbound.hooks.places import ANY
from channels_inbound.hooks.provider import (
    Account,
    BadSignature,
    Field,
    Hook,
    Malformed,
    Part,
    Provider,
    Reading,
    SendError,
    retry_after,
)
from channels_inbound.hooks.reading import each, ident, key_of, line, load_object, moment, text, thing, things
from channels_inbound.hooks.signatures import hmac_hex, own_signature, require_any
from channels_inbound.hooks.words import language_of, subject_of, worded
from channels_inbound.phone.numbers import e164
from people.http_client import HttpClient
from tickets.claims import claims_of
from tickets.inbound import Address, InboundMessage
from tickets.kinds import Traits

TOLERANCE = 300
CHAT = gettext_noop("Message")


class Generic(Provider):
    traits = Traits("http", _("HTTP channel"), icon="webhook", max_text=20_000, receipts=True, edits=True,
                    max_file=10 * 1024 * 1024, reached_by=("page_user:http:{address}:",))  # fmt: skip
    account_field = "system"
    file_hosts = (ANY,)  # a system of the shop's own, which signs where its files are; no secret goes there
    fields = (
        Field("system", _("Name of the system"), help=_("One word, for example marketplace.")),
        Field("secret", _("Shared secret"), secret=True, many=True, help=_("At least 32 characters; signs both ways.")),
        Field("url", _("Address for replies"), needed=False, help=_("Replies are posted there, signed the same way.")),
    )  # fmt: skip
    guide = _("The contract and an example client of thirty lines are in docs/http-channel.md.")

    def verify(self, hook: Hook, account: Account) -> None:
        parts = dict(p.partition("=")[::2] for p in hook.header("x-helpdesk-signature").split(",") if "=" in p)
        stamp = parts.get("t", "")
        if not stamp.isascii() or not stamp.isdigit() or len(stamp) > 12 or abs(time.time() - int(stamp)) > TOLERANCE:
            raise BadSignature
        secrets = [secret for secret in account.secret_list("secret") if len(secret) >= 32]
        require_any(parts.get("v1", ""), [hmac_hex(secret, f"{stamp}.".encode() + hook.body) for secret in secrets])

    def parse(self, body: bytes, reading: Reading) -> list[Fact]:
        content = load_object(body)
        if "items" not in content:
            return [_fact(content, reading)]
        facts = list(each(things(content, "items"), lambda item: [_fact(item, reading)]))
        return facts or [Ignored("there are no items")]

    def send(self, part: Part, account: Account, http: HttpClient) -> str:
        url = str(account.settings.get("url", ""))
        if not url:
            raise SendError("permanent", "no address for replies is set")
        fields: dict[str, Any] = {
            "id": part.tag, "type": "message", "thread": part.thread_id.partition(":")[2],
            "to": part.to.rpartition(":")[2],
            "text": part.text, "reply_to": part.reply_to.rpartition(":")[2],
        }  # fmt: skip
        if part.file is not None:
            content = base64.b64encode(part.file.load()).decode()
            fields["file"] = {
                "filename": part.file.filename,
                "content_type": part.file.content_type,
                "content": content,
            }
        body = json.dumps(fields, ensure_ascii=False).encode()
        headers = {"Content-Type": "application/json", "Idempotency-Key": part.tag, **signature(account, body)}
        answer = http.request("POST", url, body=body, headers=headers)
        if answer.ok:
            id = ident(answer.json(), "id") or part.tag
            return f"{account.channel_id}:{id}"
        said = line(answer.json(), "error", most=300) or f"the system answered {answer.status}"
        if answer.status in (401, 403):
            raise SendError("auth", said)
        if answer.status in (404, 410):
            raise SendError("recipient", said)
        if answer.status == 429 or answer.status >= 500:
            raise SendError("transient", said, wait=retry_after(answer))
        raise SendError("permanent", said)

    def check(self, account: Account, http: HttpClient) -> str:
        if not account.settings.get("url"):
            return account.account
        body = b'{"type":"ping"}'
        headers = {"Content-Type": "application/json", **signature(account, body)}
        answer = http.request("POST", str(account.settings["url"]), body=body, headers=headers)
        if not answer.ok:
            raise SendError(
                "auth" if answer.status in (401, 403) else "permanent", f"the system answered {answer.status}"
            )
        return account.account


def signature(account: Account, body: bytes, *, at: float | None = None) -> dict[str, str]:
    """The header that proves a request of ours."""
    secrets = account.secret_list("secret")
    if not secrets:
        raise SendError("auth", "no secret is set")
    return own_signature(secrets[0], body, at=time.time() if at is None else at)


def _fact(item: dict[str, Any], reading: Reading) -> Fact:
    kind, at = text(item, "type", most=30) or "message", moment(item, "at", default=reading.received_at)
    if kind in ("ping", "test"):
        return Ignored("a ping")
    id = ident(item, "id")
    if not id:
        raise Malformed("an item without its id")
    external_id = f"{reading.channel_id}:{id}"
    if kind == "message":
        return _heard(item, external_id, reading)
    if kind == "edited":
        return Edited(external_id, text(item, "text"), at)
    if kind == "deleted":
        return Unsent(external_id, at)
    if kind == "reaction":
        return Reacted(external_id, text(item, "emoji", most=32), ident(item, "by") or "customer", at)
    if kind in ("delivered", "read", "failed"):
        return Receipt(kind, at, external_id, tag=id, error=line(item, "error", most=300))
    if kind == "reply":
        return Echo(external_id, f"http:{ident(item, 'thread')}", text(item, "text"), at, author=line(item, "author"))
    return Ignored(f"an item of another kind: {line(kind)}")


def _heard(item: dict[str, Any], external_id: str, reading: Reading) -> Heard:
    sender, thread = thing(item, "sender"), ident(item, "thread")
    who = ident(sender, "id")
    if not who:
        raise Malformed("a message without its sender's id")
    files = tuple(
        RemoteFile({"url": text(file, "url", most=2000)}, line(file, "filename"))
        for file in things(item, "files") if text(file, "url").startswith(("https://", "http://"))
    )[:20]  # fmt: skip
    words = text(item, "text").strip()
    if not words and not files:
        raise Malformed("a message without text and files")
    phone = e164(text(sender, "phone", most=40))
    message = InboundMessage(
        channel_id=reading.channel_id,
        dedupe_key=key_of("http", external_id),
        external_id=external_id,
        at=moment(item, "at", default=reading.received_at),
        received_at=reading.received_at,
        sender=Address(line(sender, "name") or who, f"http:{reading.account}:{who}"),
        subject=line(item, "subject", most=500) or subject_of(words, worded(reading.locale, CHAT)),
        text=words,
        identity_kind="page_user",
        verdict="pass",
        language=language_of(words, reading.locale),
        in_reply_to=f"{reading.channel_id}:{ident(item, 'reply_to')}" if ident(item, "reply_to") else "",
        thread_id=f"http:{thread or who}",
        timed_by_provider=True,
        handle=line(sender, "email", most=200) or phone,
        claims=claims_of(line(sender, "email", most=254), phone),
        files_to_come=len(files),
    )
    return Heard(message, files)
