"""Files of orders: one row a line item, read as a stream, brought in by COPY, the same file twice changing nothing."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, TextIO

from django.core.files.storage import storages
from django.db import transaction
from django.utils import timezone

from commerce.events import SHOP_STREAM, CommerceEvent
from commerce.facts import OrderFacts, Unreadable, address, clean, currency_code, minor, moment, phone
from commerce.keeping import copy_orders
from commerce.models import ImportState, OrderImport, OrderStatus
from commerce.streams import lock_shop
from events.actors import SYSTEM, Actor
from events.ledger import record_event
from tickets.file_imports import LEASE, MOST_PROBLEMS, run_due

REQUIRED = ("order_id", "created_at", "status", "currency", "total")
OPTIONAL = ("order_number", "updated_at", "refunded_total", "customer_email", "customer_phone", "customer_name",
            "tracking_url", "item_sku", "item_title", "item_qty", "item_price")  # fmt: skip
FIELDS = (*REQUIRED, *OPTIONAL)
CHUNK = 20_000
# Characters: a file without line ends is not taken into memory as one line.
LONGEST_LINE = 1024 * 1024
ENCODINGS = ("utf-8-sig", "cp1251")
# What shops call the same things.
_ALSO = {
    "order_id": ("id", "order", "замовлення"), "order_number": ("number", "name", "номер"),
    "created_at": ("date", "created", "placed_at", "дата"), "status": ("financial status", "state", "статус"),
    "total": ("amount", "sum", "сума"), "currency": ("валюта",), "customer_email": ("email", "e-mail", "пошта"),
    "customer_phone": ("phone", "телефон"), "customer_name": ("customer", "billing name", "клієнт"),
    "item_sku": ("sku", "lineitem sku", "артикул"), "item_title": ("title", "lineitem name", "товар"),
    "item_qty": ("quantity", "qty", "lineitem quantity", "кількість"),
    "item_price": ("price", "lineitem price", "ціна"),
    "refunded_total": ("refunded", "refunded amount"), "updated_at": ("updated", "modified_at"),
    "tracking_url": ("tracking", "tracking_number"),
}  # fmt: skip
_STATUS = {
    "new": OrderStatus.PENDING, "unpaid": OrderStatus.PENDING, "on-hold": OrderStatus.PENDING,
    "processing": OrderStatus.PAID, "fulfilled": OrderStatus.SHIPPED, "delivered": OrderStatus.COMPLETED,
    "complete": OrderStatus.COMPLETED, "canceled": OrderStatus.CANCELLED, "voided": OrderStatus.CANCELLED,
    "partially_refunded": OrderStatus.PAID,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Line:
    """One row of the file: what it says, or why it cannot be read."""

    number: int
    facts: OrderFacts | None
    problem: str = ""


@dataclass(slots=True)
class Problems:
    """How many rows could not be read, and the first of them with their reasons."""

    count: int = 0
    first: list[list[Any]] = field(default_factory=list)

    def note(self, line: Line) -> None:
        self.count += 1
        if len(self.first) < MOST_PROBLEMS:
            self.first.append([line.number, line.problem])


class _Lines:
    """The lines of a text. One that is too long is an error, and the next one is read all the same."""

    def __init__(self, text: TextIO) -> None:
        self.text = text

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self.text.readline(LONGEST_LINE)
        if not line:
            raise StopIteration
        if len(line) < LONGEST_LINE or line.endswith("\n"):
            return line
        while (rest := self.text.readline(LONGEST_LINE)) and not rest.endswith("\n"):
            pass
        raise csv.Error("the line is too long")


@contextmanager
def opened(stored_as: str) -> Iterator[tuple[TextIO, str]]:
    """The file as text, with its delimiter. UTF-8 with or without a mark, else Windows-1251."""
    with storages["attachments"].open(stored_as, "rb") as raw:
        head = raw.read(64 * 1024)
        raw.seek(0)
        encoding = next((one for one in ENCODINGS if _reads(head, one)), "cp1251")
        first = head.decode(encoding, "replace").split("\n", 1)[0]
        delimiter = max((",", ";", "\t"), key=first.count)
        yield io.TextIOWrapper(raw, encoding=encoding, errors="replace", newline=""), delimiter


def _reads(head: bytes, encoding: str) -> bool:
    try:
        # The head may end within a character.
        head[:-4].decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def columns_of(stored_as: str) -> list[str]:
    """The names in the first line. Unreadable for what is no file of rows."""
    with opened(stored_as) as (text, delimiter):
        try:
            return [clean(name, 60) for name in next(csv.reader(_Lines(text), delimiter=delimiter), [])][:200]
        except csv.Error as error:
            raise Unreadable(str(error)) from None


def guess_mapping(columns: Sequence[str]) -> dict[str, str]:
    """Which column is likely which field."""
    lower = {name.casefold(): name for name in reversed(columns)}
    found = {}
    for name in FIELDS:
        names = (name, name.replace("_", " "), *_ALSO.get(name, ()))
        if match := next((lower[one] for one in names if one in lower), None):
            found[name] = match
    return found


def read_lines(stored_as: str, mapping: Mapping[str, str]) -> Iterator[Line]:
    """Every row, in order, as an order with one item."""
    with opened(stored_as) as (text, delimiter):
        reader = csv.reader(_Lines(text), delimiter=delimiter)
        head = [clean(name, 60) for name in next(reader, [])]
        places = {name: head.index(column) for name, column in mapping.items() if column in head}
        number = 1
        while True:
            number += 1
            try:
                cells = next(reader, None)
                if cells is None:
                    return
                yield Line(number, _facts(places, cells)) if cells else Line(number, None)
            except (Unreadable, csv.Error) as error:
                yield Line(number, None, str(error)[:200])


def _facts(places: Mapping[str, int], cells: Sequence[str]) -> OrderFacts:
    def cell(name: str) -> str:
        place = places.get(name)
        return cells[place].strip() if place is not None and place < len(cells) else ""

    id = clean(cell("order_id"), 64)
    if not id:
        raise Unreadable("order_id is empty")
    currency, placed = currency_code(cell("currency")), moment(cell("created_at"))
    item: tuple[dict[str, Any], ...] = ()
    if cell("item_title") or cell("item_sku"):
        quantity = cell("item_qty") or "1"
        price = minor(_decimal(cell("item_price") or "0"), currency)
        count = int(quantity) if quantity.isascii() and quantity.isdigit() and len(quantity) < 7 else 1
        sku, title = clean(cell("item_sku"), 60), clean(cell("item_title"), 120)
        item = ({"sku": sku, "title": title, "quantity": count, "price": price},)
    refunded = cell("refunded_total")
    return OrderFacts(
        external_id=id, number=clean(cell("order_number") or id, 40), status=_status(cell("status")), currency=currency,
        total=minor(_decimal(cell("total")), currency), placed_at=placed,
        changed_at=moment(cell("updated_at")) if cell("updated_at") else placed, email=address(cell("customer_email")),
        phone=phone(cell("customer_phone")), name=clean(cell("customer_name"), 200), items=item,
        refunded=minor(_decimal(refunded), currency) if refunded else None, tracking=clean(cell("tracking_url"), 200),
    )  # fmt: skip


def _status(text: str) -> str:
    word = text.strip().lower()
    if word in OrderStatus.values:
        return word
    if word in _STATUS:
        return _STATUS[word]
    raise Unreadable(f"{word[:40]!r} is no status")


def _decimal(text: str) -> str:
    """198,90 and 1 198.90 alike; of a point and a comma the later one is the decimal sign."""
    plain = text.replace("\N{NO-BREAK SPACE}", "").replace(" ", "").replace("'", "")
    if plain.rfind(",") > plain.rfind("."):
        return plain.replace(".", "").replace(",", ".")
    return plain.replace(",", "")


def orders_of(lines: Iterator[Line], problems: Problems) -> Iterator[OrderFacts]:
    """Rows of one order that stand together as that order; what cannot be read is noted."""
    current: OrderFacts | None = None
    for line in lines:
        if line.problem:
            problems.note(line)
        if line.facts is None:
            continue
        if current is not None and current.external_id == line.facts.external_id:
            current = replace(current, items=(*current.items, *line.facts.items)[:50])
        else:
            if current is not None:
                yield current
            current = line.facts
    if current is not None:
        yield current


def run_due_imports(*, at: datetime | None = None) -> int:
    """Bring in the files that wait or were left in the middle, oldest first; how many."""
    return run_due(OrderImport, run_import, at=at)


def run_import(import_id: int) -> OrderImport:
    """The file, chunk by chunk, each in a transaction. Begun anew it passes over what is here."""
    row = OrderImport.objects.get(pk=import_id)
    row.rows = row.added = row.changed = 0
    problems = Problems()
    orders = orders_of(read_lines(row.stored_as, row.mapping), problems)
    while chunk := _chunk(orders):
        kept = copy_orders(row.shop_id, chunk)
        row.rows, row.added, row.changed = row.rows + len(chunk), row.added + kept.added, row.changed + kept.changed
        row.lease_until = timezone.now() + LEASE
        row.save(update_fields=["rows", "added", "changed", "lease_until"])
    row.state, row.finished_at, row.lease_until = ImportState.DONE, timezone.now(), None
    row.refused, row.problems = problems.count, problems.first
    with transaction.atomic():
        lock_shop(row.shop_id)
        row.save()
        data = {"import": row.pk, "rows": row.rows, "added": row.added, "changed": row.changed, "refused": row.refused}
        by = Actor.agent(row.by_id) if row.by_id else SYSTEM
        record_event((SHOP_STREAM, row.shop_id), CommerceEvent.ORDERS_IMPORTED, by=by, at=row.finished_at, data=data)
    return row


def _chunk(orders: Iterator[OrderFacts]) -> list[OrderFacts]:
    found = []
    for facts in orders:
        found.append(facts)
        if len(found) == CHUNK:
            break
    return found
