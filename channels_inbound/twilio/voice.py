"""Calls by Twilio: rung, answered, missed, recorded."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from django.utils.translation import gettext_lazy as _

from channels_inbound.hooks.endpoints import endpoint
from channels_inbound.hooks.facts import CallHeard, Fact, Ignored, RecordingHeard, RemoteFile
from channels_inbound.hooks.provider import Account, Field, Hook, Malformed, Provider, Reading, Seen
from channels_inbound.hooks.reading import ident, line, number, text
from channels_inbound.phone.numbers import e164, region_of
from channels_inbound.twilio.door import FILES_AT, basic, fields_of, result, verify_twilio
from channels_inbound.twilio.lists import list_calls
from channels_inbound.twilio.spoken import LEAVE, NOBODY, say, say_ours
from people.http_client import HttpClient
from tickets.kinds import Traits

MISSED = {"busy": "busy", "failed": "failed", "no-answer": "missed", "canceled": "abandoned"}


class TwilioVoice(Provider):
    traits = Traits("phone", _("Phone"), icon="phone", writes=False, files=0)
    title = "Twilio Voice"
    looks = True
    account_field = "number"
    apis, file_hosts = FILES_AT
    fields = (
        Field("number", _("Number"), help=_("With country code, for example +380440000100.")),
        Field("account_sid", _("Account SID")),
        Field("auth_token", _("Auth token"), secret=True, many=True, help=_("It signs the webhooks.")),
        Field("forward_to", _("Ring this number"), needed=False, help=_("Without one, callers leave a message.")),
        Field("notice", _("Said before recording"), needed=False,
              help=_("Calls are recorded only if this is said. Before a voicemail a sentence of ours is said.")),
        Field("record", _("Record calls"), needed=False, flag=True),
    )  # fmt: skip
    guide = _("Enter the webhook address at the number's voice settings, for incoming calls and for status changes.")

    def verify(self, hook: Hook, account: Account) -> None:
        verify_twilio(hook, account)

    def parse(self, body: bytes, reading: Reading) -> list[Fact]:
        return parse_call(fields_of(body), reading)

    def answer(self, hook: Hook, account: Account) -> tuple[str, str]:
        fields = dict(hook.form)
        inbound, state = fields.get("Direction") == "inbound", fields.get("CallStatus")
        if inbound and state == "ringing" and "CallbackSource" not in fields:
            return "text/xml", twiml(account)
        if inbound and state == "in-progress" and fields.get("DialCallStatus") in MISSED:
            # Nobody took it, and the caller is still there.
            said = say_ours(NOBODY, account.locale)
            return "text/xml", f"<Response>{said}{_voicemail(account)}</Response>"
        return "text/xml", "<Response/>"

    def locate(self, ref: Mapping[str, Any], account: Account, http: HttpClient) -> tuple[str, dict[str, str]]:
        return f"{ref.get('url', '')}.mp3", basic(account)

    def look(self, account: Account, since: datetime, http: HttpClient) -> Seen:
        return list_calls(account, account.account, since, http)

    def check(self, account: Account, http: HttpClient) -> str:
        url = f"{endpoint('twilio')}/2010-04-01/Accounts/{account.settings['account_sid']}.json"
        return line(result(http.get(url, headers=basic(account))), "friendly_name")


def twiml(account: Account) -> str:
    """What happens to a caller: the notice, then somebody's telephone or the voicemail."""
    hook, to = quoteattr(account.hook_url), e164(str(account.settings.get("forward_to", "")))
    notice = str(account.settings.get("notice", "")).strip()
    said = say(notice, account.locale) if notice else ""
    if to:
        record = ' record="record-from-answer-dual"' if account.settings.get("record") and notice else ""
        dial = f'<Dial action={hook} timeout="30"{record} recordingStatusCallback={hook}>{escape(to)}</Dial>'
        return f"<Response>{said}{dial}</Response>"
    return f"<Response>{said or say_ours(LEAVE, account.locale)}{_voicemail(account)}</Response>"


def _voicemail(account: Account) -> str:
    """Never without a word before it that says so."""
    return f'<Record maxLength="180" playBeep="true" recordingStatusCallback={quoteattr(account.hook_url)}/>'


def parse_call(fields: Mapping[str, str], reading: Reading) -> list[Fact]:
    """The facts of one form. Malformed."""
    sid, status = ident(fields, "CallSid"), text(fields, "CallStatus", most=30)
    if not sid:
        raise Malformed("there is no CallSid")
    if ident(fields, "RecordingSid"):
        return [_recording(sid, fields, reading)]
    if ident(fields, "ParentCallSid"):
        return _leg(fields, reading)
    outbound = text(fields, "Direction", most=30).startswith("outbound")
    outcome = MISSED.get(status, "answered" if status == "completed" else "")
    # What became of the ringing is told while the caller may still be on the line.
    dial = text(fields, "DialCallStatus", most=30)
    if status in ("completed", "in-progress") and dial:
        outcome = MISSED.get(dial, "answered")
    if status in ("queued", "ringing", "initiated"):
        outcome = "ringing"
    if not outcome:
        return [Ignored(f"a state in between ({line(status, most=30) or 'none'})")]
    at = _at(fields, reading)
    talked = number(fields, "DialCallDuration")
    talked = number(fields, "CallDuration") if talked is None else talked
    final = outcome != "ringing"
    started = at - timedelta(seconds=min(talked or 0, 86_400)) if final else at
    if_rung = ""
    if outcome == "answered" and not dial and not outbound:
        # Our own answer took it: without a number to ring, nobody can have talked.
        if_rung = "answered" if reading.settings.get("forward_to") else "abandoned"
    other, line_ = ("To", "From") if outbound else ("From", "To")
    return [
        CallHeard(
            external_id=sid, direction="out" if outbound else "in", outcome=outcome,
            number=e164(text(fields, other, most=40), region=region_of(reading.account)),
            line=line(fields, line_, most=40), started_at=started,
            talk_seconds=talked if outcome == "answered" else None, name=line(fields, "CallerName"), final=final,
            waited_until=started if _knows_the_wait(fields, outcome) else None, if_rung=if_rung,
        )
    ]  # fmt: skip


def _leg(fields: Mapping[str, str], reading: Reading) -> list[Fact]:
    """A call made for another, to somebody's telephone: it is no call of its own. That somebody took it is news of the
    other; that nobody did is not, since others may still ring for it, and its own end says so."""
    parent, status = ident(fields, "ParentCallSid"), text(fields, "CallStatus", most=30)
    caller, talked = text(fields, "From", most=40), text(fields, "CallDuration", most=12)
    if status != "completed" or not number(fields, "CallDuration"):
        return [Ignored(f"a part of another call ({line(status, most=30) or 'none'})")]
    if e164(caller) == e164(reading.account):
        return [Ignored("a part of a call of ours")]
    whole = {name: value for name, value in fields.items() if name not in ("ParentCallSid", "CallDuration")}
    whole |= {"CallSid": parent, "CallStatus": "in-progress", "Direction": "inbound", "To": reading.account,
              "DialCallStatus": "completed", "DialCallDuration": talked}  # fmt: skip
    return parse_call(whole, reading)


def _knows_the_wait(fields: Mapping[str, str], outcome: str) -> bool:
    """Whether its end says when somebody picked up, or that nobody did. A call that was answered by the voicemail or a
    menu is "completed" all the same."""
    return outcome in MISSED.values() or (outcome == "answered" and number(fields, "DialCallDuration") is not None)


def _recording(sid: str, fields: Mapping[str, str], reading: Reading) -> Fact:
    url = text(fields, "RecordingUrl", most=500)
    if text(fields, "RecordingStatus", most=30) not in ("completed", "") or not url.startswith("http"):
        return Ignored(f"a recording that is not there ({line(fields, 'RecordingStatus', most=30)})")
    id = ident(fields, "RecordingSid")
    voicemail = text(fields, "RecordingSource", most=30) in ("RecordVerb", "")
    return RecordingHeard(sid, id, RemoteFile({"url": url}, f"{id}.mp3"), voicemail, reading.received_at)


def _at(fields: Mapping[str, str], reading: Reading) -> datetime:
    try:
        found = parsedate_to_datetime(text(fields, "Timestamp", most=60))
    except (ValueError, TypeError):
        return reading.received_at
    if found.tzinfo is None or not 2001 < found.year < 2100:
        return reading.received_at
    return min(found, reading.received_at)
