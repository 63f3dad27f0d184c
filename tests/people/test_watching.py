"""Who saw what is noted once in a few minutes, and counted against the day's budget without a query more."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from events.delivery import drain
from events.models import AuditEntry, Event
from people.models import AccessRules
from people.watching import BUDGET_REACHED, BudgetSpent, saw_ticket, searched, took_file, typed_search
from tests.api.client import Api
from tests.people import PASSWORD, House, make_agent, make_house, open_ticket
from tickets.models import Notification

pytestmark = pytest.mark.django_db
# In the middle of a day in Kyiv, so that minutes later it is still the same.
NOON = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)


@pytest.fixture
def house() -> House:
    return make_house()


def noted(kind: str = "") -> list[tuple[str, int | None, int | None, str]]:
    found = AuditEntry.objects.exclude(kind__in=("signed_in", "signed_out")).order_by("pk")
    found = found.filter(kind=kind) if kind else found
    return list(found.values_list("kind", "actor_id", "ticket_id", "what"))


def reached() -> list[dict[str, Any]]:
    return list(Event.objects.filter(kind=BUDGET_REACHED).order_by("pk").values_list("data", flat=True))


class TestSeeing:
    def test_a_ticket_looked_at_again_is_one_entry(self, house: House) -> None:
        for minutes in (0, 1, 4):
            saw_ticket(house.olena, 1, at=NOON + timedelta(minutes=minutes))
        saw_ticket(house.olena, 2, at=NOON)
        saw_ticket(house.ben, 1, at=NOON)
        saw_ticket(house.olena, 1, at=NOON + timedelta(minutes=6))
        olena, ben = house.olena.pk, house.ben.pk
        opened = [("ticket.opened", who, number, "") for who, number in ((olena, 1), (olena, 2), (ben, 1), (olena, 1))]
        assert noted() == opened

    def test_it_costs_one_statement_whether_noted_or_not(self, house: House, django_assert_num_queries: Any) -> None:
        for _ in range(2):
            with django_assert_num_queries(1):
                saw_ticket(house.olena, 1, at=NOON)

    def test_words_typed_on_are_one_search(self, house: House) -> None:
        for text in ("p", "pa", "par", "parc", "parce", "parcel", "parcels"):
            typed_search(house.olena, text)
        searched(house.olena, "parcels")
        searched(house.olena, " parcels ")
        assert [what for *_, what in noted()] == ["parc", "parc…", "parcels"]


class TestBudget:
    def test_the_day_counts_different_tickets_and_says_once_when_it_is_spent(self, house: House) -> None:
        AccessRules.objects.create(tickets=3, files=0)
        for number in (1, 2, 2, 1):
            saw_ticket(house.olena, number, at=NOON + timedelta(minutes=6 * number))
        assert reached() == []
        for number in range(3, 8):
            saw_ticket(house.olena, number, at=NOON + timedelta(hours=1))
        assert reached() == [{"of": "tickets", "most": 3}]
        assert len(noted("ticket.opened")) >= 7  # told, not stopped

    def test_past_it_nothing_new_is_shown_if_the_house_wants_that(self, house: House) -> None:
        AccessRules.objects.create(tickets=2, files=1, stops=True)
        saw_ticket(house.olena, 1, at=NOON)
        saw_ticket(house.olena, 2, at=NOON)
        for _ in range(2):
            with pytest.raises(BudgetSpent):
                saw_ticket(house.olena, 3, at=NOON)
        saw_ticket(house.olena, 1, at=NOON + timedelta(hours=1))  # what was opened today is open to them
        saw_ticket(house.ben, 3, at=NOON)  # each has a budget of their own
        took_file(house.olena, "a", ticket_id=1, at=NOON)
        with pytest.raises(BudgetSpent):
            took_file(house.olena, "b", ticket_id=1, at=NOON)
        saw_ticket(house.olena, 3, at=NOON + timedelta(days=1))
        stops = [(ticket, what) for _kind, _who, ticket, what in noted("budget.stopped")]
        assert stops == [(3, "tickets"), (1, "files")]
        assert reached() == [{"of": "tickets", "most": 2}, {"of": "files", "most": 1}]

    def test_without_a_limit_nobody_is_told(self, house: House) -> None:
        AccessRules.objects.create(tickets=0, files=0, stops=True)
        for number in range(5):
            saw_ticket(house.olena, number, at=NOON)
        assert reached() == []

    def test_whoever_reads_the_audit_hears_of_it(self, house: House) -> None:
        AccessRules.objects.create(tickets=1)
        saw_ticket(house.olena, 1, at=timezone.now())
        drain()
        [notice] = Notification.objects.all()
        assert (notice.agent, notice.ticket, notice.channel) == (house.adam, None, None)
        client = Client()
        client.force_login(house.adam)
        page = client.get("/notifications/").content.decode()
        assert "Olena opened 1 ticket today" in page and f"/audit/?who={house.olena.pk}" in page
        assert client.get("/inbox/counts/").json()["notices"] == 1
        client.force_login(make_agent("Nosy"))
        assert "Olena opened" not in client.get("/notifications/").content.decode()


class TestPages:
    @pytest.fixture
    def limited(self, house: House) -> Iterator[tuple[House, list[int]]]:
        AccessRules.objects.create(tickets=1, stops=True)
        yield house, [open_ticket(house.channel).pk for _ in range(2)]

    def test_the_stopped_see_nothing_and_are_told_why(self, limited: tuple[House, list[int]]) -> None:
        house, (first, second) = limited
        client = Client()
        client.force_login(house.olena)
        assert client.get(f"/tickets/{first}/pane/").status_code == 200
        for path in (f"/inbox/open/{second}/", f"/tickets/{second}/pane/", f"/tickets/{second}/updates/?event=0"):
            page = client.get(path)
            assert page.status_code == 429
            assert b"parcel" not in page.content and b"as much as is allowed" in page.content
        said = client.get(f"/tickets/{second}/pane/", headers={"X-Requested-With": "fetch"})
        assert (said.status_code, said.json()["code"]) == (429, "budget_spent")
        answer = Api.of(house.olena).get(f"tickets/{second}/messages/")
        assert (answer.status, answer.code) == (429, "budget_spent")

    def test_an_admin_sets_the_budget_and_that_is_noted(self, house: House) -> None:
        client = Client()
        client.force_login(house.adam)
        assert client.get("/audit/budget/").status_code == 200
        assert client.post("/audit/budget/", {"tickets": "50", "files": "20", "stops": "on"}).status_code == 302
        rules = AccessRules.objects.get()
        assert (rules.tickets, rules.files, rules.stops) == (50, 20, True)
        [entry] = AuditEntry.objects.filter(kind="setting.changed")
        assert (entry.actor_id, entry.what) == (house.adam.pk, "daily budget")
        assert entry.data == {"files": [200, 20], "stops": [False, True], "tickets": [400, 50]}
        client.post("/audit/budget/", {"tickets": "50", "files": "20", "stops": "on"})
        assert AuditEntry.objects.filter(kind="setting.changed").count() == 1
        client.force_login(make_agent("Manager", role="manager"))
        assert client.get("/audit/budget/").status_code == 403
        assert client.post("/audit/budget/", {"tickets": "0", "files": "0"}).status_code == 403
        assert AccessRules.objects.get().tickets == 50


class TestSigningIn:
    def test_in_out_and_in_vain(self, house: House) -> None:
        client = Client()
        login = {"login": "olena@shop.example", "password": "hunter2 but wrong"}
        client.post("/accounts/login/", login)
        client.post("/accounts/login/", {"login": "my secret password", "password": "x"})
        client.post("/accounts/login/", {"login": "nobody@shop.example", "password": "secret"})
        client.post("/accounts/login/", {"login": "olena@shop.example", "password": PASSWORD})
        client.post("/accounts/logout/")
        olena = house.olena.pk
        found = list(AuditEntry.objects.order_by("pk").values_list("kind", "actor_id", "what", "data"))
        where = {"from": "127.0.0.1"}
        assert ("sign_in.failed", olena, "", where) in found
        assert ("sign_in.failed", None, "unknown address", where) in found
        assert found[-2:] == [("signed_in", olena, "", where), ("signed_out", olena, "", where)]
        assert "secret" not in repr(list(AuditEntry.objects.values())) and "hunter2" not in repr(found)
