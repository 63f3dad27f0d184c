"""Calls: logged by hand, heard from a provider, read from an exchange's log; and callbacks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from django.core.management import call_command
from django.utils import timezone

from channels_inbound.hooks.facts import CallHeard, RecordingHeard, RemoteFile
from channels_inbound.phone.calls import call_heard, recording_heard
from channels_inbound.phone.exchange_logs import read_log
from channels_inbound.phone.log import callback_done, callbacks_due, log_call
from channels_inbound.phone.log_values import LogHow
from channels_inbound.phone.numbers import e164, region_of
from events.models import Event
from people.models import Identity
from people.permissions import PermissionDenied
from tests.channels_inbound.hooks.house import PAYLOADS
from tests.people import House, events_of, make_house
from tickets.errors import InvalidInput, NotFound
from tickets.models import Call, Channel, Message, Ticket

KYIV = ZoneInfo("Europe/Kyiv")
AT = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("typed", "plain"),
    [
        ("+380 67 111 0022", "+380671110022"), ("067 111-00-22", "+380671110022"), ("(067) 1110022", "+380671110022"),
        ("anonymous", ""), ("100", ""), ("", ""), ("+1 555 010 0100", "+15550100100"), ("x" * 500, ""), ("+", ""),
    ],
)  # fmt: skip
def test_numbers_have_one_form(typed: str, plain: str) -> None:
    assert e164(typed) == plain


def test_a_short_number_is_of_the_line_s_country_else_of_the_house_s(settings: Any) -> None:
    assert [region_of(one) for one in ("+380440000100", "+442071838750", "", "100")] == ["UA", "GB", "", ""]
    assert e164("020 7946 0000", region=region_of("+442071838750")) == "+442079460000"
    settings.PHONE_REGION = "PL"
    assert e164("22 123 45 67") == "+48221234567"


def call(id: str, *facts: object) -> tuple[object, ...]:
    return (id, *facts)


def test_an_asterisk_log() -> None:
    log = read_log("asterisk", (PAYLOADS / "asterisk_master.csv").read_bytes(), LogHow(KYIV))
    assert log.errors == ()
    assert [
        (c.external_id, c.direction, c.outcome, c.number, c.wait_seconds, c.talk_seconds, c.agent_name) for c in log.calls
    ] == [
        ("asterisk:1795184401.17", "in", "answered", "+380671110022", 12, 150, "201"),
        ("asterisk:1795186930.19", "in", "missed", "+380509998877", 60, None, ""),
        ("asterisk:1795188600.21", "out", "answered", "+380671110022", 9, 231, "201"),
    ]  # fmt: skip
    assert log.calls[0].started_at == datetime(2026, 11, 20, 12, 20, 1, tzinfo=UTC)


def test_a_3cx_log() -> None:
    log = read_log("3cx", (PAYLOADS / "3cx_cdr.csv").read_bytes(), LogHow(KYIV))
    assert [(c.external_id, c.outcome, c.number, c.wait_seconds, c.talk_seconds, c.agent_name) for c in log.calls] == [
        ("3cx:IDABCDEFABCDEFABCDEF_1", "answered", "+380671110022", 12, 150, "Iryna"),
        ("3cx:IDABCDEFABCDEFABCDEF_2", "missed", "+380509998877", 60, None, ""),
    ]
    assert log.errors == ()


def test_a_table_names_the_lines_it_cannot_read() -> None:
    table = (
        "started_at;direction;from;to;answered_at;ended_at;external_id\n"
        "2026-11-20T10:00:00Z;in;+380671110022;100;2026-11-20T10:00:05Z;2026-11-20T10:01:05Z;a1\n"
        "yesterday;in;+380671110022;100;;;a2\n"
        "20.11.2026 12:30;sideways;1;2;;;a3\n"
        "\n"
        "20.11.2026 12:30;out;100;0501112233;;;a4\n"
    ).encode("cp1251")
    log = read_log("table", table, LogHow(KYIV))
    assert [(c.external_id, c.direction, c.outcome, c.number, c.wait_seconds, c.talk_seconds) for c in log.calls] == [
        ("table:a1", "in", "answered", "+380671110022", 5, 60),
        ("table:a4", "out", "missed", "+380501112233", None, None),
    ]
    assert [(error.line, error.reason) for error in log.errors] == [
        (3, "this is no time: 'yesterday'"), (4, "the direction is neither in nor out: 'sideways'"),
    ]  # fmt: skip


@pytest.fixture
def house(db: None) -> House:
    return make_house()


@pytest.fixture
def line(house: House) -> Channel:
    return Channel.objects.create(kind="phone", name="Hotline", address="+380440000100", team=house.support)


def test_an_import_may_be_repeated_and_previewed(line: Channel, tmp_path: Path) -> None:
    file = str(PAYLOADS / "asterisk_master.csv")
    call_command("import_calls", file, kind="asterisk", line="Hotline", preview=True)
    assert Call.objects.count() == 0
    for _ in range(2):
        call_command("import_calls", file, kind="asterisk", line="Hotline")
        assert (Call.objects.count(), Message.objects.count(), Ticket.objects.count()) == (3, 3, 2)
    missed = Ticket.objects.get(customer__identities__value="+380509998877")
    talked = Ticket.objects.get(customer__identities__value="+380671110022")
    assert missed.waiting_since is not None and talked.waiting_since is None


def test_a_call_rings_ends_and_is_told_again(line: Channel) -> None:
    rings = CallHeard("CA1", "in", "ringing", "+380671110022", "+380440000100", AT, final=False)
    ends = CallHeard("CA1", "in", "missed", "+380671110022", "+380440000100", AT)
    assert [call_heard(line.pk, fact, at=AT) for fact in (rings, rings, ends, ends, rings)] == [
        "applied", "duplicate", "applied", "duplicate", "duplicate",
    ]  # fmt: skip
    kept = Call.objects.get()
    assert (kept.outcome, kept.callback_at, kept.ticket) == ("missed", AT, Ticket.objects.get())
    message = Message.objects.get()
    assert message.text == "Missed call from +380 67 111 0022"
    assert Identity.objects.get().value == "+380671110022"
    assert events_of(message.ticket_id) == ["ticket.opened", "message.received"]


def test_a_voicemail_may_come_before_the_end_of_its_call(line: Channel) -> None:
    voice = RecordingHeard("CA2", "RE2", RemoteFile({"url": "https://api.example/RE2"}, "RE2.mp3"), True, AT)
    assert recording_heard(line.pk, voice, at=AT) == "parked"
    call_heard(line.pk, CallHeard("CA2", "in", "ringing", "", "+380440000100", AT, final=False), at=AT)
    assert recording_heard(line.pk, voice, at=AT) == "applied"
    assert call_heard(line.pk, CallHeard("CA2", "in", "answered", "", "", AT, talk_seconds=9), at=AT) == "duplicate"
    kept = Call.objects.get()
    assert (kept.outcome, kept.callback_at, kept.talk_seconds) == ("voicemail", AT, None), (
        "a machine took it: nobody talked"
    )
    assert Message.objects.get().text.startswith("a hidden number left a voice message")


def test_a_call_is_logged_once_and_called_back(house: House, line: Channel) -> None:
    click = uuid4()
    for _ in range(2):
        kept = log_call(
            line.pk, by=house.olena, direction="in", number="067 111 00 22", outcome="missed", seconds=20,
            note="Wants the invoice", client_id=click,
        )  # fmt: skip
    assert (Call.objects.count(), Message.objects.get().text) == (
        1, "Missed call from +380 67 111 0022\nwaited 20 s\nWants the invoice",
    )  # fmt: skip
    assert list(callbacks_due(house.olena)) == [kept]
    assert list(callbacks_due(house.mallory)) == []
    for _ in range(2):
        callback_done(kept.pk, by=house.ben)
    assert list(callbacks_due(house.olena)) == []
    assert events_of(kept.ticket_id or 0) == ["ticket.opened", "message.received", "callback.done"]


def test_calling_back_ends_the_waiting(house: House, line: Channel) -> None:
    missed = log_call(line.pk, by=house.olena, direction="in", number="+380671110022", outcome="missed",
                      at=timezone.now() - timedelta(hours=1))  # fmt: skip
    log_call(line.pk, by=house.olena, direction="out", number="+380671110022", outcome="answered", seconds=60)
    missed.refresh_from_db()
    assert missed.callback_done_at is not None
    assert Ticket.objects.count() == 1


def test_others_log_nothing_and_end_nothing(house: House, line: Channel) -> None:
    kept = log_call(line.pk, by=house.olena, direction="in", number="+380671110022", outcome="missed")
    before = (Call.objects.count(), Event.objects.count(), Message.objects.count())
    with pytest.raises(NotFound):
        log_call(line.pk, by=house.mallory, direction="in", number="+380671110022", outcome="missed")
    with pytest.raises(NotFound):
        callback_done(kept.pk, by=house.mallory)
    with pytest.raises(PermissionDenied):
        callback_done(kept.pk, by=house.vera)
    with pytest.raises(InvalidInput):
        log_call(line.pk, by=house.olena, direction="in", number="nobody", outcome="missed")
    kept.refresh_from_db()
    assert kept.callback_done_at is None
    assert (Call.objects.count(), Event.objects.count(), Message.objects.count()) == before


HEAD = b"started_at,direction,from,to,ended_at,answered_at,agent\n"
GOOD = b"2026-03-02 10:05:00,in,+380671112233,100,2026-03-02 10:06:00,,\n"


@pytest.mark.parametrize("when", ["0001-01-01 00:00:00", "9999-12-31 23:59:59", "0001-01-01T00:00:00+05:00"])
def test_a_time_at_the_end_of_the_calendar_costs_its_row_alone(when: str) -> None:
    log = read_log("table", HEAD + GOOD.replace(b"2026-03-02 10:06:00", when.encode()) + GOOD, LogHow(KYIV))
    assert len(log.calls) == 1 and [error.line for error in log.errors] == [2]


def test_what_is_no_table_is_said_and_breaks_nothing() -> None:
    log = read_log("table", HEAD + b"x" * 200_000 + b"\n" + GOOD, LogHow(KYIV))
    assert log.calls == () and [error.line for error in log.errors] == [2]


def test_a_callers_name_takes_no_time_to_read() -> None:
    row = f'"","+380671112233","100","from-trunk","a{" " * 100_000}b","SIP/trunk-1","","","","2026-03-02 10:05:00","",'
    row += '"2026-03-02 10:06:00","60","0","NO ANSWER","","17.1","","","17.1","1"\n'
    assert len(read_log("asterisk", row.encode(), LogHow(KYIV)).calls) == 1


@pytest.mark.django_db
def test_an_exchange_with_a_wrong_clock_stops_no_import(house: House, line: Channel) -> None:
    log = read_log("table", HEAD + GOOD.replace(b"2026-03-02 10:06", b"2098-03-02 10:06"), LogHow(KYIV))
    for call in log.calls:
        call_heard(line.pk, call, at=timezone.now())
    assert list(Call.objects.values_list("wait_seconds", flat=True)) == [86_400]
