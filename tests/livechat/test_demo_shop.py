"""The demo shop's own server: whom it signs in, and what it knows of their order."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from functools import partial
from http.server import ThreadingHTTPServer
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
from django.utils import timezone

from channels_inbound.models import Connection
from commerce.models import Buyer, Order, Shop
from livechat.demo.server import Page, demo_order, shop_chat
from livechat.doors import door_for, write_pass
from livechat.models import Visitor
from livechat.orders import order_beside
from tests.livechat.test_api import ask
from tests.people import House, make_house, open_ticket

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def house(transactional_db: None) -> House:
    return make_house()


@pytest.fixture
def shop(house: House) -> Iterator[str]:
    """Where the demo shop is served, as `manage.py demo_shop` does."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    server.RequestHandlerClass = partial(Page, shop_chat(server.server_address[1]))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def read(address: str) -> str:
    with urlopen(address) as answer:
        return str(answer.read().decode())


def test_it_signs_in_a_customer_of_the_demo_with_an_order_that_agents_see(house: House, shop: str) -> None:
    with pytest.raises(HTTPError, match="404"):
        read(f"{shop}/demo/shop/signed")
    assert "load the helpdesk&#x27;s demo data first" in read(f"{shop}/demo/shop/en/order/")
    buyer = Buyer.objects.create(key="zoe@customer.example", email="zoe@customer.example", name="Zoe Bauer")
    now = timezone.now()
    order = Order.objects.create(
        shop=Shop.objects.create(name="Nordvik", key="k" * 32), external_id="1", number="48213", buyer=buyer,
        status="shipped", currency="EUR", total=18900, placed_at=now, changed_at=now, items=[{"title": "Boots"}],
    )  # fmt: skip
    assert demo_order() is None, "nobody who has written to the helpdesk"
    open_ticket(house.channel)
    assert demo_order() == order
    page = read(f"{shop}/demo/shop/uk/order/")
    assert 'data-order="48213"' in page and "Замовлення 48213" in page and "Boots" in page and "Увійти як Zoe" in page
    chat, token = Connection.objects.get(), json.loads(read(f"{shop}/demo/shop/signed"))["token"]
    answer = ask(chat, "identity", token=token, shown=write_pass(door_for(chat.key, shop)))
    assert answer.json() == {"known": True, "name": "Zoe Bauer", "email": "zoe@customer.example"}
    assert order_beside(Visitor.objects.get(), "48213").number == "48213"
