"""The audit's page: what was seen and what was changed in one order, for whoever may read it."""

from __future__ import annotations

import csv
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from events.audit import AuditKind, looking_as, note, note_setting
from events.ledger import record_event
from events.models import AuditEntry
from tests.people import House, make_agent, make_house, open_ticket, signed_in
from tickets import actions
from tickets.audit.reading import CHANGED, Asked, Cursor, audit_page, moment_of
from tickets.events import TICKET_STREAM, TicketEvent

pytestmark = pytest.mark.django_db


@pytest.fixture
def house() -> House:
    return make_house()


@pytest.fixture
def adam(house: House) -> Client:
    return signed_in(house.adam)


def busy(house: House) -> list[int]:
    """Two tickets, seen and changed in turn."""
    tickets = [open_ticket(house.channel).pk for _ in range(2)]
    for number in tickets:
        note(AuditKind.TICKET_OPENED, by=house.olena.actor, ticket_id=number)
        actions.add_tag(number, by=house.olena, name="vip")
        note(AuditKind.TICKET_OPENED, by=house.ben.actor, ticket_id=number)
        actions.set_priority(number, by=house.ben, priority=40)
    return tickets


def kinds(asked: Asked) -> list[tuple[str, int | None]]:
    found, _more = audit_page(asked, Cursor())
    return [(record.kind, record.actor_id) for record in found]


def test_seen_and_changed_stand_in_one_order(house: House) -> None:
    first, _second = busy(house)
    olena, ben = house.olena.pk, house.ben.pk
    assert kinds(Asked(ticket=first)) == [
        ("ticket.prioritised", ben), ("ticket.opened", ben), ("ticket.tagged", olena), ("ticket.opened", olena),
    ]  # fmt: skip
    assert kinds(Asked(ticket=first, kind="ticket.opened")) == [("ticket.opened", ben), ("ticket.opened", olena)]
    assert len(kinds(Asked(ticket=first, kind=CHANGED))) == 2
    assert {who for _kind, who in kinds(Asked(who=ben))} == {ben}
    assert len(kinds(Asked(who=ben))) == 4


def test_days_bound_it(house: House) -> None:
    busy(house)
    now = timezone.now()
    assert kinds(Asked(since=now + timedelta(hours=1))) == []
    assert kinds(Asked(until=now - timedelta(hours=1))) == []
    assert len(kinds(Asked(since=now - timedelta(hours=1), until=now + timedelta(hours=1)))) == 8


@pytest.mark.parametrize("limit", [1, 2, 3, 7])
def test_page_by_page_everything_comes_once(house: House, limit: int) -> None:
    busy(house)
    whole = [(type(r), r.pk) for r in audit_page(Asked(), Cursor())[0]]
    walked: list[tuple[Any, int]] = []
    cursor: Cursor | None = Cursor()
    while cursor is not None:
        shown, cursor = audit_page(Asked(), cursor, limit=limit)
        assert len(shown) <= limit
        walked += [(type(record), record.pk) for record in shown]
        cursor = Cursor.parse(str(cursor)) if cursor else None
    assert walked == whole and len(set(walked)) == 8


@pytest.mark.parametrize(
    "text", ["", "x", "1_2_3", "9" * 40 + "__", "1_2026-01-01T00:00:00_1", "_" * 9, "1_2026-99-99_1"]
)
def test_a_made_up_cursor_is_no_error(house: House, text: str) -> None:
    busy(house)
    audit_page(Asked(), Cursor.parse(text))


def test_the_page_shows_names_eyes_and_sentences(house: House, adam: Client) -> None:
    [ticket, _other] = busy(house)
    with looking_as(house.adam.actor, house.ben.pk):
        note(AuditKind.SEARCHED, by=house.ben.actor, what="<b>parcel</b>")
    page = adam.get("/audit/").content.decode()
    assert "with the eyes of Ben" in page and "&lt;b&gt;parcel&lt;/b&gt;" in page and "<b>parcel" not in page
    assert "Opened a ticket" in page and f"#{ticket}" in page
    assert moment_of(audit_page(Asked(), Cursor())[0][0]) is not None
    with CaptureQueriesContext(
        connection,
    ) as few:
        adam.get(f"/audit/?ticket={ticket}")
    busy(house)
    with CaptureQueriesContext(connection) as many:
        adam.get(f"/audit/?ticket={ticket}")
    assert len(many) == len(few) <= 14


def test_what_an_agent_wrote_and_set_is_told_in_words(house: House, adam: Client) -> None:
    ticket = open_ticket(house.channel)
    message = actions.reply(ticket.pk, by=house.ben, text="It is here.")
    record_event(
        (TICKET_STREAM, ticket.pk), TicketEvent.MESSAGE_SENT, by=house.ben.actor, at=timezone.now(),
        data={"message": message.pk},
    )  # fmt: skip
    note_setting(
        "bot of Chat", {"when": "off", "name": "always"}, {"when": "always", "name": "off"}, by=house.ben.actor
    )
    page = adam.get("/audit/").content.decode()
    assert "Message: written" in page and "Message: sent" in page and "Bot of Chat" in page
    assert "name: always → off · answers: never → always" in page
    house.adam.locale = "uk"
    house.adam.save()
    page = adam.get("/audit/").content.decode()
    assert "Повідомлення: надіслано" in page and "відповідає: ніколи → завжди" in page
    assert "message." not in page and "[&quot;" not in page


def test_reading_it_is_noted_too(house: House, adam: Client) -> None:
    adam.get("/audit/?who=" + str(house.ben.pk))
    adam.get("/audit/?who=" + str(house.ben.pk))
    assert list(AuditEntry.objects.filter(kind="audit.read").values_list("actor_id", "what")) == [
        (house.adam.pk, f"who={house.ben.pk}")
    ]


def test_it_is_handed_out_as_a_file_and_that_is_noted(house: House, adam: Client) -> None:
    busy(house)
    note(AuditKind.SEARCHED, by=house.ben.actor, what="=cmd()")
    content = adam.get("/audit.csv").getvalue().decode("utf-8-sig")  # type: ignore[attr-defined]
    rows = list(csv.DictReader(content.splitlines()))
    # The eight, the search, signing in, and the export itself.
    assert len(rows) == 11
    assert next(row for row in rows if row["kind"] == "searched")["what"] == "'=cmd()"
    assert AuditEntry.objects.filter(kind="exported", what="audit").count() == 1


@pytest.mark.parametrize("role", ["manager", "agent", "light", "contractor", "viewer"])
def test_nobody_else_reads_it(house: House, role: str) -> None:
    client = signed_in(make_agent("Nosy", role=role, team=house.support))
    assert client.get("/audit/").status_code == client.get("/audit.csv").status_code == 403
    assert client.get("/audit/?who=1&after=x").status_code == 403
    assert "/audit/" not in client.get("/profile/").content.decode()


@pytest.mark.parametrize(
    "query",
    [
        "who=x",
        "ticket=-1",
        "ticket=" + "9" * 30,
        "kind=all",
        "since=yesterday",
        "until=2026-02-31",
        "since=0001-01-01&until=9999-12-31",
    ],
)
def test_what_makes_no_sense_asks_for_nothing(house: House, adam: Client, query: str) -> None:
    assert adam.get(f"/audit/?{query}").status_code == 200
