"""Saved views: what stands in them, who has them, what they cost."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from events.models import Event
from people.models import Agent, Role
from people.permissions import PermissionDenied
from tests.people import NOW, House, make_agent, make_house, open_ticket, receive, row_counts
from tickets import actions, conditions
from tickets.actions.views import Audience, move_view, remove_view, save_view
from tickets.conditions import capped_count, ticket_q
from tickets.errors import InvalidInput, NotFound
from tickets.inbound import Address
from tickets.inbox.catalogue import views_for
from tickets.inbox.rows import list_page
from tickets.live.frames import Change, Composer
from tickets.live.sight import standings
from tickets.models import SavedView, Ticket, ViewOrder

pytestmark = pytest.mark.django_db


@pytest.fixture
def house() -> House:
    return make_house()


@pytest.fixture
def marta(house: House) -> Agent:
    """Leads the support team."""
    return make_agent("Marta", role=Role.MANAGER, team=house.support)


def ticket(house: House, name: str, **fields: Any) -> Ticket:
    return open_ticket(house.channel, subject=name, sender=Address(name, f"{name.lower()}@c.example"), **fields)


def signed_in(agent: Agent) -> Client:
    client = Client()
    client.force_login(agent)
    return client


def test_each_condition_finds_its_tickets(house: House) -> None:
    parcel, refund, quiet = (
        ticket(house, "Parcel", text="Where is the parcel?"),
        ticket(house, "Refund", text="I want my money", language="uk"),
        ticket(house, "Quiet"),
    )
    actions.add_tag(parcel.pk, by=house.olena, name="late")
    actions.set_priority(refund.pk, by=house.olena, priority=40)
    actions.assign_ticket(refund.pk, by=house.olena, assignee=house.olena)
    actions.set_status(quiet.pk, by=house.olena, status="solved")
    Ticket.objects.filter(pk=refund.pk).update(waiting_since=NOW - timedelta(hours=5), language="uk")
    both = {parcel.pk, refund.pk}
    table: list[tuple[dict[str, tuple[object, ...]], set[int]]] = [
        ({"tag": ("late", "early")}, {parcel.pk}),
        ({"tag": (None,)}, {refund.pk, quiet.pk}),
        ({"tag": ("late", None)}, {parcel.pk, refund.pk, quiet.pk}),
        ({"priority": (30, 40)}, {refund.pk}),
        ({"language": ("uk",)}, {refund.pk}),
        ({"waiting": (4 * 3600,)}, {refund.pk}),
        ({"waiting": (0,)}, both),
        ({"text": ("parcel",)}, {parcel.pk, quiet.pk}),
        ({"text": ("“the parcel” -hello",)}, {parcel.pk}),
        ({"from": ("refund@",)}, {refund.pk}),
        ({"from": ("PARC",)}, {parcel.pk}),
        ({"to": ("support@",)}, {*both, quiet.pk}),
        ({"assignee": (None,), "status": ("open",)}, {parcel.pk}),
        ({"tag": ("late",), "priority": (40,)}, set()),
    ]
    for where, expected in table:
        found = Ticket.objects.filter(ticket_q(where, at=NOW))
        assert set(found.values_list("pk", flat=True)) == expected, where


@pytest.mark.parametrize("where", [{"moon": ["full"]}, {"tag": "late"}, {"tag": [{"a": 1}]}, {"tag": ["x"] * 51}])
def test_conditions_that_cannot_be_read_are_refused(house: House, where: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        save_view(None, by=house.olena, name="X", audience=Audience(owner=house.olena), where=where)
    assert not SavedView.objects.exists()


def test_a_condition_of_a_higher_app_is_taught(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conditions, "_CONDITIONS", dict(conditions._CONDITIONS))
    monkeypatch.setattr(conditions, "_CHOICES", dict(conditions._CHOICES))
    vip = ticket(house, "Vip")
    ticket(house, "Other")
    conditions.teach_condition("segment", lambda values, at: conditions.Q(customer__name__in=values))

    view = save_view(
        None, by=house.olena, name="VIP", audience=Audience(owner=house.olena), where={"segment": ["Vip"]}
    )  # fmt: skip

    where = next(one.where for one in views_for(house.olena) if one.key == view.key)
    assert [row.number for row in list_page(house.olena, where).rows] == [vip.pk]


def names(agent: Agent) -> list[str]:
    return [str(view.name) for view in views_for(agent) if view.group == "saved"]


def test_who_has_which_view(house: House, marta: Agent) -> None:
    save_view(None, by=house.olena, name="Olena's", audience=Audience(owner=house.olena), where={})
    save_view(None, by=marta, name="Support's", audience=Audience(team=house.support), where={})
    save_view(None, by=house.adam, name="All's", audience=Audience(), where={})
    save_view(None, by=house.adam, name="Returns'", audience=Audience(team=house.returns), where={})

    assert names(house.olena) == ["Olena's", "Support's", "All's"]
    assert names(house.ben) == names(house.vera) == ["Support's", "All's"]
    assert names(house.mallory) == ["Returns'", "All's"]
    assert names(house.adam) == ["Support's", "Returns'", "All's"]


def test_me_is_whoever_looks_and_nobody_sees_more_than_they_may(house: House) -> None:
    mine, bens, theirs = ticket(house, "Mine"), ticket(house, "Bens"), open_ticket(house.other_channel)
    actions.assign_ticket(mine.pk, by=house.olena, assignee=house.olena)
    actions.assign_ticket(bens.pk, by=house.ben, assignee=house.ben)
    view = save_view(None, by=house.adam, name="My own", audience=Audience(), where={"assignee": ["me"]})
    everything = save_view(None, by=house.adam, name="Everything", audience=Audience(), where={})

    for agent, own, seen in (
        (house.olena, {mine.pk}, {mine.pk, bens.pk}), (house.ben, {bens.pk}, {mine.pk, bens.pk}),
        (house.mallory, set(), {theirs.pk}),
    ):  # fmt: skip
        for one, expected in ((view, own), (everything, seen)):
            page = signed_in(agent).get(f"/inbox/{one.key}/rows/").json()["html"]
            assert {number for number in (mine.pk, bens.pk, theirs.pk) if f'id="row-{number}"' in page} == expected


def test_only_its_readers_open_it(house: House) -> None:
    view = save_view(None, by=house.olena, name="Olena's", audience=Audience(owner=house.olena), where={})
    assert signed_in(house.olena).get(f"/inbox/{view.key}/").status_code == 200
    for agent in (house.ben, house.adam, house.mallory):
        answer = signed_in(agent).get(f"/inbox/{view.key}/")
        assert (answer.status_code, "share it with your team" in answer.content.decode()) == (404, True)
        assert "Olena" not in answer.content.decode()


def test_saving_changing_and_removing_are_events(house: House) -> None:
    audience = Audience(owner=house.olena)
    view = save_view(None, by=house.olena, name=" Late  ones ", audience=audience, where={"tag": ["late"]})
    save_view(view.pk, by=house.olena, name="Late ones", audience=audience, where={"tag": ["late"]})
    save_view(view.pk, by=house.olena, name="Later", audience=audience, where={"tag": ["late"]}, order="oldest")
    remove_view(view.pk, by=house.olena)

    kinds = Event.objects.filter(stream_type="view", stream_id=view.pk).order_by("sequence")
    assert list(kinds.values_list("kind", flat=True)) == ["view.made", "view.changed", "view.removed"]
    assert not SavedView.objects.exists()


@pytest.mark.parametrize("who", ["ben", "mallory", "vera"])
def test_others_change_nothing(house: House, who: str) -> None:
    agent: Agent = getattr(house, who)
    own = save_view(None, by=house.olena, name="Olena's", audience=Audience(owner=house.olena), where={})
    shared = save_view(None, by=house.adam, name="All's", audience=Audience(), where={})
    before = row_counts()
    for view, refusal in ((own, NotFound), (shared, PermissionDenied)):
        with pytest.raises(refusal):
            save_view(view.pk, by=agent, name="Mine now", audience=Audience(owner=agent), where={})
        with pytest.raises(refusal):
            remove_view(view.pk, by=agent)
        with pytest.raises(refusal):
            move_view(view.pk, by=agent, down=True)
    for audience in (Audience(), Audience(team=house.support), Audience(owner=house.olena)):
        with pytest.raises(PermissionDenied):
            save_view(None, by=agent, name="For others", audience=audience, where={})
    assert row_counts() == before
    assert set(SavedView.objects.values_list("name", flat=True)) == {"Olena's", "All's"}


def test_a_manager_shares_with_their_own_teams(house: House, marta: Agent) -> None:
    save_view(None, by=marta, name="Ours", audience=Audience(team=house.support), where={})
    with pytest.raises(PermissionDenied):
        save_view(None, by=marta, name="Theirs", audience=Audience(team=house.returns), where={})


def test_views_are_moved_among_their_own(house: House) -> None:
    audience = Audience(owner=house.olena)
    first, second, third = (
        save_view(None, by=house.olena, name=name, audience=audience, where={}) for name in ("a", "b", "c")
    )
    move_view(third.pk, by=house.olena, down=False)
    assert names(house.olena) == ["a", "c", "b"]
    move_view(first.pk, by=house.olena, down=False)
    move_view(second.pk, by=house.olena, down=True)
    assert names(house.olena) == ["a", "c", "b"]


@pytest.mark.parametrize("order", ViewOrder.values)
def test_every_order_pages_without_gap_or_repeat(house: House, order: str) -> None:
    for number in range(120):
        one = ticket(house, f"T{number}", received_at=NOW - timedelta(minutes=number // 2))
        moment = NOW + timedelta(minutes=number % 7)
        Ticket.objects.filter(pk=one.pk).update(
            next_due_at=moment, due_state="running", waiting_since=moment, last_message_at=moment, opened_at=moment,
            priority=(10, 20, 30, 40)[number % 4],
        )  # fmt: skip
    where = {"status": ("open", "on_hold")}
    walked, after = [], ""
    while True:
        page = list_page(house.olena, where, after=after, order=order)
        walked += [row.number for row in page.rows]
        after = page.next_cursor
        if not after:
            break
    keys = {
        "newest": ("-last_message_at", "-id"), "oldest": ("last_message_at", "id"), "waiting": ("waiting_since", "id"),
        "deadline": ("next_due_at", "id"), "priority": ("-priority", "id"), "eldest": ("opened_at", "id"),
        "youngest": ("-opened_at", "-id"),
    }  # fmt: skip
    assert walked == list(Ticket.objects.order_by(*keys[order]).values_list("pk", flat=True))


def test_a_list_by_a_moment_its_count_and_all_of_it_are_the_same_tickets(house: House) -> None:
    waiting, answered = ticket(house, "Waiting"), ticket(house, "Answered")
    Ticket.objects.filter(pk=answered.pk).update(waiting_since=None)
    view = save_view(
        None, by=house.olena, name="W", audience=Audience(owner=house.olena), where={"status": ["open"]}, order="waiting"
    )  # fmt: skip
    client = signed_in(house.olena)
    page = client.get(f"/inbox/{view.key}/rows/").json()["html"]
    assert (f'id="row-{waiting.pk}"' in page, f'id="row-{answered.pk}"' in page) == (True, False)
    assert client.get("/inbox/counts/").json()["counts"][view.key] == "1"
    done = client.post("/bulk/", {"view": view.key, "do": "priority", "value": "40"}).json()
    assert (done["total"], done["done"]) == (1, 1)
    assert set(Ticket.objects.filter(priority=40)) == {waiting}


def test_a_capped_count_stops(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(6):
        one = ticket(house, f"T{number}")
        if number < 4:
            actions.add_tag(one.pk, by=house.olena, name="late")
    open_ticket(house.other_channel)
    where = {"status": ("open",), "tag": ("late",)}

    assert capped_count(house.olena, where) == "4"
    assert capped_count(house.olena, {"tag": ("never",)}) == ""
    monkeypatch.setattr(conditions, "CAP", 3)
    assert capped_count(house.olena, where) == "3+"
    monkeypatch.setattr(conditions, "CAP_WINDOW", 2)
    assert capped_count(house.olena, where).endswith("+")


def test_counts_come_from_the_tally_or_are_capped(house: House) -> None:
    plain = save_view(
        None, by=house.olena, name="Open", audience=Audience(owner=house.olena), where={"status": ["open"]}
    )
    deep = save_view(None, by=house.olena, name="Late", audience=Audience(owner=house.olena), where={"tag": ["late"]})
    actions.add_tag(ticket(house, "T").pk, by=house.olena, name="late")
    client = signed_in(house.olena)
    client.get("/inbox/counts/")
    with CaptureQueriesContext(connection) as queries:
        counts = client.get("/inbox/counts/").json()["counts"]
    assert (counts[plain.key], counts[deep.key]) == (1, "1")
    assert len(queries) == 8  # one more a view that no tally counts


def test_the_hub_asks_the_database_what_a_row_does_not_tell(house: House) -> None:
    late, other = ticket(house, "Late"), ticket(house, "Other")
    actions.add_tag(late.pk, by=house.olena, name="late")
    sight = standings([house.olena.pk])[house.olena.pk].sight
    composer = Composer({late.pk: Change(event=1), other.pk: Change(event=2)}, {house.olena.pk})

    frames = composer.row_frames(sight, {"status": ("open",), "tag": ("late",)})

    assert f'"kind":"ticket.upsert","ticket":{late.pk}' in frames
    assert f'"kind":"ticket.remove","ticket":{other.pk},"reason":"view"' in frames


FORM = {
    "name": "Late ones", "audience": "mine", "order": "oldest", "snoozed": "no", "status": ["open", "pending"],
    "assignee": ["me", "none"], "priority": ["40"], "tag": "Late, vip", "text": "parcel", "waiting": "3600",
    "language": ["uk"], "due": ["late"],
}  # fmt: skip


def test_the_editor_stores_what_was_chosen_and_shows_it_again(house: House) -> None:
    client = signed_in(house.olena)
    answer = client.post("/views/new/", FORM)
    view = SavedView.objects.get()
    assert answer["Location"] == f"/inbox/{view.key}/"
    assert view.where == {
        "status": ["open", "pending"], "assignee": ["me", None], "priority": [40], "tag": ["late", "vip"],
        "text": ["parcel"], "waiting": [3600], "language": ["uk"], "snoozed": [False], "due": ["late"],
    }  # fmt: skip
    assert (view.owner, view.order) == (house.olena, "oldest")
    page = client.get(f"/views/{view.pk}/").content.decode()
    for shown in ('value="none" id="id_assignee_1" checked', 'value="40" id="id_priority_0" checked', "late, vip"):
        assert shown in page
    assert client.post("/views/new/", FORM | {"name": ""}).status_code == 422
    assert client.post("/views/new/", FORM | {"audience": "everyone"}).status_code == 422
    assert client.get("/views/saved/").status_code == 200
    client.post(f"/views/{view.pk}/remove/")
    assert not SavedView.objects.exists()


def test_a_list_by_a_saved_view_costs_what_others_cost(house: House) -> None:
    for number in range(12):
        save_view(
            None, by=house.olena, name=f"V{number}", audience=Audience(owner=house.olena), where={"tag": ["late"]}
        )
    view = SavedView.objects.latest("pk")
    actions.add_tag(receive(house.channel).ticket_id, by=house.olena, name="late")
    client = signed_in(house.olena)
    client.get(f"/inbox/{view.key}/")
    with CaptureQueriesContext(connection) as queries:
        assert client.get(f"/inbox/{view.key}/").status_code == 200
    assert len(queries) == 6


def test_me_is_whoever_looks_only_among_people(house: House) -> None:
    stored = {"assignee": ["me", None], "tag": ["me"], "text": ["me"]}
    where = conditions.resolve(stored, house.olena)
    assert where == {"assignee": (house.olena.pk, None), "tag": ("me",), "text": ("me",)}


def test_an_empty_view_leads_to_its_conditions_whoever_may_change_them(
    house: House, marta: Agent, client: Client
) -> None:
    own = save_view(None, by=house.olena, name="Mine", audience=Audience(owner=house.olena), where={"status": ["spam"]})
    shared = save_view(None, by=marta, name="Ours", audience=Audience(team=house.support), where={"status": ["spam"]})
    for agent, view, may in ((house.olena, own, True), (house.olena, shared, False), (marta, shared, True)):
        client.force_login(agent)
        page = client.get(f"/inbox/saved-{view.pk}/").content.decode()
        assert (f'href="/views/{view.pk}/">Change its conditions' in page) is may, (agent, view)
