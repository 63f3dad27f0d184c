"""Logs of exchanges as people find them: without names, in other orders, with other days; and whatever else a file is."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from hypothesis import given, settings
from hypothesis import strategies as st

from channels_inbound.models import CallImport
from channels_inbound.phone.exchange_logs import ReadLog, read_log
from channels_inbound.phone.log_import import run_due_call_imports
from channels_inbound.phone.log_rows import ASTERISK, THREE_CX, WANTED, columns_of
from channels_inbound.phone.log_values import DATES, BadRow, LogHow
from tests.channels_inbound.hooks.house import PAYLOADS
from tests.people import make_house
from tickets.models import Call, Channel

HOW = LogHow(ZoneInfo("Europe/Kyiv"))
ZOE, SHOP = "+380671110022", "+380440000100"


def told(log: ReadLog) -> list[tuple[Any, ...]]:
    return [(c.direction, c.outcome, c.number, c.wait_seconds, c.talk_seconds, c.agent_name) for c in log.calls]


# ---- 3CX


def test_3cx_writes_no_names_of_columns() -> None:
    named = (PAYLOADS / "3cx_cdr.csv").read_bytes()
    bare = named.partition(b"\n")[2]
    assert read_log("3cx", bare, HOW) == read_log("3cx", named, HOW)
    assert len(read_log("3cx", bare, HOW).calls) == 2, "the first call is a call"
    assert list(columns_of("3cx", named, HOW)) == list(THREE_CX)
    assert columns_of("3cx", bare, HOW)["#4"] == "2026/11/20 14:20:01"


OWN_ORDER = b"11/20/2026 02:20:01 PM,+380671110022,x201,11/20/2026 02:20:13 PM,11/20/2026 02:22:43 PM,id1\n" \
            b"11/20/2026 03:00:00 PM,x201,0509998877,,11/20/2026 03:00:20 PM,id2\n" \
            b"11/20/2026 03:10:00 PM,x201,x202,11/20/2026 03:10:05 PM,11/20/2026 03:10:20 PM,id3\n"  # fmt: skip
PLACES = {
    "time-start": "#1",
    "from-no": "#2",
    "to-no": "#3",
    "time-answered": "#4",
    "time-end": "#5",
    "historyid": "#6",
}


def test_3cx_in_an_order_of_its_own_with_american_days_and_another_prefix() -> None:
    how = LogHow(ZoneInfo("Europe/Kyiv"), dates="mdy", prefix="x")
    log = read_log("3cx", OWN_ORDER, how, columns=PLACES)
    assert told(log) == [
        ("in", "answered", ZOE, 12, 150, "201"), ("out", "missed", "+380509998877", 20, None, ""),
    ]  # fmt: skip
    assert (log.errors, log.inside) == ((), 1), "a call between two desks is nobody's business here"
    assert log.calls[0].started_at == datetime(2026, 11, 20, 12, 20, 1, tzinfo=UTC)
    assert [(c.external_id, c.line) for c in log.calls] == [("3cx:id1", "201"), ("3cx:id2", "201")]
    assert "no time" in read_log("3cx", OWN_ORDER, HOW, columns=PLACES).errors[0].reason


@pytest.mark.parametrize(
    ("dates", "written", "day"),
    [
        ("", "2026-03-02 10:06", 2), ("", "2026/03/02 10:06:00", 2), ("", "02.03.2026 10:06", 2), ("mdy", "03/02/2026 10:06", 2),
        ("dmy", "02/03/2026 10:06", 2), ("mdy", "3/2/26 10:06 AM", 2), ("dmy", "2026-03-02 10:06", 2), ("", "03/02/2026 10:06", None),
        ("mdy", "20/11/2026 10:06", None), ("", "1772438760", 2), ("", "9999999999", None),
    ],
)  # fmt: skip
def test_days(dates: str, written: str, day: int | None) -> None:
    how = LogHow(ZoneInfo("UTC"), dates=dates)
    if day:
        assert (how.moment(written).month, how.moment(written).day) == (3, day)
    else:
        with pytest.raises(BadRow, match="no time"):
            how.moment(written)


# ---- Asterisk


def row(**cells: str) -> str:
    kept = {"src": ZOE, "dst": "100", "dcontext": "from-trunk", "channel": "PJSIP/trunk-01", "lastapp": "Queue",
            "start": "2026-11-20 14:20:01", "end": "2026-11-20 14:21:01", "disposition": "NO ANSWER", "billsec": "0",
            "linkedid": "1", "uniqueid": "1", "sequence": "1", **cells}  # fmt: skip
    return ",".join(kept.get(name, "") for name in ASTERISK)


def asterisk(*rows: str) -> ReadLog:
    return read_log("asterisk", "\n".join(rows).encode(), HOW)


ANSWERED = {"disposition": "ANSWERED", "dstchannel": "PJSIP/201-02", "answer": "2026-11-20 14:20:13", "billsec": "48"}
DESK = {"src": "201", "channel": "PJSIP/201-01"}


@pytest.mark.parametrize(
    ("cells", "direction", "number"),
    [
        ({}, "in", ZOE), ({"dcontext": "from-pstn", "dst": SHOP}, "in", ZOE), ({"dcontext": "ext-did", "dst": SHOP}, "in", ZOE),
        ({"dcontext": "custom7", "dst": SHOP}, "in", ZOE), ({"src": "", "dcontext": "from-pstn"}, "in", ""),
        ({"src": "anonymous", "dcontext": "custom7", "dst": SHOP}, "in", ""),
        ({"dcontext": "from-internal", "dst": ZOE, **DESK}, "out", ZOE),
        ({"dcontext": "custom7", "src": SHOP, "dst": ZOE, "channel": "PJSIP/201-01"}, "out", ZOE),
        ({"dcontext": "from-internal", "src": SHOP, "dst": ZOE, "channel": "SIP/olena-01"}, "out", ZOE),
        ({"dcontext": "from-trunk", "src": "1234", "dst": "100"}, "in", ""),
    ],
)  # fmt: skip
def test_which_way_an_asterisk_call_went(cells: dict[str, str], direction: str, number: str) -> None:
    (call,) = asterisk(row(**cells)).calls
    assert (call.direction, call.number) == (direction, number)


@pytest.mark.parametrize("dst", ["202", "*97", "600"])
def test_calls_between_desks_are_left_out(dst: str) -> None:
    log = asterisk(row(dcontext="from-internal", dst=dst, **DESK), row(linkedid="2"))
    assert (len(log.calls), log.inside, log.errors) == (1, 1, ())


def test_the_parts_of_a_call_are_taken_in_their_own_order() -> None:
    """The transfer is written first, since its part ended first."""
    first = row(sequence="7", start="2026-11-20 14:20:01", **{**ANSWERED, "billsec": "60"})
    moved = row(sequence="9", start="2026-11-20 14:21:13", src="201", dst="202", dcontext="from-internal",
                channel="PJSIP/201-02", disposition="ANSWERED", dstchannel="PJSIP/202-03", answer="2026-11-20 14:21:20",
                billsec="30")  # fmt: skip
    same_second = row(sequence="8", disposition="ANSWERED", lastapp="Queue")
    for order in ((first, moved, same_second), (moved, same_second, first)):
        assert told(asterisk(*order)) == [("in", "answered", ZOE, 12, 90, "201")]


def test_a_voicemail_took_it() -> None:
    machine = {"disposition": "ANSWERED", "lastapp": "VoiceMail", "billsec": "25", "answer": "2026-11-20 14:20:30"}
    rang = row(disposition="NO ANSWER", dstchannel="PJSIP/201-02")
    assert told(asterisk(rang, row(sequence="2", **machine)))[0][:3] == ("in", "voicemail", ZOE)
    also = row(sequence="2", dstchannel="PJSIP/x-1", **machine)
    assert told(asterisk(rang, also))[0][1] == "voicemail"
    assert told(asterisk(row(**ANSWERED), row(sequence="2", **machine)))[0][1] == "answered"


def test_asterisk_with_names_and_other_columns() -> None:
    table = (
        b"calldate,src,dst,dcontext,disposition,uniqueid\n2026-11-20 14:20:01,0671110022,100,from-did,NO ANSWER,77\n"
    )
    assert read_log("asterisk", table, HOW).errors[0].reason.startswith("this is no time")
    log = read_log("asterisk", table, HOW, columns={"start": "calldate"})
    assert [(c.external_id, c.number) for c in log.calls] == [("asterisk:77", ZOE)]


# ---- the page


@pytest.mark.django_db
def test_a_log_without_names_is_mapped_by_what_stands_in_it() -> None:
    house = make_house()
    line = Channel.objects.create(kind="phone", name="Hotline", address=SHOP, team=house.support)
    client = Client()
    client.force_login(house.adam)
    form = {"channel": line.pk, "kind": "3cx", "zone": "Europe/Kyiv", "region": "UA", "dates": "", "extensions": "x"}
    file = SimpleUploadedFile("cdr.log", OWN_ORDER)
    html = client.post("/calls/import/", form | {"file": file}, follow=True).content.decode()
    assert '<option value="#2">#2: +380671110022</option>' in html
    assert "There is no call in this file." in html
    row_ = CallImport.objects.get()
    how = {"kind": "3cx", "zone": "Europe/Kyiv", "region": "UA", "dates": "mdy", "extensions": "x"}
    how |= {f"column_{wanted}": place for wanted, place in PLACES.items()}
    html = client.post(f"/calls/import/{row_.pk}/", how, follow=True).content.decode()
    assert "Keep 2 calls" in html
    assert "1 call between your own extensions is left out." in html
    client.post(f"/calls/import/{row_.pk}/", how | {"start": "1"})
    assert run_due_call_imports() == 1
    assert set(Call.objects.values_list("external_id", "number")) == {("3cx:id1", ZOE), ("3cx:id2", "+380509998877")}
    row_.refresh_from_db()
    assert (row_.dates, row_.prefix, row_.mapping) == ("mdy", "x", PLACES)


# ---- whatever else may come

CELLS = st.one_of(
    st.text(max_size=20), st.sampled_from([
        "2026-11-20 14:20:01", "11/20/2026 02:20 PM", "ANSWERED", "NO ANSWER", "from-trunk", "201", "Ext.201", ZOE, "in",
        "48", "00:02:30", '"Zoe" <201>', "9" * 40, "٣٤٥", "#2", "2026-11-20T10:00:00+99:00", "0001-01-01 00:00:00", "\x00",
    ]),
)  # fmt: skip


@pytest.mark.parametrize("kind", WANTED)
@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_any_file_is_calls_and_reasons(kind: str, data: st.DataObject) -> None:
    names = data.draw(st.sampled_from([(), WANTED[kind], ASTERISK, THREE_CX]))
    rows = data.draw(st.lists(st.lists(CELLS, max_size=22), max_size=5))
    content = data.draw(st.binary(max_size=200) | st.just("\n".join(",".join(r) for r in [list(names), *rows]).encode(
        "utf-8", "surrogatepass")))  # fmt: skip
    places = st.sampled_from(["", "#0", "#1", "#2", "#99999999999", "#²", "start", "x"])
    columns = data.draw(st.dictionaries(st.sampled_from(WANTED[kind]), places, max_size=4))
    how = LogHow(ZoneInfo("Europe/Kyiv"), dates=data.draw(st.sampled_from(sorted(DATES))),
                 prefix=data.draw(st.sampled_from(["", "Ext.", "2"])))  # fmt: skip
    log = read_log(kind, content, how, columns=columns)
    for call in log.calls:
        assert call.direction in ("in", "out") and call.number[:1] in ("", "+")
        assert call.started_at.utcoffset() is not None and len(call.line) <= 40
        assert call.outcome in ("answered", "missed", "busy", "failed", "voicemail", "abandoned")
        for value in asdict(call).values():
            assert "\x00" not in str(value) and str(value).encode() is not None
    assert all(error.reason for error in log.errors)
    for name, cell in columns_of(kind, content, how).items():
        assert name and len(cell) <= 30
