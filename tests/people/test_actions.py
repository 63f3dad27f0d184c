"""Who may change whom: state, the exact events, and nothing at all for those who may not."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.core import mail
from django.db import connection
from django.test import Client
from django.utils import timezone

from events.delivery import drain
from events.models import Event
from people import actions
from people.admins import MADE_ADMIN
from people.invitations import invite
from people.models import Agent, Membership, Role, Team
from people.models import AgentSession as Session
from people.permissions import PermissionDenied
from people.roles import Refused
from people.tokens import create_token, find_token
from tests.people import PASSWORD, House, make_agent, make_house, signed_in
from tickets.models import Notification

pytestmark = pytest.mark.django_db
Act = Callable[[House, Agent], object]


@pytest.fixture
def house(settings: Any) -> House:
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    return make_house()


def recorded() -> list[tuple[str, str, int | None, dict[str, Any]]]:
    """Every event about people: stream, kind, who did it, data."""
    about = Event.objects.filter(stream_type__in=("agent", "team")).order_by("id")
    return [(event.stream_type, event.kind, event.actor_id, event.data) for event in about]


def save(agent: Agent | None, by: Agent, **changes: Any) -> Agent:
    """`save_agent` with only what is named changed."""
    values: dict[str, Any] = {
        "email": "new@shop.example",
        "name": "New",
        "role": "agent",
        "teams": [],
        "is_active": True,
    }
    if agent:
        values |= {name: getattr(agent, name) for name in ("email", "name", "role", "is_active")}
        values["teams"] = list(agent.teams.all())
    return actions.save_agent(agent, by=by, **(values | changes))


def test_an_admin_makes_a_colleague(house: House) -> None:
    made = save(None, house.adam, email=" Nina@Shop.Example ", name="Nina", teams=[house.returns, house.support])
    assert (made.email, made.role, made.is_active) == ("nina@shop.example", "agent", True)
    assert not made.has_usable_password()
    assert set(made.teams.all()) == {house.support, house.returns}
    teams = sorted([house.support.pk, house.returns.pk])
    data = {"role": "agent", "is_active": True, "teams": teams}
    assert recorded() == [("agent", "agent.created", house.adam.pk, data)]


def test_a_change_says_what_was_before(house: House) -> None:
    save(house.ben, house.adam, role=Role.MANAGER, teams=[house.returns])
    ben = Agent.objects.get(pk=house.ben.pk)
    assert (ben.role, list(ben.teams.all())) == ("manager", [house.returns])
    before = {"role": "agent", "is_active": True}
    data = {"role": "manager", "is_active": True, "teams": [house.returns.pk], "before": before}
    assert recorded() == [("agent", "agent.changed", house.adam.pk, data)]


def test_a_team_is_made_and_renamed(house: House) -> None:
    team = actions.save_team(None, by=house.adam, name="  Big   orders ")
    assert team.name == "Big orders"
    actions.save_team(team, by=house.adam, name="Wholesale")
    assert Team.objects.get(pk=team.pk).name == "Wholesale"
    assert recorded() == [
        ("team", "team.created", house.adam.pk, {"name": "Big orders"}),
        ("team", "team.renamed", house.adam.pk, {"name": "Wholesale"}),
    ]


@pytest.mark.parametrize("name", ["", "  ", "Returns"])
def test_a_team_needs_a_name_of_its_own(house: House, name: str) -> None:
    for team in (None, house.support):
        with pytest.raises(Refused):
            actions.save_team(team, by=house.adam, name=name)
    assert sorted(Team.objects.values_list("name", flat=True)) == ["Returns", "Support"]
    assert recorded() == []


_FOR_ADMINS: dict[str, Act] = {
    "make somebody": lambda house, by: save(None, by),
    "promote themselves": lambda house, by: save(by, by, role=Role.ADMIN),
    "switch an admin off": lambda house, by: save(house.adam, by, is_active=False),
    "invite": lambda house, by: invite(house.ben, by=by),
}
_FOR_MANAGERS: dict[str, Act] = {
    "make a team": lambda house, by: actions.save_team(None, by=by, name="Mine"),
    "rename a team": lambda house, by: actions.save_team(house.support, by=by, name="Mine"),
}
DENIED = [(role, what) for what in _FOR_ADMINS for role in ("manager", "agent", "viewer")]
DENIED += [(role, what) for what in _FOR_MANAGERS for role in ("agent", "viewer")]


@pytest.mark.parametrize(("role", "what"), DENIED)
def test_the_others_change_nothing(house: House, role: str, what: str) -> None:
    by = make_agent("Nosy", role=role, team=house.support)
    before = [list(model.objects.order_by("pk").values()) for model in (Agent, Membership, Team)]
    with pytest.raises(PermissionDenied):
        (_FOR_ADMINS | _FOR_MANAGERS)[what](house, by)
    assert [list(model.objects.order_by("pk").values()) for model in (Agent, Membership, Team)] == before
    assert recorded() == []
    assert mail.outbox == []


@pytest.mark.parametrize(
    ("path", "roles"),
    [
        ("/team/", ("agent", "viewer")),
        ("/team/teams/new/", ("agent", "viewer")),
        ("/team/agents/new/", ("manager", "agent", "viewer")),
    ],
)
def test_their_pages_are_closed_too(house: House, path: str, roles: tuple[str, ...]) -> None:
    nosy = [make_agent(f"Nosy{role}", role=role) for role in roles]
    agents, teams = Agent.objects.count(), Team.objects.count()
    for agent in nosy:
        client = signed_in(agent)

        assert client.get(path).status_code == 403
        fields = {"email": "x@shop.example", "name": "X", "role": "admin", "is_active": "on"}
        assert client.post(path, fields).status_code == 403
    assert (Agent.objects.count(), Team.objects.count(), recorded()) == (agents, teams, [])


def test_an_inactive_admin_is_nobody(house: House) -> None:
    with pytest.raises(PermissionDenied):
        save(None, make_agent("Gone", role=Role.ADMIN, is_active=False))
    assert recorded() == []


def test_the_last_admin_stays(house: House) -> None:
    for change in ({"is_active": False}, {"role": Role.AGENT}):
        with pytest.raises(Refused, match="stay admin"):
            save(Agent.objects.get(pk=house.adam.pk), house.adam, **change)
    second = make_agent("Second", role=Role.ADMIN)
    with pytest.raises(Refused, match="Another admin"):
        save(second, second, role=Role.VIEWER)
    save(second, house.adam, role=Role.VIEWER)
    assert list(Agent.objects.filter(role=Role.ADMIN, is_active=True)) == [house.adam]
    assert [kind for _, kind, _, _ in recorded()] == ["agent.changed"]


@pytest.mark.parametrize("email", ["ben@shop.example", " BEN@shop.example"])
def test_an_address_belongs_to_one(house: House, email: str) -> None:
    for agent in (None, house.olena):
        with pytest.raises(Refused, match="this address"):
            save(agent, house.adam, email=email)
    assert recorded() == []
    assert Agent.objects.get(pk=house.olena.pk).email == "olena@shop.example"


def test_switched_off_everything_ends_at_once(house: House) -> None:
    """Sessions and API tokens (threat 48); those of others go on, and switching back on brings none back."""
    plain, _ = create_token(house.ben, "script")
    other, _ = create_token(house.olena, "script")
    ben, olena = Client(), Client()
    ben.force_login(house.ben)
    olena.force_login(house.olena)
    save(house.ben, house.adam, is_active=False)
    assert Session.objects.count() == 1
    assert (ben.get("/profile/").status_code, olena.get("/profile/").status_code) == (302, 200)
    asked = [Client().get("/api/v1/tickets/", headers={"Authorization": f"Token {one}"}) for one in (plain, other)]
    assert [answer.status_code for answer in asked] == [401, 200]
    save(Agent.objects.get(pk=house.ben.pk), house.adam, is_active=True)
    assert find_token(plain, at=timezone.now()) is None
    assert ben.get("/profile/").status_code == 302


def test_a_new_colleague_is_invited_and_chooses_a_password(house: House, settings: Any) -> None:
    settings.BASE_URL = "https://desk.shop.example"
    client = signed_in(house.adam)

    fields = {"email": "nina@shop.example", "name": "Nina", "role": "agent", "is_active": "on"}
    made = client.post("/team/agents/new/", fields, HTTP_X_FORWARDED_HOST="evil.example")
    assert made.status_code == 302
    [message] = mail.outbox
    assert (message.to, "Nina" in message.body, "Adam" in message.body) == (["nina@shop.example"], True, True)
    [link] = [word for word in message.body.split() if word.startswith("http")]
    assert link.startswith("https://desk.shop.example/invitation/")
    path = link.removeprefix("https://desk.shop.example")
    assert Client().get(path).status_code == 200
    assert Client().post(path, {"password": "short"}).status_code == 422
    assert Client().post(path, {"password": PASSWORD})["Location"] == "/accounts/login/"
    signed = Client().post("/accounts/login/", {"login": "nina@shop.example", "password": PASSWORD})
    assert signed.status_code == 302
    assert Client().post(path, {"password": "another horse battery"}).status_code == 404, "a link works once"
    assert [kind for _, kind, _, _ in recorded()] == ["agent.created", "agent.invited", "agent.joined"]


def test_a_mail_that_cannot_go_out_does_not_lose_the_account(house: House, monkeypatch: Any) -> None:
    def refuse(*args: Any, **kwargs: Any) -> None:
        raise ConnectionRefusedError

    monkeypatch.setattr("people.invitations.send_mail", refuse)
    client = signed_in(house.adam)

    fields = {"email": "nina@shop.example", "name": "Nina", "role": "agent", "is_active": "on"}
    page = client.post("/team/agents/new/", fields, follow=True)
    assert b"could not be sent" in page.content
    assert Agent.objects.filter(email="nina@shop.example").exists()


def test_the_first_admin_page_is_gone_once_there_is_somebody(house: House) -> None:
    fields = {"name": "Eve", "email": "eve@evil.example", "password": PASSWORD, "locale": "en", "time_zone": "UTC"}
    for response in (Client().get("/setup/"), Client().post("/setup/", fields)):
        assert (response.status_code, response["Location"]) == (302, "/accounts/login/")
    assert not Agent.objects.filter(email="eve@evil.example").exists()
    assert recorded() == []


def test_an_empty_helpdesk_leads_to_its_first_page() -> None:
    assert Client().get("/accounts/login/")["Location"] == "/setup/"
    client = Client()
    fields = {"name": "Eve", "email": "Eve@Shop.example", "password": PASSWORD, "locale": "uk"}
    fields |= {"time_zone": "Europe/Kyiv"}
    assert client.post("/setup/", fields | {"password": "short"}).status_code == 422
    assert client.post("/setup/", fields)["Location"] == "/"
    eve = Agent.objects.get()
    assert (eve.email, eve.role, eve.locale) == ("eve@shop.example", "admin", "uk")
    assert client.get("/profile/").status_code == 200
    assert recorded() == [("agent", "agent.created", None, {"role": "admin", "first": True})]


@pytest.mark.django_db(transaction=True)
def test_of_many_first_admins_one_wins() -> None:
    start, outcomes = threading.Barrier(4), []

    def race(number: int) -> None:
        email = f"eve{number}@shop.example"
        try:
            start.wait(30)
            actions.create_first_admin(email=email, name="Eve", password=PASSWORD, locale="en", time_zone="UTC")
            outcomes.append("admin")
        except PermissionDenied:
            outcomes.append("refused")
        finally:
            connection.close()

    threads = [threading.Thread(target=race, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(outcomes) == ["admin", "refused", "refused", "refused"]
    assert Agent.objects.count() == 1
    assert len(recorded()) == 1


def test_all_admins_hear_of_a_new_one_whoever_did_it(house: House) -> None:
    """Also who did it: their account may be in other hands. Nobody else hears of it, and it is told once."""
    other = make_agent("Anna", role=Role.ADMIN)
    save(house.ben, house.adam, role=Role.ADMIN)
    drain()
    told = Notification.objects.order_by("agent_id")
    assert sorted(one.agent_id for one in told) == sorted([house.adam.pk, other.pk])
    page = signed_in(house.adam).get("/notifications/").content.decode()
    assert "Adam made Ben an admin" in page and f"/team/agents/{house.ben.pk}/" in page
    assert "made Ben an admin" not in signed_in(house.olena).get("/notifications/").content.decode()
    save(house.ben, house.adam, name="Benjamin")
    save(house.vera, house.adam, role=Role.MANAGER)
    drain()
    assert Notification.objects.count() == 2


def test_an_admin_switched_on_again_is_a_new_one_and_one_switched_off_is_none(house: House) -> None:
    save(house.ben, house.adam, role=Role.ADMIN, is_active=False)
    assert not Event.objects.filter(kind=MADE_ADMIN).exists()
    save(Agent.objects.get(pk=house.ben.pk), house.adam, is_active=True)
    [made] = Event.objects.filter(kind=MADE_ADMIN)
    assert (made.stream_id, made.actor_id) == (house.ben.pk, house.adam.pk)
