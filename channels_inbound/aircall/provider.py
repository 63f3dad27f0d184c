"""Aircall as a provider: what it tells of calls. Its webhooks carry a token instead of a signature."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from channels_inbound.hooks.facts import CallHeard, CallNoted, Fact, Ignored, RecordingHeard, RemoteFile
from channels_inbound.hooks.provider import Account, BadSignature, Field, Hook, Malformed, Provider, Reading
from channels_inbound.hooks.reading import ident, line, load_object, moment, text, thing, things
from channels_inbound.hooks.signatures import require_any
from channels_inbound.phone.numbers import e164, region_of
from people.http_client import HttpClient
from tickets.kinds import Traits

# Only the end is the record; the others say that it rings, or that files are ready.
RINGS = {"call.created", "call.ringing_on_agent"}
ENDS = {"call.ended"}
NOTED = {"call.tagged", "call.untagged", "call.commented", "call.ended"}
FILES = {"call.voicemail_left", "call.comm_assets_generated", "call.ended"}
_ABANDONED = {"short_abandoned", "abandoned_in_ivr", "abandoned_in_classic"}


class Aircall(Provider):
    traits = Traits("phone", _("Phone"), icon="phone", writes=False, files=0)
    title = "Aircall"
    account_field = "number"
    file_hosts = ("*.aircall.io", "*.amazonaws.com")  # recordings lie in buckets, behind short-lived addresses
    fields = (
        Field("number", _("Number"), help=_("With country code, for example +380440000100.")),
        Field("webhook_token", _("Webhook token"), secret=True, many=True, help=_("Shown with the webhook.")),
    )  # fmt: skip
    guide = _("Create a webhook at Aircall with the address below, for all events of calls, and enter its token here.")

    def account_of(self, settings: Mapping[str, Any], secrets: Mapping[str, str]) -> str:
        return e164(str(settings.get("number", "")))

    def verify(self, hook: Hook, account: Account) -> None:
        try:
            shown = text(json.loads(hook.body), "token", most=300)
        except (ValueError, RecursionError):
            raise BadSignature from None
        require_any(shown, account.secret_list("webhook_token"))

    def body_of(self, hook: Hook) -> bytes:
        """The token opens the door: it is not kept with what came through it."""
        content = load_object(hook.body)
        content.pop("token", None)
        return json.dumps(content, ensure_ascii=False).encode("utf-8", "replace")

    def parse(self, body: bytes, reading: Reading) -> list[Fact]:
        return parse_call(load_object(body), reading)

    def check(self, account: Account, http: HttpClient) -> str:
        return account.account


def parse_call(content: dict[str, Any], reading: Reading) -> list[Fact]:
    """The facts of one event. Several come of a call, in any order and more than once; its id tells. Malformed."""
    event, data = text(content, "event", most=60), thing(content, "data")
    if not event.startswith("call."):
        return [Ignored(f"an event of another kind: {line(event, most=60) or 'none'}")]
    id, number_ = ident(data, "id"), e164(text(data, "number", "digits", most=40))
    if not id:
        raise Malformed("a call without its id")
    if number_ and number_ != reading.account:
        return [Ignored("a call of another number")]
    external_id = f"aircall:{id}"
    facts: list[Fact] = []
    if event in RINGS or event in ENDS:
        facts.append(_call(external_id, data, reading, final=event in ENDS))
    if event in FILES:
        facts += _recordings(external_id, data, reading)
    if event in NOTED and (note := _note(data)):
        facts.append(CallNoted(external_id, note, reading.received_at))
    return facts or [Ignored(f"a state in between ({line(event, most=60)})")]


def _call(external_id: str, data: dict[str, Any], reading: Reading, *, final: bool) -> CallHeard:
    outbound = text(data, "direction", most=20) == "outbound"
    started = moment(data, "started_at", default=reading.received_at)
    answered, ended = _when(data, "answered_at", reading), _when(data, "ended_at", reading)
    outcome = "ringing"
    if final and answered:
        outcome = "answered"
    elif final:
        reason = text(data, "missed_call_reason", most=60)
        outcome = "voicemail" if text(data, "voicemail") else "abandoned" if reason in _ABANDONED else "missed"
    waited = (answered or ended or started) - started
    talked = ended - answered if answered and ended else None
    return CallHeard(
        external_id=external_id, direction="out" if outbound else "in", outcome=outcome,
        number=e164(text(data, "raw_digits", most=40), region=region_of(reading.account)),
        line=line(data, "number", "digits", most=40),
        started_at=started, wait_seconds=_seconds(waited.total_seconds()) if final else None,
        talk_seconds=_seconds(talked.total_seconds()) if final and talked is not None else None,
        agent_name=line(data, "user", "name", most=200),
        name=" ".join(p for p in (line(data, "contact", "first_name"), line(data, "contact", "last_name")) if p),
        final=final,
    )  # fmt: skip


def _note(data: dict[str, Any]) -> str:
    """Comments as they were written, below them the tags."""
    comments = [text(one, "content", most=2000).strip() for one in things(data, "comments")]
    tags = [f"#{name}" for one in things(data, "tags") if (name := line(one, "name", most=100))]
    return "\n".join(part for part in (*comments, " ".join(tags)) if part)


def _when(data: dict[str, Any], name: str, reading: Reading) -> datetime | None:
    return moment(data, name, default=reading.received_at) if data.get(name) else None


def _seconds(value: float) -> int:
    return int(min(max(value, 0), 86_400))


def _recordings(external_id: str, data: dict[str, Any], reading: Reading) -> list[Fact]:
    """Their addresses are good for a short while, so they are fetched at once."""
    found: list[Fact] = []
    for name in ("voicemail", "recording"):
        url = text(data, name, most=4000)
        if url.startswith("https://") and not any(c.isspace() for c in url):
            file = RemoteFile({"url": url}, f"{name}.mp3")
            at = moment(data, "ended_at", default=reading.received_at)
            found.append(RecordingHeard(external_id, f"{external_id}:{name}", file, name == "voicemail", at))
    return found
