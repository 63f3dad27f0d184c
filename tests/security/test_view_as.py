"""Whoever looks with somebody else's eyes sees what they see, and changes nothing by any address."""

from __future__ import annotations

import time
from typing import Any

import pytest
from django.test import Client

from events.models import AuditEntry
from people.models import Agent, Role
from people.viewing import KEY, LONGEST
from tests.people import House, make_agent, make_house, open_ticket, signed_in
from tests.security.routes import OWN, VISITS
from tests.security.test_url_walk import body
from tests.security.world import changed, everything, make_world
from tickets.inbox import pages

pytestmark = pytest.mark.django_db


@pytest.fixture
def house() -> House:
    return make_house()


def looking(admin: Agent, as_agent: Agent) -> Client:
    client = signed_in(admin)
    assert client.post(f"/team/agents/{as_agent.pk}/view-as/")["Location"] == "/"
    return client


def told() -> list[tuple[str, int | None, int | None, dict[str, Any]]]:
    found = AuditEntry.objects.filter(kind__startswith="view_as").order_by("pk")
    return list(found.values_list("kind", "actor_id", "seen_as", "data"))


def facts() -> dict[str, list[Any]]:
    """All rows but those that say who looked."""
    return {
        table: rows for table, rows in everything().items() if table not in ("events_auditentry", "people_agentsession")
    }


def test_over_all_addresses_nothing_is_changed_and_the_same_is_seen() -> None:
    world = make_world()
    olena, adam = world.house.olena, world.house.adam
    own, client, wrong = signed_in(olena), looking(adam, olena), []
    hers = {visit.id: visit(own, world.support).status_code for visit in VISITS + OWN if visit.form is None}
    before = facts()
    for visit in VISITS + OWN:
        answer = visit(client, world.support)
        private = visit.path.startswith(("/profile/", "/notifications/settings/"))
        expected = 403 if visit.form is not None or private else hers[visit.id]
        if answer.status_code != expected:
            wrong.append(f"{visit.id}: {answer.status_code}, she gets {expected}")
        if visit.form is not None and world.support.word.encode() in body(answer):
            wrong.append(f"{visit.id}: told something")
    assert not wrong
    assert not changed(before, facts())
    seen = AuditEntry.objects.filter(kind="ticket.opened", actor_id=adam.pk)
    assert seen.exists() and set(seen.values_list("seen_as", flat=True)) == {olena.pk}


def test_it_shows_their_sight_with_a_banner_and_ends_by_a_click(house: House) -> None:
    mine, theirs = open_ticket(house.channel), open_ticket(house.other_channel)
    client = looking(house.adam, house.mallory)
    page = client.get("/inbox/open/").content.decode()
    assert f'id="row-{theirs.pk}"' in page and f'id="row-{mine.pk}"' not in page
    assert "You see what <b>Mallory</b> sees" in page and 'data-live="' not in page
    assert client.get(f"/tickets/{mine.pk}/pane/").status_code == 404
    assert client.post("/view-as/end/")["Location"] == "/team/"
    page = client.get("/inbox/open/").content.decode()
    assert f'id="row-{mine.pk}"' in page and "You see what" not in page
    client.post("/view-as/end/")
    adam, data = house.adam.pk, {"agent": house.mallory.pk}
    assert told() == [("view_as.began", adam, None, data), ("view_as.ended", adam, None, data)]


def test_it_ends_by_itself(house: House) -> None:
    client = looking(house.adam, house.mallory)
    session = client.session
    assert 0 <= time.time() + LONGEST - session[KEY]["until"] < 60
    session[KEY] = {**session[KEY], "until": int(time.time()) - 1}
    session.save()
    assert "You see what" not in client.get("/inbox/open/").content.decode()
    assert KEY not in client.session
    assert [kind for kind, *_ in told()] == ["view_as.began", "view_as.ended"]


@pytest.mark.parametrize("change", [{"is_active": False}, {"role": Role.ADMIN, "is_active": False}])
def test_it_ends_with_whose_eyes_they_are(house: House, change: dict[str, Any]) -> None:
    client = looking(house.adam, house.mallory)
    Agent.objects.filter(pk=house.mallory.pk).update(**change)
    assert "You see what" not in client.get("/inbox/open/").content.decode()


def test_it_ends_with_the_right_to_look(house: House) -> None:
    client = looking(house.adam, house.mallory)
    mine = open_ticket(house.channel)
    Agent.objects.filter(pk=house.adam.pk).update(role=Role.AGENT)
    assert client.get(f"/tickets/{mine.pk}/pane/").status_code == 404
    assert "You see what" not in client.get("/inbox/open/").content.decode()


def test_it_cannot_be_nested(house: House) -> None:
    second = make_agent("Second", role=Role.ADMIN)
    client = looking(house.adam, second)
    assert client.post(f"/team/agents/{house.olena.pk}/view-as/").status_code == 403
    assert client.session[KEY]["agent"] == second.pk
    assert len(told()) == 1


def test_nobody_looks_with_eyes_that_see_more_nor_with_none(house: House) -> None:
    gone = make_agent("Gone", is_active=False)
    for by, whom in ((house.adam, house.adam), (house.adam, gone)):
        signed_in(by).post(f"/team/agents/{whom.pk}/view-as/")
    for role in ("manager", "agent", "light", "contractor", "viewer"):
        nosy = signed_in(make_agent(f"Nosy{role}", role=role))
        assert nosy.post(f"/team/agents/{house.olena.pk}/view-as/").status_code == 403
    assert told() == []


def test_beginning_asks_whether_it_is_still_you(house: House) -> None:
    stale = Client()
    stale.force_login(house.adam)
    assert "/accounts/reauthenticate/" in stale.post(f"/team/agents/{house.olena.pk}/view-as/")["Location"]
    assert told() == []


def test_what_is_private_stays_so_and_signing_out_works(house: House) -> None:
    client = looking(house.adam, house.mallory)
    for path in ("/profile/", "/profile/security/", "/profile/tokens/", "/accounts/password/change/"):
        assert client.get(path).status_code == 403, path
    client.post("/accounts/logout/")
    assert client.get("/inbox/open/").status_code == 302


@pytest.mark.django_db(transaction=True)
def test_a_page_that_writes_in_spite_of_all_is_stopped(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Held back by the connection too, whatever a view behind a GET may do."""

    def writing(agent: Agent) -> Any:
        Agent.objects.filter(pk=agent.pk).update(name="Changed")

    monkeypatch.setattr(pages, "sidebar_for", writing)
    assert looking(house.adam, house.mallory).get("/views/").status_code == 403
    assert Agent.objects.get(pk=house.mallory.pk).name == "Mallory"
