"""A call Twilio lets us answer: a telephone rung by us, taken or not, a voicemail, and the end that says least."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any
from xml.etree import ElementTree

import pytest

from channels_inbound.hooks.facts import CallHeard, RecordingHeard, RemoteFile
from channels_inbound.hooks.provider import Account, Hook, Reading
from channels_inbound.hooks.registry import provider
from channels_inbound.models import RemoteMedia
from channels_inbound.phone.calls import call_heard, recording_heard
from channels_inbound.twilio.voice import parse_call
from tests.people import House, make_house
from tickets.models import Call, Channel, Message

AT = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
SHOP, CALLER, DESK = "+380440000100", "+380671110022", "+380440000777"
BASE = {"CallSid": "CA1", "From": CALLER, "To": SHOP, "Direction": "inbound"}
RINGS = BASE | {"CallStatus": "ringing"}
END = BASE | {"CallStatus": "completed", "CallbackSource": "call-progress-events", "CallDuration": "50"}


def rung(word: str, *, state: str = "in-progress", seconds: int = 0) -> dict[str, str]:
    """What became of the telephone rung for the caller."""
    return BASE | {"CallStatus": state, "DialCallStatus": word, "DialCallDuration": str(seconds)}


@pytest.fixture
def house(db: None) -> House:
    return make_house()


@pytest.fixture
def line(house: House) -> Channel:
    return Channel.objects.create(kind="phone", name="Hotline", address=SHOP, team=house.support)


def hear(line: Channel, fields: Mapping[str, str], after: int, *, to: str = DESK) -> None:
    now = AT + timedelta(seconds=after)
    for fact in parse_call(fields, Reading(line.pk, SHOP, now, settings={"forward_to": to})):
        if isinstance(fact, CallHeard):
            call_heard(line.pk, fact, at=now)


def told() -> tuple[Any, ...]:
    call = Call.objects.get()
    return call.outcome, call.wait_seconds, call.talk_seconds, call.callback_at is not None


@pytest.mark.parametrize(
    ("dial", "facts", "words"),
    [
        (rung("completed", seconds=30), ("answered", 20, 30, False), "Call from"),
        (rung("no-answer"), ("missed", 50, None, True), "Missed call from"),
        (rung("canceled", state="completed"), ("abandoned", 50, None, True), "+380 67 111 0022 hung up while waiting"),
    ],
)
def test_what_became_of_the_telephone_outweighs_the_end(
    line: Channel, dial: dict[str, str], facts: tuple[Any, ...], words: str
) -> None:
    for fields in (RINGS, dial, END, dial):
        hear(line, fields, 0 if fields is RINGS else 50)
    assert told() == facts
    assert Message.objects.get().text.startswith(words)


@pytest.mark.parametrize("order", list(permutations(("dial", "end"))))
def test_in_either_order_a_call_nobody_took_is_to_be_returned(line: Channel, order: tuple[str, str]) -> None:
    hear(line, RINGS, 0)
    for name in order:
        hear(line, {"dial": rung("canceled", state="completed"), "end": END}[name], 50)
    call = Call.objects.get()
    assert (call.outcome, call.callback_at, call.talk_seconds) == ("abandoned", AT + timedelta(seconds=50), None)
    assert Message.objects.get().text.startswith("+380 67 111 0022 hung up while waiting")


def test_a_voicemail_after_the_end_says_so_and_is_no_talk(line: Channel) -> None:
    hear(line, RINGS, 0)
    hear(line, END, 50)
    assert told()[0] == "answered"
    voice = RecordingHeard("CA1", "RE1", RemoteFile({"url": "https://api.example/RE1"}, "RE1.mp3"), True, AT)
    more = RecordingHeard("CA1", "RE2", RemoteFile({"url": "https://api.example/RE2"}, "RE2.mp3"), False, AT)
    told_of = [recording_heard(line.pk, one, at=AT) for one in (voice, more, voice, more)]
    assert told_of == ["applied", "applied", "duplicate", "duplicate"]
    assert sorted(RemoteMedia.objects.values_list("number", "filename")) == [(0, "RE1.mp3"), (1, "RE2.mp3")]
    assert told()[::2] == ("voicemail", None) and told()[3]
    assert Message.objects.get().text.startswith("+380 67 111 0022 left a voice message")


def test_without_a_telephone_to_ring_nobody_can_have_talked(line: Channel) -> None:
    for fields in (RINGS, END, END):
        hear(line, fields, 0 if fields is RINGS else 50, to="")
    assert told() == ("abandoned", 50, None, True)


def test_a_call_another_flow_answered_is_what_its_end_says(line: Channel) -> None:
    hear(line, END, 50, to="")
    assert told() == ("answered", None, 50, False)


@pytest.mark.parametrize(
    ("fields", "verb"),
    [
        (RINGS, b"<Dial"), (rung("no-answer"), b"<Record"), (rung("busy"), b"<Record"),
        (rung("completed", seconds=9), b"<Response/>"), (rung("canceled", state="completed"), b"<Response/>"),
        (END, b"<Response/>"), (BASE | {"CallStatus": "in-progress", "RecordingSid": "RE1"}, b"<Response/>"),
    ],
)  # fmt: skip
def test_whoever_is_not_answered_may_leave_a_message(fields: dict[str, str], verb: bytes) -> None:
    account = Account(7, SHOP, {"forward_to": DESK}, {}, hook_url="https://desk.example/hooks/phone/k/")
    hook = Hook("POST", "https://desk.example/hooks/phone/k/", b"", {}, {}, tuple(fields.items()))
    handler = provider("phone")
    assert handler is not None
    assert verb in handler.answer(hook, account)[1].encode()


def leg(word: str, sid: str = "CA2", seconds: int = 0, **more: str) -> dict[str, str]:
    """What is told of the call to the telephone that was rung."""
    return BASE | {"CallSid": sid, "ParentCallSid": "CA1", "Direction": "outbound-dial", "To": DESK, "CallStatus": word,
                   "CallbackSource": "call-progress-events", "CallDuration": str(seconds), **more}  # fmt: skip


@pytest.mark.parametrize("order", list(permutations((1, 2, 3))))
def test_the_telephones_that_were_rung_are_no_calls_of_their_own(line: Channel, order: tuple[int, ...]) -> None:
    """Two were rung and one took it; what is told of them, and of the call, comes in any order."""
    later = {1: leg("no-answer", "CA3"), 2: leg("completed", seconds=30), 3: rung("completed", seconds=30)}
    for fields in (RINGS, leg("ringing"), leg("in-progress")):
        hear(line, fields, 0)
    for number in order:
        hear(line, later[number], 50)
    hear(line, END, 50)
    assert Call.objects.get().external_id == "CA1"
    assert told() == ("answered", 20, 30, False)
    assert (Call.objects.get().direction, Call.objects.get().number) == ("in", CALLER)


def test_the_telephone_rung_for_a_call_of_ours_says_nothing_of_a_caller(line: Channel) -> None:
    hear(line, leg("completed", seconds=30, From=SHOP, To=CALLER), 50)
    assert not Call.objects.exists()


@pytest.mark.parametrize("locale", ["en", "uk", "de", "es", "fr", "pl", "xx"])
@pytest.mark.parametrize(
    "settings", [{}, {"forward_to": DESK}, {"notice": "We & you"}, {"notice": "N", "forward_to": DESK}]
)
def test_nobody_is_recorded_without_a_word_before_it(settings: dict[str, str], locale: str) -> None:
    account = Account(7, SHOP, settings, {}, hook_url="https://desk.example/hooks/phone/k/", locale=locale)
    handler = provider("phone")
    assert handler is not None
    said = []
    for fields in (RINGS, rung("no-answer"), rung("busy")):
        hook = Hook("POST", account.hook_url, b"", {}, {}, tuple(fields.items()))
        said.append(ElementTree.fromstring(handler.answer(hook, account)[1]))
    for xml in said:
        verbs = [verb.tag for verb in xml]
        assert "Record" not in verbs or verbs[verbs.index("Record") - 1] == "Say"
        for verb in xml.iter("Say"):
            voice = {"en": "en-US", "uk": "uk-UA"}.get(locale) or f"{locale}-{locale.upper()}"
            assert verb.get("language") == (None if locale == "xx" else voice)
    assert said[1].find("Say").text != said[0].findtext("Say"), "that nobody took it is said"  # type: ignore[union-attr]
    assert said[0].findtext("Say") == settings.get(
        "notice", None if "forward_to" in settings else said[0].findtext("Say")
    )
