"""API tokens: narrow scopes, the pages, and who may end whose."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from events.models import Event
from people.models import ApiToken, Role
from people.permissions import PermissionDenied
from people.tokens import create_token, revoke_anyones_token
from tests.api.client import Api
from tests.people import House, make_house, open_ticket, signed_in

pytestmark = pytest.mark.django_db
PATHS = {
    "tickets": "tickets/", "customers": "customers/", "people": "agents/", "reports": "reports/wall/",
    "teams": "teams/", "events": "events/", "me": "me/",
}  # fmt: skip


@pytest.fixture
def house() -> House:
    return make_house()


def of_agent(house: House) -> list[tuple[str, int | None]]:
    events = Event.objects.filter(stream_type="agent", stream_id=house.olena.pk).order_by("id")
    return [(event.kind, event.actor_id) for event in events]


@pytest.mark.parametrize(
    ("scopes", "opens"),
    [
        (("read",), {"tickets", "customers", "people", "reports", "teams", "events", "me"}),
        (("tickets:read",), {"tickets", "events", "me"}),
        (("customers:read", "people:read"), {"customers", "people", "teams", "me"}),
        (("reports:read",), {"reports", "me"}),
        (("tickets:write", "orders:write"), {"me"}),
    ],
)
def test_a_scope_opens_its_area_and_nothing_else(house: House, scopes: tuple[str, ...], opens: set[str]) -> None:
    api = Api(create_token(house.adam, "x", scopes, 30)[0])
    assert {name for name, path in PATHS.items() if api.get(path).status == 200} == opens


def test_reading_tickets_changes_none(house: House) -> None:
    ticket = open_ticket(house.channel)
    api = Api(create_token(house.olena, "x", ("tickets:read", "orders:write", "people:read"), 30)[0])
    answer = api.post(f"tickets/{ticket.pk}/messages/", {"kind": "note", "text": "x"})
    assert (answer.status, answer.code) == (403, "insufficient_scope")
    assert "tickets:write" in answer.body["detail"]
    writer = Api(create_token(house.olena, "y", ("tickets:write",), 30)[0])
    assert writer.post(f"tickets/{ticket.pk}/messages/", {"kind": "note", "text": "x"}).status == 201


def test_no_scope_gives_more_than_the_agent_may(house: House) -> None:
    for agent in (house.olena, house.mallory):
        api = Api(create_token(agent, "x", ("read", "write", "reports:read", "orders:write"), 30)[0])
        assert api.get("reports/wall/").status == 403
    ticket = open_ticket(house.channel)
    assert Api(create_token(house.mallory, "x", ("tickets:read",), 30)[0]).get(f"tickets/{ticket.pk}/").status == 404


def test_a_token_is_shown_once(house: House) -> None:
    client = signed_in(house.olena)
    form = {"name": "Stock program", "scopes": ["tickets:read", "orders:write"], "days": "30"}
    page = client.post("/profile/tokens/", form).content.decode()
    [plain] = re.findall(r"hd_[A-Za-z0-9_-]{43}", page)
    row = ApiToken.objects.get()
    assert (row.agent, row.scopes) == (house.olena, ["tickets:read", "orders:write"])
    assert (row.expires_at - row.created_at).days in (29, 30)
    assert plain not in client.get("/profile/tokens/").content.decode()
    assert Api(plain).get("tickets/").status == 200
    assert of_agent(house) == [("agent.token_created", house.olena.pk)]
    assert client.post(f"/profile/tokens/{row.pk}/revoke/").status_code == 302
    assert Api(plain).get("tickets/").status == 401
    assert client.post(f"/profile/tokens/{row.pk}/revoke/").status_code == 302
    assert of_agent(house) == [("agent.token_created", house.olena.pk), ("agent.token_revoked", house.olena.pk)]


@pytest.mark.parametrize("wrong", [{"scopes": []}, {"scopes": ["root"]}, {"days": "9999"}, {"name": ""}])
def test_senseless_ones_are_not_made(house: House, wrong: dict[str, object]) -> None:
    form = {"name": "x", "scopes": ["read"], "days": "30"} | wrong
    assert signed_in(house.olena).post("/profile/tokens/", form).status_code == 422
    assert not ApiToken.objects.exists()


def test_making_one_asks_whether_it_is_still_you(house: House) -> None:
    late = Client()
    late.force_login(house.olena)
    asked = late.post("/profile/tokens/", {"name": "x", "scopes": ["read"], "days": "30"})
    assert asked["Location"].startswith("/accounts/reauthenticate/")
    assert not ApiToken.objects.exists()


def test_admins_see_and_end_everybodys(house: House) -> None:
    plain, row = create_token(house.olena, "Stock program")
    page = signed_in(house.adam).get("/team/tokens/").content.decode()
    assert "Stock program" in page
    assert plain not in page
    assert signed_in(house.adam).post(f"/team/tokens/{row.pk}/revoke/").status_code == 302
    assert Api(plain).get("me/").status == 401
    assert of_agent(house)[-1] == ("agent.token_revoked", house.adam.pk)


@pytest.mark.parametrize("who", ["ben", "mallory", "vera", "manager"])
def test_nobody_else_does(house: House, who: str) -> None:
    plain, row = create_token(house.olena, "Stock program")
    agent = house.ben if who == "manager" else getattr(house, who)
    if who == "manager":
        agent.role = Role.MANAGER
        agent.save()
    client = signed_in(agent)
    assert client.get("/team/tokens/").status_code == 403
    assert client.post(f"/team/tokens/{row.pk}/revoke/").status_code == 403
    assert client.post(f"/profile/tokens/{row.pk}/revoke/").status_code == 302
    with pytest.raises(PermissionDenied):
        revoke_anyones_token(row.pk, by=agent)
    assert Api(plain).get("me/").status == 200
    assert [kind for kind, _ in of_agent(house)] == ["agent.token_created"]
