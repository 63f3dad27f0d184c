"""A call in its ticket's timeline: which way it went, who, how long, what was noted, its recording, and the callback."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from channels_inbound.hooks.facts import CallHeard
from channels_inbound.phone.calls import call_heard
from channels_inbound.phone.log import callback_done, log_call
from people.storage import store_blob
from tests.people import House, make_house, signed_in
from tests.tickets.test_page_costs import PAGES, counted
from tickets.inbox.calls import clock
from tickets.models import Attachment, Call, Channel

pytestmark = pytest.mark.django_db
NUMBER = "+380671110022"
SOUND = b"ID3" + bytes(range(256)) * 12


@pytest.fixture
def house() -> House:
    return make_house()


@pytest.fixture
def line(house: House) -> Channel:
    return Channel.objects.create(
        kind="phone", name="Hotline", address="+380440000100", team=house.support, locale="uk"
    )


def shown(house: House, call: Call) -> str:
    html = signed_in(house.olena).get(f"/tickets/{call.ticket_id}/pane/").json()["thread"]
    return " ".join(
        re.sub(r"<[^>]+>", " ", re.split(r'id="msg-\d+"', html)[-1].split("</dl>")[0] + _after(html)).split()
    )


def _after(html: str) -> str:
    return re.split(r'id="msg-\d+"', html)[-1].partition("</dl>")[2].partition("</ol>")[0]


def test_lengths_read_as_on_a_telephone() -> None:
    assert [clock(seconds) for seconds in (0, 12, 150, 3750)] == ["0:00", "0:12", "2:30", "1:02:30"]


def test_an_answered_call_says_who_and_how_long_in_the_readers_language(house: House, line: Channel) -> None:
    heard = CallHeard("CA1", "in", "answered", NUMBER, line.address, timezone.now(), wait_seconds=12, talk_seconds=150,
                      agent_name="Iryna")  # fmt: skip
    call_heard(line.pk, heard, at=timezone.now())
    said = shown(house, Call.objects.get())
    assert "Call from +380 67 111 0022" in said and "Answered" in said
    assert "Answered by Iryna · waited 0:12 · talked 2:30" in said
    assert "Дзвінок" not in said and "called back" not in said  # its message is in the line's language


def test_a_call_of_ours_is_not_the_customers_words(house: House, line: Channel) -> None:
    call = log_call(line.pk, by=house.olena, direction="out", number=NUMBER, outcome="answered", seconds=61,
                    note="Asked for the size.\nShe keeps them.", client_id=uuid4())  # fmt: skip
    said = shown(house, call)
    assert "Call to +380 67 111 0022" in said and "Agent: Olena · talked 1:01" in said
    assert "Asked for the size. She keeps them." in said


def test_a_missed_call_is_to_be_returned_until_it_was(house: House, line: Channel) -> None:
    heard = CallHeard(
        "CA2", "in", "missed", NUMBER, line.address, datetime(2026, 11, 20, 12, tzinfo=UTC), wait_seconds=40
    )
    call_heard(line.pk, heard, at=timezone.now())
    call = Call.objects.get()
    said = shown(house, call)
    assert "Missed" in said and "Waited 0:40" in said and "To be called back:" in said
    client = signed_in(house.olena)
    before = client.get(f"/tickets/{call.ticket_id}/updates/?event=0").json()["event"]
    callback_done(call.pk, by=house.olena)
    changed = client.get(f"/tickets/{call.ticket_id}/updates/?event={before}").json()["changed"]
    assert "Called back:" in changed[f"msg-{call.message_id}"]
    assert "To be called back:" not in shown(house, call)


def test_a_hidden_number_is_named_so(house: House, line: Channel) -> None:
    call_heard(line.pk, CallHeard("CA3", "in", "missed", "", line.address, timezone.now()), at=timezone.now())
    assert "Call from a hidden number" in shown(house, Call.objects.get())


def test_what_is_masked_in_the_message_is_masked_in_the_note(house: House, line: Channel) -> None:
    call = log_call(line.pk, by=house.olena, direction="in", number=NUMBER, outcome="answered", seconds=5,
                    note="Card 4111 1111 1111 1111 was read out")  # fmt: skip
    assert "4111 1111 1111 1111" not in shown(house, call)


def test_a_recording_is_played_from_where_one_likes(house: House, line: Channel) -> None:
    call = log_call(line.pk, by=house.olena, direction="in", number=NUMBER, outcome="voicemail", seconds=9)
    file = Attachment.objects.create(message_id=call.message_id, ticket_id=call.ticket_id, filename="voice.mp3",
                                     content_type="audio/mpeg", size=len(SOUND), sha256=store_blob(SOUND))  # fmt: skip
    client, address = signed_in(house.olena), f"/files/{file.public_id}/"
    html = client.get(f"/tickets/{call.ticket_id}/pane/").json()["thread"]
    assert f'<audio controls preload="none" src="{address}"' in html
    whole = client.get(address)
    assert (whole.status_code, b"".join(whole.streaming_content)) == (200, SOUND)  # type: ignore[attr-defined]
    part = client.get(address, headers={"Range": "bytes=100-199"})
    assert (part.status_code, part.content, part["Content-Range"]) == (
        206,
        SOUND[100:200],
        f"bytes 100-199/{len(SOUND)}",
    )
    rest = client.get(address, headers={"Range": "bytes=3000-", "If-Range": part["ETag"]})
    assert (rest.status_code, rest.content, rest["Content-Type"]) == (206, SOUND[3000:], "audio/mpeg")
    for wrong in ("bytes=99999-", "bytes=5-2", "bytes=-5", "lines=1-2"):
        assert client.get(address, headers={"Range": wrong}).status_code == 200
    assert client.get(address, headers={"Range": "bytes=3-", "If-Range": '"another"'}).status_code == 200
    outsider = signed_in(house.mallory)
    assert outsider.get(address, headers={"Range": "bytes=0-1"}).status_code == 404
    assert signed_in(house.olena).get("/inbox/open/")["Content-Security-Policy"].count("media-src 'self'") == 1


def test_calls_cost_no_query_of_their_own(house: House, line: Channel) -> None:
    for number in range(6):
        call = log_call(line.pk, by=house.olena, direction="in", number=NUMBER, outcome="missed", seconds=number,
                        at=timezone.now() + timedelta(seconds=number))  # fmt: skip
    client = signed_in(house.olena)
    client.get(f"/tickets/{call.ticket_id}/pane/")
    with counted(PAGES["pane"]):
        assert client.get(f"/tickets/{call.ticket_id}/pane/").status_code == 200
