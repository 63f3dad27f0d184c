"""X as far as we use it: direct messages, public answers, who we are; and the Activity API's webhooks."""

from __future__ import annotations

import json
import time
from itertools import count
from typing import Any

from channels_inbound.hooks.signatures import hmac_base64
from tests.providers.server import Reply, Request, Simulator
from tests.providers.webhooks import Webhook

TOKEN = "x-token-for-tests"
SECRET = "x-consumer-secret-for-tests-0000000001"
CLIENT, REFRESH = "x-client-of-tests", "x-refresh-token-for-tests"
US, JAMIE = "1450000000000000001", "1450000000000000002"
EXPIRED = Reply(401, {"title": "Unauthorized", "detail": "Unauthorized", "type": "about:blank", "status": 401})
BROKEN = Reply(503, {"title": "Service Unavailable", "detail": "Over capacity", "status": 503})
FORBIDDEN = Reply(403, {"title": "Forbidden", "detail": "You cannot send messages to this user.", "status": 403})


def limited(wait: int = 60) -> Reply:
    """Too many; `wait` seconds until there may be more."""
    headers = {"x-rate-limit-reset": str(int(time.time()) + wait)}
    return Reply(429, {"title": "Too Many Requests", "detail": "Too Many Requests", "status": 429}, headers)


class XServer(Simulator):
    def __init__(self) -> None:
        super().__init__()
        self.numbers = count(2090000000000000500)
        self.token, self.refresh = TOKEN, REFRESH

    def answer(self, request: Request) -> Reply:
        if request.path == "/2/oauth2/token":
            return self._renewed(request)
        if request.headers.get("authorization") != f"Bearer {self.token}":
            return EXPIRED
        if request.method == "GET" and request.path == "/2/users/me":
            return Reply(200, {"data": {"id": US, "name": "Lumen & Loom", "username": "lumenandloom"}})
        parts = request.path.strip("/").split("/")
        id = str(next(self.numbers))
        if parts[:3] == ["2", "dm_conversations", "with"] and parts[4:] == ["messages"]:
            self.accepted.append({"id": id, "to": parts[3], "text": request.json["text"]})
            return Reply(201, {"data": {"dm_conversation_id": f"{US}-{parts[3]}", "dm_event_id": id}})
        if request.path == "/2/tweets":
            under = request.json["reply"]["in_reply_to_tweet_id"]
            self.accepted.append({"id": id, "under": under, "text": request.json["text"]})
            return Reply(201, {"data": {"id": id, "text": request.json["text"]}})
        return Reply(404, {"title": "Not Found", "detail": "Not Found", "status": 404})

    def _renewed(self, request: Request) -> Reply:
        """A refresh token is good for one time."""
        if request.form.get("grant_type") != "refresh_token" or request.form.get("refresh_token") != self.refresh:
            return Reply(
                400, {"error": "invalid_request", "error_description": "Value passed for the token was invalid."}
            )
        number = next(self.numbers)
        self.token, self.refresh = f"x-token-{number}", f"x-refresh-{number}"
        return Reply(200, {"token_type": "bearer", "expires_in": 7200, "access_token": self.token,
                           "refresh_token": self.refresh, "scope": "dm.read dm.write offline.access"})  # fmt: skip


def direct(
    id: str, text: str, *, sender: str = JAMIE, to: str = US, name: str = "Jamie Reyes", secret: str = SECRET,
    at: float | None = None, **more: Any,
) -> Webhook:  # fmt: skip
    """A direct message as the account hears of it: the customer's, or one of its own."""
    kind, filtered = ("dm.received", to) if sender != US else ("dm.sent", sender)
    said = {
        "type": "message_create", "id": id, "created_timestamp": str(int((at or time.time()) * 1000)),
        "message_create": {"target": {"recipient_id": to}, "sender_id": sender, "message_data": {"text": text}},
    }  # fmt: skip
    user = {"id": sender, "name": name, "username": name.lower().replace(" ", "_")}
    payload = {"direct_message_events": [said], "users": {sender: {"data": user}}}
    data = {"event_uuid": f"-{id}", "filter": {"user_id": filtered}, "event_type": kind, "payload": payload}
    return signed({"data": data, **more}, secret)


def mention(id: str, text: str, *, author: str = JAMIE, name: str = "Jamie Reyes", secret: str = SECRET) -> Webhook:
    """A public post that names the account."""
    post = {"id": id, "text": text, "author_id": author, "conversation_id": id,
            "created_at": time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime())}  # fmt: skip
    user = {"id": author, "name": name, "username": name.lower().replace(" ", "_")}
    data = {"event_uuid": id, "filter": {"user_id": US}, "event_type": "post.mention.create", "payload": post,
            "includes": {"users": [user]}}  # fmt: skip
    return signed({"data": data}, secret)


def signed(content: dict[str, Any], secret: str = SECRET) -> Webhook:
    body = json.dumps(content).encode()
    return Webhook(body, {"x-twitter-webhooks-signature": f"sha256={hmac_base64(secret, body)}"})
