"""Who is signed in where: the list, its ends, and how long the longest lasts."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.test import Client
from django.utils import timezone

from events.models import Event
from people.devices import browser_and_system
from people.models import Agent, AgentSession
from people.sessions import forget_ended_sessions, sessions_of
from tests.people import PASSWORD, House, make_house, signed_in

pytestmark = pytest.mark.django_db
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
PHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 "
    "Mobile/15E148 Safari/604.1"
)
COOKIE = django_settings.SESSION_COOKIE_NAME


@pytest.fixture
def house() -> House:
    return make_house()


def sign_in(agent: Agent, device: str = FIREFOX, address: str = "192.0.2.7") -> Client:
    client = Client(HTTP_USER_AGENT=device, REMOTE_ADDR=address)
    assert client.post("/accounts/login/", {"login": agent.email, "password": PASSWORD}).status_code == 302
    return client


def row_of(client: Client) -> AgentSession:
    return AgentSession.objects.get(pk=client.cookies[COOKIE].value)


def is_in(client: Client) -> bool:
    return client.get("/profile/").status_code == 200


def ends(agent: Agent) -> list[tuple[int | None, int]]:
    found = Event.objects.filter(stream_type="agent", stream_id=agent.pk, kind="agent.signed_out").order_by("id")
    return [(event.actor_id, event.data["sessions"]) for event in found]


def test_the_list_says_where_and_with_what(house: House) -> None:
    here, phone = sign_in(house.olena), sign_in(house.olena, PHONE, "203.0.113.9")
    sign_in(house.ben, FIREFOX, "198.51.100.1")
    row = row_of(phone)
    assert (row.agent_id, row.address, row.device) == (house.olena.pk, "203.0.113.9", PHONE)
    assert row.began_at is not None
    page = here.get("/profile/security/").content.decode()
    assert "Firefox on Linux" in page
    assert "Safari on iPhone" in page
    assert "203.0.113.9" in page
    assert "198.51.100.1" not in page, "that is somebody else's"
    assert page.count("This one") == 1
    for client in (here, phone):
        assert client.cookies[COOKIE].value not in page, "the page names sessions without giving them away"


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (FIREFOX, ("Firefox", "Linux")),
        (PHONE, ("Safari", "iPhone")),
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/143.0 Safari/537.36 Edg/143.0", ("Edge", "Windows")),
        ("Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 Chrome/143.0 Mobile Safari/537.36", ("Chrome", "Android")),
        ("curl/8.5", ("", "")),
        ("", ("", "")),
    ],
)
def test_browsers_by_their_common_names(said: str, told: tuple[str, str]) -> None:
    assert browser_and_system(said) == told


def test_one_is_signed_out_and_the_others_stay(house: House) -> None:
    here, lost = sign_in(house.olena), sign_in(house.olena, PHONE)
    assert here.post(f"/profile/sessions/{row_of(lost).handle}/end/").status_code == 302
    assert (is_in(here), is_in(lost)) == (True, False)
    assert ends(house.olena) == [(house.olena.pk, 1)]


def test_all_others_are_signed_out(house: House) -> None:
    here, *others = (sign_in(house.olena) for _ in range(3))
    assert here.post("/profile/sessions/end/").status_code == 302
    assert [is_in(client) for client in (here, *others)] == [True, False, False]
    assert ends(house.olena) == [(house.olena.pk, 2)]


def test_nobody_ends_the_session_of_another(house: House) -> None:
    ben = sign_in(house.ben)
    for agent in (house.mallory, house.adam):
        assert sign_in(agent).post(f"/profile/sessions/{row_of(ben).handle}/end/").status_code == 302
    assert is_in(ben)
    assert ends(house.ben) == []


def test_a_new_password_ends_every_other_session(house: House) -> None:
    here, other = sign_in(house.olena), sign_in(house.olena, PHONE)
    fresh = "another horse battery staple"
    form = {"oldpassword": PASSWORD, "password1": fresh, "password2": fresh}
    assert here.post("/accounts/password/change/", form).status_code == 302
    assert (is_in(here), is_in(other)) == (True, False)
    assert sessions_of(house.olena, at=timezone.now()).count() == 1
    kinds = Event.objects.filter(stream_type="agent", stream_id=house.olena.pk).order_by("id")
    assert list(kinds.values_list("kind", flat=True)) == ["agent.signed_out", "agent.password_changed"]


def test_it_ends_after_the_longest_time_however_much_it_is_used(house: House, monkeypatch: Any) -> None:
    client, began = sign_in(house.olena), time.time()
    for hours in (6, 12, 80, 167):
        monkeypatch.setattr("people.sessions.time.time", lambda hours=hours: began + hours * 3600)
        monkeypatch.setattr("django.utils.timezone.now", lambda h=hours: row_time(began, h))
        AgentSession.objects.update(expire_date=row_time(began, hours) + timedelta(hours=1))
        assert is_in(client)
    row = row_of(client)
    assert row.began_at is not None
    assert row.expire_date == row.began_at + timedelta(hours=168)


def row_time(began: float, hours: int) -> datetime:
    return datetime.fromtimestamp(began + hours * 3600, UTC)


def test_it_ends_after_twelve_hours_without_use(house: House) -> None:
    client = sign_in(house.olena)
    left = row_of(client).expire_date - timezone.now()
    assert timedelta(hours=11, minutes=59) < left <= timedelta(hours=12)
    AgentSession.objects.update(expire_date=timezone.now())
    assert not is_in(client)


def test_rows_that_are_over_are_forgotten(house: House) -> None:
    old, new = sign_in(house.olena), sign_in(house.ben)
    AgentSession.objects.filter(pk=row_of(old).pk).update(expire_date=timezone.now() - timedelta(hours=2))
    assert forget_ended_sessions(at=timezone.now()) == 1
    assert list(AgentSession.objects.values_list("agent_id", flat=True)) == [house.ben.pk]
    assert is_in(new)


def test_a_page_that_is_used_writes_its_session_once_in_ten_minutes(
    house: House, django_assert_num_queries: Any
) -> None:
    client = signed_in(house.olena)
    client.get("/profile/security/")
    seen = row_of(client).seen_at
    with django_assert_num_queries(8):  # session, agent, factors, sessions, services; the rest is the sidebar's
        client.get("/profile/security/")
    assert row_of(client).seen_at == seen


def test_what_is_sensitive_asks_whether_it_is_still_you(house: House) -> None:
    late = Client()
    late.force_login(house.adam)
    path = f"/team/agents/{house.ben.pk}/"
    fields = {"name": "Ben", "email": "evil@evil.example", "role": "admin", "is_active": "on"}
    for asked in (late.get(path), late.post(path, fields)):
        assert (asked.status_code, asked["Location"]) == (
            302,
            f"/accounts/reauthenticate/?next=%2Fteam%2Fagents%2F{house.ben.pk}%2F",
        )
    assert Agent.objects.get(pk=house.ben.pk).email == "ben@shop.example"
    wrong = late.post("/accounts/reauthenticate/", {"password": "wrong", "next": path})
    assert wrong.status_code == 200
    right = late.post("/accounts/reauthenticate/", {"password": PASSWORD, "next": path})
    assert (right.status_code, right["Location"]) == (302, path)
    assert late.get(path).status_code == 200
