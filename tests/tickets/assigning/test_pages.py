"""The pages of assigning: who may see and change them, what they show, what they cost."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from events.doorbell import probe_client
from events.models import Event
from people.availability import say_presence
from people.desks import KEY, note_desks
from people.models import Agent, Availability
from tests.people import House, make_house, open_ticket, row_counts
from tickets.actions import assign_ticket
from tickets.models import Assigning

RULE = {"method": "turns", "most": "5", "calendar": "", "away_minutes": "", "weight_email": "2", "sticky": "on"}


@pytest.fixture
def house(db: None) -> Iterator[House]:
    probe_client().delete(KEY)
    yield make_house()
    probe_client().delete(KEY)


def client_of(agent: Agent) -> Client:
    client = Client()
    client.force_login(agent)
    return client


def rule(client: Client, house: House) -> dict[str, str]:
    """The form as the page fills it, with what this test writes."""
    form = client.get(f"/assigning/{house.support.pk}/").context["form"]
    return {name: str(form[name].value() or "") for name in form.fields} | RULE


def test_a_manager_sets_the_rule_and_sees_who_is_next(house: House) -> None:
    note_desks([house.olena.pk])
    say_presence(house.ben, "busy")
    client = client_of(house.adam)

    page = client.post(f"/assigning/{house.support.pk}/", rule(client, house), follow=True)

    saved = Assigning.objects.get(pk=house.support.pk)
    assert (saved.method, saved.most, saved.away_minutes, saved.weights, saved.sticky) == (
        "turns", 5, None, {"email": 2}, True,
    )  # fmt: skip
    text = page.content.decode()
    assert "Olena: next in turn (0 of 5 open), online" in text
    assert "Busy" in text
    assert Event.objects.filter(kind="team.assigning_changed").count() == 1


def test_weights_of_channels_there_are_none_of_are_folded_and_kept(house: House) -> None:
    client = client_of(house.adam)
    form = client.get(f"/assigning/{house.support.pk}/").context["form"]
    assert [field.name for field in form.weight_fields] == ["weight_email"]
    assert {field.name for field in [*form.weight_fields, *form.other_weights]} == {
        name for name in form.fields if name.startswith("weight_")
    }
    name = form.other_weights[0].name
    client.post(f"/assigning/{house.support.pk}/", rule(client, house) | {name: "9"})
    assert Assigning.objects.get(pk=house.support.pk).weights[name.removeprefix("weight_")] == 9


def test_more_than_the_limit_is_explained(house: House) -> None:
    client = client_of(house.adam)
    client.post(f"/assigning/{house.support.pk}/", rule(client, house) | {"most": "2"})  # a mail weighs two
    said = "given by hand"
    assign_ticket(open_ticket(house.channel).pk, by=house.adam, assignee=house.olena)
    assert said not in client.get(f"/assigning/{house.support.pk}/").content.decode()
    assign_ticket(open_ticket(house.channel).pk, by=house.adam, assignee=house.olena)
    assert said in client.get(f"/assigning/{house.support.pk}/").content.decode()


def test_the_preview_saves_nothing(house: House) -> None:
    note_desks([house.olena.pk, house.ben.pk])
    open_ticket(house.channel)
    client = client_of(house.adam)
    written = rule(client, house) | {"preview": "1", "method": "fewest"}
    before = row_counts()

    page = client.post(f"/assigning/{house.support.pk}/", written)

    assert "Olena: fewest open (0 of 5), online" in page.content.decode()
    assert row_counts() == before


@pytest.mark.parametrize("who", ["olena", "vera", "mallory"])
def test_only_managers_may(house: House, who: str) -> None:
    client = client_of(getattr(house, who))
    client.get("/profile/")  # that they are here is noted once
    before = row_counts()

    for path in ("/assigning/", f"/assigning/{house.support.pk}/"):
        assert client.get(path).status_code == 403
    assert client.post(f"/assigning/{house.support.pk}/", RULE).status_code == 403
    assert client.post(f"/assigning/{house.support.pk}/limits/", {}).status_code == 403
    assert row_counts() == before


@pytest.mark.parametrize(
    ("field", "value"), [("most", "0"), ("weight_email", "99"), ("away_minutes", "0"), ("method", "x")]
)
def test_what_cannot_be_is_refused_beside_its_field(house: House, field: str, value: str) -> None:
    client = client_of(house.adam)

    page = client.post(f"/assigning/{house.support.pk}/", rule(client, house) | {field: value})

    assert page.status_code == 422
    assert page.context["form"].errors[field]
    assert not Assigning.objects.exists()


def test_limits_of_single_people(house: House) -> None:
    client = client_of(house.adam)
    client.get(f"/assigning/{house.support.pk}/")
    form = {f"{house.olena.pk}-most": "3", f"{house.olena.pk}-calendar": "", f"{house.ben.pk}-most": ""}

    client.post(f"/assigning/{house.support.pk}/limits/", form)

    assert dict(Availability.objects.values_list("agent__name", "most")) == {"Olena": 3, "Ben": None}
    kinds = list(Event.objects.filter(stream_type="agent").values_list("kind", "stream_id"))
    assert kinds == [("agent.limits_changed", house.olena.pk)]


def test_everybody_says_for_themselves_whether_they_take_tickets(house: House) -> None:
    answer = client_of(house.olena).post("/presence/", {"said": "away"}, headers={"X-Requested-With": "fetch"})
    assert answer.json() == {"said": "away", "label": "Away"}
    assert client_of(house.olena).post("/presence/", {"said": "dead"}).status_code == 422
    assert Client().post("/presence/", {"said": "off"}).status_code == 302
    assert list(Availability.objects.values_list("agent", "said")) == [(house.olena.pk, "away")]
    assert "Away" in client_of(house.olena).get("/profile/").content.decode()
    # Whoever answers nobody is not asked.
    assert 'name="said"' not in client_of(house.vera).get("/profile/").content.decode()


def test_the_page_costs_the_same_for_any_queue(house: House) -> None:
    client = client_of(house.adam)
    note_desks([house.olena.pk])
    client.get(f"/assigning/{house.support.pk}/")
    costs = []
    for _ in range(2):
        for _ in range(5):
            open_ticket(house.channel)
        with CaptureQueriesContext(connection) as queries:
            client.get(f"/assigning/{house.support.pk}/")
        costs.append(len(queries))
    assert costs[0] == costs[1]
