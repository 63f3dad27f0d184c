"""Logging a call from anywhere, importing logs with a look first, Aircall's webhook, and who is shown that it rings."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.test import Client
from django.utils import timezone

from channels_inbound.hooks.drain import drain_hooks
from channels_inbound.hooks.facts import CallHeard
from channels_inbound.models import RawBody
from channels_inbound.phone import ringing
from channels_inbound.phone.calls import call_heard
from channels_inbound.phone.exchange_logs import columns_of
from people.models import Customer
from tests.channels_inbound.hooks.house import KEY, PAYLOADS, connect, payload_json, post
from tests.people import House, make_house, open_ticket, row_counts
from tickets.inbound import Address
from tickets.models import Call, Channel, Message, Ticket

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


# ---- import


def upload(client: Client, line: Channel, content: bytes, kind: str = "table", **more: Any) -> Any:
    form = {"channel": line.pk, "kind": kind, "zone": "Europe/Kyiv", "region": "UA", **more}
    return client.post("/calls/import/", form | {"file": SimpleUploadedFile("log.csv", content)})


TABLE = (
    b"When,Way,Caller,Called,Id\n2026-11-20 10:00:00,in,0671110022,100,a1\n2026-11-20 11:00:00,out,100,0509998877,a2\n"
    b"yesterday,in,1,2,a3\n"
)  # fmt: skip
COLUMNS = {"started_at": "when", "direction": "way", "from": "caller", "to": "called", "external_id": "id"}


def test_a_table_is_looked_at_mapped_and_kept_once(house: House, line: Channel) -> None:
    client = signed_in(house.adam)
    before = row_counts()
    html = upload(client, line, TABLE).content.decode()
    assert "the column started_at is missing" in html
    assert "<option>caller</option>" in html
    mapping = {f"column_{wanted}": named for wanted, named in COLUMNS.items()}
    looked = upload(client, line, TABLE, **mapping)
    html = looked.content.decode()
    assert "Keep 2 calls" in html
    assert "Line 4:" in html
    assert row_counts() == before, "a look keeps nothing"
    token = looked.context["token"]
    form = {"channel": line.pk, "kind": "table", "zone": "Europe/Kyiv", "region": "UA", "token": token, "keep": "1"}
    assert client.post("/calls/import/", form | mapping).status_code == 302
    assert set(Call.objects.values_list("external_id", "number")) == {
        ("table:a1", ZOE), ("table:a2", "+380509998877"),
    }  # fmt: skip
    again = client.post("/calls/import/", form | mapping)
    assert again.status_code == 422, "the file is gone after it was kept"
    token = upload(client, line, TABLE, **mapping).context["token"]
    client.post("/calls/import/", form | mapping | {"token": token})
    assert Call.objects.count() == Message.objects.count() == 2


def test_an_exchange_s_log_and_other_s_files(house: House, line: Channel) -> None:
    client = signed_in(house.adam)
    content = (PAYLOADS / "asterisk_master.csv").read_bytes()
    looked = upload(client, line, content, "asterisk")
    assert "Keep 3 calls" in looked.content.decode()
    token = looked.context["token"]
    other = signed_in(house.olena)
    assert other.get("/calls/import/").status_code == 404
    form = {"channel": line.pk, "kind": "asterisk", "zone": "Europe/Kyiv", "token": token, "keep": "1"}
    assert other.post("/calls/import/", form).status_code == 404
    assert not Call.objects.exists()
    assert "no such time zone" in upload(client, line, content, zone="Mars/Base").content.decode()
    assert upload(client, line, b"\xff\xfe\x00" * 50).status_code == 200
    assert upload(client, line, b"").status_code == 422


@pytest.mark.parametrize(
    ("content", "names"),
    [(b"", []), (b"\n\n", []), (b"A b;C\n1;2", ["a_b", "c"]), (b'"x,y",z\n', ["x,y", "z"]), (b"\xff\xfe", ["яю"])],
)
def test_columns(content: bytes, names: list[str]) -> None:
    assert columns_of(content) == names


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
