"""What a visitor is told while they wait: who is there, their place, how long it takes, when somebody is back; and
which team they wait for."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from livechat.availability import expected_minutes, place_in_queue
from livechat.chats import accept_chat
from livechat.presence import clean_page, draft_of, note_draft, pages_of, visitor_here
from livechat.routing import Asker, Rule, clean_path, page_of, path_fits, read_rules, rule_for, script_pattern
from livechat.standing import standing
from metrics.models import BusinessCalendar
from people.availability import agents_here
from people.hours import calendars, opening_of
from tests.livechat.talking import Chat, at_desks, begin
from tests.people import House, make_house, open_ticket
from tickets.actions import reply
from tickets.models import Cycle, Ticket

MONDAY = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


@pytest.fixture
def house(db: None) -> House:
    return make_house()


def stands(chat: Chat, page: dict[str, Any] | None = None, *, known: bool = True, at: datetime | None = None) -> Any:
    visitor = chat.visitor if known else None
    return standing(chat.door, visitor, page or {}, language="en", at=at or timezone.now())


def test_only_who_may_answer_there_is_there(house: House) -> None:
    with at_desks([house.mallory, house.vera]):
        assert agents_here(house.support.pk) == []
    with at_desks([house.ben, house.olena, house.mallory]):
        assert agents_here(house.support.pk) == [house.olena, house.ben]
    chat = begin(house)
    with at_desks([house.olena]):
        said = stands(chat)
        assert said["here"] is True
        assert [(face["name"], face["initials"]) for face in said["agents"]] == [("Olena", "O")]
        assert house.olena.email not in str(said)


def test_places_are_by_order_of_waiting_and_move_up(house: House) -> None:
    first = begin(house)
    others = [begin(house, secret=letter * 43, connection=first.connection) for letter in "ab"]
    chats = [first, *others]
    now = timezone.now()
    for number, chat in enumerate(chats):
        chat.say("Hello", at=now - timedelta(minutes=10 - number))
    assert [place_in_queue(chat.ticket) for chat in chats] == [1, 2, 3]
    # Writing again does not cost the place, being taken or answered gives it up.
    first.say("Still here", at=now)
    assert place_in_queue(first.ticket) == 1
    accept_chat(first.ticket.pk, by=house.olena)
    reply(others[0].ticket.pk, by=house.olena, text="Hi")
    assert [place_in_queue(chat.ticket) for chat in chats] == [None, None, 1]
    # Another team's queue is another.
    Ticket.objects.filter(pk=first.ticket.pk).update(team=house.returns, assignee=None)
    assert place_in_queue(chats[2].ticket) == 1


def test_nobody_there_promises_no_place(house: House) -> None:
    chat = begin(house)
    chat.say("Hello")
    with at_desks([]):
        assert stands(chat)["chat"]["place"] is None
    with at_desks([house.olena]):
        assert stands(chat)["chat"]["place"] == 1


def test_the_wait_is_what_it_took_lately_and_grows_with_those_before(house: House) -> None:
    chat, now = begin(house), timezone.now()
    channel = chat.door.connection.channel
    assert expected_minutes(channel, ahead=0, hands=1, at=now) is None
    for letter in "abcde":
        ticket = begin(house, secret=letter * 43, connection=chat.connection).say("Hi", at=now).ticket_id
        Cycle.objects.filter(ticket=ticket).update(first_reply_at=now + timedelta(minutes=4))
    from events.doorbell import probe_client

    probe_client().delete(f"figure:chat-usual:{channel.pk}")
    said = [
        expected_minutes(channel, ahead=ahead, hands=hands, at=now) for ahead, hands in ((0, 1), (1, 1), (5, 2), (5, 0))
    ]
    assert said == [4, 8, 12, 4]


def test_out_of_hours_nobody_is_there_and_it_says_from_when(house: House) -> None:
    weekly = [[[600, 1080]]] * 5 + [[], []]
    calendar = BusinessCalendar.objects.create(name="Shop", time_zone="Europe/Kyiv", weekly=weekly)
    assert (calendar.pk, "Shop") in calendars()
    assert opening_of(calendar.pk, at=MONDAY).within
    from events.doorbell import probe_client

    chat = begin(house, calendar=calendar.pk)
    sunday = MONDAY - timedelta(days=1)
    with at_desks([house.olena]):
        assert stands(chat, at=MONDAY)["here"] is True
        probe_client().delete(f"figure:hours:{calendar.pk}")
        said = stands(chat, at=sunday)
    assert (said["here"], said["agents"]) == (False, [])
    assert said["opens"] == int(datetime(2026, 3, 2, 8, 0, tzinfo=UTC).timestamp() * 1000)
    week = [{"from": 0, "to": 4, "spans": [[600, 1080]]}]
    assert said["away"] == {"week": week, "zone": "Europe/Kyiv", "mail": None}
    # A calendar that is gone closes nothing.
    assert opening_of(10**6, at=sunday).within and opening_of(None, at=sunday).within


def test_while_nobody_is_there_it_says_how_long_a_mail_takes(house: House) -> None:
    chat, now = begin(house), timezone.now()
    with at_desks([house.olena]):
        assert stands(chat, at=now)["away"] is None
    for _ in range(5):
        mail = open_ticket(house.channel).pk
        Cycle.objects.filter(ticket=mail).update(
            opened_at=now - timedelta(days=1), first_reply_at=now - timedelta(hours=21)
        )
    with at_desks([]):
        assert stands(chat, at=now)["away"] == {"week": [], "zone": "", "mail": 180}


@pytest.mark.parametrize(
    ("rules", "language", "url", "team"),
    [
        ([], "uk", "https://shop.example/", None),
        ([Rule(1, "uk"), Rule(2)], "uk", "https://shop.example/", 1),
        ([Rule(1, "uk"), Rule(2)], "en", "https://shop.example/", 2),
        ([Rule(1, "", "/cart")], "en", "https://shop.example/cart/?x=/de", 1),
        ([Rule(1, "", "/cart")], "en", "https://shop.example/cart/more", None),
        ([Rule(1, "de", "/de/*")], "de", "https://shop.example/de/shoes", 1),
        ([Rule(1, "de", "/de/*")], "en", "https://shop.example/de/shoes", None),
        ([Rule(1, "", "/de/*")], "en", "not an address", None),
    ],
)
def test_the_first_rule_that_fits_decides(rules: list[Rule], language: str, url: str, team: int | None) -> None:
    found = rule_for(rules, Asker(language, *page_of({"url": url})))
    assert (found[1].team if found else None) == team


def test_broken_rules_are_left_out() -> None:
    kept = [{"team": 3, "language": "uk", "path": "/x"}, {"team": "3"}, {}, None, {"team": True}]
    assert read_rules(kept) == (Rule(3, "uk", "/x"),)
    assert read_rules("nonsense") == read_rules(None) == ()


@given(pattern=st.text("/ab.*+(", max_size=12), path=st.text("/ab.+(", max_size=12))
def test_browsers_and_we_read_patterns_alike(pattern: str, path: str) -> None:
    path = f"/{path}"
    here = path_fits(pattern, path)
    there = re.search(script_pattern(pattern), path.rstrip("/") or "/") is not None
    assert here == there or not pattern


def test_patterns_never_take_long() -> None:
    assert clean_path(" /a**b ") == "/a*b" and clean_path("*a*b*c*") is None
    assert not path_fits("*a" * 30 + "b", "/" + "a" * 2000)


def test_a_rule_says_whose_a_new_chat_is(house: House) -> None:
    chat = begin(house, language="uk")
    rules = [
        {"team": house.returns.pk, "language": "", "path": "/return*"}, {"team": 10**6, "language": "uk", "path": ""},
    ]  # fmt: skip
    chat.connection.settings = {**chat.connection.settings, "routes": rules}
    chat.connection.save()
    chat = begin(house, language="uk", connection=chat.connection)
    page = {"url": "https://shop.example/returns/"}
    with at_desks([house.olena]):
        assert stands(chat, page, known=False)["here"] is False  # the team of this page is not there
    chat.say("I return it", page=page)
    assert chat.ticket.team == house.returns
    assert not Ticket.objects.visible_to(house.olena).filter(pk=chat.ticket.pk).exists()
    # A team that is gone decides nothing.
    other = begin(house, secret="o" * 43, language="uk", connection=chat.connection)
    other.say("Hi")
    assert other.ticket.team == house.support


def test_pages_are_kept_in_order_once_each_in_a_row(house: House) -> None:
    thread = begin(house).visitor.thread
    for url in ("https://s.example/a", "https://s.example/a", "https://s.example/b"):
        visitor_here(thread, clean_page({"url": url, "title": url[-1]}))
    assert [page["title"] for page in pages_of(thread)] == ["b", "a"]
    for number in range(30):
        visitor_here(thread, {"url": f"https://s.example/{number}"})
    assert len(pages_of(thread)) == 20


def test_what_a_page_tells_is_taken_with_care() -> None:
    said = {
        "url": "javascript:alert(1)", "title": "x" * 500, "order": " 48213 ",
        "cart": {"value": 189.999, "currency": "eur", "items": 2},
    }  # fmt: skip
    assert clean_page(said) == {
        "title": "x" * 120, "order": "48213", "cart": {"value": 190.0, "currency": "EUR", "items": 2},
    }  # fmt: skip
    for cart in ([1], "x", {"value": "1"}, {"value": -1}, {"value": True}, {"currency": "EUR"}, {"items": 1.5}, None):
        assert "cart" not in clean_page({"cart": cart, "order": ["x"]})


def test_a_draft_is_kept_for_moments_and_gone_when_empty() -> None:
    note_draft("t" * 32, "x" * 900)
    assert draft_of("t" * 32) == "x" * 400
    note_draft("t" * 32, " ")
    assert draft_of("t" * 32) == ""
