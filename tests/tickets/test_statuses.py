"""Statuses of the shop's own: a finer word, while clocks, counts and views go by the category alone."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from events.models import Event
from metrics.verify import differences
from people.models import Agent
from people.permissions import PermissionDenied
from tests.api.client import Api
from tests.metrics.shop import ask, clocks, make_policy, settle
from tests.people import NOW, House, assert_gapless, events_of, make_house, open_ticket, row_counts
from tickets import actions
from tickets.actions.custom_statuses import archive_custom_status, move_custom_status, save_custom_status
from tickets.actions.macros import Content, save_macro, use_macro
from tickets.actions.views import Audience
from tickets.conditions import ticket_q
from tickets.counts import view_counts
from tickets.errors import InvalidInput
from tickets.inbox.directory import read_directory
from tickets.inbox.rows import row_of
from tickets.inbox.sentences import Names, sentence
from tickets.models import BulkItem, CustomStatus, Ticket
from tickets.search.finder import search_tickets
from tickets.statuses import word_of

HOUR = timedelta(hours=1)


@pytest.fixture
def house(db: None) -> House:
    return make_house()


@pytest.fixture
def ticket(house: House) -> Ticket:
    return open_ticket(house.channel)


def make(house: House, name: str, category: str = "on_hold", **more: Any) -> CustomStatus:
    return save_custom_status(None, by=house.adam, name=name, category=category, **more)


@pytest.fixture
def supplier(house: House) -> CustomStatus:
    return make(house, "Waiting for supplier", names={"uk": "Чекаємо на постачальника"}, tone="warn")


def put(house: House, ticket: Ticket, key: str, *, minutes: int = 1) -> Ticket:
    actions.set_status(ticket.pk, by=house.olena, status=key, at=NOW + timedelta(minutes=minutes))
    return Ticket.objects.select_related("custom_status").get(pk=ticket.pk)


def told(ticket: Ticket) -> list[str]:
    names = Names(read_directory(), "Zoe", {})
    events = Event.objects.filter(stream_type="ticket", stream_id=ticket.pk).order_by("sequence")
    said = [sentence(event, names) for event in events if event.kind.startswith("ticket.status")]
    return [one.html.replace("<b>", "").replace("</b>", "") for one in said if one]


def test_a_word_sets_its_category_in_one_event(house: House, ticket: Ticket, supplier: CustomStatus) -> None:
    before = events_of(ticket.pk)

    for _ in range(2):
        found = put(house, ticket, supplier.key)

    assert (found.status, word_of(found).label) == ("on_hold", "Waiting for supplier")
    assert events_of(ticket.pk) == [*before, "ticket.status_changed"]
    assert told(ticket) == ["Olena set the status to Waiting for supplier"]
    with translation.override("uk"):
        assert word_of(found).label == "Чекаємо на постачальника"
        row = row_of(ticket.pk)
        assert row and (row.named_label, row.named_tone) == ("Чекаємо на постачальника", "warn")
    assert_gapless(ticket.pk)


def test_another_word_of_the_same_category_is_no_change_of_status(
    house: House, ticket: Ticket, supplier: CustomStatus
) -> None:
    courier = make(house, "Waiting for courier")
    put(house, ticket, supplier.key)

    found = put(house, ticket, courier.key)

    assert (found.status, found.custom_status) == ("on_hold", courier)
    assert events_of(ticket.pk)[-2:] == ["ticket.status_changed", "ticket.status_named"]
    assert put(house, ticket, "on_hold").custom_status is None
    assert told(ticket)[-2:] == ["Olena set the status to Waiting for courier", "Olena set the status to On hold"]


def test_what_only_knows_categories_ends_the_word(house: House, ticket: Ticket, supplier: CustomStatus) -> None:
    put(house, ticket, supplier.key)

    # As the door does it: one statement that knows of no words.
    Ticket.objects.filter(pk=ticket.pk).update(status="open")
    found = Ticket.objects.select_related("custom_status").get(pk=ticket.pk)

    assert word_of(found).label == "Open"
    row = row_of(ticket.pk)
    assert row and row.named is None
    assert not Ticket.objects.filter(ticket_q({"state": (supplier.pk,)})).exists()


def test_undo_goes_back_word_by_word(house: House, ticket: Ticket, supplier: CustomStatus) -> None:
    courier, done = make(house, "Waiting for courier"), make(house, "Refunded", "solved")
    put(house, ticket, supplier.key)
    for key in (courier.key, done.key, "open"):
        changed = actions.set_status(ticket.pk, by=house.olena, status=key)
        before = actions.undo_change(ticket.pk, changed.recorded or 0, by=house.olena)
        before.refresh_from_db()
        assert (before.status, before.custom_status) == ("on_hold", supplier), key


def test_a_reply_that_is_withdrawn_leaves_the_word_it_found(
    house: House, ticket: Ticket, supplier: CustomStatus
) -> None:
    refunded = make(house, "Refunded", "solved")
    put(house, ticket, supplier.key)
    sent = actions.reply(ticket.pk, by=house.olena, text="Done", then_status=refunded.key)
    ticket.refresh_from_db()
    assert (ticket.status, ticket.custom_status) == ("solved", refunded)

    actions.withdraw_reply(sent.pk, by=house.olena)

    ticket.refresh_from_db()
    assert (ticket.status, ticket.custom_status) == ("on_hold", supplier)


def test_a_default_is_taken_with_its_category_and_a_teams_own_before_it(house: House, ticket: Ticket) -> None:
    everyone = make(house, "Refunded", "solved", is_default=True)
    assert put(house, ticket, "solved").custom_status == everyone
    own = make(house, "Closed by support", "solved", team=house.support, is_default=True)
    theirs = open_ticket(house.other_channel)
    actions.set_status(theirs.pk, by=house.mallory, status="solved")
    theirs.refresh_from_db()
    assert theirs.custom_status == everyone
    assert put(house, open_ticket(house.channel), "solved").custom_status == own

    # There is one at a time.
    other = make(house, "Done", "solved", is_default=True)
    everyone.refresh_from_db()
    assert (everyone.is_default, other.is_default) == (False, True)
    with pytest.raises(IntegrityError), transaction.atomic():
        CustomStatus.objects.create(name="Two", category="solved", is_default=True)


def test_a_word_of_another_team_cannot_be_set(house: House, ticket: Ticket) -> None:
    theirs, before = make(house, "At the desk", team=house.returns), row_counts()

    for key in (theirs.key, "s999999", "s", "closed", "spam", "sx"):
        with pytest.raises(InvalidInput):
            actions.set_status(ticket.pk, by=house.olena, status=key)
    assert row_counts() == {**before}


def test_archiving_shows_its_tickets_as_their_category_and_writes_none(
    house: House, ticket: Ticket, supplier: CustomStatus
) -> None:
    put(house, ticket, supplier.key)
    before = events_of(ticket.pk)

    for _ in range(2):
        archive_custom_status(supplier.pk, by=house.adam)

    found = Ticket.objects.select_related("custom_status").get(pk=ticket.pk)
    assert (found.status, word_of(found).label, events_of(ticket.pk)) == ("on_hold", "On hold", before)
    with pytest.raises(InvalidInput):
        actions.set_status(ticket.pk, by=house.olena, status=supplier.key)
    archive_custom_status(supplier.pk, by=house.adam, on=False)
    assert word_of(Ticket.objects.select_related("custom_status").get(pk=ticket.pk)).label == "Waiting for supplier"
    kinds = list(Event.objects.filter(stream_type="status").values_list("kind", flat=True))
    assert kinds == ["status.made", "status.archived", "status.restored"]


def test_clocks_follow_the_category_alone(house: House, supplier: CustomStatus) -> None:
    make_policy()
    ticket = ask(house.channel)
    courier = make(house, "Waiting for courier")
    actions.set_status(ticket.pk, by=house.olena, status=supplier.key)
    settle()
    paused = [(clock.target, clock.state) for clock in clocks(ticket)]
    assert {state for _target, state in paused} == {"paused"}

    actions.set_status(ticket.pk, by=house.olena, status=courier.key)
    settle()

    assert [(clock.target, clock.state) for clock in clocks(ticket)] == paused
    ticket.refresh_from_db()
    assert ticket.due_state == "paused"
    assert list(differences()) == []


def test_counts_and_views_by_status_stay_as_they_were(house: House, ticket: Ticket, supplier: CustomStatus) -> None:
    other = open_ticket(house.channel)
    put(house, ticket, supplier.key)
    put(house, other, "on_hold")

    where = {"status": ("on_hold",)}
    assert view_counts(house.olena, {"held": where}) == {"held": 2}
    assert set(Ticket.objects.filter(ticket_q(where))) == {ticket, other}
    assert set(Ticket.objects.filter(ticket_q({"state": (supplier.pk,)}))) == {ticket}
    assert search_tickets(house.olena, 'status:"supplier"').ids == (ticket.pk,)
    assert set(search_tickets(house.olena, "status:on_hold").ids) == {ticket.pk, other.pk}
    assert search_tickets(house.mallory, "status:supplier").ids == ()


def client_of(agent: Agent) -> Client:
    client = Client()
    client.force_login(agent)
    return client


def test_the_list_shows_it_and_costs_no_query(house: House, ticket: Ticket) -> None:
    client = client_of(house.olena)
    costs = []
    for turn in range(2):
        if turn:
            put(house, ticket, make(house, "Waiting for parts", tone="bad").key)
        counted = []
        for path in ("/inbox/open/", f"/inbox/open/{ticket.pk}/"):
            client.get(path)
            with CaptureQueriesContext(connection) as queries:
                page = client.get(path).content.decode()
            counted.append(len(queries))
        costs.append(counted)
    assert "Waiting for parts" in page and 'data-value="s' in page
    assert costs[0] == costs[1]


def test_pages_bulk_macros_and_the_api_set_it(house: House, ticket: Ticket, supplier: CustomStatus) -> None:
    client = client_of(house.olena)
    answer = client.post(f"/tickets/{ticket.pk}/status/", {"status": supplier.key, "event": "0", "row": "1"}).json()
    assert answer["updates"]["facts"]["state"] == supplier.key
    assert "Waiting for supplier" in answer["row"] and "Waiting for supplier" in answer["updates"]["side"]

    many = [open_ticket(house.channel).pk for _ in range(2)] + [ticket.pk]
    chosen = actions.Selection(ids=many)
    job = actions.start_bulk(chosen, by=house.olena, do="status", value=supplier.key, client_id=uuid4())
    while actions.work_bulk(at=NOW, job_id=job.pk):
        pass
    states = dict(BulkItem.objects.filter(job=job).values_list("ticket", "state"))
    assert states == {many[0]: "done", many[1]: "done", ticket.pk: "same"}

    fresh = open_ticket(house.channel)
    content = Content(name="Held", texts={}, status=supplier.key)
    macro = save_macro(None, content, by=house.olena, audience=Audience(owner=house.olena))
    use_macro(fresh.pk, macro.pk, by=house.olena, client_id=uuid4())
    fresh.refresh_from_db()
    assert (fresh.status, fresh.custom_status) == ("on_hold", supplier)

    api, last = Api.of(house.olena), open_ticket(house.channel)
    body = api.patch(f"tickets/{last.pk}/", {"custom_status": supplier.pk}).body
    assert (body["status"], body["custom_status"]) == ("on_hold", {"id": supplier.pk, "name": "Waiting for supplier"})
    assert last.pk in api.get("tickets/", custom_status=supplier.pk).ids
    assert api.patch(f"tickets/{last.pk}/", {"custom_status": None}).body["custom_status"] is None
    assert api.patch(f"tickets/{last.pk}/", {"custom_status": 999_999}).wrong_fields == {"status"}
    assert [row["name"] for row in api.get("statuses/").body["results"]] == ["Waiting for supplier"]


def test_a_saved_view_asks_for_it(house: House, ticket: Ticket, supplier: CustomStatus) -> None:
    put(house, ticket, supplier.key)
    open_ticket(house.channel)
    client = client_of(house.olena)
    form = {"name": "Supplier", "audience": "mine", "order": "newest", "state": [str(supplier.pk)]}
    assert client.post("/views/new/", form).status_code == 302

    page = client.get("/views/saved/").content.decode()
    key = next(view.key for view in read_directory([house.olena]).views)
    assert "Supplier" in page
    assert client.get(f"/inbox/{key}/").content.decode().count('class="row') == 1


def test_only_managers_keep_them(house: House, supplier: CustomStatus) -> None:
    before = row_counts()
    for by in (house.olena, house.vera, house.mallory):
        with pytest.raises(PermissionDenied):
            make_by(by)
        with pytest.raises(PermissionDenied):
            archive_custom_status(supplier.pk, by=by)
        with pytest.raises(PermissionDenied):
            move_custom_status(supplier.pk, by=by, up=True)
    assert row_counts() == before
    assert [client_of(by).get("/statuses/").status_code for by in (house.olena, house.vera)] == [403, 403]


def make_by(by: Agent) -> None:
    save_custom_status(None, by=by, name="X", category="open")


def test_managers_keep_them_on_a_page(house: House) -> None:
    client = client_of(house.adam)
    form = {"name": "Waiting for parts", "category": "on_hold", "tone": "warn", "name_uk": "Чекаємо на деталі"}
    assert client.post("/statuses/new/", form).status_code == 302
    assert client.post("/statuses/new/", form).status_code == 422
    status = CustomStatus.objects.get()
    assert (status.names, status.tone, status.category) == ({"uk": "Чекаємо на деталі"}, "warn", "on_hold")
    make(house, "Second")
    client.post(f"/statuses/{status.pk}/move/", {"down": "1"})
    assert list(CustomStatus.objects.values_list("name", flat=True)) == ["Second", "Waiting for parts"]
    client.post(f"/statuses/{status.pk}/", form | {"name": "Parts", "category": "open"})
    status.refresh_from_db()
    assert (status.name, status.category) == ("Parts", "on_hold")
    client.post(f"/statuses/{status.pk}/archive/", {})
    assert "Parts" in client.get("/statuses/").content.decode()
    for wrong in ({"tone": "pink"}, {"name": ""}, {"name": "x" * 41}, {"category": "closed"}):
        assert client.post("/statuses/new/", form | {"name": "New"} | wrong).status_code == 422
