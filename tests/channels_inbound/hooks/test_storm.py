"""Two thousand webhooks of five providers, shuffled, a fifth of them twice, while workers are killed: the right
count, the right order in each conversation, and never a 5xx."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection as database
from django.test import Client
from django.utils import timezone

from channels_inbound.claims import anything_waits
from channels_inbound.hooks.drain import drain_hooks
from channels_inbound.hooks.signatures import hmac_hex
from channels_inbound.models import Connection, RawDelivery, RawState
from people.models import Agent
from tests.channels_inbound.hooks.house import KEY, connect
from tests.people import make_house
from tests.providers.graph import APP_SECRET
from tickets.inbox.directory import read_directory
from tickets.inbox.said import Said
from tickets.inbox.thread import read_thread
from tickets.models import Message, Ticket

pytestmark = pytest.mark.django_db(transaction=True)

DELIVERIES = 2000
PEOPLE = 40
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


@pytest.fixture
def channels(settings: Any) -> dict[str, Connection]:
    settings.CREDENTIALS_KEYS = [KEY]
    settings.INBOUND_LEASE_SECONDS = 3
    house = make_house()
    meta = {"token": "t", "app_secret": APP_SECRET}
    return {
        "messenger": connect(house, "messenger", {"page_id": "1001", **meta}),
        "instagram": connect(house, "instagram", {"account_id": "1002", **meta}),
        "whatsapp": connect(house, "whatsapp", {"phone_number_id": "1003", **meta}),
        "telegram": connect(house, "telegram", {"token": "1004:abc"}),
        "fb_comments": connect(house, "fb_comments", {"page_id": "1005", **meta}),
    }


def said(kind: str, person: int, number: int) -> dict[str, Any]:
    """What a person says: number n of theirs, n seconds after the start."""
    at, text, who = START + number * 10 + person % 10, f"{person}/{number}", str(700_000 + person)
    if kind in ("messenger", "instagram"):
        account = "1001" if kind == "messenger" else "1002"
        item = {"sender": {"id": who}, "recipient": {"id": account}, "timestamp": at * 1000,
                "message": {"mid": f"m_{kind}_{person}_{number}", "text": text}}  # fmt: skip
        return {
            "object": "page" if kind == "messenger" else "instagram",
            "entry": [{"id": account, "messaging": [item]}],
        }
    if kind == "whatsapp":
        value = {"metadata": {"phone_number_id": "1003"}, "contacts": [{"wa_id": f"38067{who}", "profile": {"name": who}}],
                 "messages": [{"from": f"38067{who}", "id": f"wamid.{person}.{number}", "timestamp": str(at), "type": "text",
                               "text": {"body": text}}]}  # fmt: skip
        return {
            "object": "whatsapp_business_account",
            "entry": [{"id": "9", "changes": [{"field": "messages", "value": value}]}],
        }
    if kind == "telegram":
        return {"update_id": person * 1000 + number, "message": {
            "message_id": number + 1, "from": {"id": int(who), "is_bot": False, "first_name": who},
            "chat": {"id": int(who), "type": "private"}, "date": at, "text": text}}  # fmt: skip
    value = {"item": "comment", "verb": "add", "post_id": "1005_1", "parent_id": "1005_1" if not number else f"1_{person}_0",
             "comment_id": f"1_{person}_{number}", "from": {"id": who, "name": who}, "created_time": at, "message": text}  # fmt: skip
    return {"object": "page", "entry": [{"id": "1005", "time": at, "changes": [{"field": "feed", "value": value}]}]}


def send(client: Client, channel: Connection, content: dict[str, Any]) -> int:
    body = json.dumps(content).encode()
    headers = {"X-Hub-Signature-256": f"sha256={hmac_hex(APP_SECRET, body)}"}
    if channel.provider == "telegram":
        headers = {"X-Telegram-Bot-Api-Secret-Token": channel.verify_token}
    path = f"/hooks/{channel.provider}/{channel.key}/"
    status: int = client.post(path, body, content_type="application/json", headers=headers).status_code
    return status


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


def test_a_storm_comes_out_right(channels: dict[str, Connection], worker: Any) -> None:
    dice = random.Random(7)
    each = DELIVERIES * 10 // 12 // (len(channels) * PEOPLE)
    storm = [(kind, person, n) for kind in channels for person in range(PEOPLE) for n in range(each)]
    unique = len(storm)
    storm += dice.sample(storm, DELIVERIES - unique)
    dice.shuffle(storm)
    client, statuses, killed = Client(), Counter[int](), 0
    slow: list[float] = []
    process = worker()
    for number, (kind, person, n) in enumerate(storm):
        began = time.perf_counter()
        statuses[send(client, channels[kind], said(kind, person, n))] += 1
        slow.append(time.perf_counter() - began)
        if number % 400 == 399:
            os.kill(process.pid, signal.SIGKILL)
            process.wait(10)
            killed += 1
            process = worker()
    deadline = time.monotonic() + 120
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
    for ticket, text in Message.objects.order_by("at").values_list("ticket", "text"):
        order[ticket].append(text)
    for texts in order.values():
        person = texts[0].partition("/")[0]
        assert texts == [f"{person}/{n}" for n in range(each)]
    some = Ticket.objects.order_by("?").first()
    assert some is not None
    adam = Agent.objects.get(name="Adam")
    shown = read_thread(adam, some.pk, read_directory()).timeline().items
    assert [one.message.text for one in shown if isinstance(one, Said)] == order[some.pk]
    slow.sort()
    print(
        f"answered in {slow[len(slow) // 2] * 1000:.1f} ms, 99 of 100 within {slow[len(slow) * 99 // 100] * 1000:.1f} ms"
    )
    assert not anything_waits(at=timezone.now(), hooks=True)
