"""The pages beside the inbox: what stands in the sidebar, on the settings page and in help, for whom."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from people.models import Agent, Role
from tests.people import NOW, House, make_agent, make_house, open_ticket
from tickets.inbox.places import PLACES, places_for, sidebar_places
from tickets.models import Channel, DueState, Ticket
from tickets.templatetags.helpdesk_ui import icon

pytestmark = pytest.mark.django_db


@pytest.fixture
def house() -> House:
    return make_house()


def signed_in(agent: Agent) -> Client:
    client = Client()
    client.force_login(agent)
    return client


def keys(agent: Agent) -> list[str]:
    return [place.key for place in sidebar_places(agent)]


def test_settings_are_one_entry_of_the_sidebar_and_a_single_one_stands_itself(house: House) -> None:
    assert keys(house.adam) == ["overview", "calls", "demo_mailbox", "settings", "help"]
    assert keys(house.olena) == ["calls", "demo_mailbox", "settings", "help"]
    assert keys(make_agent("Cora", role=Role.CONTRACTOR)) == ["calls", "demo_mailbox", "macros_manage", "help"]
    assert keys(house.vera)[-1] == "help" and "settings" not in keys(house.vera)


def test_the_settings_page_leads_where_one_may_and_nowhere_else(house: House) -> None:
    for agent in (house.adam, house.olena, house.vera):
        page = signed_in(agent).get("/settings/").content.decode()
        body = page[page.index("<main") :]
        for place in PLACES:
            if place.group:
                assert (f'href="{place.url}"' in body) is (place in places_for(agent)), (agent.name, place.key)


def test_every_place_is_there_and_says_what_is_done_there(house: House) -> None:
    assert [place.key for place in PLACES if not place.url] == []
    assert [place.key for place in PLACES if place.group and not place.about] == []
    assert {place.key for place in places_for(house.adam)} == {place.key for place in PLACES}
    assert all(icon(place.icon) for place in PLACES)


def test_help_has_links_for_those_who_may(house: House) -> None:
    assert '<a href="/team/">People and teams</a>' in signed_in(house.adam).get("/guide/").content.decode()
    page = signed_in(house.olena).get("/guide/").content.decode()
    assert "People and teams" in page and 'href="/team/"' not in page


@pytest.mark.parametrize("address", ["/settings/", "/guide/"])
def test_they_cost_what_every_page_costs(house: House, address: str) -> None:
    client = signed_in(house.adam)
    client.get(address)
    with CaptureQueriesContext(connection) as queries:
        client.get(address)
    assert len(queries) == 5, [query["sql"][:120] for query in queries]


def test_programs_that_ask_for_an_icon_by_habit_get_one() -> None:
    answer = Client().get("/favicon.ico")
    assert answer.status_code == 302 and answer["Location"].endswith(".png")


def test_what_waits_for_a_deadline_is_counted_in_sight(house: House) -> None:
    for state in (DueState.LATE, DueState.RUNNING):
        Ticket.objects.filter(pk=open_ticket(house.channel).pk).update(due_state=state, next_due_at=NOW)

    def counts(agent: Agent) -> tuple[str, str]:
        counted = signed_in(agent).get("/inbox/counts/").json()["counts"]
        return counted["deadlines"], counted["overdue"]

    assert counts(house.olena) == ("2", "1")
    assert counts(house.mallory) == ("", "")
    page = signed_in(house.olena).get("/inbox/open/").content.decode()
    assert page.count('data-view-key="deadlines" data-deep') == page.count('data-view-key="overdue" data-deep') == 1


def test_what_settings_promise_is_found_behind_them(house: House) -> None:
    adam, manager = signed_in(house.adam), signed_in(make_agent("Marta", role=Role.MANAGER))
    kinds = adam.get("/channels/connect/").content.decode()
    assert 'href="/channels/chat/new/"' in kinds
    assert f'href="/channels/{house.channel.pk}/contact-form/"' in kinds
    help_page = adam.get("/guide/").content.decode()
    for address in ("/brands/", "/settings/bot/", "/knowledge/"):
        assert f'href="{address}"' in help_page, address
    assert "Invite" not in manager.get("/settings/").content.decode()


def test_a_chat_shows_no_key_among_the_channels(house: House) -> None:
    Channel.objects.create(kind="chat", name="Live chat", address="0123456789abcdef")
    page = signed_in(house.adam).get("/channels/").content.decode()
    assert "Live chat" in page and "0123456789abcdef" not in page
