"""A mailbox that fails turns receiving of its channel red; what goes out neither causes nor mends it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import translation

from channels_inbound.health import note_send_trouble, note_sent
from channels_inbound.imap.channel_health import refresh_receiving
from channels_inbound.models import Mailbox
from tests.api.client import Api
from tests.people import NOW, House, make_house
from tests.security.world import signed_in
from tickets.models import Channel
from tickets.reasons import retold

LONG_AGO = NOW - timedelta(hours=1)


@pytest.fixture
def house(db: None) -> House:
    return make_house()


def mailbox(house: House, **fields: Any) -> Mailbox:
    values = {"state": "ok", "last_look_at": NOW, "username": f"u{Mailbox.objects.count()}"} | fields
    return Mailbox.objects.create(channel=house.channel, host="h.example", secret="", created_at=LONG_AGO, **values)


def health(house: House) -> tuple[str, str, str]:
    refresh_receiving(at=NOW)
    channel = Channel.objects.get(pk=house.channel.pk)
    return channel.health, channel.receive_health, channel.receive_detail


@pytest.mark.parametrize(("fields", "words"), [
    ({}, ""),
    ({"state": "refused", "trouble": "login"}, "mailbox u0: The server refuses the user name or the password."),
    ({"state": "retrying", "trouble": "lost", "failing_since": NOW - timedelta(minutes=1)}, ""),
    ({"state": "retrying", "trouble": "lost", "failing_since": LONG_AGO}, "mailbox u0: The connection was lost."),
    ({"last_look_at": LONG_AGO}, "mailbox u0: nobody has looked into it for too long"),
    ({"last_look_at": LONG_AGO, "poll_seconds": 3600}, ""),
    ({"state": "refused", "trouble": "login", "is_active": False}, ""),
])  # fmt: skip
def test_what_counts_as_failing(house: House, fields: dict[str, Any], words: str) -> None:
    mailbox(house, **fields)
    assert health(house) == ("ok", "failing" if words else "ok", words)
    assert Channel.objects.get(pk=house.other_channel.pk).receive_health == "ok"


def test_sending_and_receiving_are_apart(house: House) -> None:
    mailbox(house)
    broken = mailbox(house, state="refused", trouble="token")
    note_send_trouble(house.channel.pk, detail="535 no")
    assert health(house)[:2] == ("failing", "failing")
    note_sent(house.channel.pk, at=NOW)
    assert health(house)[:2] == ("ok", "failing")
    Mailbox.objects.filter(pk=broken.pk).update(state="ok", trouble="")
    assert health(house) == ("ok", "ok", "")


def test_nothing_is_written_while_nothing_changes(house: House, django_assert_num_queries: Any) -> None:
    mailbox(house)
    refresh_receiving(at=NOW)
    with django_assert_num_queries(2):
        refresh_receiving(at=NOW)


def test_the_page_and_the_api_say_so(house: House) -> None:
    mailbox(house, state="refused", trouble="folder")
    refresh_receiving(at=NOW)
    answer = Api.of(house.olena).get("channels/")
    found = {one["name"]: one for one in answer.body["results"]}
    keys = ("health", "sending", "receiving")
    assert [found["Support"][key] for key in keys] == ["failing", "ok", "failing"]
    assert [found["Returns"][key] for key in keys] == ["ok", "ok", "ok"]
    assert b"u0" not in answer.raw
    body = signed_in(house.olena).get("/channels/").content.decode()
    assert "Receiving fails" in body
    assert "mailbox u0: There is no such folder in this mailbox." in body


def test_it_is_said_in_the_readers_language(house: House) -> None:
    mailbox(house, state="refused", trouble="folder")
    words = health(house)[2]
    with translation.override("uk"):
        assert retold(words) != words
        assert "There is" not in retold(words)
