"""Row 31 of the threats: a token in other hands shows itself, and is ended on the spot."""

from __future__ import annotations

import secrets
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from events.models import Event
from people.api import throttling
from people.models import Agent, ApiToken
from people.permissions import PermissionDenied
from people.security_mail import mail_about
from people.token_watch import MOST_NETWORKS, network_of, note_use
from people.tokens import create_token, find_token, revoke_all_tokens
from tests.api.client import Api
from tests.people import House, make_house, row_counts, signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def house() -> House:
    return make_house()


def told(agent: Agent) -> list[tuple[str, dict[str, Any]]]:
    found = Event.objects.filter(stream_type="agent", stream_id=agent.pk, kind__startswith="agent.token_").order_by(
        "id"
    )
    return [(event.kind, event.data) for event in found if event.kind != "agent.token_created"]


def ask(plain: str, address: str) -> int:
    return Client().get("/api/v1/me/", headers={"Authorization": f"Token {plain}"}, REMOTE_ADDR=address).status_code


def test_row_31_a_token_used_from_a_new_network_is_told_to_its_owner(house: House) -> None:
    plain, row = create_token(house.olena, "Stock program")
    for address in ("203.0.113.9", "203.0.113.200", "203.0.113.9"):
        assert ask(plain, address) == 200
    row.refresh_from_db()
    assert (row.last_address, row.networks) == ("203.0.113.9", ["203.0.113.0/24"])
    assert told(house.olena) == [], "where it was set up is no news"
    for address in ("198.51.100.7", "198.51.100.8", "2001:db8:1:2::3"):
        assert ask(plain, address) == 200
    assert told(house.olena) == [
        ("agent.token_elsewhere", {"token": row.pk, "network": "198.51.100.0/24"}),
        ("agent.token_elsewhere", {"token": row.pk, "network": "2001:db8:1::/48"}),
    ]
    mail_about(Event.objects.filter(kind="agent.token_elsewhere").latest("pk").pk)
    assert mail.outbox[0].to == [house.olena.email]
    assert "used from a network it was never used from before" in " ".join(str(mail.outbox[0].body).split())


def test_row_31_the_pages_show_where_it_was_last_used(house: House) -> None:
    plain, _ = create_token(house.olena, "Stock program")
    ask(plain, "203.0.113.9")
    assert "from 203.0.113.9" in signed_in(house.olena).get("/profile/tokens/").content.decode()
    assert "from 203.0.113.9" in signed_in(house.adam).get("/team/tokens/").content.decode()


def test_row_31_networks_are_few_and_oddities_none(house: House) -> None:
    _, row = create_token(house.olena, "x")
    now = timezone.now()
    for number in range(MOST_NETWORKS + 5):
        note_use(row, address=f"10.0.{number}.1", at=now)
    row.refresh_from_db()
    assert len(row.networks) == MOST_NETWORKS and row.networks[-1] == f"10.0.{MOST_NETWORKS + 4}.0/24"
    before = row_counts()
    note_use(row, address="", at=now)
    assert (row_counts(), network_of("no address"), network_of("")) == (before, "", "")
    row.refresh_from_db()
    assert row.last_address == "10.0.0.1", "once a minute is enough"
    note_use(row, address="10.0.54.1", at=now + timedelta(minutes=2))
    row.refresh_from_db()
    assert row.last_address == "10.0.54.1"


def test_row_31_unusually_much_is_told_once_an_hour(
    house: House, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.API_REQUESTS_PER_MINUTE = 3
    monkeypatch.setattr(throttling, "BUSY_MINUTES", 1)
    plain, row = create_token(house.olena, "x")
    # An hour of its own: Redis remembers others, and numbers of tokens come again.
    now = [3600.0 * (100_000 + secrets.randbelow(300_000))]
    monkeypatch.setattr(throttling, "time", SimpleNamespace(time=lambda: now[0]))
    answers = []
    for _ in range(8):
        answers.append(ask(plain, "203.0.113.9"))
        now[0] += 30
    assert answers == [200] * 8, "it is told of and not refused"
    assert told(house.olena) == [("agent.token_busy", {"token": row.pk, "asked": 4})]
    now[0] += 3600
    for _ in range(4):
        ask(plain, "203.0.113.9")
        now[0] += 30
    assert [kind for kind, _ in told(house.olena)] == ["agent.token_busy"] * 2


def test_row_31_an_admin_ends_all_of_them_at_once(house: House) -> None:
    plains = [create_token(agent, "x")[0] for agent in (house.olena, house.ben, house.adam)]
    old = create_token(house.ben, "old", days=1)[1]
    ApiToken.objects.filter(pk=old.pk).update(expires_at=timezone.now())
    for agent in (house.olena, house.mallory, house.vera):
        before = row_counts()
        assert signed_in(agent).post(reverse("all_tokens_end")).status_code == 403
        with pytest.raises(PermissionDenied):
            revoke_all_tokens(by=agent)
        assert row_counts() == before
    assert all(Api(plain).get("me/").status == 200 for plain in plains)
    admin = signed_in(house.adam)
    assert "Revoke all" in admin.get("/team/tokens/").content.decode()
    assert admin.get(reverse("all_tokens_end")).status_code == 405
    page = admin.post(reverse("all_tokens_end"), follow=True).content.decode()
    assert "3 tokens no longer work." in page and "Revoke all" not in page
    assert all(Api(plain).get("me/").status == 401 for plain in plains)
    assert not any(find_token(plain, at=timezone.now()) for plain in plains)
    revoked = Event.objects.filter(kind="agent.token_revoked")
    assert sorted(revoked.values_list("stream_id", flat=True)) == sorted([house.olena.pk, house.ben.pk, house.adam.pk])
    assert set(revoked.values_list("actor_id", flat=True)) == {house.adam.pk}
    assert revoke_all_tokens(by=house.adam) == 0


@pytest.mark.parametrize(
    "path", ["/audit.csv", "/reports/at-risk.csv", "/reports/satisfaction.csv", "/reports/work.csv",
             "/reports/service-level.csv", "/reports/retention/cohorts.csv", "/reports/paper/work.pdf"],
)  # fmt: skip
def test_row_31_what_leaves_as_a_file_asks_whether_it_is_still_you(house: House, path: str) -> None:
    late = Client()
    late.force_login(house.adam)
    before = row_counts()
    answer = late.get(path)
    assert (answer.status_code, "/reauthenticate/?next=" in answer["Location"]) == (302, True)
    assert row_counts() == before, "nothing is handed out, and nothing noted"
    assert signed_in(house.adam).get(path).status_code == 200
