"""A real streaming replica of the test's PostgreSQL: reports and searches read from it, nobody misses what they wrote
themselves, and one that is behind, away or killed in the middle costs nothing but its help."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection, connections
from django.test import Client

from events import replica
from helpdesk import health, signals
from tests.api.client import Api
from tests.people import House, make_house, open_ticket
from tests.support.replica import Replica
from tests.support.services import running_services
from tickets import actions

pytestmark = [pytest.mark.kill, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def copy(
    place: Path, transactional_db: None, monkeypatch: pytest.MonkeyPatch, django_db_blocker: Any
) -> Iterator[Replica]:
    primary = running_services().postgres
    assert primary
    copy = Replica(place / "replica", primary)
    try:
        copy.start()
        known = dict(connection.settings_dict)
        known |= {"HOST": str(copy.server.socket_dir), "OPTIONS": dict(known["OPTIONS"])}
        monkeypatch.setitem(settings.DATABASES, replica.ALIAS, known)
        replica.forget()
        with django_db_blocker.unblock():  # Django guards a test from databases it did not know beforehand
            yield copy
    finally:
        connections[replica.ALIAS].close()
        del connections[replica.ALIAS]
        copy.server.stop()
        replica.forget()


@pytest.fixture
def house(copy: Replica) -> House:
    house = make_house()
    _wait(lambda: _caught_up(copy))
    return house


def _caught_up(copy: Replica) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_current_wal_insert_lsn()::text")  # what a commit that waits for no disk wrote, too
        written = cursor.fetchone()[0]
    return bool(copy.ask(f"SELECT pg_last_wal_replay_lsn() >= '{written}'::pg_lsn"))


def _wait(until: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not until():
        assert time.monotonic() < deadline, "it did not come"
        time.sleep(0.05)


def _found(client: Client, words: str) -> tuple[bool, bool]:
    """Whether the ticket was found, and by the replica."""
    said = client.get("/search/", {"q": words}).content.decode()
    return 'class="hits"' in said, "Read from the replica" in said


def signed_in(agent: Any) -> Client:
    client = Client()
    client.force_login(agent)
    return client


def test_reports_and_searches_are_read_from_it(copy: Replica, house: House) -> None:
    open_ticket(house.channel, subject="Marzipan")
    _wait(lambda: _caught_up(copy))
    client = signed_in(house.adam)
    assert _found(client, "Marzipan") == (True, True)
    for page in (
        "/reports/",
        "/reports/service-level/",
        "/reports/satisfaction/",
        "/reports/work/",
        "/reports/topics/",
    ):
        answer = client.get(page)
        assert answer.status_code == 200
        assert answer["X-Read-From"].startswith("replica, 0.0 s"), page
        assert "Read from the replica, 0 s behind" in answer.content.decode()
    assert Api.of(house.adam).get("tickets/?q=Marzipan").body["results"][0]["subject"] == "Marzipan"
    # And nothing went there by mistake that is not meant to.
    assert connections["default"].alias == "default"


def test_nobody_misses_what_they_wrote_themselves(copy: Replica, house: House) -> None:
    ticket = open_ticket(house.channel, subject="Lamp")
    _wait(lambda: _caught_up(copy))
    olena, ben = signed_in(house.olena), signed_in(house.ben)
    copy.ask("SELECT pg_wal_replay_pause()")
    try:
        assert _found(olena, "nougat") == (False, True)
        note = {"kind": "note", "text": "It smells of nougat.", "expected": "1"}
        assert olena.post(f"/tickets/{ticket.pk}/messages/", note).status_code == 200
        assert _found(olena, "nougat") == (True, False)
        assert _found(ben, "nougat") == (False, True)  # within the seconds that are allowed
    finally:
        copy.ask("SELECT pg_wal_replay_resume()")
    _wait(lambda: _caught_up(copy))
    assert _found(ben, "nougat") == (True, True)


def test_one_that_is_too_far_behind_is_not_asked(copy: Replica, house: House, settings: Any) -> None:
    settings.REPLICA_LAG_SECONDS = 1
    client = signed_in(house.olena)
    copy.ask("SELECT pg_wal_replay_pause()")
    try:
        open_ticket(house.channel, subject="Marzipan")
        _wait(lambda: (behind := replica.lag()) is not None and behind > 1)
        assert _found(client, "Marzipan") == (True, False)
        assert health.probe_replica().endswith(" s behind")
        told = {name: value for name, _, value in signals.collect() if name.startswith("helpdesk_replica")}
        assert told["helpdesk_replica_up"] == 1
        assert told["helpdesk_replica_lag_seconds"] > 1
    finally:
        copy.ask("SELECT pg_wal_replay_resume()")
    _wait(lambda: replica.lag() == 0)
    assert _found(client, "Marzipan") == (True, True)


def test_one_that_is_killed_costs_no_page(copy: Replica, house: House) -> None:
    open_ticket(house.channel, subject="Marzipan")
    _wait(lambda: _caught_up(copy))
    client = signed_in(house.adam)
    assert _found(client, "Marzipan") == (True, True)
    assert copy.server.process
    copy.server.process.kill()
    copy.server.process.wait()
    assert _found(client, "Marzipan") == (True, False)
    assert client.get("/reports/").status_code == 200
    assert health.probe_replica() == "no answer"
    assert ("helpdesk_replica_up", {}, 0.0) in list(signals.collect())
    copy.server.start()
    replica.forget()
    _wait(lambda: replica.lag() == 0)
    assert _found(client, "Marzipan") == (True, True)


def test_a_question_that_would_write_is_asked_of_the_primary(copy: Replica, house: House) -> None:
    ticket = open_ticket(house.channel)
    _wait(lambda: _caught_up(copy))

    def write() -> str:
        actions.add_note(ticket.pk, by=house.olena, text="Written.")
        return "done"

    assert replica.read(house.olena.pk, write) == ("done", None)
    assert ticket.messages.filter(text="Written.").count() == 1


def test_it_must_be_a_replica(copy: Replica, house: House) -> None:
    """The primary's own address, or a replica that was made the primary, is not read as one."""
    copy.ask("SELECT pg_promote()")
    _wait(lambda: copy.ask("SELECT pg_is_in_recovery()") is False)
    replica.forget()
    assert replica.lag() is None
