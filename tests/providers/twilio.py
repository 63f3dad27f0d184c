"""Twilio as far as we use it: messages out, recordings, who we are; and its webhooks for messages and calls."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import datetime
from email.utils import format_datetime, formatdate, parsedate_to_datetime
from itertools import count
from typing import Any
from urllib.parse import urlencode

from channels_inbound.hooks.signatures import hmac_base64
from channels_inbound.twilio.door import signed as signed_text
from tests.providers.server import Reply, Request, Simulator
from tests.providers.webhooks import Webhook, basic

SID = "AC00000000000000000000000000000001"
TOKEN = "twilio-auth-token-for-tests-00000001"
EXPIRED = Reply(401, {"code": 20003, "message": "Authenticate", "status": 401})
LIMITED = Reply(429, {"code": 20429, "message": "Too Many Requests", "status": 429}, {"Retry-After": "4"})
BROKEN = Reply(500, {"code": 20500, "message": "Internal Server Error", "status": 500})
STOPPED = Reply(400, {"code": 21610, "message": "Attempt to send to unsubscribed recipient", "status": 400})
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360606060000000050001a5f645400000000049454e44ae426082"
)
MP3 = b"ID3\x04\x00\x00\x00\x00\x00\x00" + b"\xff\xfb\x90\x00" + bytes(413)


class TwilioServer(Simulator):
    def __init__(self) -> None:
        super().__init__()
        self.numbers = count(1)
        self.contents: list[dict[str, Any]] = []
        # What its lists hold, the newest first; a page has two.
        self.messages: list[dict[str, Any]] = []
        self.calls: list[dict[str, Any]] = []
        self.recordings: list[dict[str, Any]] = []
        self.media: dict[str, list[str]] = {}

    def answer(self, request: Request) -> Reply:
        if request.headers.get("authorization") != basic(f"{SID}:{TOKEN}")["Authorization"]:
            return EXPIRED
        if request.path == "/v1/ContentAndApprovals":
            return self._contents(request)
        place = request.path.removeprefix(f"/2010-04-01/Accounts/{SID}")
        if place == ".json":
            return Reply(200, {"sid": SID, "friendly_name": "Lumen & Loom", "status": "active"})
        if place.startswith("/Recordings/"):
            return Reply(200, MP3, {"Content-Type": "audio/mpeg"})
        if request.method == "GET" and place in ("/Messages.json", "/Calls.json", "/Recordings.json"):
            return self._listed(request, place[1:-5].lower())
        if request.method == "GET" and place.endswith("/Media.json"):
            return Reply(200, {"media_list": [{"sid": id} for id in self.media.get(place.split("/")[2], [])]})
        if "/Media/" in place:
            return Reply(200, PNG, {"Content-Type": "image/png"})
        if place != "/Messages.json":
            return Reply(404, {"code": 20404, "message": "The requested resource was not found", "status": 404})
        fields = request.form
        id = f"SM{next(self.numbers):032}"
        self.accepted.append({
            "id": id, "text": fields.get("Body", ""), "to": fields["To"], "from": fields["From"],
            "callback": fields.get("StatusCallback", ""), "template": fields.get("ContentSid", ""),
            "variables": fields.get("ContentVariables", ""), "media": fields.get("MediaUrl", ""),
        })  # fmt: skip
        return Reply(201, {"sid": id, "status": "queued", "error_code": None, "num_segments": "1"})

    def _listed(self, request: Request, name: str) -> Reply:
        """As its lists are: by number, by day, two a page, with a next address that must not be followed as it is."""
        asked = {key: values[0] for key, values in request.query.items()}
        days = [asked[name] for name in ("DateSent>", "StartTime>", "DateCreated>") if name in asked]
        since = datetime.strptime(next(iter(days), "2000-01-01"), "%Y-%m-%d")
        at = {"messages": "date_sent", "calls": "start_time", "recordings": "date_created"}[name]
        rows = [
            row for row in getattr(self, name)
            if all(row[key.lower()] == asked[key] for key in ("To", "From") if key in asked)
            and parsedate_to_datetime(row[at]).replace(tzinfo=None) >= since
        ]  # fmt: skip
        page = int(asked.get("Page", 0))
        more = len(rows) > page * 2 + 2
        following = f"/elsewhere.json?{urlencode({**asked, 'Page': page + 1})}" if more else None
        return Reply(200, {name: rows[page * 2 : page * 2 + 2], "next_page_uri": following})

    def _contents(self, request: Request) -> Reply:
        """Two a page, as far as the address goes on."""
        page = int(request.query.get("Page", ["0"])[0])
        here, more = self.contents[page * 2 : page * 2 + 2], len(self.contents) > page * 2 + 2
        following = f"https://elsewhere.example/v1/ContentAndApprovals?PageSize=2&Page={page + 1}" if more else None
        return Reply(200, {"contents": here, "meta": {"next_page_url": following}})


def listed_message(sid: str, text: str, *, sender: str, to: str, at: datetime, **more: Any) -> dict[str, Any]:
    """A message as the list has it; one of somebody's unless `direction` says otherwise."""
    return {"sid": sid, "account_sid": SID, "body": text, "from": sender, "to": to, "direction": "inbound",
            "status": "received", "num_media": "0", "date_sent": format_datetime(at), "date_updated": format_datetime(at),
            "error_code": None, "error_message": None, **more}  # fmt: skip


def listed_call(sid: str, status: str, *, caller: str, to: str, at: datetime, **more: Any) -> dict[str, Any]:
    """A call as the list has it, over at `at`."""
    return {"sid": sid, "account_sid": SID, "parent_call_sid": None, "from": caller, "to": to, "direction": "inbound",
            "status": status, "duration": "0", "start_time": format_datetime(at), "end_time": format_datetime(at),
            "caller_name": None, **more}  # fmt: skip


def listed_recording(sid: str, call: str, *, at: datetime, **more: Any) -> dict[str, Any]:
    """A recording as the account's list has it."""
    return {"sid": sid, "account_sid": SID, "call_sid": call, "status": "completed", "source": "RecordVerb",
            "duration": "12", "date_created": format_datetime(at), **more}  # fmt: skip


def content(
    sid: str,
    name: str,
    body: str,
    *,
    state: str = "approved",
    language: str = "en",
    kind: str = "twilio/text",
    **more: Any,
) -> dict[str, Any]:
    """A template of the Content API, with what WhatsApp said of it."""
    asked = {"status": state, "category": "UTILITY", "name": name, "rejection_reason": ""}
    return {"sid": f"HX{sid:0>32}", "friendly_name": name, "language": language, "variables": {},
            "types": {kind: {"body": body, **more}}, "approval_requests": asked}  # fmt: skip


def form(url: str, fields: Mapping[str, str], *, token: str = TOKEN) -> Webhook:
    """Any form of Twilio's, signed for the whole address `url` it is posted to."""
    body = urlencode(fields).encode()
    content = signed_text(url, list(fields.items()))
    headers = {"X-Twilio-Signature": hmac_base64(token, content, "sha1")}
    return Webhook(body, headers, "application/x-www-form-urlencoded", url.partition("?")[2])


def message(
    url: str, id: str, text: str, *, sender: str, to: str, name: str = "", token: str = TOKEN, **more: str
) -> Webhook:
    """Somebody writes an SMS, or by WhatsApp where the addresses say so."""
    fields = {"AccountSid": SID, "MessageSid": id, "SmsSid": id, "From": sender, "To": to, "Body": text,
              "NumMedia": "0", **({"ProfileName": name} if name else {}), **more}  # fmt: skip
    return form(url, fields, token=token)


def status(url: str, id: str, word: str, *, sender: str, to: str, token: str = TOKEN, **more: str) -> Webhook:
    """How far a message of ours came; `url` is the StatusCallback it was sent with."""
    fields = {"AccountSid": SID, "MessageSid": id, "MessageStatus": word, "From": sender, "To": to, **more}
    return form(url, fields, token=token)


def call(
    url: str, id: str, word: str, *, caller: str, to: str, seconds: int = 0, token: str = TOKEN, **more: str
) -> Webhook:
    """The state of a call: it rings (the question what to do), or one of the later states."""
    fields = {"AccountSid": SID, "CallSid": id, "From": caller, "To": to, "Caller": caller, "Called": to,
              "CallStatus": word, "Direction": "inbound", **more}  # fmt: skip
    if word != "ringing":
        fields |= {"CallDuration": str(seconds), "CallbackSource": "call-progress-events",
                   "Timestamp": formatdate(time.time())}  # fmt: skip
    return form(url, fields, token=token)


def recording(
    url: str, call_id: str, id: str, place: str, *, source: str = "RecordVerb", token: str = TOKEN
) -> Webhook:
    """A recording lies ready at `place` of the simulator."""
    fields = {"AccountSid": SID, "CallSid": call_id, "RecordingSid": id, "RecordingStatus": "completed",
              "RecordingUrl": f"{place}/2010-04-01/Accounts/{SID}/Recordings/{id}", "RecordingSource": source,
              "RecordingDuration": "12"}  # fmt: skip
    return form(url, fields, token=token)
