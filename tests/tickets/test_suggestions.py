"""Which tickets may be about the same: by their words, numbers and moments; and what the ticket's pane shows of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from django.test import Client

from commerce.models import Buyer, Order, Shop
from people.models import Identity, Trust
from tests.people import NOW, House, make_house, open_ticket, row_counts
from tickets import actions
from tickets.inbound import Address
from tickets.models import Relocation, Ticket
from tickets.suggestions import Subject, Why, reasons_for, suggest_merges

DAY = timedelta(days=1)


def subject(text: str, *, after: timedelta = timedelta()) -> Subject:
    return Subject(1, text, NOW + after, NOW + after)


@pytest.mark.parametrize(
    ("one", "other", "after", "reasons"),
    [
        ("Where is my parcel?", "Re: [#12] Where is my parcel?", 5 * DAY, (Why.SUBJECT,)),
        ("Де моя посилка?", "Відп: Де моя посилка", 5 * DAY, (Why.SUBJECT,)),
        ("Order SO-10423", "Question about so-10423", 5 * DAY, (Why.NUMBER,)),
        ("Parcel", "Shoes", timedelta(hours=2), (Why.NEAR,)),
        ("Parcel lost", "Parcel lost", timedelta(hours=2), (Why.SUBJECT, Why.NEAR)),
        ("Parcel", "Shoes", 5 * DAY, ()),
        ("", "", 5 * DAY, ()),
        ("Where is my parcel?", "Where is my parcel?", 40 * DAY, ()),
        ("Order 12", "Order 13", 5 * DAY, (Why.SUBJECT,)),
    ],
)
def test_reasons(one: str, other: str, after: timedelta, reasons: tuple[Why, ...]) -> None:
    assert reasons_for(subject(one), subject(other, after=after))[0] == reasons
    assert reasons_for(subject(other, after=after), subject(one))[0] == reasons


@pytest.fixture
def house(db: None) -> House:
    return make_house()


@pytest.fixture
def ticket(house: House) -> Ticket:
    return open_ticket(house.channel, subject="Order SO-10423 lost")


def test_only_the_customers_own_and_what_the_agent_sees(house: House, ticket: Ticket) -> None:
    twin = open_ticket(house.channel, subject="Re: Order SO-10423 lost")
    open_ticket(house.other_channel, subject="Order SO-10423 lost")
    open_ticket(house.channel, subject="Order SO-10423 lost", sender=Address("Ivo", "ivo@customer.example"))

    assert [one.ticket for one in suggest_merges(house.olena, ticket)] == [twin]

    actions.merge_ticket(twin.pk, by=house.olena, into=ticket.pk)
    assert suggest_merges(house.olena, ticket) == []


@pytest.mark.parametrize(
    ("one", "other", "shared"),
    [
        ("Where is #1042?", "again: order 1042", {"1042"}),
        ("Замовлення № 1042", "Re: #1042", {"1042"}),
        ("[#1042] Parcel", "[#1042] Shoes", set()),
        ("Call +380441234567", "On 2026-01-01 at 380", set()),
        ("about 1042", "and 1042", set()),
    ],
)
def test_numbers_that_a_text_calls_one(one: str, other: str, shared: set[str]) -> None:
    first, second = (replace(subject("Parcel", after=n * 5 * DAY), text=text) for n, text in enumerate((one, other)))
    assert reasons_for(first, second)[1] == next(iter(shared), "")
    assert (Why.NUMBER in reasons_for(first, second)[0]) is bool(shared)


def test_an_order_of_the_customers_counts_wherever_it_stands(house: House) -> None:
    customer = open_ticket(house.channel, subject="Hello", text="My 1042 is late").customer
    Identity.objects.filter(customer=customer).update(trust=Trust.VERIFIED)
    other = open_ticket(
        house.channel, subject="Late", text="where are 1042 and 77", at=NOW + 5 * DAY, received_at=NOW + 5 * DAY
    )
    shop = Shop.objects.create(name="Shop", key="k")
    buyer = Buyer.objects.create(key="e:zoe@customer.example", email="zoe@customer.example")
    assert suggest_merges(house.olena, other) == []
    for place, number in enumerate(("#1042", "77")):
        Order.objects.create(
            shop=shop, external_id=str(place), number=number, buyer=buyer, status="paid", currency="EUR", total=1,
            placed_at=NOW, changed_at=NOW,
        )  # fmt: skip
    (found,) = suggest_merges(house.olena, other)
    assert (found.reasons, found.named) == ((Why.ORDER,), "1042")
    assert "both are about order 1042" in page(house, f"/tickets/{other.pk}/related/")

    Identity.objects.filter(customer=customer).update(trust=Trust.CLAIMED)
    assert suggest_merges(house.olena, other) == []


def test_what_is_said_not_to_be_the_same_is_not_suggested_until_that_is_taken_back(
    house: House, ticket: Ticket
) -> None:
    twin = open_ticket(house.channel, subject="Re: Order SO-10423 lost")
    client = Client()
    client.force_login(house.mallory)
    before = row_counts()
    said = {"other": str(twin.pk), "reason": "distinct"}
    assert client.post(f"/tickets/{ticket.pk}/links/", said).status_code == 404
    assert row_counts() == before

    client.force_login(house.olena)
    answer = client.post(f"/tickets/{ticket.pk}/links/", said).json()
    assert answer["said"] == f"#{twin.pk} is not suggested here any more."
    for one in (ticket, twin):
        assert suggest_merges(house.ben, one) == []
        assert "Not the same" not in page(house, f"/tickets/{one.pk}/related/")
        assert "said that this is not the same as" in page(house, f"/tickets/{one.pk}/pane/")

    client.post(answer["undo"])
    assert [one.ticket for one in suggest_merges(house.ben, ticket)] == [twin]


def page(house: House, path: str, **form: str) -> str:
    client = Client(raise_request_exception=True)
    client.force_login(house.olena)
    answer = client.post(path, form) if form else client.get(path)
    assert answer.status_code == 200, answer.content
    return answer.content.decode()


def test_the_pane_says_why_and_merges_with_one_click(house: House, ticket: Ticket) -> None:
    twin = open_ticket(house.channel, subject="Re: Order SO-10423 lost")
    shown = page(house, f"/tickets/{ticket.pk}/related/")
    assert "same customer, both name SO-10423, the subjects are alike, opened within a day" in shown

    answer = page(house, f"/tickets/{ticket.pk}/merge/", other=str(twin.pk), keep="older", event="0", row="1")

    done = Relocation.objects.get()
    assert (done.source, done.target) == (twin, ticket)
    assert f"/relocations/{done.pk}/undo/" in answer
    assert "Merged in" in page(house, f"/tickets/{ticket.pk}/related/")
    signpost = page(house, f"/tickets/{twin.pk}/pane/")
    assert "Everything of this ticket was moved to" in signpost
    assert 'id=\\"composer' not in signpost


def test_choosing_finds_by_number_and_words_and_names_another_customer(house: House, ticket: Ticket) -> None:
    other = open_ticket(house.channel, subject="Green shoes", sender=Address("Ivo", "ivo@customer.example"))
    for query in (f"%23{other.pk}", "shoes"):
        found = page(house, f"/tickets/{ticket.pk}/merging/?q={query}")
        assert "Green shoes" in found
        assert "another customer: Ivo" in found
    client = Client()
    client.force_login(house.olena)
    answer = client.post(f"/tickets/{ticket.pk}/merge/", {"other": other.pk, "keep": "older"})
    assert (answer.status_code, answer.json()["code"]) == (400, "different_customers")
    assert not Relocation.objects.exists()


def test_what_was_merged_stands_among_the_rest_by_its_time(house: House, ticket: Ticket) -> None:
    newer = open_ticket(house.channel, subject="Again", text="In between", at=NOW + DAY, received_at=NOW + DAY)
    actions.reply(ticket.pk, by=house.olena, text="At the end", at=NOW + 2 * DAY)
    done = actions.merge_ticket(newer.pk, by=house.olena, into=ticket.pk)

    shown = page(house, f"/tickets/{ticket.pk}/pane/")
    assert shown.index("my parcel has not") < shown.index("In between") < shown.index("At the end")
    assert "In between" in page(house, f"/tickets/{ticket.pk}/updates/?event=3")

    actions.undo_merge(done.pk, by=house.olena)
    assert "In between" not in page(house, f"/tickets/{ticket.pk}/pane/")
    message = newer.messages.get()
    assert f'"msg-{message.pk}": ""' in page(house, f"/tickets/{ticket.pk}/updates/?event=4")
    assert "In between" in page(house, f"/tickets/{newer.pk}/updates/?event=3")
