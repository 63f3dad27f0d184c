"""Tickets: the list with its filters and pages, one ticket, and changing one."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from events.models import Event
from people.models import Agent
from tests.api.client import Api
from tests.people import House, assert_gapless, events_of, open_ticket
from tickets import actions
from tickets.inbound import Address
from tickets.models import Priority, Status, Ticket


def many(house: House, count: int) -> list[Ticket]:
    return [
        open_ticket(house.channel, sender=Address(f"C{n}", f"c{n}@customer.example"), subject=f"Question {n}")
        for n in range(count)
    ]


def test_one_ticket_has_exactly_these_members(house: House, ticket: Ticket, olena: Api) -> None:
    actions.add_tag(ticket.pk, by=house.olena, name="late")
    body = olena.get(f"tickets/{ticket.pk}/").body
    moments = {name: body.pop(name) for name in ("opened_at", "last_message_at", "updated_at", "waiting_since")}
    assert body == {
        "id": ticket.pk,
        "subject": "Where is my parcel?",
        "status": "open",
        "custom_status": None,
        "priority": "normal",
        "channel": {"id": house.channel.pk, "name": "Support", "kind": "email"},
        "customer": {"id": ticket.customer_id, "name": "Zoe Bauer", "email": "zoe@customer.example"},
        "team": {"id": house.support.pk, "name": "Support"},
        "assignee": None,
        "tags": ["late"],
        "custom_fields": {},
        "language": body["language"],
        "preview": "Hello, my parcel has not arrived.",
        "message_sequence": 1,
        "needs_attention": False,
        "snoozed_until": None,
        "next_due_at": None,
        "due_state": "",
        "due_target": "",
        "solved_at": None,
        "closed_at": None,
        "merged_into": None,
    }
    assert moments["opened_at"] == moments["waiting_since"] == "2026-03-02T09:00:00Z"
    assert all(moment.endswith("Z") for moment in moments.values())
    last = Event.objects.filter(stream_id=ticket.pk).latest("sequence")
    assert moments["updated_at"] == last.recorded_at.isoformat().replace("+00:00", "Z")


def test_list_is_newest_first_in_pages_that_do_not_shift(house: House, olena: Api) -> None:
    tickets = many(house, 7)
    newest_first = [ticket.pk for ticket in reversed(tickets)]
    first = olena.get("tickets/", limit=3)
    assert first.ids == newest_first[:3]
    many(house, 1)  # arrives while somebody reads page by page
    second = olena.get(first.body["next"])
    third = olena.get(second.body["next"])
    assert first.ids + second.ids + third.ids == newest_first
    assert third.body["next"] is None


def test_pages_keep_their_filters(house: House, olena: Api) -> None:
    tickets = many(house, 4)
    for ticket in tickets[:3]:
        actions.set_priority(ticket.pk, by=house.olena, priority=Priority.HIGH)
    first = olena.get("tickets/", limit=2, priority="high")
    assert first.ids + olena.get(first.body["next"]).ids == [ticket.pk for ticket in reversed(tickets[:3])]


@pytest.fixture
def varied(house: House) -> dict[str, Ticket]:
    """Five tickets that differ in everything the list filters by."""
    names = ("plain", "mine", "bens", "moved", "solved")
    found = dict(zip(names, many(house, len(names)), strict=True))
    by = house.olena
    actions.assign_ticket(found["mine"].pk, by=by, assignee=by)
    actions.assign_ticket(found["bens"].pk, by=by, assignee=house.ben)
    actions.set_priority(found["mine"].pk, by=by, priority=Priority.URGENT)
    actions.set_priority(found["bens"].pk, by=by, priority=Priority.HIGH)
    actions.add_tag(found["bens"].pk, by=by, name="vip")
    actions.add_tag(found["bens"].pk, by=by, name="late")
    actions.set_status(found["solved"].pk, by=by, status=Status.SOLVED)
    actions.set_status(found["plain"].pk, by=by, status=Status.PENDING)
    actions.move_to_team(found["moved"].pk, by=house.adam, team=None)
    return found


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, "plain mine bens moved solved"),
        ({"status": "open"}, "mine bens moved"),
        ({"status": "pending,solved"}, "plain solved"),
        ({"status": "closed"}, ""),
        ({"assignee": "me"}, "mine"),
        ({"assignee": "none"}, "plain moved solved"),
        ({"assignee": "{ben}"}, "bens"),
        ({"team": "none"}, "moved"),
        ({"team": "{support}"}, "plain mine bens solved"),
        ({"team": "{returns}"}, ""),
        ({"channel": "{channel}"}, "plain mine bens moved solved"),
        ({"channel": "{other}"}, ""),
        ({"customer": "{customer}"}, "plain"),
        ({"tag": "vip"}, "bens"),
        ({"tag": "unknown"}, ""),
        ({"priority": "urgent"}, "mine"),
        ({"priority": "high, urgent"}, "mine bens"),
        ({"priority": "urgent", "assignee": "none"}, ""),
        ({"status": "open", "team": "{support}", "priority": "high", "tag": "late"}, "bens"),
    ],
    ids=str,
)
def test_filters(house: House, varied: dict[str, Ticket], olena: Api, query: dict[str, str], expected: str) -> None:
    names = {
        "ben": house.ben.pk, "support": house.support.pk, "returns": house.returns.pk, "channel": house.channel.pk,
        "other": house.other_channel.pk, "customer": varied["plain"].customer_id,
    }  # fmt: skip
    answer = olena.get("tickets/", **{name: value.format(**names) for name, value in query.items()})
    found = {name for name, ticket in varied.items() if ticket.pk in answer.ids}
    assert found == set(expected.split())


def test_repeated_parameter_is_a_list(varied: dict[str, Ticket], olena: Api) -> None:
    answer = olena.get("tickets/", status=["pending", "solved"])
    assert set(answer.ids) == {varied["plain"].pk, varied["solved"].pk}


def test_updated_since_sees_any_change(house: House, olena: Api) -> None:
    quiet, changed = many(house, 2)
    Event.objects.filter(stream_id__in=[quiet.pk, changed.pk]).update(recorded_at=timezone.now() - timedelta(hours=2))
    since = (timezone.now() - timedelta(hours=1)).isoformat()
    assert olena.get("tickets/", updated_since=since).ids == []
    actions.add_tag(changed.pk, by=house.olena, name="late")
    assert olena.get("tickets/", updated_since=since).ids == [changed.pk]


@pytest.mark.parametrize(
    "query",
    [
        {"status": "oopen"}, {"status": ""}, {"assignee": "you"}, {"assignee": "0"}, {"assignee": "-1"},
        {"assignee": "9" * 30}, {"assignee": "١"}, {"team": "me"}, {"channel": "x"}, {"channel": "9" * 19},
        {"customer": "1,2"}, {"priority": "10"}, {"updated_since": "yesterday"}, {"limit": "0"}, {"limit": "101"},
        {"cursor": "x"}, {"cursor": "W10"}, {"cursor": "WyJhIl0"}, {"cursor": "é"}, {"cursor": "W3RydWVd"},
        {"cursor": "WzFlOTk5XQ"}, {"cursor": "W" * 201}, {"tag": "\x00"}, {"tag": "x" * 61}, {"q": "\x00"},
        {"q": "x" * 401}, {"unknown": "1"}, {"assignee_id": "1"}, {"customer__identities__value": "x"},
    ],
    ids=str,
)  # fmt: skip
def test_senseless_queries_are_400_and_named(olena: Api, query: dict[str, str]) -> None:
    answer = olena.get("tickets/", **query)
    assert answer.status == 400
    assert answer.wrong_fields == set(query)


class TestSearch:
    def test_words_number_and_address(self, house: House, olena: Api) -> None:
        tickets = many(house, 3)
        lamp = open_ticket(house.channel, subject="Broken lamp", text="The lámps arrived in pieces.")
        assert olena.get("tickets/", q="lamp pieces").ids == [lamp.pk]
        assert olena.get("tickets/", q=f"#{tickets[1].pk}").ids[0] == tickets[1].pk
        assert olena.get("tickets/", q="c2@customer.example").ids == [tickets[2].pk]
        assert olena.get("tickets/", q="giraffe").ids == []

    def test_pages_and_conditions(self, house: House, olena: Api) -> None:
        tickets = many(house, 5)
        actions.assign_ticket(tickets[0].pk, by=house.olena, assignee=house.olena)
        first = olena.get("tickets/", q="parcel", limit=2)
        second = olena.get(first.body["next"])
        third = olena.get(second.body["next"])
        assert first.ids + second.ids + third.ids == [ticket.pk for ticket in reversed(tickets)]
        assert third.body["next"] is None
        assert olena.get("tickets/", q="parcel", assignee="me").ids == [tickets[0].pk]

    def test_what_others_wrote_is_not_found(self, house: House, mallory: Api, ticket: Ticket) -> None:
        for asked in ("parcel", f"#{ticket.pk}", str(ticket.pk), "zoe@customer.example", "zoe"):
            assert mallory.get("tickets/", q=asked).body == {"next": None, "results": []}

    @pytest.mark.parametrize("cursor", ["x", "W10=", "WzEsMiwzXQ==", "WzFd"])
    def test_senseless_cursor(self, olena: Api, ticket: Ticket, cursor: str) -> None:
        assert olena.get("tickets/", q="parcel", cursor=cursor).wrong_fields == {"cursor"}


@pytest.mark.parametrize("count", [2, 12])
def test_list_takes_the_same_few_statements_however_long(house: House, olena: Api, count: int) -> None:
    for ticket in many(house, count):
        actions.add_tag(ticket.pk, by=house.olena, name="late")
        actions.assign_ticket(ticket.pk, by=house.olena, assignee=house.ben)
    olena.get("me/")
    with CaptureQueriesContext(connection) as queries:
        assert len(olena.get("tickets/", status="open", limit=50).ids) == count
    assert len(queries) == 5, [query["sql"] for query in queries]


@pytest.mark.parametrize("count", [2, 12])
@pytest.mark.parametrize(
    ("path", "most"),
    [("customers/", 4), ("channels/", 3), ("agents/", 4), ("teams/", 3), ("tags/", 3), ("events/", 5),
     ("tickets/{ticket}/messages/", 6), ("tickets/{ticket}/events/", 4)],
)  # fmt: skip
def test_lists_take_the_same_few_statements(house: House, olena: Api, path: str, most: int, count: int) -> None:
    tickets = many(house, count)
    for number in range(count):
        actions.add_note(tickets[0].pk, by=house.ben, text=f"note {number}")
        actions.add_tag(tickets[number].pk, by=house.ben, name=f"tag {number}")
    olena.get("me/")
    with CaptureQueriesContext(connection) as queries:
        assert olena.get(path.format(ticket=tickets[0].pk)).status == 200
    assert len(queries) <= most, [query["sql"] for query in queries]


class TestChange:
    @pytest.mark.parametrize(
        ("change", "shown", "events"),
        [
            ({"status": "pending"}, {"status": "pending"}, ["ticket.status_changed"]),
            ({"status": "solved"}, {"status": "solved"}, ["ticket.solved"]),
            ({"status": "open"}, {"status": "open"}, []),
            ({"priority": "urgent"}, {"priority": "urgent"}, ["ticket.prioritised"]),
            ({"priority": "normal"}, {"priority": "normal"}, []),
            ({"assignee": "me"}, {"assignee": "Olena"}, ["ticket.assigned"]),
            ({"assignee": None}, {"assignee": None}, []),
            ({"team": None}, {"team": None}, ["ticket.moved"]),
            ({"tags": ["Late ", "vip", "late"]}, {"tags": ["late", "vip"]}, ["ticket.tagged", "ticket.tagged"]),
            ({"tags": []}, {"tags": []}, []),
            ({}, {}, []),
            (
                {"status": "on_hold", "priority": "high", "tags": ["a"], "assignee": "me", "team": None},
                {"status": "on_hold", "priority": "high", "tags": ["a"], "assignee": "Olena", "team": None},
                ["ticket.prioritised", "ticket.tagged", "ticket.status_changed", "ticket.assigned", "ticket.moved"],
            ),
        ],
        ids=str,
    )
    def test_each_field_is_its_action(
        self, ticket: Ticket, olena: Api, change: Any, shown: dict[str, Any], events: list[str]
    ) -> None:
        before, known = olena.get(f"tickets/{ticket.pk}/").body, events_of(ticket.pk)
        answer = olena.patch(f"tickets/{ticket.pk}/", change)
        assert answer.status == 200
        names = {"assignee", "team"}
        got = {name: (answer.body[name] or {}).get("name") if name in names else answer.body[name] for name in shown}
        assert got == shown
        assert events_of(ticket.pk) == known + events
        assert answer.body == olena.get(f"tickets/{ticket.pk}/").body
        untouched = set(before) - set(shown) - {"updated_at", "solved_at", "waiting_since"}
        assert {name: answer.body[name] for name in untouched} == {name: before[name] for name in untouched}
        assert_gapless(ticket.pk)

    def test_snooze_and_wake(self, ticket: Ticket, olena: Api) -> None:
        until = (timezone.now() + timedelta(days=1)).replace(microsecond=0)
        answer = olena.patch(f"tickets/{ticket.pk}/", {"snoozed_until": until.isoformat()})
        assert answer.body["snoozed_until"] == until.isoformat().replace("+00:00", "Z")
        assert olena.patch(f"tickets/{ticket.pk}/", {"snoozed_until": None}).body["snoozed_until"] is None
        assert events_of(ticket.pk)[-2:] == ["ticket.snoozed", "ticket.woken"]

    @pytest.mark.parametrize(
        ("change", "wrong"),
        [
            ({"status": "closed"}, {"status"}), ({"status": "gone"}, {"status"}), ({"status": None}, {"status"}),
            ({"priority": 40}, {"priority"}), ({"assignee": 10**6}, {"assignee"}), ({"assignee": "Ben"}, {"assignee"}),
            ({"assignee": "{vera}"}, {"assignee"}), ({"team": 10**6}, {"team"}), ({"team": 10**30}, {"team"}),
            ({"tags": "late"}, {"tags"}), ({"tags": [""]}, {"tags.0"}), ({"tags": ["x" * 61]}, {"tags.0"}),
            ({"tags": ["a\x00b"]}, {"tags.0"}), ({"tags": ["\ud800"]}, {"tags.0"}), ({"tags": [" "]}, {"tags.0"}),
            ({"snoozed_until": "2001-01-01T00:00:00Z"}, {"snoozed_until"}),
            ({"snoozed_until": "soon"}, {"snoozed_until"}),
            ({"priority": "high", "status": "closed"}, {"status"}),
            ({"priority": "high", "team": 10**6}, {"team"}),
        ],
        ids=str,
    )  # fmt: skip
    def test_what_is_refused_changes_nothing_at_all(
        self, house: House, ticket: Ticket, olena: Api, change: Any, wrong: set[str]
    ) -> None:
        """One wrong field, and the right ones beside it are not carried out either."""
        if change == {"assignee": "{vera}"}:
            change = {"assignee": house.vera.pk}
        before, events = Ticket.objects.filter(pk=ticket.pk).values().get(), events_of(ticket.pk)
        answer = olena.patch(f"tickets/{ticket.pk}/", change)
        assert answer.status == 400
        assert answer.wrong_fields == wrong
        assert Ticket.objects.filter(pk=ticket.pk).values().get() == before
        assert events_of(ticket.pk) == events

    def test_no_field_of_the_model_can_be_posted_but_the_listed(self, ticket: Ticket, olena: Api) -> None:
        writable = {"status", "priority", "assignee", "team", "tags", "snoozed_until", "custom_status"}
        names = {one.name for one in Ticket._meta.get_fields()} | {f.attname for f in Ticket._meta.concrete_fields}
        before = Ticket.objects.filter(pk=ticket.pk).values().get()
        for name in (names | {"by", "at", "actor", "agent", "role", "__class__"}) - writable:
            answer = olena.patch(f"tickets/{ticket.pk}/", {name: 1, "priority": "urgent"})
            assert (answer.status, answer.wrong_fields) == (400, {name})
        assert Ticket.objects.filter(pk=ticket.pk).values().get() == before

    def test_the_actor_is_the_tokens_agent(self, house: House, ticket: Ticket, olena: Api) -> None:
        olena.patch(f"tickets/{ticket.pk}/", {"assignee": house.ben.pk})
        event = Event.objects.filter(stream_id=ticket.pk).latest("sequence")
        assert (event.actor_kind, event.actor_id) == ("agent", house.olena.pk)
        assert event.data == {"from": None, "to": house.ben.pk}

    def test_assignee_outside_the_team_may_hand_it_on(self, house: House, ticket: Ticket) -> None:
        """Mallory sees it only as its assignee: giving away team and assignment at once must still work."""
        actions.assign_ticket(ticket.pk, by=house.olena, assignee=house.mallory)
        answer = Api.of(house.mallory).patch(
            f"tickets/{ticket.pk}/", {"assignee": house.olena.pk, "team": house.returns.pk}
        )
        assert answer.status == 200
        assert (answer.body["assignee"]["name"], answer.body["team"]["name"]) == ("Olena", "Returns")

    def test_closed_is_closed(self, ticket: Ticket, olena: Api) -> None:
        Ticket.objects.filter(pk=ticket.pk).update(status="closed", closed_at=timezone.now())
        for change in ({"status": "open"}, {"assignee": "me"}, {"team": None}):
            answer = olena.patch(f"tickets/{ticket.pk}/", change)
            assert (answer.status, answer.body["code"]) == (409, "closed")


def test_agents_are_found_by_team_and_address(house: House, manager: Agent, olena: Api) -> None:
    assert {row["name"] for row in olena.get("agents/", team=house.support.pk).body["results"]} == {
        "Olena", "Ben", "Vera", "Marta",
    }  # fmt: skip
    assert olena.get("agents/", email="BEN@shop.example").ids == [house.ben.pk]
    assert b"argon2" not in olena.get("agents/").raw


def test_a_conversation_is_begun_by_the_same_action_as_in_the_inbox(house: House, olena: Api) -> None:
    body = {"channel": house.channel.pk, "to": "new@customer.example", "subject": "Your parcel", "text": "It is here."}
    first = olena.post("tickets/", body, Idempotency_Key="b1")
    again = olena.post("tickets/", body, Idempotency_Key="b1")
    assert (first.status, first.raw) == (201, again.raw)
    ticket = Ticket.objects.get(pk=first.body["id"])
    assert events_of(ticket.pk) == ["ticket.opened", "ticket.assigned", "message.queued", "ticket.status_changed"]
    assert (first.body["status"], first.body["assignee"]["id"], first.body["subject"]) == (
        "pending", house.olena.pk, "Your parcel"
    )  # fmt: skip
    customer = first.body["customer"]["id"]
    known = olena.post("tickets/", {"channel": house.channel.pk, "customer": customer, "subject": "S", "text": "T"})
    assert (known.status, known.body["customer"]["id"]) == (201, customer)
    before = Ticket.objects.count()
    for wrong, field in (
        ({"customer": customer}, "to"),
        ({"subject": " "}, "subject"),
        ({"to": "nonsense"}, "to"),
        ({"channel": house.other_channel.pk}, "way"),
        ({"to": None}, "to"),
    ):
        answer = olena.post("tickets/", {name: value for name, value in (body | wrong).items() if value is not None})
        assert (answer.status, answer.body["errors"][0]["field"]) == (400, field), wrong
    assert Ticket.objects.count() == before
