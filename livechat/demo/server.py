"""The demo shop's own little web server: another origin, a strict content policy, no code of the helpdesk's pages."""

from __future__ import annotations

import json
import time
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

from django.conf import settings
from django.db import close_old_connections
from django.template.loader import render_to_string

from channels_inbound.credentials import decrypt
from channels_inbound.models import Connection
from commerce.models import Buyer, Order, OrderStatus
from livechat.channels import create_chat_channel
from livechat.demo.goods import PRODUCTS, SAID
from livechat.signed import make_token
from livechat.widget_settings import PROVIDER
from people.colours import PRODUCT_COLOR
from people.models import Identity, IdentityKind, Team

NAME = "Nordvik shop chat"
ASSETS = {"shop.css": "text/css", "shop.js": "text/javascript"}
FOLDER = Path(__file__).parent / "assets"
GREETINGS = {
    "en": "Hello from Nordvik! Ask us about sizes, parcels, anything.",
    "uk": "Вітаємо в Nordvik! Питайте про розміри, посилки, про що завгодно.",
}


def shop_chat(port: int) -> Connection:
    """The demo shop's chat channel, made when it is first needed; pages on this port may embed it."""
    found = Connection.objects.filter(provider=PROVIDER, channel__name=NAME).first()
    origins = [f"http://localhost:{port}", f"http://127.0.0.1:{port}"]
    if found is None:
        given = {
            "origins": origins,
            "color": PRODUCT_COLOR,
            "greetings": GREETINGS,
            "brand": "Nordvik",
            "unseen_minutes": 1,
        }
        return create_chat_channel(name=NAME, team=Team.objects.filter(name="Support").first(), settings=given)[0]
    missing = [origin for origin in origins if origin not in found.settings.get("origins", [])]
    if missing:
        found.settings = {**found.settings, "origins": [*found.settings.get("origins", []), *missing]}
        found.save(update_fields=["settings"])
    return found


def demo_order() -> Order | None:
    """What the signed-in customer waits for: the newest order on its way to somebody who has written to the helpdesk;
    None while there is no demo data."""
    known = Identity.objects.filter(kind=IdentityKind.EMAIL).values("value")
    orders = Order.objects.filter(status=OrderStatus.SHIPPED, buyer__email__in=known).exclude(buyer__name="")
    return orders.exclude(number="").select_related("buyer").order_by("-placed_at", "-pk").first()


def serve(host: str, port: int) -> None:
    """Until the process is ended."""
    chat = shop_chat(port)
    close_old_connections()
    with ThreadingHTTPServer((host, port), partial(Page, chat)) as server:
        server.serve_forever()


class Page(BaseHTTPRequestHandler):
    """GET only: the shop keeps its cart in the browser."""

    def __init__(self, chat: Connection, *args: Any, **kwargs: Any) -> None:
        self.chat = chat
        super().__init__(*args, **kwargs)

    def do_GET(self) -> None:
        path = urlsplit(self.path).path
        name = path.rsplit("/", 1)[-1]
        if name in ASSETS:
            self._answer(200, ASSETS[name], (FOLDER / name).read_bytes())
        elif path == "/demo/shop/signed":
            order = demo_order()
            token = self._token(order.buyer) if order is not None else ""
            close_old_connections()
            self._answer(200 if token else 404, "application/json", json.dumps({"token": token}).encode())
        elif path.rstrip("/") in ("", "/demo", "/demo/shop"):
            self._page("en", "products")
        else:
            self._page(*self._wanted(path))

    def _wanted(self, path: str) -> tuple[str, str]:
        parts = [part for part in path.removeprefix("/demo/shop/").split("/") if part]
        language = parts[0] if parts and parts[0] in SAID else "en"
        page = parts[-1] if parts else ""
        known = page in ("products", "cart", "order") or any(product.slug == page for product in PRODUCTS)
        return language, page if known else "products"

    def _page(self, language: str, page: str) -> None:
        goods = [
            {
                "slug": one.slug,
                "price": one.price,
                "number": one.price.lstrip("€"),
                "hue": one.hue,
                "name": one.names[language],
                "about": one.about[language],
            }
            for one in PRODUCTS
        ]
        order = demo_order()
        close_old_connections()
        said = dict(SAID[language])
        if order is not None:
            said["sign_in"] = said["sign_in"].format(name=order.buyer.name.split(" ")[0])
            said["order_title"] = said["order_title"].format(number=order.number.lstrip("#"))
        context = {
            "order": order, "said": said, "lang": language, "other": "uk" if language == "en" else "en", "page": page,
            "goods": goods, "product": next((one for one in goods if one["slug"] == page), None),
            "helpdesk": settings.BASE_URL, "key": self.chat.key,
        }  # fmt: skip
        self._answer(200, "text/html; charset=utf-8", render_to_string("livechat/shop/page.html", context).encode())

    def _token(self, buyer: Buyer) -> str:
        """What a shop's server signs for the customer who is signed in."""
        claims = {
            "sub": f"customer-{buyer.pk}", "name": buyer.name, "email": buyer.email,
            "aud": self.chat.key, "exp": int(time.time()) + 300, "jti": uuid4().hex,
        }  # fmt: skip
        self.chat.refresh_from_db()
        secret = decrypt(self.chat.secret)["now"]
        close_old_connections()
        return make_token(secret, claims)

    def _answer(self, status: int, content_type: str, body: bytes) -> None:
        helpdesk = settings.BASE_URL
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.send_header(
            "Content-Security-Policy",
            f"default-src 'self'; script-src 'self' {helpdesk}; frame-src {helpdesk}; connect-src 'self' {helpdesk}",
        )
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """A demo keeps no access log."""
