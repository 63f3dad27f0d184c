"""X's tokens live for two hours, and what renews one is good for one time: renewed in time, once, and never lost."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connections
from django.utils import timezone

from channels_inbound.alarms import tell_people
from channels_inbound.credentials import decrypt
from channels_inbound.delivery import drain_outbound
from channels_inbound.hooks.drain import drain_hooks
from channels_inbound.hooks.upkeep import keep_up
from channels_inbound.models import Connection, ConnectionState, Upkeep
from events.models import Event
from tests.channels_inbound.hooks.house import KEY, connect, deliver
from tests.people import House, make_house
from tests.providers import x
from tests.providers.server import Reply, running
from tests.providers.x import XServer
from tickets.actions import reply
from tickets.models import ChannelHealth, Notification, Ticket

pytestmark = pytest.mark.django_db(transaction=True)

VALUES = {"user_id": x.US, "consumer_secret": x.SECRET, "token": x.TOKEN}
OAUTH = VALUES | {"client_id": x.CLIENT, "client_secret": "client:secret", "refresh_token": x.REFRESH}
HOUR = timedelta(hours=1)
REFUSED = Reply(400, {"error": "invalid_request", "error_description": "Value passed for the token was invalid."})


@pytest.fixture
def house(settings: Any) -> House:
    settings.ALLOWED_NETWORKS = ["127.0.0.0/8"]
    settings.CREDENTIALS_KEYS = [KEY]
    return make_house()


@pytest.fixture
def server(settings: Any) -> Iterator[XServer]:
    made = XServer()
    with running(made):
        settings.PROVIDER_ENDPOINTS = {"x": made.url}
        yield made


def secrets_of(made: Connection) -> dict[str, str]:
    return decrypt(Connection.objects.get(pk=made.pk).secret)


def row_of(made: Connection) -> Upkeep:
    return Upkeep.objects.get(connection=made)


def test_a_token_is_renewed_at_half_of_its_life_with_what_came_the_last_time(house: House, server: XServer) -> None:
    made = connect(house, "x", OAUTH)
    began = made.secret_changed_at
    assert keep_up(at=began) == 1, "nobody tells how old the first one is"
    first = secrets_of(made)
    assert (first["token"], first["refresh_token"]) == (server.token, server.refresh) != (x.TOKEN, x.REFRESH)
    assert first["client_secret"] == "client:secret"
    assert (row_of(made).until, row_of(made).due_at) == (began + 2 * HOUR, began + HOUR)
    assert keep_up(at=began + timedelta(minutes=59)) == 0
    assert keep_up(at=began + HOUR) == 1
    assert secrets_of(made)["refresh_token"] == server.refresh != first["refresh_token"]
    assert [request.form["refresh_token"] for request in server.requests] == [x.REFRESH, first["refresh_token"]]
    made.refresh_from_db()
    assert made.secret_changed_at == began


def test_two_workers_use_it_once(house: House, server: XServer) -> None:
    made = connect(house, "x", OAUTH)

    def work() -> None:
        keep_up(at=made.secret_changed_at)
        connections.close_all()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(server.requests) == 1
    assert secrets_of(made)["refresh_token"] == server.refresh


def test_an_app_without_a_secret_names_itself(house: House, server: XServer) -> None:
    made = connect(house, "x", {name: value for name, value in OAUTH.items() if name != "client_secret"})
    assert keep_up(at=made.secret_changed_at) == 1
    assert server.requests[0].form["client_id"] == x.CLIENT
    assert "authorization" not in server.requests[0].headers
    assert secrets_of(made)["token"] == server.token


def test_a_token_that_does_not_end_is_left_alone(house: House, server: XServer) -> None:
    made = connect(house, "x", VALUES)
    assert keep_up(at=made.secret_changed_at) == 1
    assert server.requests == [] and row_of(made).until is None and secrets_of(made)["token"] == x.TOKEN


def test_a_failure_that_passes_is_tried_again_soon_and_told_to_nobody(house: House, server: XServer) -> None:
    made = connect(house, "x", OAUTH)
    now = made.secret_changed_at
    keep_up(at=now)
    server.faults = [x.BROKEN, "refuse"]
    assert keep_up(at=now + HOUR) == 1
    row = row_of(made)
    assert (row.trouble, row.due_at) == ("Over capacity", now + HOUR + timedelta(minutes=10))
    server.faults = []
    assert keep_up(at=row.due_at) == 1
    assert row_of(made).trouble == "" and secrets_of(made)["token"] == server.token
    assert not Event.objects.filter(kind="connection.ending").exists()


def test_in_its_last_half_hour_its_people_are_told_once(house: House, server: XServer) -> None:
    made = connect(house, "x", OAUTH)
    now = made.secret_changed_at
    keep_up(at=now)
    at: datetime = now + HOUR
    while at < now + 2 * HOUR:
        server.faults = [x.BROKEN]
        keep_up(at=at)
        at = row_of(made).due_at
    told = Event.objects.filter(kind="connection.ending")
    assert told.count() == 1
    for event in told:
        tell_people(event)
    assert Notification.objects.exists()


def test_what_waited_for_a_token_goes_when_there_is_one_again(house: House, server: XServer) -> None:
    """The helpdesk stood still for a day: the token has ended, and the channel turns red with the first answer."""
    made = connect(house, "x", OAUTH)
    long_ago = timezone.now() - timedelta(days=1)
    keep_up(at=made.secret_changed_at)
    Upkeep.objects.update(until=long_ago, done_at=long_ago - 2 * HOUR)
    server.token = "another by now"
    deliver(made, x.direct("2090000000000000101", "Is it dimmable?"))
    drain_hooks()
    reply(Ticket.objects.get().pk, by=house.olena, text="Yes.", undo_seconds=0)
    assert drain_outbound() == {"temporary": 1}
    made.refresh_from_db()
    assert made.state == ConnectionState.REFUSED
    Upkeep.objects.update(due_at=timezone.now())
    assert keep_up(at=timezone.now()) == 1
    made.refresh_from_db()
    made.channel.refresh_from_db()
    assert (made.state, made.channel.health) == (ConnectionState.OK, ChannelHealth.OK)
    assert drain_outbound() == {"accepted": 1}
    assert server.sent_texts() == ["Yes."]


def test_a_refresh_token_that_is_no_good_turns_the_channel_red_with_its_token(house: House, server: XServer) -> None:
    made = connect(house, "x", OAUTH)
    now = made.secret_changed_at
    server.faults = [REFUSED]
    assert keep_up(at=now) == 1
    made.refresh_from_db()
    assert made.state == ConnectionState.NEW, "the token itself still works"
    server.token = "another by now"
    server.faults = [REFUSED]
    assert keep_up(at=row_of(made).due_at) == 1
    made.refresh_from_db()
    assert made.state == ConnectionState.REFUSED


@pytest.mark.parametrize(
    ("event", "state"),
    [
        ({"revoke": {"date_time": "2026-11-20T10:00:00Z", "source": {"user_id": x.US}}}, "refused"), ({"revoke": {}}, "refused"),
        ({"revoke": {"source": {"user_id": "7"}}}, "ok"), ({"other": {}}, "ok"),
    ],
)  # fmt: skip
def test_access_taken_away_is_red_in_the_older_shape_too(
    house: House, server: XServer, event: dict[str, Any], state: str
) -> None:
    made = connect(house, "x", VALUES)
    assert deliver(made, x.signed({"user_event": event})).status_code == 200
    drain_hooks()
    made.refresh_from_db()
    assert made.state == state
