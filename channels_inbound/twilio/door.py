"""Twilio's signature, and what its refusals mean."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qsl, quote_plus

from channels_inbound.hooks.provider import Account, BadSignature, Hook, Malformed, SendError, retry_after
from channels_inbound.hooks.reading import line, number, storable, text
from channels_inbound.hooks.signatures import hmac_base64, require_any
from people.http_client import Answer, Unanswered

TRANSIENT = frozenset({20429, 63018, 30001, 30008})
AUTH = frozenset({20003, 30002, 63015, 21408})
RECIPIENT = frozenset({21211, 21614, 21612, 30003, 30005, 30006, 63003, 63024})
STOPPED = 21610
POLICY = frozenset({STOPPED, 63016})
# Our own name for the tag that comes back in the query of a status callback.
TAG_FIELD = "HelpdeskTag"
# For a message of ours that the list shows and of which we never heard that it was taken.
SENT_FIELD = "HelpdeskSent"
# And for when something was said that no webhook brought; a webhook says no time.
AT_FIELD = "HelpdeskAt"
# Its API, and where that sends on who asks it for a file.
FILES_AT = ("twilio",), ("*.twiliocdn.com", "s3.amazonaws.com", "s3-external-1.amazonaws.com")


def signed(url: str, fields: Sequence[tuple[str, str]]) -> bytes:
    """What Twilio signs: the address, and every field by name, each value of it once."""
    pairs = sorted(set(fields))
    return (url + "".join(name + value for name, value in pairs)).encode()


def verify_twilio(hook: Hook, account: Account) -> None:
    """Raise BadSignature unless the account's token signed this request."""
    tokens = account.secret_list("auth_token")
    digest = "sha256" if "HMAC_SHA256" in hook.header("x-twilio-webhooks-signature-settings") else "sha1"
    content = signed(hook.url, hook.form)
    require_any(hook.header("x-twilio-signature"), [hmac_base64(token, content, digest) for token in tokens])
    fields = dict(hook.form)
    if fields.get("AccountSid") != account.settings.get("account_sid"):
        raise BadSignature


def body_with_tag(hook: Hook) -> bytes:
    """The form, and the tag of ours that stood in the address."""
    tag = hook.query.get("tag", "")[:100]
    return hook.body + (f"&{TAG_FIELD}={quote_plus(tag)}".encode() if tag else b"")


def fields_of(body: bytes) -> dict[str, str]:
    """The fields of a stored form. Malformed."""
    try:
        pairs = parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=1000)
    except ValueError:
        raise Malformed("the body is no form") from None
    return {storable(name)[:100]: storable(value)[:20_000] for name, value in pairs}


def basic(account: Account) -> dict[str, str]:
    """HTTP Basic of the account."""
    pair = f"{account.settings.get('account_sid', '')}:{(account.secret_list('auth_token') or [''])[0]}"
    return {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}


def result(answer: Answer) -> dict[str, Any]:
    """The body of a call that made something. SendError."""
    body = listed(answer)
    if not text(body, "sid"):
        raise Unanswered("Twilio took it without an id")
    return body


def listed(answer: Answer) -> dict[str, Any]:
    """The body of a call that went well. SendError."""
    body = answer.json()
    if answer.ok:
        return body
    code, said = number(body, "code"), line(body, "message", most=300) or f"Twilio answered {answer.status}"
    raise SendError(kind_of(code, answer.status), said, wait=retry_after(answer) if answer.status == 429 else None,
                    refuses="stopped" if code == STOPPED else "")  # fmt: skip


def kind_of(code: int | None, status: int = 0) -> str:
    """The class of an error code."""
    if code in POLICY:
        return "policy"
    if code in RECIPIENT:
        return "recipient"
    if code in AUTH or status in (401, 403):
        return "auth"
    return "transient" if code in TRANSIENT or status == 429 or status >= 500 else "permanent"
