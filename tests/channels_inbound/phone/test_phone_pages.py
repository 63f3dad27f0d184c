"""Logging a call from anywhere, importing logs with a look first, Aircall's webhook, and who is shown that it rings."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from django.core.files.storage import storages
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, transaction
from django.test import Client
from django.utils import timezone

from channels_inbound.hooks.drain import drain_hooks
from channels_inbound.hooks.facts import CallHeard
from channels_inbound.models import CallImport, RawBody
from channels_inbound.phone import log_import, ringing
from channels_inbound.phone.calls import call_heard
from channels_inbound.phone.log_import import How, run_due_call_imports, set_log, upload_log
from channels_inbound.phone.log_rows import columns_of
from channels_inbound.phone.log_values import LogHow
from events.models import Event
from people.models import Customer
from people.permissions import PermissionDenied
from tests.channels_inbound.hooks.house import KEY, PAYLOADS, connect, payload_json, post
from tests.people import House, make_house, open_ticket, row_counts
from tickets.errors import NotFound
from tickets.file_imports import LEASE
from tickets.inbound import Address
from tickets.models import Call, Channel, Message, Reminder, Ticket

pytestmark = pytest.mark.django_db(transaction=True)

ZOE = "+380671110022"
TOKEN = "aircall-webhook-token-for-tests"


@pytest.fixture
def house(settings: Any) -> House:
    settings.CREDENTIALS_KEYS = [KEY]
    return make_house()


@pytest.fixture
def line(house: House) -> Channel:
    return Channel.objects.create(kind="phone", name="Line", address="+380440000100", team=house.support)


def signed_in(agent: Any) -> Client:
    client = Client()
    client.force_login(agent)
    return client


def of_zoe(channel: Channel, **more: Any) -> Ticket:
    return open_ticket(channel, identity_kind="phone", sender=Address("Zoe Bauer", ZOE), to=(), **more)


# ---- from anywhere


def test_the_number_of_whoever_is_on_the_screen_stands_there(house: House, line: Channel) -> None:
    ticket = of_zoe(line)
    client = signed_in(house.olena)
    html = client.get("/calls/new/", {"ticket": ticket.pk}).content.decode()
    assert f'value="{ZOE}"' in html
    assert ZOE not in client.get("/calls/new/").content.decode()
    form = {"channel": line.pk, "direction": "out", "number": ZOE, "outcome": "answered", "minutes": "2.5",
            "note": "Will send it back", "client_id": str(uuid4())}  # fmt: skip
    first, again = (client.post("/calls/log/", form) for _ in range(2))
    assert (first.status_code, first.json()["call"]) == (200, again.json()["call"])
    call = Call.objects.get()
    assert (call.talk_seconds, call.agent, call.ticket_id) == (150, house.olena, first.json()["on"])
    assert call.ticket is not None
    assert call.ticket.customer_id == ticket.customer_id


def test_nobody_else_logs_and_nothing_is_shown(house: House, line: Channel) -> None:
    ticket = of_zoe(line)
    before = row_counts()
    form = {"channel": line.pk, "direction": "in", "number": ZOE, "outcome": "answered", "minutes": "1",
            "client_id": str(uuid4())}  # fmt: skip
    assert ZOE not in signed_in(house.mallory).get("/calls/new/", {"ticket": ticket.pk}).content.decode()
    assert signed_in(house.mallory).post("/calls/log/", form).status_code == 422, "the line is none of theirs"
    assert signed_in(house.vera).get("/calls/new/").status_code == 404
    assert signed_in(house.vera).post("/calls/log/", form).status_code == 403
    for wrong in ({"number": "nonsense"}, {"outcome": "ringing"}, {"minutes": "-1"}, {"client_id": "x"}):
        assert signed_in(house.olena).post("/calls/log/", form | wrong).status_code == 422
    assert row_counts() == before


def test_the_caller_s_name_stands_there_for_whoever_sees_the_ticket(house: House, line: Channel) -> None:
    ticket = of_zoe(line)
    Customer.objects.filter(pk=ticket.customer_id).update(name="Zoe of the mountains")
    client = signed_in(house.olena)
    client.post("/calls/log/", {"channel": line.pk, "direction": "in", "number": ZOE, "outcome": "answered",
                                "minutes": "1", "client_id": str(uuid4())})  # fmt: skip
    assert "Zoe of the mountains" in client.get("/calls/").content.decode()
    Ticket.objects.update(team=house.returns, channel=house.other_channel)
    page = client.get("/calls/").content.decode()
    assert ZOE in page and "Zoe of the mountains" not in page


def test_whose_number_it_is_stands_there_before_it_is_kept(house: House, line: Channel) -> None:
    """In whatever form it is typed: the line says of which country a short one is."""
    ticket = of_zoe(line)
    client = signed_in(house.olena)
    before = row_counts()
    for typed in ("0671110022", "067 111-00-22", ZOE):
        page = client.get("/calls/match/", {"q": typed}).content.decode()
        assert "Zoe Bauer" in page and f'href="/tickets/{ticket.pk}/"' in page
    for typed in ("067", "", "anonymous"):
        assert client.get("/calls/match/", {"q": typed}).content.decode().strip() == ""
    assert "+380670000001: a new customer" in client.get("/calls/match/", {"q": "0670000001"}).content.decode()
    Channel.objects.filter(pk=line.pk).update(address="+442071838750")
    british = client.get("/calls/match/", {"q": "020 7946 0000"}).content.decode()
    assert "+442079460000" in british
    assert row_counts() == before
    Ticket.objects.update(team=house.returns, channel=house.other_channel)
    hidden = client.get("/calls/match/", {"q": ZOE}).content.decode()
    assert "Zoe" not in hidden, "nothing of a customer whose tickets one does not see"
    assert signed_in(house.vera).get("/calls/match/", {"q": ZOE}).status_code == 404
    assert "<output" in client.get("/calls/new/").content.decode()


def test_whoever_logs_a_call_is_reminded_of_it(house: House, line: Channel) -> None:
    client = signed_in(house.olena)
    form = {"channel": line.pk, "direction": "in", "number": "0671110022", "outcome": "answered", "minutes": "3",
            "note": "Wants another colour\nand soon", "follow_up_at": "2037-01-02T10:00"}  # fmt: skip
    client_id = str(uuid4())
    for _ in range(2):
        assert client.post("/calls/log/", form | {"client_id": client_id}).status_code == 200
    reminder = Reminder.objects.get()
    assert (reminder.agent, reminder.text, reminder.ticket) == (
        house.olena,
        "Wants another colour",
        Ticket.objects.get(),
    )
    before = row_counts()
    past = form | {"client_id": str(uuid4()), "follow_up_at": "2026-01-02T10:00"}
    answer = client.post("/calls/log/", past)
    assert (answer.status_code, "future" in answer.content.decode()) == (422, True)
    assert row_counts() == before, "the call is not kept without what was asked of it"


# ---- import


def upload(client: Client, line: Channel, content: bytes, kind: str = "table", **more: Any) -> Any:
    form = {"channel": line.pk, "kind": kind, "zone": "Europe/Kyiv", "region": "UA", **more}
    return client.post("/calls/import/", form | {"file": SimpleUploadedFile("log.csv", content)}, follow=True)


HOW = {"kind": "table", "zone": "Europe/Kyiv", "region": "UA"}


TABLE = (
    b"When,Way,Caller,Called,Id\n2026-11-20 10:00:00,in,0671110022,100,a1\n2026-11-20 11:00:00,out,100,0509998877,a2\n"
    b"yesterday,in,1,2,a3\n"
)  # fmt: skip
COLUMNS = {"started_at": "when", "direction": "way", "from": "caller", "to": "called", "external_id": "id"}


def test_a_table_is_looked_at_mapped_and_kept_once(house: House, line: Channel) -> None:
    client = signed_in(house.adam)
    html = upload(client, line, TABLE).content.decode()
    row = CallImport.objects.get()
    path = f"/calls/import/{row.pk}/"
    assert "the column started_at is missing" in html
    assert '<option value="caller">caller</option>' in html
    before = row_counts()
    mapping = {f"column_{wanted}": named for wanted, named in COLUMNS.items()}
    html = client.post(path, HOW | mapping, follow=True).content.decode()
    assert "Keep 2 calls" in html
    assert "Line 4:" in html
    assert row_counts() == before, "a look keeps nothing"
    assert run_due_call_imports() == 0
    for _ in range(2):
        assert client.post(path, HOW | mapping | {"start": "1"}).status_code == 302
    assert "Waiting" in client.get(path).content.decode()
    assert run_due_call_imports() == 1
    assert set(Call.objects.values_list("external_id", "number")) == {
        ("table:a1", ZOE), ("table:a2", "+380509998877"),
    }  # fmt: skip
    row.refresh_from_db()
    assert (row.state, row.total, row.read, row.kept, row.refused) == ("done", 2, 2, 2, 1)
    assert row.problems == [[4, "this is no time: 'yesterday'"]]
    assert "this is no time" in client.get(f"{path}progress/").content.decode()
    assert not storages["attachments"].exists(row.stored_as)
    told = Event.objects.filter(stream_type="channel", stream_id=line.pk).order_by("id")
    assert [(one.kind, one.data) for one in told] == [
        ("call_log.begun", {"import": row.pk, "file": "log.csv"}),
        ("call_log.imported", {"import": row.pk, "calls": 2, "new": 2, "refused": 1}),
    ]
    begun(house, line, TABLE, COLUMNS)
    assert run_due_call_imports() == 1
    assert CallImport.objects.latest("pk").kept == 0
    assert Call.objects.count() == Message.objects.count() == 2


def begun(house: House, line: Channel, content: bytes, columns: dict[str, str], kind: str = "table") -> CallImport:
    how = How(kind, "Europe/Kyiv", "UA", columns)
    row = upload_log(line.pk, by=house.adam, upload=SimpleUploadedFile("log.csv", content), how=how)
    return set_log(row.pk, by=house.adam, how=how, start=True)


def many(number: int) -> bytes:
    rows = (f"2026-11-20 10:{n % 60:02}:00,in,067{n:07},100,n{n}" for n in range(number))
    return "\n".join(["When,Way,Caller,Called,Id", *rows]).encode()


def test_a_killed_import_goes_on_where_it_was(house: House, line: Channel, monkeypatch: pytest.MonkeyPatch) -> None:
    row = begun(house, line, many(9), COLUMNS)
    real, heard = call_heard, []

    def dies(channel_id: int, call: Any, *, at: Any) -> str:
        heard.append(call.external_id)
        word = real(channel_id, call, at=at)
        if len(heard) == 5:
            raise KeyboardInterrupt
        return word

    monkeypatch.setattr("channels_inbound.phone.log_import.call_heard", dies)
    with pytest.raises(KeyboardInterrupt):
        run_due_call_imports()
    row.refresh_from_db()
    assert (row.state, row.read, row.kept, Call.objects.count()) == ("running", 4, 4, 4)
    assert run_due_call_imports() == 0, "leased"
    CallImport.objects.update(lease_until=None)
    assert run_due_call_imports() == 1
    row.refresh_from_db()
    assert (row.state, row.read, row.kept) == ("done", 9, 9)
    assert heard == [f"table:n{n}" for n in (0, 1, 2, 3, 4, 4, 5, 6, 7, 8)]
    assert Call.objects.count() == Message.objects.count() == 9


def test_whoever_lost_the_file_to_another_stops(house: House, line: Channel, monkeypatch: pytest.MonkeyPatch) -> None:
    row = begun(house, line, many(6), COLUMNS)
    real, heard = call_heard, []

    def slow(channel_id: int, call: Any, *, at: Any) -> str:
        heard.append(call.external_id)
        if len(heard) == 3:  # the lease ran out meanwhile, and another worker has gone on to the end
            monkeypatch.setattr(log_import, "call_heard", real)
            with ThreadPoolExecutor(1) as other:
                assert other.submit(_run_elsewhere).result() == 1
        return real(channel_id, call, at=at)

    monkeypatch.setattr(log_import, "call_heard", slow)
    assert run_due_call_imports() == 1
    row.refresh_from_db()
    assert (row.state, row.read, row.kept, len(heard)) == ("done", 6, 6, 3)
    assert Call.objects.count() == Message.objects.count() == 6
    kinds = Event.objects.filter(stream_type="channel", stream_id=line.pk).values_list("kind", flat=True)
    assert list(kinds.order_by("id")) == ["call_log.begun", "call_log.imported"]


def _run_elsewhere() -> int:
    try:
        return run_due_call_imports(at=timezone.now() + LEASE * 2)
    finally:
        connection.close()


def test_a_log_that_breaks_has_failed_and_holds_up_no_other(
    house: House, line: Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = begun(house, line, TABLE, COLUMNS), begun(house, line, many(2), COLUMNS)
    storages["attachments"].delete(first.stored_as)
    assert run_due_call_imports() == 2
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.state, second.state, Call.objects.count()) == ("failed", "done", 2)
    assert log_import.KEPT.days == 1
    left = upload_log(line.pk, by=house.adam, upload=SimpleUploadedFile("x.csv", b"a,b\n1,2\n"), how=How(**VALUES))
    run_due_call_imports(at=timezone.now() + log_import.KEPT * 2)
    assert not CallImport.objects.filter(pk=left.pk).exists()
    assert not storages["attachments"].exists(left.stored_as)


VALUES: dict[str, Any] = {"kind": "table", "zone": "Europe/Kyiv", "region": "UA", "mapping": {}}


def test_an_exchange_s_log_and_other_s_files(house: House, line: Channel) -> None:
    client = signed_in(house.adam)
    content = (PAYLOADS / "asterisk_master.csv").read_bytes()
    assert "Keep 3 calls" in upload(client, line, content, "asterisk").content.decode()
    row = CallImport.objects.get()
    other = signed_in(house.olena)
    start = HOW | {"kind": "asterisk", "start": "1"}
    for path in ("/calls/import/", f"/calls/import/{row.pk}/", f"/calls/import/{row.pk}/progress/"):
        assert other.get(path).status_code == 404
        if "progress" not in path:
            assert other.post(path, start).status_code == 404
    with pytest.raises(PermissionDenied):
        set_log(row.pk, by=house.olena, how=How(**VALUES), start=True)
    with pytest.raises(NotFound):
        set_log(row.pk + 1, by=house.adam, how=How(**VALUES), start=True)
    row.refresh_from_db()
    assert row.state == "looking"
    assert run_due_call_imports() == 0
    assert not Call.objects.exists()
    assert "no such time zone" in upload(client, line, content, zone="Mars/Base").content.decode()
    assert upload(client, line, b"\xff\xfe\x00" * 50).status_code == 200
    assert upload(client, line, b"").status_code == 422


def test_a_long_log_is_looked_at_by_its_head_and_kept_whole(
    house: House, line: Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_import, "LOOKED_AT", 300)
    client = signed_in(house.adam)
    html = upload(client, line, many(60)).content.decode()
    row = CallImport.objects.get()
    mapping = {f"column_{wanted}": named for wanted, named in COLUMNS.items()}
    html = client.post(f"/calls/import/{row.pk}/", HOW | mapping, follow=True).content.decode()
    assert "Keep all calls" in html
    assert "cannot be read" not in html, "the line that was cut is no error"
    client.post(f"/calls/import/{row.pk}/", HOW | mapping | {"start": "1"})
    assert run_due_call_imports() == 1
    assert Call.objects.count() == 60


@pytest.mark.parametrize(
    ("content", "names"),
    [(b"", []), (b"\n\n", []), (b"A b;C\n1;2", ["a_b", "c"]), (b'"x,y",z\n', ["x,y", "z"]), (b"\xff\xfe", ["яю"])],
)
def test_columns(content: bytes, names: list[str]) -> None:
    assert list(columns_of("table", content, LogHow(ZoneInfo("Europe/Kyiv")))) == names


# ---- Aircall


def test_aircall_tells_of_a_call_more_than_once(house: House) -> None:
    connection = connect(house, "aircall", {"number": "+380440000100", "webhook_token": TOKEN})
    content = payload_json("aircall_call_ended.json")
    rings = {**content, "event": "call.created", "data": {**content["data"], "status": "initial", "answered_at": None}}
    voicemail = {**content["data"], "id": 990003, "answered_at": None, "voicemail": "https://files.example/v.mp3"}
    for body in (
        content,
        rings,
        content,
        {**content, "timestamp": 1},
        {**content, "event": "call.ended", "data": voicemail},
    ):
        assert post(connection, json.dumps(body)).status_code == 200
    assert drain_hooks() == {"applied": 2, "duplicate": 2}
    assert [(call.external_id, call.outcome, call.talk_seconds) for call in Call.objects.order_by("external_id")] == [
        ("aircall:990001", "answered", 148), ("aircall:990003", "voicemail", None),
    ]  # fmt: skip
    assert Message.objects.count() == 2
    assert all(TOKEN.encode() not in bytes(body) for body in RawBody.objects.values_list("content", flat=True))
    for wrong in ({**content, "token": "x"}, {**content, "token": ""}, {"event": "call.ended"}, []):
        assert post(connection, json.dumps(wrong)).status_code == 403
    assert post(connection, b"\xff").status_code == 403


def test_what_was_written_of_a_call_at_aircall_stands_with_it(house: House) -> None:
    """The comment may come before the end of the call, and more later."""
    connection = connect(house, "aircall", {"number": "+380440000100", "webhook_token": TOKEN})
    ended = payload_json("aircall_call_ended.json") | {"token": TOKEN}

    def told_of(event: str, comments: list[str], tags: list[str]) -> None:
        more = {"comments": [{"id": n, "content": text} for n, text in enumerate(comments)],
                "tags": [{"id": n, "name": name} for n, name in enumerate(tags)]}  # fmt: skip
        body = ended | {"event": event, "data": ended["data"] | more}
        assert post(connection, json.dumps(body)).status_code == 200
        drain_hooks()

    told_of("call.commented", ["Wants a refund"], [])
    assert not Call.objects.exists()
    told_of("call.ended", [], [])
    assert Call.objects.get().note == "Wants a refund"
    told_of("call.tagged", ["Wants a refund"], ["refund", "VIP"])
    call = Call.objects.get()
    assert call.note == "Wants a refund\n#refund #VIP"
    assert Message.objects.get().text.endswith("\nWants a refund\n#refund #VIP")
    assert call.outcome == "answered" and call.callback_at is None


# ---- it rings


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, dict[str, Any]]]:
    found: list[tuple[int, dict[str, Any]]] = []
    monkeypatch.setattr(ringing, "announce_to_agent", lambda agent, kind, **data: found.append((agent, data)))
    return found


def rings(line: Channel, number: str = ZOE, id: str = "c1", ago: int = 0, **more: Any) -> None:
    at = timezone.now()
    fact = CallHeard(id, "in", "ringing", number, line.address, at - timedelta(seconds=ago), final=False, **more)
    with transaction.atomic():
        call_heard(line.pk, fact, at=at)


def test_those_of_the_line_are_shown_who_calls(house: House, line: Channel, told: list[Any]) -> None:
    ticket = of_zoe(line)
    for _ in range(2):
        rings(line)
    assert {agent for agent, _ in told} == {house.olena.pk, house.ben.pk, house.adam.pk}
    assert len(told) == 3, "told of twice, shown once"
    assert all(data["href"] == f"/tickets/{ticket.pk}/" for _, data in told)
    assert told[0][1]["text"] == "Zoe Bauer is calling (+380 67 111 0022)"


def test_what_one_may_not_see_is_not_told(house: House, line: Channel, told: list[Any]) -> None:
    of_zoe(Channel.objects.create(kind="phone", name="Other", address="+380440000101", team=house.returns))
    rings(line, name="NETWORK NAME")
    by_agent = dict(told)
    assert by_agent[house.olena.pk]["text"] == "NETWORK NAME is calling (+380 67 111 0022)"
    assert by_agent[house.olena.pk]["href"] == "/calls/"
    assert "Zoe Bauer" in by_agent[house.adam.pk]["text"]
    assert house.mallory.pk not in by_agent
    assert Customer.objects.count() == 1


def test_old_hidden_and_finished_calls(house: House, line: Channel, told: list[Any]) -> None:
    rings(line, ago=120)
    assert told == []
    rings(line, number="", id="c2")
    assert told[0][1]["text"] == "a hidden number is calling"
    told.clear()
    now = timezone.now()
    with transaction.atomic():
        call_heard(line.pk, CallHeard("c3", "in", "missed", ZOE, line.address, now), at=now)
    rings(line, id="c3")
    assert told == [], "what has ended does not ring again"
