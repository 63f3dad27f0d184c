"""Finding tickets: words, phrases, numbers, addresses; in the agent's scope, page by page, by the index."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client

from tests.people import NOW, House, make_house, open_ticket, receive
from tickets import actions
from tickets.errors import InvalidInput
from tickets.inbound import Address, InboundAttachment
from tickets.search.finder import LIMIT, search_tickets

PDF = InboundAttachment("invoice-77.pdf", "application/pdf", 3, "0" * 64)


@pytest.fixture
def house(db: None) -> House:
    return make_house()


@pytest.fixture
def tickets(house: House) -> dict[str, int]:
    """Five tickets, each a minute older than the one before it."""
    mails = {
        "boots": ("Wrong size delivered", "I ordered the Fjellrev boots in 42, order 48213."),
        "refund": ("Refund missing", "You confirmed the return, my bank shows nothing. Where is the refund?"),
        "parcel": ("Де моя посилка?", "Трекінг не оновлюється, номер 20450812345678. Замовлення 48231."),
        "files": ("Invoice", "See the file."),
        "cafe": ("Résumé", "Crème brûlée in the café."),
    }
    made = {}
    for number, (name, (subject, text)) in enumerate(mails.items()):
        at = NOW - timedelta(minutes=number)
        sender = Address(f"{name.title()} Öberg", f"{name}@customer.example")
        files = (PDF,) if name == "files" else ()
        fields = {"subject": subject, "text": text, "sender": sender, "attachments": files}
        made[name] = open_ticket(house.channel, at=at, received_at=at, **fields).pk
    return made


@pytest.mark.parametrize(
    ("typed", "names"),
    [
        ("boots", ["boots"]),
        ("order", ["boots"]),
        ("returned", ["refund"]),
        ('"the return"', ["refund"]),
        ('"return the"', []),
        ("посилки", ["parcel"]),
        ("замовлень 48231", ["parcel"]),
        ("20450812345678", ["parcel"]),
        ("creme brulee", ["cafe"]),
        ("CRÈME", ["cafe"]),
        ("invoice-77.pdf", ["files"]),
        ("refund@customer.example", ["refund"]),
        ("oberg", ["boots", "refund", "parcel", "files", "cafe"]),
        ("customer.example -boots", ["refund", "parcel", "files", "cafe"]),
        ("fjell", ["boots"]),
        ("boots refund", []),
        ("zzz", []),
        ("", []),
        ("\" ' : & | ! <-> \\ %", []),
    ],
)
def test_what_is_found_newest_first(house: House, tickets: dict[str, int], typed: str, names: list[str]) -> None:
    page = search_tickets(house.olena, typed)
    assert list(page.ids) == [tickets[name] for name in names]


def test_a_ticket_by_its_number_comes_first(house: House, tickets: dict[str, int]) -> None:
    number = tickets["refund"]
    for typed in (str(number), f"#{number}", f"[#{number}]", f"№{number}", f"№ {number}"):
        assert search_tickets(house.olena, typed).ids[0] == number


def test_nobody_finds_what_they_may_not_see(house: House, tickets: dict[str, int]) -> None:
    number = tickets["boots"]
    for typed in ("boots", str(number), "boots@customer.example", "oberg"):
        assert search_tickets(house.mallory, typed).ids == ()
    house.olena.is_active = False
    assert search_tickets(house.olena, "boots").ids == ()


def test_notes_and_replies_are_found_and_withdrawn_ones_are_not(house: House, tickets: dict[str, int]) -> None:
    actions.add_note(tickets["boots"], by=house.olena, text="The Lviv store has two pairs.")
    reply = actions.reply(tickets["refund"], by=house.olena, text="It was transferred on Tuesday.")
    assert search_tickets(house.olena, "Lviv").ids == (tickets["boots"],)
    assert search_tickets(house.olena, "transferred").ids == (tickets["refund"],)
    actions.withdraw_reply(reply.pk, by=house.olena)
    assert search_tickets(house.olena, "transferred").ids == ()


def test_words_of_one_ticket_may_stand_in_different_messages(house: House) -> None:
    ticket = open_ticket(house.channel, text="About the tent.", external_id="first@customer.example")
    receive(house.channel, text="The pole snapped.", in_reply_to="first@customer.example")
    page = search_tickets(house.olena, "tent pole")
    assert page.ids == (ticket.pk,)


def test_hits_say_why_and_mark_only_what_was_asked(house: House, tickets: dict[str, int]) -> None:
    page = search_tickets(house.olena, "order")
    hit = page.hits[tickets["boots"]]
    assert [text for text, marked in hit.snippet if marked] == ["ordered", "order"]


QUOTE = "On Monday Marta wrote:\n> Hello,\n> the umbrella is on its way."


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("thank", "Thank you, that helped."),
        ("umbrella", "helped. On Monday Marta wrote: > Hello, > the umbrella is on its way."),
    ],
)
def test_the_excerpt_is_of_what_was_written_unless_only_the_quote_matches(house: House, typed: str, shown: str) -> None:
    ticket = open_ticket(house.channel, text=f"Thank you, that helped.\n\n{QUOTE}")
    hit = search_tickets(house.olena, typed).hits[ticket.pk]
    assert "".join(text for text, _marked in hit.snippet).endswith(shown)


def test_spans_marked_as_quoted_are_left_out_of_the_excerpt(house: House) -> None:
    text = "Thank you.\nFrom: Marta\nHello, thank you for writing."
    ticket = open_ticket(house.channel, text=text, quoted=((10, len(text)),))
    hit = search_tickets(house.olena, "thank").hits[ticket.pk]
    assert hit.snippet == (("Thank", True), (" you.", False))


def test_the_page_says_how_many_were_found_as_far_as_it_knows(house: House, client: Client) -> None:
    client.force_login(house.olena)
    for _ in range(LIMIT):
        open_ticket(house.channel, text="parcel")
    assert f"{LIMIT} tickets<" in client.get("/search/?q=parcel").content.decode()
    open_ticket(house.channel, text="parcel")
    page = client.get("/search/?q=parcel").content.decode()
    assert f"{LIMIT} tickets or more<" in page
    following = re.search(r'after=([^"]+)', page)
    assert following
    assert not re.search(
        r"\d tickets?( or more)?<", client.get(f"/search/?q=parcel&after={following[1]}").content.decode()
    )


def test_pages_follow_each_other_without_gap_or_overlap(house: House) -> None:
    made = [open_ticket(house.channel, text="parcel", received_at=NOW + timedelta(minutes=n)).pk for n in range(7)]
    seen: list[int] = []
    after = ""
    while True:
        page = search_tickets(house.olena, "parcel", after=after, limit=3)
        seen += page.ids
        if not page.next:
            break
        after = page.next
    assert seen == made[::-1]


@pytest.mark.parametrize("cursor", ["x", "e30=", "W10=", "bm9wZQ=="])
def test_a_cursor_from_elsewhere_is_refused(house: House, cursor: str) -> None:
    with pytest.raises(InvalidInput):
        search_tickets(house.olena, "parcel", after=cursor)


def test_a_rare_word_is_looked_up_in_the_index(house: House, tickets: dict[str, int]) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("EXPLAIN SELECT ticket_id FROM tickets_searchentry WHERE vector @@ %s::tsquery", ["'fjellrev'"])
        plan = "\n".join(row[0] for row in cursor.fetchall())
    assert "search_vector" in plan
