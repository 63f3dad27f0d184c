"""Fields of the shop's own: what they hold, on a ticket, before closing, in views, searches, macros, bulk and the API."""

from __future__ import annotations

import json
import threading
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection, connections
from django.test import Client
from django.test.utils import CaptureQueriesContext

from events.models import Event
from people.models import Agent
from people.permissions import PermissionDenied
from tests.api.client import Api
from tests.people import NOW, House, assert_gapless, events_of, make_house, open_ticket, row_counts
from tickets import actions
from tickets.actions.delivery import claim_replies
from tickets.actions.macros import Content, save_macro, use_macro
from tickets.actions.views import Audience
from tickets.conditions import ticket_q
from tickets.errors import FieldsMissing, InvalidInput, NotFound, TooLate
from tickets.fields import clean_value, fields_condition, shown_value, typed_value
from tickets.inbox.directory import read_directory
from tickets.inbox.sentences import Names, sentence
from tickets.models import BulkItem, FieldValue, SavedView, Ticket, TicketField
from tickets.placeholders import fill, unknown_placeholders, values_for
from tickets.search.finder import search_tickets

HOUR = timedelta(hours=1)


@pytest.fixture
def house(db: None) -> House:
    return make_house()


def make(house: House, name: str, kind: str, **more: Any) -> TicketField:
    return actions.save_field(None, by=house.adam, name=name, kind=kind, **more)


@pytest.fixture
def gift(house: House) -> TicketField:
    return make(house, "Order kind", "choice", choices=["Gift", "Own use"])


@pytest.fixture
def ticket(house: House) -> Ticket:
    return open_ticket(house.channel)


def value(ticket: Ticket, field: TicketField) -> str | None:
    return FieldValue.objects.filter(ticket=ticket, field=field).values_list("value", flat=True).first()


KEPT = [
    ("text", " A  b\x00 ", "A b"), ("text", "", ""), ("text", None, ""),
    ("number", "12,50", "12.5"), ("number", "1 000", "1000"), ("number", 7, "7"), ("number", "-0", "0"), ("number", "1e3", "1000"),
    ("choice", "gift", "Gift"), ("date", "2026-03-02", "2026-03-02"),
    ("checkbox", True, "1"), ("checkbox", False, ""), ("checkbox", "on", "1"), ("checkbox", "no", ""),
]  # fmt: skip
REFUSED = [
    ("text", "x" * 501), ("number", "many"), ("number", "NaN"), ("number", "Infinity"), ("number", "1" * 15),
    ("number", "0.0000001"), ("number", "1e9999999"), ("number", "-1e99999999"), ("number", "1e-9999999"),
    ("number", "sNaN"), ("choice", "Other"), ("date", "02.03.2026"), ("date", "2026-02-30"), ("checkbox", "maybe"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "said", "kept"), KEPT)
def test_what_a_field_keeps(kind: str, said: object, kept: str) -> None:
    field = TicketField(name="F", kind=kind, choices=["Gift", "Own use"])

    assert clean_value(field, said) == kept
    # What is kept stays as it is when it is said again, and can be shown and told to programs.
    assert clean_value(field, kept) == kept
    assert isinstance(shown_value(kind, kept), str)
    json.dumps(typed_value(kind, kept))


@pytest.mark.parametrize(("kind", "said"), REFUSED)
def test_what_a_field_refuses(kind: str, said: object) -> None:
    with pytest.raises(InvalidInput):
        clean_value(TicketField(name="F", kind=kind, choices=["Gift"]), said)


def test_saying_something_is_one_event_and_repeating_it_none(house: House, ticket: Ticket, gift: TicketField) -> None:
    before = events_of(ticket.pk)

    for said in ("gift", "Gift"):
        actions.set_field(ticket.pk, by=house.olena, field_id=gift.pk, value=said, at=NOW)

    assert value(ticket, gift) == "Gift"
    assert events_of(ticket.pk) == [*before, "ticket.field_set"]
    event = Event.objects.get(stream_id=ticket.pk, kind="ticket.field_set")
    assert event.data == {"field": gift.pk, "name": "Order kind", "kind": "choice", "from": "", "to": "Gift"}
    told = sentence(event, Names(read_directory(), "Zoe", {}))
    assert told and told.html == "<b>Olena</b> set <b>Order kind</b> to <b>Gift</b>"

    actions.set_field(ticket.pk, by=house.olena, field_id=gift.pk, value="", at=NOW)
    assert value(ticket, gift) is None
    assert_gapless(ticket.pk)


def test_it_can_be_taken_back_as_long_as_nothing_else_happened(house: House, ticket: Ticket, gift: TicketField) -> None:
    for said in ("Gift", "Own use"):
        changed = actions.set_field(ticket.pk, by=house.olena, field_id=gift.pk, value=said)
    assert changed.recorded

    actions.undo_change(ticket.pk, changed.recorded, by=house.olena)
    actions.undo_change(ticket.pk, changed.recorded, by=house.olena)
    assert value(ticket, gift) == "Gift"

    changed = actions.set_field(ticket.pk, by=house.olena, field_id=gift.pk, value="Own use")
    actions.set_priority(ticket.pk, by=house.ben, priority=40)
    with pytest.raises(TooLate):
        actions.undo_change(ticket.pk, changed.recorded or 0, by=house.olena)


def test_outsiders_and_viewers_say_nothing(house: House, ticket: Ticket, gift: TicketField) -> None:
    before = row_counts()
    with pytest.raises(NotFound):
        actions.set_field(ticket.pk, by=house.mallory, field_id=gift.pk, value="Gift")
    with pytest.raises(PermissionDenied):
        actions.set_field(ticket.pk, by=house.vera, field_id=gift.pk, value="Gift")
    for by in (house.olena, house.vera):
        with pytest.raises(PermissionDenied):
            actions.save_field(None, by=by, name="X", kind="text")
        with pytest.raises(PermissionDenied):
            actions.archive_field(gift.pk, by=by)
        with pytest.raises(PermissionDenied):
            actions.move_field(gift.pk, by=by, up=True)
    assert row_counts() == before


def test_a_teams_field_is_of_its_tickets_alone(house: House, ticket: Ticket) -> None:
    field = make(house, "Returned", "checkbox", team=house.returns)
    with pytest.raises(InvalidInput):
        actions.set_field(ticket.pk, by=house.olena, field_id=field.pk, value=True)

    theirs = open_ticket(house.other_channel)
    actions.set_field(theirs.pk, by=house.mallory, field_id=field.pk, value=True)
    assert value(theirs, field) == "1"


# Before closing


@pytest.fixture
def needed(house: House) -> TicketField:
    return make(house, "Cause", "choice", choices=["Courier", "Us"], required=True)


def close_by_hand(house: House, ticket: Ticket) -> None:
    actions.set_status(ticket.pk, by=house.olena, status="solved")


def close_with_an_answer(house: House, ticket: Ticket) -> None:
    actions.reply(ticket.pk, by=house.olena, text="Done", then_status="solved")


def close_by_macro(house: House, ticket: Ticket) -> None:
    content = Content(name="Shut", texts={}, status="solved")
    macro = save_macro(None, content, by=house.olena, audience=Audience(owner=house.olena))
    before = row_counts()
    try:
        use_macro(ticket.pk, macro.pk, by=house.olena, client_id=uuid4())
    finally:
        if ticket.field_values.count() == 0:
            assert row_counts() == before


@pytest.mark.parametrize("close", [close_by_hand, close_with_an_answer, close_by_macro])
def test_nobody_closes_while_something_is_missing(
    house: House, ticket: Ticket, needed: TicketField, close: Any
) -> None:
    before = events_of(ticket.pk)
    with pytest.raises(FieldsMissing) as refused:
        close(house, ticket)
    assert refused.value.fields == (needed.pk,)
    assert "Cause" in refused.value.message
    assert events_of(ticket.pk) == before
    assert not ticket.messages.filter(kind="outbound").exists()

    actions.set_field(ticket.pk, by=house.olena, field_id=needed.pk, value="Us")
    close(house, ticket)
    ticket.refresh_from_db()
    assert ticket.status == "solved"


def test_many_at_once_are_refused_row_by_row_with_the_reason(house: House, needed: TicketField) -> None:
    whole, lacking = open_ticket(house.channel), open_ticket(house.channel)
    actions.set_field(whole.pk, by=house.olena, field_id=needed.pk, value="Us")
    chosen = actions.Selection(ids=[whole.pk, lacking.pk])
    job = actions.start_bulk(chosen, by=house.olena, do="status", value="solved", client_id=uuid4())
    while actions.work_bulk(at=NOW, job_id=job.pk):
        pass

    rows = dict(BulkItem.objects.filter(job=job).values_list("ticket_id", "state"))
    assert rows == {whole.pk: "done", lacking.pk: "refused"}
    assert "Cause" in BulkItem.objects.get(job=job, ticket=lacking.pk).reason


def test_many_at_once_are_set_and_set_back(house: House, gift: TicketField) -> None:
    tickets = [open_ticket(house.channel) for _ in range(3)]
    actions.set_field(tickets[0].pk, by=house.ben, field_id=gift.pk, value="Own use")
    chosen = actions.Selection(ids=[one.pk for one in tickets])
    job = actions.start_bulk(chosen, by=house.olena, do="field", value=f"{gift.pk}=gift", client_id=uuid4())
    while actions.work_bulk(at=NOW, job_id=job.pk):
        pass
    assert [value(one, gift) for one in tickets] == ["Gift"] * 3

    actions.undo_bulk(job.pk, by=house.olena)
    while actions.work_bulk(at=NOW, job_id=job.pk):
        pass
    assert [value(one, gift) for one in tickets] == ["Own use", None, None]

    for wrong in (f"{gift.pk}=Other", "0=x", "nonsense"):
        with pytest.raises(InvalidInput):
            actions.start_bulk(chosen, by=house.olena, do="field", value=wrong, client_id=uuid4())


def test_a_reply_for_later_leaves_though_something_is_missing_then(house: House, ticket: Ticket) -> None:
    actions.reply(ticket.pk, by=house.olena, text="Hi", then_status="solved", send_at=NOW + HOUR, at=NOW)
    make(house, "Cause", "text", required=True)

    assert claim_replies(5, at=NOW + 2 * HOUR)

    ticket.refresh_from_db()
    assert ticket.status == "open"


def test_an_archived_field_asks_nobody_and_keeps_what_was_said(
    house: House, ticket: Ticket, needed: TicketField
) -> None:
    actions.set_field(ticket.pk, by=house.olena, field_id=needed.pk, value="Us")
    other = open_ticket(house.channel)
    for _ in range(2):
        actions.archive_field(needed.pk, by=house.adam)

    close_by_hand(house, other)
    assert value(ticket, needed) == "Us"
    kinds = list(Event.objects.filter(stream_type="field").values_list("kind", flat=True))
    assert kinds == ["field.made", "field.archived"]
    actions.archive_field(needed.pk, by=house.adam, on=False)
    with pytest.raises(FieldsMissing):
        close_by_hand(house, open_ticket(house.channel))


# Finding


def test_conditions_find_what_was_said(house: House, gift: TicketField) -> None:
    amount, when = make(house, "Amount", "number"), make(house, "Promised for", "date")
    first, second, third = (open_ticket(house.channel) for _ in range(3))
    for one, kind, number, day in ((first, "Gift", "9", "2026-03-01"), (second, "Own use", "10", "2026-04-01")):
        fields = {gift.pk: kind, amount.pk: number, when.pk: day}
        actions.set_fields(one.pk, by=house.olena, values=fields)
    found = {
        f"{gift.pk}=gift": {first}, f"{gift.pk}=": {third}, f"{gift.pk}*": {first, second},
        f"{amount.pk}>9": {second}, f"{amount.pk}<10": {first}, f"{when.pk}<2026-03-15": {first}, "x": set(),
    }  # fmt: skip
    for condition, expected in found.items():
        assert set(Ticket.objects.filter(ticket_q({"field": (condition,)}))) == expected, condition
    both = (f"{gift.pk}=gift", f"{gift.pk}=own use", f"{amount.pk}>9")
    assert set(Ticket.objects.filter(fields_condition(both))) == {second}


@pytest.mark.parametrize(
    "asked", ["1e9999999", "-1e140000", "1e200000", "1e-200000", "nan", "sNaN1", "Infinity", "9" * 4000]
)
@pytest.mark.parametrize("how", "<>=")
def test_numbers_that_nobody_can_keep_find_nothing(house: House, ticket: Ticket, how: str, asked: str) -> None:
    """In a search, and in a view, of which every list and the live updates of everybody ask."""
    amount = make(house, "Amount", "number")
    actions.set_field(ticket.pk, by=house.olena, field_id=amount.pk, value="7")

    assert not search_tickets(house.olena, f"field:Amount{how}{asked}").ids
    assert not Ticket.objects.filter(ticket_q({"field": (f"{amount.pk}{how}{asked}",)})).exists()


def test_the_api_takes_halves_of_characters_and_keeps_none(house: House, ticket: Ticket) -> None:
    make(house, "Note", "text")
    api, path = Api.of(house.olena), f"tickets/{ticket.pk}/"
    assert api.patch(path, {"custom_fields": {"Note": "a\ud83d\x00b"}}).body["custom_fields"] == {"Note": "a?b"}
    for name in ("\ud83d", "\x00", "x" * 5000):
        assert api.patch(path, {"custom_fields": {name: "x"}}).wrong_fields == {"custom_fields"}


@pytest.mark.parametrize(
    ("typed", "number"),
    [("field:Amount=9", 1), ("field:amount>9", 0), ('field:"Order kind=gift"', 1), ("field:Amount", 1),
     ("field:Amount=none", 0), ("field:Nothing=1", 0), ("field:Amount=9 parcel", 1)],
)  # fmt: skip
def test_the_search_knows_them(house: House, ticket: Ticket, gift: TicketField, typed: str, number: int) -> None:
    amount = make(house, "Amount", "number")
    actions.set_fields(ticket.pk, by=house.olena, values={gift.pk: "Gift", amount.pk: 9})

    assert len(search_tickets(house.olena, typed).ids) == number
    assert not search_tickets(house.mallory, typed).ids


def test_a_saved_view_asks_of_them(house: House, ticket: Ticket, gift: TicketField) -> None:
    amount = make(house, "Amount", "number")
    client = client_of(house.olena)
    form = {
        "name": "Gifts",
        "audience": "mine",
        "order": "newest",
        f"own_{gift.pk}": ["=Gift"],
        f"own_{amount.pk}": ">5",
    }
    assert client.post("/views/new/", form).status_code == 302
    view = SavedView.objects.get()
    assert view.where["field"] == [f"{gift.pk}=Gift", f"{amount.pk}>5"]
    open_ticket(house.channel)
    actions.set_fields(ticket.pk, by=house.olena, values={gift.pk: "Gift", amount.pk: 6})

    page = client.get(f"/inbox/saved-{view.pk}/").content.decode()
    assert page.count('class="row') == 1
    again = client.get(f"/views/{view.pk}/").context["form"]
    assert (again[f"own_{gift.pk}"].value(), again[f"own_{amount.pk}"].value()) == (["=Gift"], ">5")
    wrong = client.post("/views/new/", form | {f"own_{amount.pk}": "many"})
    assert wrong.status_code == 422


# In words and by machines


def test_placeholders_say_them_and_a_macro_sets_them(house: House, ticket: Ticket, gift: TicketField) -> None:
    assert unknown_placeholders("{{field.order_kind}} {{field.nothing}}") == ["field.nothing"]
    texts = {"": "A {{field.order_kind}} for {{customer.name}}"}
    content = Content(name="Gift", texts=texts, fields={gift.pk: "gift"})
    macro = save_macro(None, content, by=house.olena, audience=Audience(owner=house.olena))
    assert macro.fields == {str(gift.pk): "Gift"}

    used = use_macro(ticket.pk, macro.pk, by=house.olena, client_id=uuid4())

    assert value(ticket, gift) == "Gift"
    assert len(used.changes) == 1
    ticket.refresh_from_db()
    said = fill("{{field.order_kind}}", values_for(ticket, house.olena, email=""))
    assert (said.text, said.missing) == ("Gift", ())


def client_of(agent: Agent) -> Client:
    client = Client()
    client.force_login(agent)
    return client


def test_the_api_reads_writes_and_filters_them(
    house: House, ticket: Ticket, gift: TicketField, needed: TicketField
) -> None:
    api, other = Api.of(house.olena), open_ticket(house.channel)
    path = f"tickets/{ticket.pk}/"

    set_ = api.patch(path, {"custom_fields": {"Order kind": "gift"}})
    assert set_.body["custom_fields"] == {"Order kind": "Gift"}
    assert api.get("tickets/", field="Order kind=Gift").ids == [ticket.pk]
    assert api.get("tickets/", field="Order kind=").ids == [other.pk]
    assert api.get("tickets/", field="Nothing=1").wrong_fields == {"field"}
    refused = api.patch(path, {"status": "solved"})
    assert (refused.status, refused.code, refused.body["fields"]) == (422, "fields_missing", [needed.pk])
    both = api.patch(path, {"status": "solved", "custom_fields": {"Cause": "Us", "Order kind": None}})
    assert (both.status, both.body["status"], both.body["custom_fields"]) == (200, "solved", {"Cause": "Us"})
    for wrong in ({"Nothing": "x"}, {"Cause": "x"}, {"Cause": ["Us"]}):
        assert api.patch(f"tickets/{other.pk}/", {"custom_fields": wrong}).wrong_fields == {"custom_fields"}
    assert [row["name"] for row in api.get("fields/").body["results"]] == ["Order kind", "Cause"]
    assert Api.of(house.mallory).patch(path, {"custom_fields": {"Cause": "Courier"}}).status == 404
    assert value(ticket, needed) == "Us"


# Pages


def test_the_side_shows_them_and_says_what_changed(house: House, ticket: Ticket, gift: TicketField) -> None:
    client = client_of(house.olena)
    page = client.get(f"/inbox/open/{ticket.pk}/").content.decode()
    assert f'data-field="{gift.pk}"' in page

    answer = client.post(f"/tickets/{ticket.pk}/fields/", {f"field-{gift.pk}": "Gift", "event": "0"}).json()
    assert answer["change"] == Event.objects.latest("pk").pk
    assert "<option selected>Gift</option>" in answer["updates"]["side"]
    # Whoever may not change it reads it.
    read_only = client_of(house.vera).get(f"/inbox/open/{ticket.pk}/").content.decode()
    assert "Gift" in read_only and f'data-field="{gift.pk}"' not in read_only


def test_the_sheet_asks_for_what_is_missing_and_closes(
    house: House, ticket: Ticket, gift: TicketField, needed: TicketField
) -> None:
    client = client_of(house.olena)
    refused = client.post(f"/tickets/{ticket.pk}/status/", {"status": "solved"})
    assert (refused.status_code, refused.json()["code"]) == (409, "fields_missing")
    sheet = client.get(f"/tickets/{ticket.pk}/fields/missing/?close").content.decode()
    assert f'name="field-{needed.pk}"' in sheet and f'name="field-{gift.pk}"' not in sheet
    still = client.post(f"/tickets/{ticket.pk}/fields/", {f"field-{needed.pk}": "", "close": "1"})
    assert still.status_code == 409

    done = client.post(f"/tickets/{ticket.pk}/fields/", {f"field-{needed.pk}": "Us", "close": "1"})

    assert done.json()["closed"] is True
    ticket.refresh_from_db()
    assert ticket.status == "solved"
    assert events_of(ticket.pk)[-2:] == ["ticket.field_set", "ticket.solved"]


def test_fields_cost_lists_nothing_and_a_ticket_no_query(house: House, ticket: Ticket) -> None:
    client, costs = client_of(house.olena), []
    for number in range(2):
        if number:
            for name in ("A", "B", "C"):
                field = make(house, name, "text")
                actions.set_field(ticket.pk, by=house.olena, field_id=field.pk, value="x")
        counted = []
        for path in ("/inbox/open/", f"/inbox/open/{ticket.pk}/"):
            client.get(path)
            with CaptureQueriesContext(connection) as queries:
                client.get(path)
            counted.append(len(queries))
            if path == "/inbox/open/":
                assert "fieldvalue" not in "".join(query["sql"] for query in queries)
        costs.append(counted)
    assert costs[0] == costs[1]


def test_managers_keep_them(house: House) -> None:
    client = client_of(house.adam)
    form = {"name": "Cause", "kind": "choice", "choices": "Courier\nUs\n", "team": house.support.pk, "required": "on"}
    assert client.post("/fields/new/", form).status_code == 302
    field = TicketField.objects.get()
    assert (field.key, field.choices, field.team, field.required) == ("cause", ["Courier", "Us"], house.support, True)
    make(house, "Second", "text")
    client.post(f"/fields/{field.pk}/move/", {"down": "1"})
    assert list(TicketField.objects.values_list("name", flat=True)) == ["Second", "Cause"]
    client.post(f"/fields/{field.pk}/", form | {"name": "Why", "kind": "text"})
    field.refresh_from_db()
    assert (field.name, field.key, field.kind) == ("Why", "cause", "choice")
    for wrong in ({"name": "second"}, {"choices": ""}, {"name": "a=b"}, {"choices": "Us\nus"}):
        assert client.post(f"/fields/{field.pk}/", form | wrong).status_code == 422
    client.post(f"/fields/{field.pk}/archive/", {})
    assert "Why" in client.get("/fields/").content.decode()
    assert [one.name for one in client.get("/fields/").context["fields"]] == ["Second"]


@pytest.mark.django_db(transaction=True)
def test_two_at_once_say_one_after_the_other() -> None:
    house = make_house()
    field, ticket = make(house, "Number", "number"), open_ticket(house.channel)
    barrier = threading.Barrier(4)

    def say(number: int) -> None:
        barrier.wait()
        actions.set_field(ticket.pk, by=house.olena, field_id=field.pk, value=number)
        connections.close_all()

    threads = [threading.Thread(target=say, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    events = list(Event.objects.filter(stream_id=ticket.pk, kind="ticket.field_set").order_by("sequence"))
    assert len(events) == 4
    assert [event.data["from"] for event in events[1:]] == [event.data["to"] for event in events[:-1]]
    assert value(ticket, field) == events[-1].data["to"]
