"""Two thousand webhooks of nine kinds, shuffled, a fifth of them twice, sixteen at once, while workers are killed: the
right count, the right order in each conversation, and never a 5xx."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from django.db import connection as database
from django.utils import timezone

from channels_inbound.claims import anything_waits
from channels_inbound.hooks.accounts import hook_url
from channels_inbound.hooks.drain import drain_hooks
from channels_inbound.models import Connection, RawDelivery, RawState
from helpdesk.hook_door import HookDoor
from people.models import Agent
from tests.channels_inbound.hooks.at_the_door import Heard, close_door, open_door, posted, together
from tests.channels_inbound.hooks.house import KEY, connect
from tests.people import make_house
from tests.providers import http_system, twilio, x
from tests.providers.customers import Line, Said, written
from tests.providers.graph import APP_SECRET
from tickets.inbox import said as shown_said
from tickets.inbox.directory import read_directory
from tickets.inbox.thread import read_thread
from tickets.models import Message, Ticket

pytestmark = pytest.mark.django_db(transaction=True)

# The large one is run by hand: HELPDESK_STORM=10000.
DELIVERIES = int(os.environ.get("HELPDESK_STORM", "2000"))
PEOPLE = 40
AT_ONCE = 16
START = int(time.time()) - 50_000
WORKER = """
import os, django
django.setup()
from django.conf import settings
settings.DATABASES["default"]["NAME"] = os.environ["STORM_DATABASE"]
from django.db import connections
connections.databases["default"]["NAME"] = os.environ["STORM_DATABASE"]
import time
from django.db import Error
from channels_inbound.hooks.drain import drain_hooks
while True:
    try:
        drain_hooks(at_once=20)
    except Error:
        pass
    time.sleep(0.05)
"""


META = {"token": "t", "app_secret": APP_SECRET}
VALUES: dict[str, dict[str, Any]] = {
    "messenger": {"page_id": "1001", **META}, "instagram": {"account_id": "1002", **META},
    "whatsapp": {"phone_number_id": "1003", **META}, "telegram": {"token": "1004:abc"},
    "fb_comments": {"page_id": "1005", **META}, "ig_comments": {"account_id": "1006", **META},
    "x": {"user_id": x.US, "consumer_secret": x.SECRET, "token": "t"},
    "sms": {"number": "+380440000100", "account_sid": twilio.SID, "auth_token": twilio.TOKEN},
    "http": {"system": "market", "secret": http_system.SECRET},
}  # fmt: skip
# Twilio says no time of a message: it counts from when we heard of it, so a shuffled storm has no order of theirs.
UNTIMED = {"sms"}


@pytest.fixture
def channels(settings: Any) -> dict[str, Connection]:
    settings.CREDENTIALS_KEYS = [KEY]
    settings.INBOUND_LEASE_SECONDS = 3
    house = make_house()
    return {kind: connect(house, kind, values) for kind, values in VALUES.items()}


def said(kind: str, person: int, number: int) -> Said:
    """What a person says: number n of theirs, n seconds after the start."""
    at = START + number * 10 + person % 10
    under = {"fb_comments": f"1_{id_of(person, 0)}", "ig_comments": f"18{id_of(person, 0)}"}.get(kind, "")
    return Said(
        700_000 + person, f"Person {person}", f"{person}/{number}", id_of(person, number), at, under if number else ""
    )


def id_of(person: int, number: int) -> str:
    return str(1_000_000 + person * 1000 + number)


def send(door: HookDoor, storm: Sequence[tuple[Connection, Said]]) -> tuple[list[int], list[float]]:
    """These at once: the answers, and how long each was waited for."""
    slow: list[float] = []

    async def timed(channel: Connection, what: Said) -> Heard:
        line = Line(channel.provider, channel.account, hook_url(channel), channel.verify_token)
        hook, began = written(line, what), time.perf_counter()
        heard = await posted(door, channel, hook)
        slow.append(time.perf_counter() - began)
        return heard

    heard = together(*[timed(channel, what) for channel, what in storm])
    return [status for status, _, _ in heard], slow


@pytest.fixture
def door(settings: Any) -> Iterator[HookDoor]:
    settings.ALLOWED_HOSTS = ["testserver"]
    made = open_door()
    yield made
    close_door(made)


@pytest.fixture
def worker() -> Iterator[Any]:
    running: list[subprocess.Popen[bytes]] = []

    def start() -> subprocess.Popen[bytes]:
        environment = {**os.environ, "STORM_DATABASE": str(database.settings_dict["NAME"]),
                       "HELPDESK_CREDENTIALS_KEYS": KEY, "HELPDESK_INBOUND_LEASE_SECONDS": "3"}  # fmt: skip
        running.append(subprocess.Popen([sys.executable, "-c", WORKER], env=environment))
        return running[-1]

    yield start
    for process in running:
        if process.poll() is None:
            process.kill()
        process.wait(10)


def test_a_storm_comes_out_right(channels: dict[str, Connection], worker: Any, door: HookDoor) -> None:
    dice = random.Random(7)
    each = DELIVERIES * 10 // 12 // (len(channels) * PEOPLE)
    storm = [(kind, person, n) for kind in channels for person in range(PEOPLE) for n in range(each)]
    unique = len(storm)
    storm += dice.sample(storm, DELIVERIES - unique)
    dice.shuffle(storm)
    statuses, killed = Counter[int](), 0
    slow: list[float] = []
    process = worker()
    for number in range(0, len(storm), AT_ONCE):
        answers, waits = send(door, [(channels[k], said(k, p, n)) for k, p, n in storm[number : number + AT_ONCE]])
        statuses.update(answers)
        slow += waits
        if number % 400 + AT_ONCE >= 400:
            os.kill(process.pid, signal.SIGKILL)
            process.wait(10)
            killed += 1
            process = worker()
    deadline = time.monotonic() + 60 + DELIVERIES / 20
    while RawDelivery.objects.filter(state=RawState.STORED).exists() and time.monotonic() < deadline:
        time.sleep(0.5)
    process.kill()
    drain_hooks()

    assert statuses == {200: DELIVERIES}
    assert killed == DELIVERIES // 400
    assert set(RawDelivery.objects.values_list("state", flat=True)) == {RawState.INGESTED}
    assert RawDelivery.objects.count() == Message.objects.count() == unique
    assert Ticket.objects.count() == len(channels) * PEOPLE
    order: dict[int, list[str]] = defaultdict(list)
    timed = Message.objects.exclude(conversation__channel__kind__in=UNTIMED).order_by("at")
    for ticket, text in timed.values_list("ticket", "text"):
        order[ticket].append(text)
    for texts in order.values():
        person = texts[0].partition("/")[0]
        assert texts == [f"{person}/{n}" for n in range(each)]
    some = Ticket.objects.exclude(channel__kind__in=UNTIMED).order_by("?").first()
    assert some is not None
    adam = Agent.objects.get(name="Adam")
    shown = read_thread(adam, some.pk, read_directory()).timeline().items
    assert [one.message.text for one in shown if isinstance(one, shown_said.Said)] == order[some.pk]
    slow.sort()
    print(
        f"answered in {slow[len(slow) // 2] * 1000:.1f} ms, 99 of 100 within {slow[len(slow) * 99 // 100] * 1000:.1f} ms"
    )
    assert not anything_waits(at=timezone.now(), hooks=True)
