"""What Twilio lists of a number: messages and calls, as the webhooks they would have been.

Lists are in the order of time, the newest first, and can be cut by the day only.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlencode, urlsplit

from channels_inbound.hooks.endpoints import endpoint
from channels_inbound.hooks.provider import Account, Listed, Seen
from channels_inbound.hooks.reading import ident, key_of, line, number, text, things
from channels_inbound.twilio.door import AT_FIELD, SENT_FIELD, basic, listed
from channels_inbound.twilio.opting import STARTS, STOPS
from people.http_client import HttpClient

A_PAGE = 200
MOST_PAGES = 25
TOO_MUCH = f"more than {A_PAGE * MOST_PAGES} of a kind are listed; only the newest were looked at"
# What Twilio answers and keeps to by itself.
OPT_WORDS = STOPS | STARTS | {"HELP", "INFO"}
TOLD = frozenset({"delivered", "read", "undelivered", "failed"})
ENDED = frozenset({"completed", "busy", "failed", "no-answer", "canceled"})
UTC_WORDS = "%Y-%m-%d"


def list_messages(account: Account, address: str, since: datetime, http: HttpClient) -> Seen:
    """Messages to this address, and how far those from it came. SendError."""
    day = since.strftime(UTC_WORDS)
    incoming, some_left = _listed(account, "Messages", "messages", {"To": address, "DateSent>": day}, http)
    outgoing, more_left = _listed(account, "Messages", "messages", {"From": address, "DateSent>": day}, http)
    found = [one for row in incoming if (one := _message(row, account.channel_id, since)) is not None]
    found += [one for row in outgoing for one in (_sent(row, since), _receipt(row, since)) if one is not None]
    return Seen(found, trouble=TOO_MUCH if some_left or more_left else "")


def list_calls(account: Account, number_: str, since: datetime, http: HttpClient) -> Seen:
    """Calls to and from this number that are over. SendError."""
    rows: dict[str, dict[str, Any]] = {}
    left = False
    for name in ("To", "From"):
        asked = {name: number_, "StartTime>": since.strftime(UTC_WORDS)}
        some, cut = _listed(account, "Calls", "calls", asked, http)
        rows, left = rows | {ident(row, "sid"): row for row in some}, left or cut
    legs = {ident(row, "parent_call_sid"): row for row in rows.values() if ident(row, "parent_call_sid")}
    found = [_call(row, since) for sid, row in rows.items() if sid and not ident(row, "parent_call_sid")]
    items = [_with_leg(one, legs.get(one.external_id)) for one in found if one is not None]
    recordings, cut = _recordings(account, {one.external_id for one in items}, since, http)
    return Seen([*items, *recordings], trouble=TOO_MUCH if left or cut else "")


def _recordings(account: Account, calls: set[str], since: datetime, http: HttpClient) -> tuple[list[Listed], bool]:
    """Recordings of these calls; the list is the whole account's."""
    if not calls:
        return [], False
    asked = {"DateCreated>": since.strftime(UTC_WORDS)}
    rows, cut = _listed(account, "Recordings", "recordings", asked, http)
    base = f"{endpoint('twilio')}/2010-04-01/Accounts/{account.settings['account_sid']}/Recordings"
    found = []
    for row in rows:
        sid, call, at = ident(row, "sid"), ident(row, "call_sid"), _at(row, "date_created")
        if not sid or call not in calls or at is None or text(row, "status", most=30) != "completed":
            continue
        fields = {
            "CallSid": call, "RecordingSid": sid, "RecordingStatus": "completed", "RecordingUrl": f"{base}/{sid}",
            "RecordingSource": text(row, "source", most=30) or "DialVerb",
        }  # fmt: skip
        found.append(Listed("recording", call, f"{sid}:recording", at, fields, file=sid))
    return found, cut


def _listed(
    account: Account, resource: str, name: str, asked: Mapping[str, str], http: HttpClient
) -> tuple[list[dict[str, Any]], bool]:
    """The newest rows, and whether there are more than are looked at."""
    base = f"{endpoint('twilio')}/2010-04-01/Accounts/{account.settings['account_sid']}/{resource}.json"
    query = urlencode({**asked, "PageSize": A_PAGE})
    rows: list[dict[str, Any]] = []
    for _page in range(MOST_PAGES):
        body = listed(http.get(f"{base}?{query}", headers=basic(account)))
        rows += things(body, name)
        # Never the address the answer names: it would carry our token wherever it leads.
        query = urlsplit(text(body, "next_page_uri", most=4000)).query
        if not query:
            return rows, False
    return rows, True


def _message(row: dict[str, Any], channel_id: int, since: datetime) -> Listed | None:
    """Not the words by which somebody opts out or in again: Twilio answers and keeps them itself, a webhook tells them
    as such, and a sending that they forbid says so."""
    sid, at = ident(row, "sid"), _at(row, "date_sent", "date_created")
    if not sid or at is None or at < since or text(row, "direction", most=30) != "inbound":
        return None
    if text(row, "body", most=40).strip().upper() in OPT_WORDS:
        return None
    fields = {
        "MessageSid": sid, "SmsSid": sid, "AccountSid": ident(row, "account_sid"), "From": text(row, "from", most=200),
        "To": text(row, "to", most=200), "Body": text(row, "body", most=20_000),
        "NumMedia": str(min(number(row, "num_media") or 0, 10)), AT_FIELD: str(int(at.timestamp())),
    }  # fmt: skip
    return Listed("message", sid, sid, at, fields, key_of("twilio", channel_id, sid))


def _sent(row: dict[str, Any], since: datetime) -> Listed | None:
    """A message of ours as it was taken, to be matched with a sending whose answer never came."""
    sid, at = ident(row, "sid"), _at(row, "date_created", "date_sent")
    if not sid or at is None or at < since or text(row, "direction", most=30) == "inbound":
        return None
    fields = {
        "MessageSid": sid, SENT_FIELD: "1", "From": text(row, "from", most=200), "To": text(row, "to", most=200),
        "Body": text(row, "body", most=20_000), AT_FIELD: str(int(at.timestamp())),
    }  # fmt: skip
    return Listed("sent", sid, f"{sid}:sent", at, fields, to=fields["To"].removeprefix("whatsapp:"))


def _receipt(row: dict[str, Any], since: datetime) -> Listed | None:
    sid, status = ident(row, "sid"), text(row, "status", most=30)
    at = _at(row, "date_updated", "date_sent")
    if not sid or at is None or at < since or status not in TOLD or text(row, "direction", most=30) == "inbound":
        return None
    fields = {
        "MessageSid": sid, "MessageStatus": status,
        "From": text(row, "from", most=200), "To": text(row, "to", most=200),
        "ErrorCode": str(number(row, "error_code") or ""), "ErrorMessage": line(row, "error_message", most=300),
    }  # fmt: skip
    return Listed("receipt", sid, f"{sid}:{status}", at, fields)


def _call(row: dict[str, Any], since: datetime) -> Listed | None:
    sid, status = ident(row, "sid"), text(row, "status", most=30)
    ended = _at(row, "end_time", "start_time", "date_created")
    if not sid or ended is None or ended < since or status not in ENDED:
        return None
    fields = {
        "CallSid": sid, "AccountSid": ident(row, "account_sid"), "CallStatus": status,
        "Direction": text(row, "direction", most=30),
        "From": text(row, "from", most=200), "To": text(row, "to", most=200),
        "CallDuration": str(number(row, "duration") or 0), "CallerName": line(row, "caller_name"),
        "Timestamp": ended.strftime("%a, %d %b %Y %H:%M:%S +0000"),
    }  # fmt: skip
    return Listed("call", sid, f"{sid}:{status}", ended, fields)


def _with_leg(call: Listed, leg: dict[str, Any] | None) -> Listed:
    """Whether somebody took it stands with the call that was made for it to somebody's telephone."""
    if leg is None:
        return call
    more = {"DialCallStatus": text(leg, "status", most=30), "DialCallDuration": str(number(leg, "duration") or 0)}
    return Listed(call.kind, call.external_id, call.key, call.at, {**call.fields, **more})


def media_of(sid: str, count: int, account: Account, http: HttpClient) -> dict[str, str]:
    """Where the files of a message lie. SendError."""
    base = f"{endpoint('twilio')}/2010-04-01/Accounts/{account.settings['account_sid']}/Messages/{sid}/Media"
    found = listed(http.get(f"{base}.json?PageSize=10", headers=basic(account)))
    ids = [id for one in things(found, "media_list") if (id := ident(one, "sid"))][:count]
    return {f"MediaUrl{n}": f"{base}/{id}" for n, id in enumerate(ids)} | {"NumMedia": str(len(ids))}


def _at(row: dict[str, Any], *names: str) -> datetime | None:
    for name in names:
        try:
            found = parsedate_to_datetime(text(row, name, most=60))
        except (ValueError, TypeError):
            continue
        if found.tzinfo is not None and 2001 < found.year < 2100:
            return found.astimezone(UTC)
    return None
