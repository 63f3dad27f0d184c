"""Codes that make up for a disappointment: brought in once, handed out once, shown to whoever answers."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from events.models import Event
from metrics.models import FollowUp, Survey, Voucher, VoucherPool
from metrics.surveys.answers import Said, record_answer
from metrics.surveys.follow_ups import close_follow_up
from metrics.surveys.vouchers import give_voucher, import_codes, read_codes, save_pool
from people.models import Agent
from people.permissions import PermissionDenied
from tests.metrics.shop import lead, settle
from tests.metrics.surveys.asked import asked, make_survey
from tests.people import House, assert_gapless, make_house, row_counts
from tickets.errors import InvalidInput, NotFound
from tickets.inbound import Address
from tickets.models import Ticket
from tickets.placeholders import known_placeholders, values_for

pytestmark = pytest.mark.django_db


@pytest.fixture
def house() -> House:
    return make_house()


def disappointed(house: House, sender: str = "zoe@customer.example") -> FollowUp:
    """Somebody rated 1 of 5, and a lead is to see to it."""
    if not Survey.objects.exists():
        make_survey()
    invitation = asked(house, sender=Address("Zoe", sender))
    record_answer(invitation.pk, Said(1))
    settle()
    return FollowUp.objects.get(ticket=invitation.ticket_id)


def pool(house: House, *codes: str, **fields: Any) -> VoucherPool:
    made = save_pool(
        None, by=house.adam, **({"name": "Sorry", "worth": "10 %", "valid_until": None, "warn_below": 2} | fields)
    )
    import_codes(made.pk, codes, by=house.adam)
    return made


def browser(agent: Agent) -> Client:
    client = Client()
    client.force_login(agent)
    return client


def kinds(ticket_id: int) -> list[str]:
    found = Event.objects.filter(stream_type="ticket", stream_id=ticket_id, kind__startswith="followup.")
    return list(found.order_by("sequence").values_list("kind", flat=True))


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("A-1\nB-2\n", ["A-1", "B-2"]),
        ("\ufeffcode;worth\r\nA-1;10 %\r\nB-2;10 %\r\n", ["A-1", "B-2"]),
        ('"A-1","x"\n\nA-1\n  B-2  ', ["A-1", "B-2"]),
        ("", []),
    ],
)  # fmt: skip
def test_codes_are_read_from_lists_and_files(text: str, codes: list[str]) -> None:
    assert read_codes(text) == codes


@pytest.mark.parametrize("text", ["two words", "x" * 65, "A-1\nB\tC"])
def test_what_is_no_code_is_named(text: str) -> None:
    with pytest.raises(InvalidInput):
        read_codes(text)


def test_codes_come_in_once(house: House) -> None:
    made = pool(house, "A-1", "B-2")
    done = import_codes(made.pk, ["B-2", "C-3"], by=house.adam)
    assert (done.added, done.known) == (1, 1)
    assert import_codes(made.pk, ["B-2", "C-3"], by=house.adam).added == 0
    assert list(Voucher.objects.order_by("pk").values_list("code", flat=True)) == ["A-1", "B-2", "C-3"]
    assert [e.data.get("added") for e in Event.objects.filter(kind="vouchers.imported").order_by("pk")] == [2, 1]


def test_a_follow_up_gets_one_code_however_often_it_is_asked_for(house: House) -> None:
    made, row, ben = pool(house, "A-1", "B-2"), disappointed(house), lead(house.ben)
    first = give_voucher(row.pk, made.pk, by=ben)
    again = give_voucher(row.pk, made.pk, by=house.adam)
    assert first == again and first.code == "A-1"
    first.refresh_from_db()
    assert (first.follow_up, first.given_by) == (row, ben)
    assert kinds(row.ticket_id) == ["followup.opened", "followup.voucher_given"]
    given = Event.objects.get(kind="followup.voucher_given")
    assert given.data == {"follow_up": row.pk, "voucher": first.pk, "pool": made.pk}, "the code itself is no fact"
    assert_gapless(row.ticket_id)


def test_who_may_not_or_comes_late_gets_none(house: House) -> None:
    made, row = pool(house, "A-1"), disappointed(house)
    mallory = lead(house.mallory)
    before = row_counts()
    with pytest.raises(PermissionDenied):
        give_voucher(row.pk, made.pk, by=house.olena)
    with pytest.raises(NotFound):
        give_voucher(row.pk, made.pk, by=mallory)
    assert row_counts() == before
    close_follow_up(row.pk, by=house.adam, outcome="Called")
    with pytest.raises(NotFound):
        give_voucher(row.pk, made.pk, by=house.adam)
    assert not Voucher.objects.filter(given_at__isnull=False).exists()
    with pytest.raises(PermissionDenied):
        import_codes(made.pk, ["X-1"], by=house.olena)


def test_none_left_and_those_that_are_over_are_said(house: House) -> None:
    empty = pool(house)
    over = pool(house, "A-1", name="Old", valid_until=timezone.localdate() - timedelta(days=1))
    row = disappointed(house)
    for made in (empty, over):
        with pytest.raises(InvalidInput):
            give_voucher(row.pk, made.pk, by=house.adam)
    assert kinds(row.ticket_id) == ["followup.opened"]


@pytest.mark.django_db(transaction=True)
def test_many_at_once_never_hand_out_a_code_twice() -> None:
    house = make_house()
    made = pool(house, *(f"C-{n}" for n in range(6)))
    rows = [disappointed(house, f"c{n}@many.example") for n in range(6)]
    ready = threading.Barrier(12)

    def work(row: FollowUp) -> None:
        ready.wait(20)
        for _try in range(20):
            try:
                give_voucher(row.pk, made.pk, by=house.adam)
                break
            except InvalidInput:
                continue  # others are just taking the last ones
        connection.close()

    workers = [threading.Thread(target=work, args=(row,)) for row in rows * 2]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    given = Voucher.objects.filter(given_at__isnull=False)
    assert sorted(given.values_list("follow_up", flat=True)) == sorted(row.pk for row in rows)
    assert [kinds(row.ticket_id).count("followup.voucher_given") for row in rows] == [1] * 6


def test_canned_replies_know_the_code_of_the_tickets_open_follow_up(house: House) -> None:
    assert "voucher.code" in known_placeholders()
    made, row = pool(house, "A-1"), disappointed(house)
    ticket = Ticket.objects.select_related("customer", "channel").get(pk=row.ticket_id)
    assert "voucher.code" not in values_for(ticket, house.olena, email="zoe@customer.example")
    give_voucher(row.pk, made.pk, by=house.adam)
    assert values_for(ticket, house.olena, email="zoe@customer.example")["voucher.code"] == "A-1"


def test_a_manager_makes_a_supply_and_a_lead_hands_out_of_it(house: House) -> None:
    row, manager = disappointed(house), browser(lead(house.ben))
    form = {"name": "Sorry", "worth": "10 % off", "valid_until": "", "warn_below": "2"}
    assert manager.post(reverse("voucher_new"), form).status_code == 302
    made = VoucherPool.objects.get()
    assert manager.post(reverse("voucher_codes", args=[made.pk]), {"codes": ""}).status_code == 422
    file = SimpleUploadedFile("codes.csv", b"code\nA-1\nB-2\n", content_type="text/csv")
    manager.post(reverse("voucher_codes", args=[made.pk]), {"codes": "", "file": file})
    assert made.vouchers.count() == 2
    page = manager.get(reverse("follow_ups")).content.decode()
    assert "Give a voucher" in page and "vouchers left" not in page
    answer = manager.post(reverse("follow_up_voucher", args=[row.pk]), {"pool": made.pk}, follow=True)
    page = answer.content.decode()
    assert "A-1" in page and "Give a voucher" not in page and "has 1 voucher left" in page
    assert "few are left" in manager.get(reverse("vouchers")).content.decode()
    # The same form once more, or nonsense in it, changes nothing.
    before = row_counts()
    for given in (made.pk, "x", ""):
        manager.post(reverse("follow_up_voucher", args=[row.pk]), {"pool": given})
    assert row_counts() == before
    assert browser(house.olena).get(reverse("vouchers")).status_code == 403
    # Whoever answers the customer sees it on their page, an outsider nothing.
    theirs = reverse("customer_answers", args=[row.customer_id])
    assert "A-1" in browser(house.olena).get(theirs).content.decode()
    assert browser(house.mallory).get(theirs).status_code == 404
