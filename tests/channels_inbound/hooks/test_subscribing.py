"""Connecting tells the provider what to bring; what another channel of the same page needs stays."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from channels_inbound.hooks.connections import announce_hook
from people.permissions import PermissionDenied
from tests.channels_inbound.hooks.house import KEY, connect
from tests.people import House, make_house, row_counts
from tests.providers.graph import APP_ID, APP_SECRET, TOKEN, GraphServer
from tests.providers.server import running
from tickets.errors import InvalidInput

pytestmark = pytest.mark.django_db

META = {"token": TOKEN, "app_secret": APP_SECRET}
MESSAGES = {
    "messages", "messaging_postbacks", "message_echoes", "message_deliveries", "message_reads", "message_reactions",
    "message_edits", "messaging_referrals", "messaging_optins", "messaging_handovers", "messaging_policy_enforcement",
}  # fmt: skip
DIRECT = {"messages", "messaging_postbacks", "messaging_seen", "message_reactions", "messaging_referral"}
PUBLIC = {"comments", "live_comments", "mentions"}


@pytest.fixture
def house(settings: Any) -> House:
    settings.ALLOWED_NETWORKS = ["127.0.0.0/8"]
    settings.CREDENTIALS_KEYS = [KEY]
    return make_house()


@pytest.fixture
def graph(settings: Any, house: House) -> Iterator[GraphServer]:
    with running(GraphServer()) as server:
        settings.PROVIDER_ENDPOINTS = {"graph": server.url, "instagram": server.url}
        yield server  # type: ignore[misc]


@pytest.mark.parametrize(
    ("kind", "values", "node", "fields"),
    [
        ("messenger", {"page_id": "1001"}, "1001", MESSAGES | {"feed", "mention"}),
        ("fb_comments", {"page_id": "1001"}, "1001", {"feed", "mention"}),
        ("instagram", {"account_id": "9005"}, "9005", DIRECT | PUBLIC),
        ("instagram", {"account_id": "9005", "facebook_login": True}, "me", {"feed", "mention"}),
        ("ig_comments", {"account_id": "9005"}, "9005", PUBLIC),
        ("whatsapp", {"phone_number_id": "9003", "waba_id": "77"}, "77", {""}),
    ],
)  # fmt: skip
def test_what_is_asked_for(
    kind: str, values: dict[str, Any], node: str, fields: set[str], house: House, graph: GraphServer
) -> None:
    made = connect(house, kind, {**META, **values})
    for _ in range(2):
        assert announce_hook(made.channel_id, by=house.adam) != ""
        assert {at: set(given) for at, given in graph.subscribed.items()} == {node: fields}


@pytest.mark.parametrize("app_id", ["", APP_ID])
def test_what_another_channel_needs_stays(app_id: str, house: House, graph: GraphServer) -> None:
    messenger = connect(house, "messenger", {**META, "page_id": "1001", "app_id": app_id})
    comments = connect(house, "fb_comments", {**META, "page_id": "1001"})
    for made in (messenger, comments):
        announce_hook(made.channel_id, by=house.adam)
    assert set(graph.subscribed["1001"]) == MESSAGES | {"feed", "mention"}


def test_without_the_business_account_nothing_is_told(house: House, graph: GraphServer) -> None:
    made = connect(house, "whatsapp", {**META, "phone_number_id": "9003"})
    assert announce_hook(made.channel_id, by=house.adam) == ""
    assert graph.requests == []


def test_what_the_provider_refuses_is_said_and_an_outsider_tells_nothing(house: House, graph: GraphServer) -> None:
    made = connect(house, "fb_comments", {**META, "page_id": "1001", "token": "old"})
    with pytest.raises(InvalidInput, match="Session has expired"):
        announce_hook(made.channel_id, by=house.adam)
    asked, before = len(graph.requests), row_counts()
    with pytest.raises(PermissionDenied):
        announce_hook(made.channel_id, by=house.mallory)
    assert (len(graph.requests), row_counts()) == (asked, before)
