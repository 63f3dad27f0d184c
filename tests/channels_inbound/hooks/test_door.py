"""Webhooks by the short way and by the long one: the same answers, the same rows, and one commit for many."""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest
from django.db import IntegrityError, OperationalError
from django.db import connection as database

from channels_inbound.hooks import calls
from channels_inbound.hooks.accounts import hook_url
from channels_inbound.models import Connection, RawDelivery
from helpdesk.hook_door import HookDoor
from tests.channels_inbound.hooks.at_the_door import close_door, open_door, posted, together
from tests.channels_inbound.hooks.house import KEY, connect, hook_path
from tests.people import House, make_house
from tests.providers import http_system, twilio, x
from tests.providers.customers import Line, Said, written
from tests.providers.graph import APP_SECRET
from tests.providers.webhooks import Webhook

pytestmark = pytest.mark.django_db(transaction=True)

META = {"token": "t", "app_secret": APP_SECRET}
VALUES: dict[str, dict[str, Any]] = {
    "messenger": {"page_id": "1001", **META}, "telegram": {"token": "1004:abc"},
    "x": {"user_id": x.US, "consumer_secret": x.SECRET, "token": "t"},
    "sms": {"number": "+380440000100", "account_sid": twilio.SID, "auth_token": twilio.TOKEN},
    "http": {"system": "market", "secret": http_system.SECRET},
}  # fmt: skip


@pytest.fixture
def house(settings: Any) -> House:
    settings.CREDENTIALS_KEYS = [KEY]
    settings.BASE_URL = "http://testserver"
    settings.ALLOWED_HOSTS = ["testserver"]
    return make_house()


@pytest.fixture
def door() -> Iterator[HookDoor]:
    made = open_door()
    yield made
    close_door(made)


def webhook(made: Connection, person: int, text: str = "Where is my parcel?") -> Webhook:
    line = Line(made.provider, made.account, hook_url(made), made.verify_token)
    return written(line, Said(700_000 + person, f"Person {person}", text, str(5000 + person), int(time.time()), ""))


@pytest.mark.parametrize("kind", VALUES)
def test_both_ways_come_to_the_same(kind: str, house: House, door: HookDoor) -> None:
    made = connect(house, kind, VALUES[kind])
    genuine, other = webhook(made, 1), webhook(made, 2)
    changed = Webhook(genuine.body + b" ", genuine.headers, genuine.content_type, genuine.query)
    if kind == "telegram":  # a word it shows, and no signature over the body
        changed = Webhook(genuine.body, {"X-Telegram-Bot-Api-Secret-Token": "x"}, genuine.content_type, genuine.query)
    short, long = together(posted(door, made, genuine), posted(door, made, other, chunked=True))
    assert (short[0], short[2]) == (long[0], long[2]) == (200, long[2])
    assert short[1]["content-type"].partition(";")[0] == long[1]["content-type"].partition(";")[0]
    assert short[1]["x-request-id"] and short[1]["x-content-type-options"] == "nosniff"
    kept = list(RawDelivery.objects.order_by("id").values_list("channel", "transport", "state", "envelope"))
    assert len(kept) == 2 and kept[0] == kept[1]
    refused = together(posted(door, made, changed), posted(door, made, changed, chunked=True))
    assert [heard[0] for heard in refused] == [403, 403]
    made.refresh_from_db()
    assert (RawDelivery.objects.count(), made.refused) == (2, 2)
    again = together(posted(door, made, genuine), posted(door, made, genuine), posted(door, made, other))
    assert [heard[0] for heard in again] == [200, 200, 200] and RawDelivery.objects.count() == 2


def test_many_share_a_commit_and_who_guesses_beside_them_costs_them_nothing(
    house: House, door: HookDoor, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = {kind: connect(house, kind, values) for kind, values in VALUES.items()}
    stored: list[int] = []
    store = calls.store_many
    monkeypatch.setattr(calls, "store_many", lambda given, **kw: (stored.append(len(given)), store(given, **kw)))
    good = [posted(door, made[kind], webhook(made[kind], person)) for kind in made for person in range(12)]
    messenger = made["messenger"]
    bad = Webhook(b"{}", {"X-Hub-Signature-256": "sha256=" + "0" * 64}, "application/json", "")
    heard = together(*good, *[posted(door, messenger, bad) for _ in range(20)])
    assert Counter(status for status, _, _ in heard) == {200: 60, 403: 20}
    assert sum(stored) == 60 and len(stored) < 20
    messenger.refresh_from_db()
    assert (RawDelivery.objects.count(), messenger.refused) == (60, 20)


def test_one_that_cannot_be_kept_is_alone_in_that(
    house: House, door: HookDoor, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = connect(house, "messenger", VALUES["messenger"])
    store = calls.store_many

    def without(given: Sequence[Any], **more: Any) -> None:
        if any(b"poison" in one.content for one in given):
            raise IntegrityError("never")
        store(given, **more)

    monkeypatch.setattr(calls, "store_many", without)
    texts = ["poison" if n == 5 else f"fine {n}" for n in range(12)]
    heard = together(*[posted(door, made, webhook(made, n, text)) for n, text in enumerate(texts)])
    assert [status for status, _, _ in heard] == [500 if n == 5 else 200 for n in range(12)]
    assert RawDelivery.objects.count() == 11


def test_without_a_database_they_are_asked_to_come_again(
    house: House, door: HookDoor, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = connect(house, "messenger", VALUES["messenger"])

    def away(*_: Any, **__: Any) -> None:
        raise OperationalError("gone")

    for name in ("store_many", "connections_called"):
        with monkeypatch.context() as patch:
            patch.setattr(calls, name, away)
            (heard,) = together(posted(door, made, webhook(made, 1)))
        assert (heard[0], heard[1]["retry-after"]) == (503, "5") and not RawDelivery.objects.exists()
    assert together(posted(door, made, webhook(made, 1)))[0][0] == 200


def test_what_is_out_of_the_ordinary_goes_the_long_way(house: House, door: HookDoor, settings: Any) -> None:
    made = connect(house, "messenger", VALUES["messenger"])
    hook = webhook(made, 1)
    door.taking.work = _never
    assert together(posted(door, made, hook, chunked=True))[0][0] == 200
    assert together(posted(door, made, hook, Host="elsewhere.example"))[0][0] == 400
    assert together(posted(door, made, hook, path="/hooks/nobody/abc/"))[0][0] == 404
    large = Webhook(
        json.dumps({"object": "page", "entry": [], "more": "x" * 300_000}).encode(), {}, "application/json", ""
    )
    assert together(posted(door, made, large))[0][0] == 403
    settings.SECURE_SSL_REDIRECT = True
    ways: list[str] = []

    async def page(scope: Any, receive: Any, send: Any) -> None:
        ways.append(scope["path"])
        await send({"type": "http.response.start", "status": 301, "headers": []})

    door_of_https = HookDoor(page)
    assert together(posted(door_of_https, made, hook))[0][0] == 301 and ways == [hook_path(made)]


def test_a_query_of_nothing_but_signs_is_refused_like_any_page_refuses_it(house: House, door: HookDoor) -> None:
    made = connect(house, "messenger", VALUES["messenger"])
    hook = replace(webhook(made, 1), query="&" * 2000)
    assert together(posted(door, made, hook))[0][0] == 400


def test_slow_bodies_wait_in_a_measured_room(house: House, door: HookDoor) -> None:
    made = connect(house, "messenger", VALUES["messenger"])
    door.reading_limit = 2

    async def slowly() -> list[Any]:
        let_go = asyncio.Event()
        slow = [asyncio.create_task(posted(door, made, webhook(made, n), until=let_go)) for n in (1, 2)]
        await asyncio.sleep(0)
        third = await posted(door, made, webhook(made, 3))
        let_go.set()
        return [third, *await asyncio.gather(*slow), await posted(door, made, webhook(made, 3))]

    assert [status for status, _, _ in asyncio.run(slowly())] == [503, 200, 200, 200]
    assert RawDelivery.objects.count() == 3 and door.reading == 0


def _never(pieces: Sequence[Any], _answered: Any) -> None:
    if pieces != [None]:
        raise AssertionError("this was to go the long way")


def test_an_address_that_is_none_and_a_channel_that_is_off(house: House, door: HookDoor) -> None:
    made = connect(house, "messenger", VALUES["messenger"])
    hook = webhook(made, 1)
    assert together(posted(door, made, hook, path="/hooks/messenger/nothing/"))[0][0] == 404
    assert together(posted(door, made, hook, path=f"/hooks/telegram/{made.key}/"))[0][0] == 404
    type(made.channel).objects.filter(pk=made.channel_id).update(is_active=False)
    assert together(posted(door, made, hook))[0][0] == 404
    assert not RawDelivery.objects.exists() and database.is_usable()


def test_an_address_with_a_query_is_signed_as_it_was_told(house: House, door: HookDoor) -> None:
    made = connect(house, "sms", VALUES["sms"])
    url = f"{hook_url(made)}?tag=msg%3A7.1%20a"
    ends = {"sender": "+380440000100", "to": "+380501234567"}
    first, second = (twilio.status(url, f"SM{n:032}", "delivered", **ends) for n in (1, 2))
    heard = together(posted(door, made, first), posted(door, made, second, chunked=True))
    assert [status for status, _, _ in heard] == [200, 200]
    bodies = [bytes(one.body.content) for one in RawDelivery.objects.order_by("id").select_related("body")]
    assert all(b"HelpdeskTag=msg%3A7.1+a" in body for body in bodies) and len(bodies) == 2
