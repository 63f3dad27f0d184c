"""A system that speaks our own signed contract (docs/http-channel.md): it checks what it gets and posts what it has."""

from __future__ import annotations

import hmac
import json
import time
from itertools import count
from typing import Any

from channels_inbound.hooks.signatures import hmac_hex
from tests.providers.server import Reply, Request, Simulator
from tests.providers.webhooks import Webhook

SECRET = "http-channel-secret-for-tests-000000001"
EXPIRED = Reply(401, {"error": "the secret was changed"})
LIMITED = Reply(429, {"error": "slower, please"}, {"Retry-After": "3"})
BROKEN = Reply(502, b"Bad Gateway")


class HttpSystem(Simulator):
    """Takes each Idempotency-Key once, as the contract asks; `secret` can be changed to break the connection."""

    def __init__(self) -> None:
        super().__init__()
        self.numbers = count(1)
        self.secret = SECRET
        self.known: dict[str, str] = {}

    def answer(self, request: Request) -> Reply:
        shown = dict(part.partition("=")[::2] for part in request.headers.get("x-helpdesk-signature", "").split(","))
        stamp = shown.get("t", "")
        wanted = hmac_hex(self.secret, f"{stamp}.".encode() + request.body)
        if not stamp.isdigit() or abs(time.time() - int(stamp)) > 300:
            return EXPIRED
        if not hmac.compare_digest(shown.get("v1", ""), wanted):
            return EXPIRED
        fields = request.json
        if fields["type"] == "ping":
            return Reply(200, {})
        key = request.headers["idempotency-key"]
        if key not in self.known:
            self.known[key] = f"out-{next(self.numbers)}"
            self.accepted.append({**fields, "tag": fields["id"], "id": self.known[key]})
        return Reply(200, {"id": self.known[key]})


def item(secret: str = SECRET, **fields: Any) -> Webhook:
    """One item, signed now."""
    body, stamp = json.dumps(fields).encode(), str(int(time.time()))
    return Webhook(body, {"X-Helpdesk-Signature": f"t={stamp},v1={hmac_hex(secret, stamp.encode() + b'.' + body)}"})
