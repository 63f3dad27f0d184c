"""Files of orders: columns named, looked at first, brought in by COPY, the same twice changing nothing."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from django.core.files.storage import storages
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from commerce import actions, importing
from commerce.importing import run_due_imports, run_import
from commerce.models import Buyer, Order, OrderImport, Shop
from events.models import Event
from tests.people import House, make_house, row_counts
from tickets.errors import InvalidInput

pytestmark = pytest.mark.django_db
SAMPLE = (Path(__file__).parent / "payloads" / "generic_orders.csv").read_bytes()


@pytest.fixture
def house() -> House:
    return make_house()


@pytest.fixture
def shop(house: House) -> Shop:
    return actions.save_shop(None, by=house.adam, name="Files", kind="other", address="", is_active=True)


def begin(house: House, shop: Shop, content: bytes, name: str = "orders.csv") -> OrderImport:
    return actions.begin_import(shop.pk, by=house.adam, upload=SimpleUploadedFile(name, content))


def bring_in(house: House, shop: Shop, content: bytes) -> OrderImport:
    row = begin(house, shop, content)
    actions.map_import(row.pk, by=house.adam, mapping=row.mapping, start=True)
    assert run_due_imports() == 1
    row.refresh_from_db()
    return row


def test_a_file_is_looked_at_named_and_brought_in(house: House, shop: Shop) -> None:
    client = Client()
    client.force_login(house.adam)
    response = client.post(reverse("orders_upload", args=[shop.pk]), {"file": SimpleUploadedFile("o.csv", SAMPLE)})
    row = OrderImport.objects.get()
    page = client.get(response["Location"]).content.decode()
    assert (
        "olena@example.com" in page
        and "198.90" in page
        and "A-2" not in Order.objects.values_list("external_id", flat=True)
    )
    assert not Order.objects.exists()
    client.post(response["Location"], row.mapping | {"start": "1"})
    assert run_due_imports() == 1 and run_due_imports() == 0
    first, second = Order.objects.order_by("external_id")
    assert (first.number, first.total, len(first.items), first.buyer.name) == ("1042", 19890, 2, "Olena Kovalenko")
    assert (second.status, second.buyer.email) == ("refunded", "taras@example.net")
    [event] = Event.objects.filter(kind="orders.imported")
    assert event.data == {"import": row.pk, "rows": 2, "added": 2, "changed": 0, "refused": 0}
    assert "Done" in client.get(response["Location"]).content.decode()


def test_the_same_file_again_changes_nothing_and_a_newer_one_what_is_newer(house: House, shop: Shop) -> None:
    bring_in(house, shop, SAMPLE)
    again = bring_in(house, shop, SAMPLE)
    assert (again.rows, again.added, again.changed) == (2, 0, 0)
    older = SAMPLE.replace(b"2026-11-20T09:15:03Z,paid", b"2026-11-19T09:15:03Z,cancelled")
    assert (bring_in(house, shop, older).changed, Order.objects.get(external_id="A-1").status) == (0, "paid")
    newer = SAMPLE.replace(b"2026-11-20T10:00:00Z,refunded,EUR,49.00", b"2026-11-20T11:00:00Z,paid,EUR,50.00")
    assert (bring_in(house, shop, newer).changed, Order.objects.get(external_id="A-2").total) == (1, 5000)
    assert Buyer.objects.count() == 2


def test_bad_rows_are_named_and_cost_only_themselves(house: House, shop: Shop) -> None:
    rows = (
        SAMPLE
        + b"A-3,1,yesterday,paid,EUR,1,,,,,,,\r\n,2,2026-01-01,paid,EUR,1,,,,,,,\r\nA-5,3,2026-01-01T00:00:00Z,odd,EUR,1,,,,,,,\r\nA-6\r\n\r\n"
    )
    row = bring_in(house, shop, rows)
    assert (row.rows, row.refused) == (2, 4)
    assert [line for line, _ in row.problems] == [5, 6, 7, 8] and "no time" in row.problems[0][1]


def test_ukrainian_excel_is_read_too(house: House, shop: Shop) -> None:
    text = "ID;Дата;Статус;Валюта;Сума;Email;Клієнт\r\n7;2026-10-01T10:00:00+03:00;paid;UAH;1 198,50;zoe@customer.example;Зоя Бойко\r\n"
    row = bring_in(house, shop, text.encode("cp1251"))
    order = Order.objects.get()
    assert row.added == 1 and (order.total, order.buyer.name, order.currency) == (119850, "Зоя Бойко", "UAH")


def test_a_killed_import_begins_anew_and_doubles_nothing(
    house: House, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    draw = random.Random(3)
    lines = [
        f"N-{n},{n},2026-10-{1 + n % 28:02}T10:00:00Z,paid,EUR,{draw.randint(1, 900)}.00,b{n % 40}@x.example,,,,,,"
        for n in range(250)
    ]
    head = SAMPLE.split(b"\n", 1)[0].decode().strip()
    monkeypatch.setattr(importing, "CHUNK", 100)
    row = begin(house, shop, "\n".join([head, *lines]).encode())
    actions.map_import(row.pk, by=house.adam, mapping=row.mapping, start=True)
    real, calls = importing.copy_orders, []

    def dies(shop_id: int, orders: list) -> object:  # type: ignore[type-arg]
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return real(shop_id, orders)

    monkeypatch.setattr(importing, "copy_orders", dies)
    with pytest.raises(KeyboardInterrupt):
        run_due_imports()
    assert Order.objects.count() == 100
    monkeypatch.setattr(importing, "copy_orders", real)
    assert run_due_imports() == 0  # leased
    OrderImport.objects.update(lease_until=None)
    assert run_due_imports() == 1
    row.refresh_from_db()
    assert (row.state, row.rows, row.added) == ("done", 250, 150) and Order.objects.count() == 250
    assert Buyer.objects.count() == 40
    before = row_counts()
    run_import(row.pk)
    after = row_counts()
    assert after.pop("events_event") == before.pop("events_event") + 1 and after == before


def test_what_is_no_file_of_rows_is_refused_and_not_kept(house: House, shop: Shop) -> None:
    begin(house, shop, SAMPLE)
    kept = set(storages["attachments"].listdir("imports")[1])
    before = row_counts()
    for content in (b"x" * 200_000, b'"' + b"a,b\n" * 60_000, b"order_id," + b"y;" * 800_000 + b"\n"):
        with pytest.raises(InvalidInput):
            begin(house, shop, content)
    assert row_counts() == before and set(storages["attachments"].listdir("imports")[1]) == kept


def test_a_line_without_an_end_costs_only_itself(house: House, shop: Shop) -> None:
    head, first, *rest = SAMPLE.split(b"\n")
    row = bring_in(house, shop, b"\n".join([head, first, b"," * (importing.LONGEST_LINE * 2 + 5), *rest]))
    assert (row.rows, row.refused) == (bring_in(house, shop, SAMPLE).rows, 1)
    assert row.problems == [[3, "the line is too long"]]


def test_a_file_that_breaks_has_failed_and_holds_up_no_other(house: House, shop: Shop) -> None:
    lost, good = begin(house, shop, SAMPLE), begin(house, shop, SAMPLE)
    for row in (lost, good):
        actions.map_import(row.pk, by=house.adam, mapping=row.mapping, start=True)
    storages["attachments"].delete(lost.stored_as)
    assert run_due_imports() == 2
    assert list(OrderImport.objects.order_by("id").values_list("state", flat=True)) == ["failed", "done"]
    OrderImport.objects.update(lease_until=None)
    assert run_due_imports() == 0
