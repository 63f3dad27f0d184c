"""Operators of the search: what each means, what is offered next, and that they reach no further than the scope."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from people.models import Agent
from tests.people import NOW, House, make_house, open_ticket
from tickets import actions
from tickets.inbound import Address
from tickets.inbox.local_time import zone_of
from tickets.models import Ticket
from tickets.search.finder import search_tickets
from tickets.search.operators import Known, split_operators

pytestmark = pytest.mark.django_db
KNOWN = Known(
    {1: "Support email support@shop.example"},
    {2: "Returns"},
    {3: "Olena o@x.example", 4: "Ben"},
    me=3,
    brands={5: "Nordvik"},
)
SPLITS: list[tuple[str, str, dict[str, tuple[object, ...]]]] = [
    ("parcel", "parcel", {}),
    ("from:zoe late parcel", "late parcel", {"from": ("zoe",)}),
    ('TAG:"Late  Parcel" tag:vip', "", {"tag": ("late parcel", "vip")}),
    ("status:open status:hold x", "x", {"status": ("open", "on_hold")}),
    ("status:snoozed", "", {"snoozed": (True,)}),
    ("status:nonsense", "", {"status": ()}),
    ("channel:support", "", {"channel": (1,)}),
    ("assignee:me assignee:none", "", {"assignee": (3, None)}),
    ("assignee:ben team:ret", "", {"assignee": (4,), "team": (2,)}),
    ("brand:nord brand:none", "", {"brand": (5, None)}),
    ("brand:zu", "", {"brand": ()}),
    ("priority:urgent has:attachment", "", {"priority": (40,), "attachment": (True,)}),
    ("language:UK to:shop@", "", {"language": ("uk",), "to": ("shop@",)}),
    ("order:A-17 parcel", "parcel", {}),
    ("from: http://x.example no:thing a:b", "http://x.example no:thing a:b", {}),
    ("before:someday", "", {"status": ()}),
    ('say "from:zoe"', 'say "from:zoe"', {}),
]
LEFT_OUT: list[tuple[str, str, tuple[dict[str, tuple[object, ...]], ...]]] = [
    ("parcel -tag:late", "parcel", ({"tag": ("late",)},)),
    ('-TAG:"Late  Parcel" -status:hold', "", ({"tag": ("late parcel",)}, {"status": ("on_hold",)})),
    ("-from:zoe -assignee:me", "", ({"from": ("zoe",)}, {"assignee": (3,)})),
    ("-status:nonsense", "", ({"status": ()},)),
    ("-order:A-17 -parcel", '-"A-17" -parcel', ()),
    ("-from: a-tag:b --tag:c", "a-tag:b --tag:c", ()),
    ('say "-from:zoe"', 'say "-from:zoe"', ()),
]


@pytest.mark.parametrize(("typed", "words", "unlike"), LEFT_OUT, ids=[typed for typed, _, _ in LEFT_OUT])
def test_what_has_a_minus_is_left_out(
    typed: str, words: str, unlike: tuple[dict[str, tuple[object, ...]], ...]
) -> None:
    asked = split_operators(typed, KNOWN)
    assert (asked.words, dict(asked.where), asked.unlike) == (words, {}, unlike)


@pytest.mark.parametrize(("typed", "words", "where"), SPLITS, ids=[typed for typed, _, _ in SPLITS])
def test_a_search_is_taken_apart(typed: str, words: str, where: dict[str, tuple[object, ...]]) -> None:
    asked = split_operators(typed, KNOWN)
    assert (asked.words, dict(asked.where)) == (words, where)


def test_orders_stand_beside_the_words() -> None:
    asked = split_operators('late order:A-17 order:"B 2"', KNOWN)
    assert (asked.words, asked.orders, asked.all_words) == ("late", ("A-17", "B 2"), 'late "A-17" "B 2"')


def test_days_are_the_readers() -> None:
    with timezone.override("Europe/Kyiv"):
        for typed in ("2026-03-01", "01.03.2026", "1/3/2026"):
            assert split_operators(f"after:{typed}", KNOWN).where == {"after": ("2026-03-01T00:00:00+02:00",)}


@pytest.fixture
def house() -> House:
    return make_house()


def found(agent: Agent, query: str) -> set[int]:
    return set(search_tickets(agent, query).ids)


FINDS: list[tuple[str, Callable[[dict[str, int]], set[int]]]] = [
    ("from:anna", lambda t: {t["anna"]}),
    ("from:anna@", lambda t: {t["anna"]}),
    ("tag:late", lambda t: {t["anna"]}),
    ("parcel tag:late", lambda t: {t["anna"]}),
    ("refund tag:late", lambda t: set()),
    ("status:solved", lambda t: {t["bert"]}),
    ("status:open parcel", lambda t: {t["anna"], t["carl"]}),
    ("assignee:me", lambda t: {t["bert"]}),
    ("assignee:none", lambda t: {t["anna"], t["carl"]}),
    ("has:attachment", lambda t: {t["carl"]}),
    ("to:support@", lambda t: {t["anna"], t["bert"], t["carl"]}),
    ("channel:returns", lambda t: set()),
    ("before:2026-03-02", lambda t: {t["bert"]}),
    ("before:someday", lambda t: set()),
    ("parcel status:nonsense", lambda t: set()),
    ("team:nosuch -parcel", lambda t: set()),
    ("after:2026-03-02 parcel", lambda t: {t["anna"], t["carl"]}),
    ('"my parcel" from:carl', lambda t: {t["carl"]}),
    ("-tag:late", lambda t: {t["bert"], t["carl"]}),
    ("parcel -from:anna", lambda t: {t["bert"], t["carl"]}),
    ("-status:solved", lambda t: {t["anna"], t["carl"]}),
    ("-status:solved -tag:late", lambda t: {t["carl"]}),
    ("-assignee:me parcel", lambda t: {t["anna"], t["carl"]}),
    ("-assignee:none", lambda t: {t["bert"]}),
    ("-has:attachment", lambda t: {t["anna"], t["bert"]}),
    ("-channel:support", lambda t: set()),
    ("-before:2026-03-02", lambda t: {t["anna"], t["carl"]}),
    ("-status:nonsense -tag:nosuch", lambda t: {t["anna"], t["bert"], t["carl"]}),
    ("-see", lambda t: {t["anna"], t["bert"]}),
    ('-"my parcel"', lambda t: set()),
    ("parcel -hello", lambda t: set()),
    ("status:open -tag:late parcel", lambda t: {t["carl"]}),
]


@pytest.mark.parametrize(("query", "expected"), FINDS, ids=[query for query, _ in FINDS])
def test_each_operator_finds_its_own(house: House, query: str, expected: Callable[[dict[str, int]], set[int]]) -> None:
    old = NOW - timedelta(days=40)
    tickets = {
        name: open_ticket(house.channel, sender=Address(name.title(), f"{name}@c.example"), received_at=at, at=at).pk
        for name, at in (("anna", NOW), ("bert", old), ("carl", NOW))
    }
    Ticket.objects.filter(pk=tickets["bert"]).update(opened_at=old, last_message_at=old)
    actions.add_tag(tickets["anna"], by=house.olena, name="late")
    actions.assign_ticket(tickets["bert"], by=house.olena, assignee=house.olena)
    actions.set_status(tickets["bert"], by=house.olena, status="solved")
    upload = SimpleUploadedFile("a.txt", b"hello")
    file = actions.upload_attachment(tickets["carl"], by=house.olena, upload=upload, filename="a.txt")
    actions.add_note(tickets["carl"], by=house.olena, text="see", attachments=[file.public_id])
    open_ticket(house.other_channel, sender=Address("Anna", "anna@c.example"))

    with timezone.override("UTC"):
        assert found(house.olena, query) == expected(tickets)


def test_pages_of_operators_alone_go_on(house: House) -> None:
    made = {open_ticket(house.channel, sender=Address("Z", f"z{n}@c.example")).pk for n in range(7)}
    first = search_tickets(house.olena, "status:open", limit=4)
    second = search_tickets(house.olena, "status:open", limit=4, after=first.next)
    assert (len(first.ids), len(second.ids), {*first.ids, *second.ids}) == (4, 3, made)


HINTS = [
    ("st", ["status:"]),
    ("parcel a", ["parcel assignee:", "parcel after:"]),
    ("status:o", ["status:open", "status:on_hold", "status:solved", "status:closed", "status:snoozed"]),
    ("tag:la", ['tag:"late parcel"']),
    ("x assignee:ben", ["x assignee:Ben"]),
    ("has:", ["has:attachment"]),
    ("nobody:x", []),
    ("parcel -st", ["parcel -status:"]),
    ("x -assignee:ben", ["x -assignee:Ben"]),
    ("-", []),
    ("", []),
]


@pytest.mark.parametrize(("typed", "offered"), HINTS, ids=[typed for typed, _ in HINTS])
def test_what_may_come_next_is_offered(house: House, typed: str, offered: list[str]) -> None:
    actions.add_tag(open_ticket(house.channel).pk, by=house.olena, name="late parcel")
    client = Client()
    client.force_login(house.olena)
    assert client.get("/search/hints/", {"q": typed}).json()["hints"] == offered


@pytest.mark.parametrize(
    ("stored", "phones", "zone"),
    [
        ("Europe/Lisbon", ["+380501112233"], "Europe/Lisbon"),
        ("", ["+380501112233"], "Europe/Kyiv"),
        ("", ["+380501112233", "+4930123456"], ""),  # two countries: not certain
        ("", ["+34911234567"], ""),  # Spain lies in two zones
        ("", ["+12125550100"], ""),
        ("", ["0501112233"], ""),
        ("Mars/Base", [], ""),
    ],
)
def test_the_customers_clock_is_shown_only_where_it_is_certain(stored: str, phones: list[str], zone: str) -> None:
    assert zone_of(stored, phones) == zone


def test_the_clock_stands_beside_the_name(house: House) -> None:
    ticket = open_ticket(house.channel)
    client = Client()
    client.force_login(house.olena)
    assert "data-clock" not in client.get(f"/inbox/open/{ticket.pk}/").content.decode()
    type(ticket.customer).objects.update(time_zone="Asia/Tokyo")
    assert 'data-clock="Asia/Tokyo"' in client.get(f"/inbox/open/{ticket.pk}/").content.decode()
