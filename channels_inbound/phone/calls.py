"""A call becomes facts, and if somebody should know of it, a ticket: missed calls ask for a callback."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils.translation import gettext_noop

from channels_inbound.hooks.apply import FURTHER, apply_parked
from channels_inbound.hooks.facts import CallHeard, CallNoted, RecordingHeard
from channels_inbound.hooks.reading import key_of
from channels_inbound.hooks.to_fetch import fetch_later
from channels_inbound.hooks.words import worded
from channels_inbound.models import RemoteMedia
from channels_inbound.phone.numbers import readable
from channels_inbound.phone.ringing import tell_ringing
from tickets.actions.changes import message_edited
from tickets.inbound import Address, InboundMessage
from tickets.ingest import ingest
from tickets.models import AutoKind, Call, CallDirection, CallOutcome, Channel

MISSED = gettext_noop("Missed call from %(who)s")
ABANDONED = gettext_noop("%(who)s hung up while waiting")
VOICEMAIL = gettext_noop("%(who)s left a voice message")
TALKED = gettext_noop("Call from %(who)s, answered by %(agent)s")
TALKED_SOMEBODY = gettext_noop("Call from %(who)s, answered")
WAITED = gettext_noop("waited %(seconds)d s")
SPOKE = gettext_noop("talked %(seconds)d s")
HIDDEN = gettext_noop("a hidden number")
MAX_SECONDS = 86_400
CALLED = gettext_noop("Called %(who)s")
CALLED_IN_VAIN = gettext_noop("Called %(who)s, nobody answered")
_SENTENCES = {
    CallOutcome.ABANDONED.value: ABANDONED, CallOutcome.VOICEMAIL.value: VOICEMAIL, CallOutcome.MISSED.value: MISSED,
    CallOutcome.BUSY.value: MISSED, CallOutcome.FAILED.value: MISSED,
}  # fmt: skip
NOT_ANSWERED = {CallOutcome.MISSED, CallOutcome.ABANDONED, CallOutcome.BUSY, CallOutcome.FAILED, CallOutcome.VOICEMAIL}


def call_heard(channel_id: int, fact: CallHeard, *, at: datetime) -> str:
    """Keep what is told of a call; its end, heard first or last, makes what is to be made of it once."""
    values = _values(fact)
    call, created = Call.objects.get_or_create(
        channel_id=channel_id, external_id=fact.external_id[:128], defaults=values
    )
    if not created:
        call = Call.objects.select_for_update().get(pk=call.pk)
        before = call.outcome
        if not _learn(call, fact, values):
            return "duplicate"
        if call.message_id is not None and call.outcome != before:
            _correct(call, name=fact.name, at=at)
    elif not fact.final:
        tell_ringing(call, name=fact.name, at=at)
    if fact.final and call.message_id is None:
        conclude_call(call, name=fact.name, at=at)
        apply_parked(channel_id, [fact.external_id], at=at)
    return "applied"


def _values(fact: CallHeard) -> dict[str, Any]:
    return {
        "direction": fact.direction, "outcome": fact.outcome, "number": fact.number, "line": fact.line[:40],
        "started_at": fact.started_at, "wait_seconds": _at_most_a_day(fact.wait_seconds),
        "talk_seconds": _at_most_a_day(fact.talk_seconds),
        "agent_name": fact.agent_name[:200],
    }  # fmt: skip


def _at_most_a_day(seconds: int | None) -> int | None:
    """What an exchange with a wrong clock says would not even fit the column."""
    return None if seconds is None else min(max(seconds, 0), MAX_SECONDS)


def _learn(call: Call, fact: CallHeard, values: dict[str, Any]) -> bool:
    """Add what is new; a call that has ended does not ring again."""
    rang = call.outcome == CallOutcome.RINGING
    if not rang and (fact.if_rung or not fact.final):
        return False
    if rang:
        values |= _since_it_rang(call, fact)
    if call.outcome == CallOutcome.VOICEMAIL:
        # A machine took it: whoever says otherwise counts the message.
        values |= {"outcome": call.outcome, "talk_seconds": None}
    elif fact.outcome == CallOutcome.ANSWERED and call.outcome in NOT_ANSWERED:
        return False  # its line was open until the caller hung up; nobody had taken it all the same
    changed = {
        name: value for name, value in values.items() if value not in (None, "") and getattr(call, name) != value
    }
    if not rang or not fact.final:
        changed.pop("started_at", None)
    for name, value in changed.items():
        setattr(call, name, value)
    call.save(update_fields=list(changed))
    return bool(changed)


def _since_it_rang(call: Call, fact: CallHeard) -> dict[str, Any]:
    """What the end says together with the beginning, of which it knows nothing: when it first rang, and whether
    anybody can have talked."""
    if fact.if_rung and fact.if_rung != CallOutcome.ANSWERED:
        told = {"outcome": fact.if_rung, "talk_seconds": None, "wait_seconds": _at_most_a_day(fact.talk_seconds)}
    elif fact.waited_until is not None:
        told = {"wait_seconds": _at_most_a_day(int((fact.waited_until - call.started_at).total_seconds()))}
    else:
        return {}
    return told | {"started_at": call.started_at}


def _correct(call: Call, *, name: str, at: datetime) -> None:
    """It was something else than was said at first: the timeline says so, and one nobody took is to be returned."""
    if call.direction == CallDirection.IN and call.outcome in NOT_ANSWERED:
        call.callback_at, call.talk_seconds = call.callback_at or at, None
        call.save(update_fields=["callback_at", "talk_seconds"])
    if call.message_id is not None:
        message_edited(call.message_id, call_message(call, name, call.channel, at=at).text, at=at)


def conclude_call(call: Call, *, name: str, at: datetime, callback_at: datetime | None = None) -> None:
    """A call that is over: on the ticket of whoever was at the other end; one nobody took is to be returned."""
    if call.direction == CallDirection.OUT and call.outcome == CallOutcome.ANSWERED and call.number:
        due = Call.objects.filter(
            channel=call.channel_id, number=call.number, callback_done_at=None, started_at__lt=call.started_at
        )
        due.exclude(callback_at=None).update(callback_done_at=call.started_at)
    result = ingest(call_message(call, name, Channel.objects.get(pk=call.channel_id), at=at))
    call.message_id, call.ticket_id = result.message_id, result.ticket_id
    if callback_at is not None or (call.direction == CallDirection.IN and call.outcome in NOT_ANSWERED):
        call.callback_at = callback_at or at
    call.save(update_fields=["message", "ticket", "callback_at"])


def call_message(call: Call, name: str, channel: Channel, *, at: datetime) -> InboundMessage:
    """The call as a message of the timeline. One that was answered asks for nothing."""
    who = readable(call.number) if call.number else worded(channel.locale, HIDDEN)
    hidden = f"hidden:{channel.pk}:{call.external_id}"
    words = _words(call, name or who, channel.locale)
    return InboundMessage(
        channel_id=channel.pk,
        dedupe_key=key_of("call", channel.pk, call.external_id),
        external_id=f"call:{call.external_id}"[:255],
        at=call.started_at,
        received_at=max(at, call.started_at),
        sender=Address(name or who, call.number or hidden),
        subject=words.partition("\n")[0],
        text=words,
        identity_kind="phone" if call.number else "page_user",
        # The network says the number, and it can lie: nothing is opened by it.
        verdict="none",
        language=channel.locale,
        thread_id=f"phone:{channel.address}:{call.number or hidden}"[:255],
        timed_by_provider=True,
        auto_kind="" if call.direction == CallDirection.IN and call.outcome in NOT_ANSWERED else AutoKind.CALL,
    )


def _words(call: Call, who: str, locale: str) -> str:
    if call.direction == CallDirection.OUT:
        sentence = CALLED if call.outcome == CallOutcome.ANSWERED else CALLED_IN_VAIN
    else:
        sentence = _SENTENCES.get(call.outcome) or (TALKED if call.agent_name else TALKED_SOMEBODY)
    first = worded(locale, sentence, who=who, agent=call.agent_name)
    facts = [
        worded(locale, text, seconds=seconds)
        for text, seconds in ((WAITED, call.wait_seconds), (SPOKE, call.talk_seconds)) if seconds is not None
    ]  # fmt: skip
    return "\n".join(part for part in (first, ", ".join(facts), call.note) if part)


def recording_heard(channel_id: int, fact: RecordingHeard, *, at: datetime) -> str:
    """A recording is fetched to its call; a voicemail makes the call one, whatever its status said."""
    call = Call.objects.select_for_update().filter(channel=channel_id, external_id=fact.call_id[:128]).first()
    if call is None or (call.message_id is None and not fact.voicemail):
        return "parked"
    if fact.voicemail and call.outcome != CallOutcome.VOICEMAIL:
        call.outcome = CallOutcome.VOICEMAIL
        call.save(update_fields=["outcome"])
        _correct(call, name="", at=at)
    if call.message_id is None:
        conclude_call(call, name="", at=at)
    known = RemoteMedia.objects.filter(message=call.message_id)
    if call.message_id is None or known.filter(ref=fact.file.ref).exists():
        return "duplicate"
    # A call may have several recordings; its row is locked, so no two take one number.
    fetch_later(channel_id, call.message_id, [fact.file], first=known.count())
    return "applied"


def call_noted(channel_id: int, fact: CallNoted, *, at: datetime) -> str:
    """What was written of a call stands with it, once the call is over."""
    call = Call.objects.select_for_update().filter(channel=channel_id, external_id=fact.call_id[:128]).first()
    if call is None or call.message_id is None:
        return "parked"
    note = fact.note.strip()[:5000]
    if note == call.note:
        return "duplicate"
    call.note = note
    call.save(update_fields=["note"])
    _correct(call, name="", at=at)
    return "applied"


FURTHER[CallNoted] = call_noted
FURTHER[CallHeard] = call_heard
FURTHER[RecordingHeard] = recording_heard
