"""What shops call: believed only when signed over the very bytes; kept once; in any order the same in the end."""

from __future__ import annotations

import base64
import hashlib
import hmac
import itertools
import json
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from commerce import actions
from commerce.draining import drain_shop_deliveries
from commerce.models import Buyer, Order, Shop, ShopDelivery
from events.models import Event
from people.credentials import decrypt
from people.permissions import PermissionDenied
from tests.people import House, make_house, row_counts
from tickets.errors import InvalidInput

pytestmark = pytest.mark.django_db
PAYLOADS = Path(__file__).parent / "payloads"
SECRET, DOMAIN = "shopify-client-secret-for-tests-001", "lumen-and-loom.myshopify.com"


@pytest.fixture
def house() -> House:
    return make_house()


def shop_of(house: House, kind: str = "shopify", **fields: Any) -> Shop:
    return actions.save_shop(
        None, by=house.adam, name=kind, kind=kind, address=DOMAIN, is_active=True, secret=SECRET, **fields
    )


def signed(body: bytes, secret: str = SECRET) -> str:
    return base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()


def call(shop: Shop, body: bytes, *, topic: str = "orders/create", event: str = "e1", **headers: str) -> int:
    given = {"X-Shopify-Topic": topic, "X-Shopify-Shop-Domain": DOMAIN, "X-Shopify-Event-Id": event,
             "X-Shopify-Hmac-Sha256": signed(body)} | headers  # fmt: skip
    answer = Client().post(reverse("shop_hook", args=[shop.key]), body, content_type="application/json", headers=given)
    return answer.status_code


def woo(shop: Shop, body: bytes, *, topic: str = "order.updated", **headers: str) -> int:
    given = {"X-WC-Webhook-Topic": topic, "X-WC-Webhook-ID": "7", "X-WC-Webhook-Signature": signed(body)} | headers
    answer = Client().post(reverse("shop_hook", args=[shop.key]), body, content_type="application/json", headers=given)
    return answer.status_code


CREATED = (PAYLOADS / "shopify_orders_create.json").read_bytes()
CANCELLED = (PAYLOADS / "shopify_orders_updated_cancelled.json").read_bytes()
REFUND = (PAYLOADS / "shopify_refunds_create.json").read_bytes()


def test_a_signed_order_is_kept_once(house: House) -> None:
    shop = shop_of(house)
    assert [call(shop, CREATED), call(shop, CREATED)] == [200, 200]
    assert drain_shop_deliveries() == 1 and drain_shop_deliveries() == 0
    order = Order.objects.get()
    assert (order.number, order.status, order.total, order.buyer.email) == ("#1042", "paid", 19890, "olena@example.com")
    [event] = Event.objects.filter(stream_type="order")
    assert (event.kind, event.stream_id, event.data["status"]) == ("order.placed", order.pk, "paid")


@pytest.mark.parametrize(
    "headers",
    [{"X-Shopify-Hmac-Sha256": ""}, {"X-Shopify-Hmac-Sha256": "x"}, {"X-Shopify-Hmac-Sha256": signed(CREATED, "other")},
     {"X-Shopify-Hmac-Sha256": signed(CREATED + b" ")}, {"X-Shopify-Hmac-Sha256": "ключ".encode().decode("latin-1")},
     {"X-Shopify-Shop-Domain": "evil.example"}, {"X-Shopify-Shop-Domain": ""}],
)  # fmt: skip
def test_whoever_is_not_the_shop_leaves_nothing(house: House, headers: dict[str, str]) -> None:
    shop = shop_of(house)
    before = row_counts()
    assert call(shop, CREATED, **headers) == 403
    assert row_counts() == before


def test_without_a_secret_or_a_shop_nobody_is_believed(house: House) -> None:
    shop = shop_of(house)
    actions.remove_shop(shop.pk, by=house.adam)
    assert call(shop, CREATED, **{"X-Shopify-Hmac-Sha256": signed(CREATED, "")}) == 404
    Shop.objects.update(is_active=True, secret="")
    assert call(shop, CREATED, **{"X-Shopify-Hmac-Sha256": signed(CREATED, "")}) == 403
    Shop.objects.update(kind="other")
    assert call(shop, CREATED) == 404
    assert not ShopDelivery.objects.exists()


@pytest.mark.parametrize("key", ["%00", "a%00b", "%ED%A0%80", "x" * 500])
def test_an_address_that_is_none_leads_nowhere(db: None, key: str) -> None:
    assert Client().post(f"/shops/hooks/{key}/", b"{}", content_type="application/json").status_code == 404


def test_while_the_secret_changes_both_sign_and_it_lies_nowhere_in_the_open(house: House) -> None:
    shop = shop_of(house)
    fields = {"name": "shopify", "kind": "shopify", "address": DOMAIN, "is_active": True}
    actions.save_shop(shop.pk, by=house.adam, secret="fresh", **fields)
    assert call(shop, CREATED) == 200
    assert call(shop, CANCELLED, event="e2", **{"X-Shopify-Hmac-Sha256": signed(CANCELLED, "fresh")}) == 200
    shop.refresh_from_db()
    assert SECRET not in shop.secret and decrypt(shop.secret) == {"secret": "fresh", "before": SECRET}


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_in_any_order_the_end_is_the_same(house: House, order: tuple[int, ...]) -> None:
    shop = shop_of(house)
    told = [(CREATED, "orders/create"), (CANCELLED, "orders/updated"), (REFUND, "refunds/create")]
    for place in order:
        body, topic = told[place]
        assert call(shop, body, topic=topic, event=f"e{place}") == 200
        drain_shop_deliveries()
    found = Order.objects.get()
    assert (found.status, found.refunded, found.total) == ("cancelled", 18900, 19890)


def test_what_cannot_be_read_is_kept_with_its_reason(house: House) -> None:
    shop = shop_of(house)
    for number, body in enumerate(
        (b"{", b"[]", b'{"id": 1}', b'{"id": 1, "currency": "EUR", "total_price": "free"}', b"\xff")
    ):
        assert call(shop, body, event=f"bad{number}") == 200
    drain_shop_deliveries()
    assert set(ShopDelivery.objects.values_list("state", flat=True)) == {"failed"} and not Order.objects.exists()
    shop.refresh_from_db()
    assert shop.trouble
    assert call(shop, b"x" * (3 * 1024 * 1024 + 1)) == 413


@pytest.mark.parametrize(
    "broken",
    [
        {"line_items": [{"name": "Lamp", "quantity": 1e999, "price": "1"}]},
        {"refunds": [{"total": "-9999999999999"}] * 10_000},
        {"date_created_gmt": "0001-01-01T00:00:00+05:00"},
        {"date_modified_gmt": "9999-12-31T23:00:00-05:00"},
    ],
    ids=["endless", "too much", "before all years", "after all years"],
)
def test_what_breaks_on_its_way_in_stops_nobody_behind_it(house: House, broken: dict[str, Any]) -> None:
    shop, other = shop_of(house, "woocommerce"), shop_of(house)
    body = json.dumps(json.loads((PAYLOADS / "woo_order_created.json").read_bytes()) | broken).encode()
    assert [woo(shop, body, topic="order.created"), call(other, CREATED)] == [200, 200]
    assert drain_shop_deliveries() == 2
    assert list(ShopDelivery.objects.order_by("id").values_list("state", flat=True)) == ["failed", "applied"]
    assert Order.objects.get().shop == other and Buyer.objects.count() == 1


def test_woocommerce_pings_tells_of_refunds_and_repeats_its_numbers(house: House) -> None:
    shop = shop_of(house, "woocommerce")
    address = reverse("shop_hook", args=[shop.key])
    ping = Client().post(address, "webhook_id=7", content_type="application/x-www-form-urlencoded")
    assert ping.status_code == 200 and not ShopDelivery.objects.exists()
    forged = Client().post(address, "webhook_id=7&order=1", content_type="application/x-www-form-urlencoded")
    assert forged.status_code == 403
    created, refunded = ((PAYLOADS / f"woo_order_{n}.json").read_bytes() for n in ("created", "updated_refunded"))
    # Two orders in one second share the delivery number of the shop; ours tells them apart.
    assert [woo(shop, refunded, **{"X-WC-Webhook-Delivery-ID": "1"}), woo(shop, created, topic="order.created",
            **{"X-WC-Webhook-Delivery-ID": "1"})] == [200, 200]  # fmt: skip
    drain_shop_deliveries()
    order = Order.objects.get()
    assert (order.status, order.refunded) == ("refunded", 19890)  # the older telling came later and changed nothing
    back = json.loads(refunded) | {"refunds": [], "status": "completed", "date_modified_gmt": "2026-11-22T08:00:00"}
    assert woo(shop, json.dumps(back).encode()) == 200
    drain_shop_deliveries()
    order.refresh_from_db()
    assert (order.status, order.refunded) == ("completed", 0)


def test_a_person_can_be_forgotten_and_their_order_stays_a_number(house: House) -> None:
    shop = shop_of(house)
    assert call(shop, CREATED.replace(b"olena@example.com", b"taras@example.net")) == 200
    assert (
        call(shop, (PAYLOADS / "shopify_gdpr_customers_redact.json").read_bytes(), topic="customers/redact", event="r")
        == 200
    )
    drain_shop_deliveries()
    buyer = Buyer.objects.get()
    assert (buyer.email, buyer.name, buyer.phone) == ("", "", "") and Order.objects.count() == 1
    assert Event.objects.filter(kind="buyer.forgotten").count() == 1


def test_only_leads_connect_shops(house: House) -> None:
    before = row_counts()
    for agent in (house.olena, house.vera):
        with pytest.raises(PermissionDenied):
            actions.save_shop(None, by=agent, name="x", kind="other", address="", is_active=True)
    with pytest.raises(InvalidInput):
        actions.save_shop(None, by=house.adam, name="x", kind="shopify", address="", is_active=True)
    assert row_counts() == before
