"""Reading what shops send: pure, on their own payloads."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from commerce import shopify, woocommerce
from commerce.facts import OrderFacts, Redaction, RefundFacts, Unreadable, address, minor, moment, phone
from commerce.importing import _decimal, guess_mapping

PAYLOADS = Path(__file__).parent / "payloads"


def payload(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((PAYLOADS / f"{name}.json").read_bytes())
    return found


@pytest.mark.parametrize(
    ("text", "currency", "units"),
    [("198.90", "EUR", 19890), ("0", "EUR", 0), ("-5.5", "USD", -550), ("1200", "JPY", 1200), ("1.234", "KWD", 1234),
     (189, "EUR", 18900), ("1 198.90", "UAH", 119890), ("10.005", "EUR", 1000)],
)  # fmt: skip
def test_money_is_whole_numbers(text: object, currency: str, units: int) -> None:
    assert minor(text, currency) == units


@pytest.mark.parametrize("text", ["", "free", "NaN", "Infinity", "1e999999999", "1e400", "9" * 40, None])
def test_what_is_no_money_is_refused_at_once(text: object) -> None:
    with pytest.raises(Unreadable):
        minor(text, "EUR")


@pytest.mark.parametrize(
    ("text", "plain"), [("198,90", "198.90"), ("1.198,90", "1198.90"), ("1,198.90", "1198.90"), ("1 198", "1198")]
)
def test_both_decimal_signs(text: str, plain: str) -> None:
    assert _decimal(text) == plain


def test_addresses_and_times() -> None:
    assert address(" Olena@Example.com ") == "olena@example.com" and address("a@b@c") == "" and address(None) == ""
    assert (
        phone("+38 067 111-00-22") == "+380671110022"
        and phone("067 111") == ""
        and phone("00380671110022") == "+380671110022"
    )
    assert moment("2026-11-20T11:15:03+02:00") == datetime(2026, 11, 20, 9, 15, 3, tzinfo=UTC)
    assert moment("2026-11-20T09:15:03") == datetime(2026, 11, 20, 9, 15, 3, tzinfo=UTC)
    for text in ("", "yesterday", "2026-13-40T00:00:00"):
        with pytest.raises(Unreadable):
            moment(text)


def test_an_order_of_shopify() -> None:
    [facts] = shopify.parse("orders/create", payload("shopify_orders_create"))
    assert isinstance(facts, OrderFacts)
    assert (facts.external_id, facts.number, facts.status, facts.total, facts.currency) == (
        "820982911946154508", "#1042", "paid", 19890, "EUR",
    )  # fmt: skip
    assert (facts.email, facts.name) == ("olena@example.com", "Olena Kovalenko")
    assert facts.items == ({"sku": "LAMP-ARC-01", "title": "Arc floor lamp", "quantity": 1, "price": 18900},)
    assert facts.changed_at > facts.placed_at and facts.refunded is None
    [cancelled] = shopify.parse("orders/updated", payload("shopify_orders_updated_cancelled"))
    assert isinstance(cancelled, OrderFacts) and cancelled.status == "cancelled"
    [refund] = shopify.parse("refunds/create", payload("shopify_refunds_create"))
    assert isinstance(refund, RefundFacts)
    assert (refund.amount, refund.order_external_id) == (18900, "820982911946154508")
    [gone] = shopify.parse("customers/redact", payload("shopify_gdpr_customers_redact"))
    assert gone == Redaction("taras@example.net", "")
    assert shopify.parse("customers/update", payload("shopify_customers_update")) == []
    assert shopify.parse("orders/create", payload("shopify_orders_create") | {"test": True}) == []


def test_an_order_of_woocommerce() -> None:
    [facts] = woocommerce.parse("order.updated", payload("woo_order_updated_refunded"))
    assert isinstance(facts, OrderFacts)
    assert (facts.external_id, facts.status, facts.total, facts.refunded) == ("727", "refunded", 19890, 19890)
    assert facts.phone == "+380671110022" and facts.changed_at == datetime(2026, 11, 21, 8, 0, tzinfo=UTC)
    assert woocommerce.parse("order.deleted", payload("woo_order_deleted")) == []


def test_columns_are_guessed_by_what_shops_call_them() -> None:
    head = (PAYLOADS / "generic_orders.csv").read_text().split("\n", 1)[0].split(",")
    assert guess_mapping(head)["order_id"] == "order_id" and guess_mapping(head)["item_qty"] == "item_qty"
    assert guess_mapping(["ID", "Дата", "Сума", "Email"]) == {
        "order_id": "ID", "created_at": "Дата", "total": "Сума", "customer_email": "Email",
    }  # fmt: skip
