"""Best matches of real tickets: who comes first, page by page, by page and by API, and what it costs."""

from __future__ import annotations

import base64
import json
import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from people.finding.query import parse_query
from tests.api.client import Api
from tests.people import House, make_house, open_ticket, receive
from tickets import actions
from tickets.errors import InvalidInput
from tickets.inbound import Address
from tickets.models import Ticket
from tickets.search import finder
from tickets.search.cursor import Order
from tickets.search.finder import search_tickets

DAY = timedelta(days=1)


@pytest.fixture
def house(db: None) -> House:
    return make_house()


def ask(house: House, subject: str, text: str = "Hello.", *, days: int, who: str = "Zoe Quill") -> int:
    """A ticket of so many days ago."""
    at = timezone.now() - days * DAY
    sender = Address(who, f"{who.split()[0].lower()}@{who.split()[-1].lower()}.example")
    return open_ticket(house.channel, subject=subject, text=text, sender=sender, at=at, received_at=at).pk


def best(house: House, typed: str, **given: object) -> list[int]:
    return list(search_tickets(house.olena, typed, order=Order.BEST, **given).ids)  # type: ignore[arg-type]


# What was typed, and (subject, text, customer) of tickets in the order they must come; each is older than the next.
FIRST = [
    ("lantern", [("Broken lantern", "Help.", "Zoe Quill"), ("Help", "The lantern.", "Zoe Quill")]),
    ("ліхтаря", [("Зламаний ліхтар", "Привіт.", "Zoe Quill"), ("Привіт", "Купила ліхтарі.", "Zoe Quill")]),
    ("blue lantern", [("A", "My blue lantern.", "Zoe Quill"), ("B", "Blue tent, red lantern.", "Zoe Quill")]),
    ("loop of rope", [("A", "The loop of rope.", "Zoe Quill"), ("B", "Rope: one loop.", "Zoe Quill")]),
    ("marlow", [("A", "Hello.", "Ada Marlow"), ("B", "As I told marlow.", "Zoe Quill")]),
    ("ada@marlow.example", [("A", "Hi.", "Ada Marlow"), ("Re: ada@marlow.example", "Who?", "Zoe Quill")]),
    ("Ada Marlow", [("A", "Hi.", "Ada Marlow"), ("Ada, Marlow street", "Marlow? Ada?", "Zoe Quill")]),
    ("48213", [("Order 48213", "Where is it?", "Zoe Quill"), ("Hello", "It is 48213.", "Zoe Quill")]),
    ("lanter", [("Broken lantern", "Help.", "Zoe Quill"), ("Help", "The lantern.", "Zoe Quill")]),
]  # fmt: skip


@pytest.mark.parametrize(("typed", "expected"), FIRST)
def test_the_better_match_comes_before_the_newer_one(
    house: House, typed: str, expected: list[tuple[str, str, str]]
) -> None:
    days = range(2 * len(expected), 0, -2)
    made = [
        ask(house, subject, text, days=ago, who=who) for ago, (subject, text, who) in zip(days, expected, strict=True)
    ]
    assert best(house, typed) == made
    assert list(search_tickets(house.olena, typed).ids) == made[::-1], "newest first, without the rank"


def test_one_message_with_all_words_comes_before_several_with_one_each(house: House) -> None:
    whole = ask(house, "A", "The tent has a bad pole.", days=9)
    parts = open_ticket(house.channel, subject="B", text="About the tent.", external_id="b@c.example").pk
    receive(house.channel, text="The pole snapped.", in_reply_to="b@c.example")
    assert best(house, "tent pole") == [whole, parts]


def test_a_ticket_named_by_number_is_first_and_once(house: House) -> None:
    first = ask(house, "Anything", days=3)
    second = ask(house, f"What about {first}?", days=1)
    assert best(house, str(first)) == [first, second]
    third = ask(house, f"Number {second}", f"No. {second}", days=5)
    page = search_tickets(house.olena, f"#{second}", order=Order.BEST)
    assert page.ids == (second, third)
    assert [text for text, marked in page.hits[third].snippet if marked] == [str(second)]


def test_spam_comes_last(house: House) -> None:
    spam, real = ask(house, "Lantern lantern", "lantern", days=1), ask(house, "Hi", "A lantern.", days=300)
    actions.mark_spam(spam, by=house.olena)
    assert best(house, "lantern") == [real, spam]


def test_the_excerpt_is_of_the_message_that_fits_best(house: House) -> None:
    ticket = open_ticket(house.channel, text="My blue lantern leaks.", external_id="a@c.example").pk
    receive(house.channel, text="Is the lantern there?", in_reply_to="a@c.example")
    hit = search_tickets(house.olena, "blue lantern", order=Order.BEST).hits[ticket]
    assert hit.sequence == 1
    assert [text for text, marked in hit.snippet if marked] == ["blue", "lantern"]
    assert search_tickets(house.olena, "blue lantern").hits[ticket].sequence == 2


def test_without_a_word_the_newest_come_first(house: House) -> None:
    made = [ask(house, "Hello", days=ago) for ago in (5, 4, 3)]
    assert best(house, "status:open") == made[::-1]


def test_nobody_finds_by_rank_what_they_may_not_see(house: House) -> None:
    ask(house, "Lantern", days=1)
    assert best(house, "lantern")
    assert search_tickets(house.mallory, "lantern", order=Order.BEST).ids == ()


def pages(house: House, typed: str, *, limit: int) -> list[list[int]]:
    found, after = [], ""
    while True:
        page = search_tickets(house.olena, typed, order=Order.BEST, after=after, limit=limit)
        found.append(list(page.ids))
        if not page.next:
            return found
        assert len(page.next) < 200  # what the API takes
        after = page.next


@pytest.fixture
def eleven(house: House) -> list[int]:
    """Eleven tickets as they must come: the subjects from new to old, then the others."""
    told = [ask(house, "Hi", "A lantern.", days=ago) for ago in (2, 4, 6, 8, 10)]
    named = [ask(house, "Lantern", days=ago) for ago in (1, 3, 5, 7, 9, 11)]
    return [*named, *told]


@pytest.mark.parametrize("limit", [3, 5, 11, 50])
def test_pages_follow_each_other_without_gap_or_overlap(house: House, eleven: list[int], limit: int) -> None:
    assert [id for page in pages(house, "lantern", limit=limit) for id in page] == eleven


def test_beyond_those_compared_the_older_ones_follow_by_time(
    house: House, eleven: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finder, "MOST_COMPARED", 4)
    newest = list(Ticket.objects.newest_first().values_list("pk", flat=True))
    found = pages(house, "lantern", limit=3)
    assert [sorted(found[0] + found[1]), found[2], found[3], found[4]] == [
        sorted(newest[:4]), newest[4:7], newest[7:10], newest[10:],
    ]  # fmt: skip
    assert found[0] + found[1] == [id for id in eleven if id in newest[:4]]


def test_what_arrives_meanwhile_pushes_nothing_off_the_next_page(
    house: House, eleven: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finder, "MOST_COMPARED", 4)
    first = search_tickets(house.olena, "lantern", order=Order.BEST, limit=3)
    newest = list(Ticket.objects.newest_first().values_list("pk", flat=True))
    arrived = [ask(house, "Lantern", days=0) for _ in range(2)]
    second = search_tickets(house.olena, "lantern", order=Order.BEST, limit=3, after=first.next)
    third = search_tickets(house.olena, "lantern", order=Order.BEST, limit=3, after=second.next)
    assert sorted([*first.ids, *second.ids]) == sorted(newest[:4])
    assert list(third.ids) == newest[4:7]
    assert best(house, "lantern", limit=3)[:2] == arrived[::-1]


def test_a_flood_meanwhile_loses_nothing_either(
    house: House, eleven: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finder, "MOST_COMPARED", 4)
    first = search_tickets(house.olena, "lantern", order=Order.BEST, limit=3)
    for _ in range(9):
        ask(house, "Other", "A lantern.", days=0)
    seen, after = list(first.ids), first.next
    while after:
        page = search_tickets(house.olena, "lantern", order=Order.BEST, limit=3, after=after)
        seen, after = [*seen, *page.ids], page.next
    assert set(eleven) <= set(seen) and len(seen) == len(set(seen)) + 3, "those shown first come once more by time"


def _cursor(*said: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(said).encode()).decode()


@pytest.mark.parametrize(
    "cursor",
    [
        _cursor(1, 5, 1_700_000_000, "12", 0), _cursor(1, 5, 1_700_000_000, "9", 0), _cursor(1, 5, 1_700_000_000, "x", 0),
        _cursor("1", 5, 1_700_000_000, "1", 0), _cursor(1, 5, 10**15, "1", 0), _cursor(1, 5, 1_700_000_000, "1", 0, 7),
        _cursor(1, 5, 1_700_000_000, [float("inf")], 0), _cursor(1, 5, 1_700_000_000, "1", 0, 10**30, 7),
        _cursor(1, 5, 1_700_000_000, "1", 0, 10**15, -1),
    ],
)  # fmt: skip
def test_a_cursor_of_something_else_is_refused(house: House, cursor: str) -> None:
    with pytest.raises(InvalidInput):
        search_tickets(house.olena, "lantern", order=Order.BEST, after=cursor)


def test_a_cursor_of_the_rank_is_none_of_the_time(house: House, eleven: list[int]) -> None:
    cursor = search_tickets(house.olena, "lantern", order=Order.BEST, limit=3).next
    with pytest.raises(InvalidInput):
        search_tickets(house.olena, "lantern", order=Order.NEWEST, after=cursor)


def test_the_page_shows_the_order_and_keeps_it_in_the_address(
    house: House, eleven: list[int], client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finder, "LIMIT", 3)
    monkeypatch.setattr(search_tickets, "__kwdefaults__", search_tickets.__kwdefaults__ | {"limit": 3})
    client.force_login(house.olena)

    def shown(address: str) -> tuple[list[int], str, str]:
        html = client.get(address).content.decode()
        current = re.findall(r'aria-current="true">([^<]+)</a></nav>|aria-current="true">([^<]+)</a><a', html)
        more = re.search(r'class="more"[^>]*><a[^>]*href="([^"]+)"', html)
        tickets = [int(one) for one in re.findall(r'data-ticket="(\d+)"', html)]
        return tickets, "".join(current[0]), more[1].replace("&amp;", "&") if more else ""

    tickets, order, more = shown("/search/?q=lantern")
    assert (tickets, order) == (eleven[:3], "Best match")
    assert shown(f"/search/{more}")[:2] == (eleven[3:6], "Best match")
    newest = list(Ticket.objects.newest_first().values_list("pk", flat=True))
    tickets, order, following = shown("/search/?q=lantern&order=newest")
    assert (tickets, order) == (newest[:3], "Newest")
    assert shown(f"/search/{following}")[:2] == (newest[3:6], "Newest")
    # A cursor of the other order begins anew instead of showing something in between.
    assert shown(f"/search/{more}&order=newest")[:2] == (newest[:3], "Newest")
    assert shown("/search/?q=lantern&order=strange")[:2] == (eleven[:3], "Best match")


def test_the_api_is_told_the_order(house: House, eleven: list[int]) -> None:
    api, path = Api.of(house.olena), "/api/v1/tickets/"
    newest = list(Ticket.objects.newest_first().values_list("pk", flat=True))
    assert api.get(path, q="lantern", limit=4).ids == newest[:4]
    first = api.get(path, q="lantern", order="best", limit=4)
    assert first.ids == eleven[:4]
    assert api.get(first.body["next"].removeprefix("http://testserver")).ids == eleven[4:8]
    assert api.get(path, order="best").wrong_fields == {"order"}
    assert api.get(path, q="lantern", order="oldest").wrong_fields == {"order"}


@pytest.mark.parametrize(("order", "statements"), [(Order.NEWEST, 4), (Order.BEST, 6)])
def test_what_a_search_asks_the_database(
    house: House, eleven: list[int], django_assert_num_queries: object, order: Order, statements: int
) -> None:
    house.olena.scope  # noqa: B018 - read once a request
    with django_assert_num_queries(statements):  # type: ignore[operator]
        found = search_tickets(house.olena, "lantern", order=order, limit=3)
    assert len(found.ids) == 3
    with django_assert_num_queries(statements):  # type: ignore[operator]
        search_tickets(house.olena, "lantern", order=order, limit=3, after=found.next)


@pytest.mark.parametrize(
    ("typed", "phrase"),
    [
        ("lantern", False), ("blue lantern", True), ('"blue lantern"', True), ('blue "oil lantern"', True),
        ("blue -lantern", False), ('blue -"oil lantern"', False), ("", False), ("#1042", False),
    ],
)  # fmt: skip
def test_a_phrase_needs_two_words_that_are_wanted(typed: str, phrase: bool) -> None:
    assert bool(parse_query(typed).phrase) is phrase
