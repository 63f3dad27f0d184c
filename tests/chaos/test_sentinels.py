"""The master of Redis is killed and its replica takes over: mails, replies, limits and live updates go on, and nothing
is started anew."""

from __future__ import annotations

import json
import smtplib
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import suppress
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import caches
from django.test import override_settings
from redis import RedisError

from events import redis_servers
from helpdesk.settings import CACHES
from people.tokens import create_token
from tests.people import House, make_house
from tests.support.live import LiveStack, test_database_url
from tests.support.sentinels import MASTER, PASSWORD, Sentinels
from tests.support.smtp_sink import Received, SmtpSink
from tests.tickets.live.site import Site, Tab
from tickets.models import Ticket

pytestmark = pytest.mark.kill


@pytest.fixture
def sentinels(place: Path) -> Iterator[Sentinels]:
    sentinels = Sentinels(place / "sentinels")
    try:
        sentinels.start()
        yield sentinels
    finally:
        sentinels.stop()


@pytest.fixture
def stack(transactional_db: None, sentinels: Sentinels, smtp_sink: SmtpSink) -> Iterator[LiveStack]:
    stack = LiveStack({"DATABASE_URL": test_database_url(), "EMAIL_URL": smtp_sink.url, "REDIS_URL": sentinels.url})
    try:
        stack.start()
        yield stack
    finally:
        stack.stop()


def test_a_fail_over_costs_no_mail_no_reply_and_no_live_update(
    stack: LiveStack, sentinels: Sentinels, smtp_sink: SmtpSink
) -> None:
    house = make_house()
    site = Site()
    site.port = stack.http_port
    tab = Tab(site, house.olena, view="open")
    time.sleep(3.1)  # what the listener remembers of its mailboxes
    _mail_comes_and_is_answered(stack, house, smtp_sink, "before")
    tab.wait("ticket.upsert", timeout=60, ticket=Ticket.objects.get().pk)
    pids = {name: child.process.pid for name, child in stack.children.items() if child.process}

    new = sentinels.kill_master()

    assert new == sentinels.servers[1]
    _mail_comes_and_is_answered(stack, house, smtp_sink, "after")
    tab.wait("resync", timeout=60)  # what was missed in between is fetched
    for number in range(10):  # and what follows comes by itself, once each process has tried again
        _mail_comes_and_is_answered(stack, house, smtp_sink, f"later {number}")
        with suppress(AssertionError):
            tab.wait("ticket.upsert", ticket=Ticket.objects.get(subject=f"Parcel later {number}").pk)
            break
    else:
        raise AssertionError(f"no live update any more: {tab.kinds()}")
    stack.wait_until_ready()
    assert {name: child.process.pid for name, child in stack.children.items() if child.process} == pids
    assert len(_to_customer(smtp_sink)) == Ticket.objects.count() == number + 3


def _mail_comes_and_is_answered(stack: LiveStack, house: House, sink: SmtpSink, word: str) -> None:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "zoe@customer.example", house.channel.address, f"Parcel {word}"
    message["Message-ID"] = f"<{word.replace(' ', '-')}@customer.example>"
    message.set_content("Where is it?")
    arrived = len(_to_customer(sink))
    with smtplib.SMTP(*stack.smtp_address, timeout=10) as server:
        server.send_message(message)
    _wait(lambda: Ticket.objects.filter(subject=f"Parcel {word}").exists())
    ticket = Ticket.objects.get(subject=f"Parcel {word}")
    _reply(stack, house, ticket)
    _wait(lambda: len(_to_customer(sink)) > arrived)


def _to_customer(sink: SmtpSink) -> list[Received]:
    """Without what agents are told of their own accounts."""
    return [mail for mail in list(sink.mails) if mail.rcpt_tos == ("zoe@customer.example",)]


def _reply(stack: LiveStack, house: House, ticket: Ticket) -> None:
    token, _ = create_token(house.olena, f"test {ticket.pk}")
    asked = urllib.request.Request(
        f"{stack.url}/api/v1/tickets/{ticket.pk}/messages/",
        data=json.dumps({"kind": "reply", "text": "Tomorrow.", "expected_sequence": 1}).encode(),
        headers={"Authorization": f"Token {token}", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(asked, timeout=30) as answer:
        assert answer.status == 201


def _wait(until: Any, seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while not until():
        assert time.monotonic() < deadline, "it did not come"
        time.sleep(0.1)


def test_the_cache_and_plain_clients_find_the_new_master(sentinels: Sentinels) -> None:
    options = {**CACHES["default"], "LOCATION": [sentinels.url.replace("/0?", "/1?")]}
    asked = redis_servers.client(sentinels.url, socket_timeout=2, socket_connect_timeout=1)
    with override_settings(CACHES={"default": options, "watched": options}):
        caches["watched"].set("said", "before")
        asked.set("said", "before")
        assert asked.wait(1, 2000) == 1  # the replica has it too
        sentinels.kill_master()
        # A Sentinel may be a moment behind the others; nobody repeats in our stead.
        _wait(lambda: _works(lambda: caches["watched"].set("said", "after")))
        _wait(lambda: _works(lambda: asked.set("said", "after")))
        assert (caches["watched"].get("said"), asked.get("said")) == ("after", b"after")


def _works(what: Callable[[], object]) -> bool:
    try:
        what()
    except RedisError:
        return False
    return True


def test_an_address_says_whom_to_ask() -> None:
    found = redis_servers.watched(f"redis+sentinel://u:p%40ss@one,two:26380/3?master={MASTER}&sentinel_password=s")
    assert found
    assert found.sentinels == (("one", 26379), ("two", 26380))
    assert (found.master, found.access) == (MASTER, {"username": "u", "password": "p@ss", "db": 3})
    assert found.asking["password"] == "s"
    assert redis_servers.watched(f"redis://:{PASSWORD}@one:6379/0") is None
    assert redis_servers.broker("redis://one/0") == ("redis://one/0", {})
    url, options = redis_servers.broker(f"redis+sentinel://:p%40ss@one,two/3?master={MASTER}")
    assert url == "sentinel://:p%40ss@one:26379/3;sentinel://:p%40ss@two:26379/3"
    assert options["master_name"] == MASTER


@pytest.mark.parametrize("url", ["redis+sentinel://one:26379/0", "redis+sentinel:///0?master=shop"])
def test_an_address_that_names_nobody_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="master=NAME"):
        redis_servers.watched(url)
