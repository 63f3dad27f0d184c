"""A shop of another origin: pages with a content policy of their own that embed the widget as a customer would."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from channels_inbound.models import Connection
from helpdesk.runtime.redis import free_port
from livechat.channels import create_chat_channel
from tests.people import House

HOSTILE = "* { all: revert; display: grid !important; color: red !important; font-size: 40px !important }"


class Shop:
    """Where it is, and what its page says; `policy` is its Content-Security-Policy."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.page = ""
        self.policy = ""

    def embed(self, helpdesk: str, key: str, *, css: str = "", policy: bool = True) -> None:
        self.page = (
            f"<!doctype html><html lang=en><head><title>Fjellrev boots</title><link rel=stylesheet href=/page.css></head>"
            f"<body><main><h1>Fjellrev boots</h1><p>Warm and dry.</p></main>"
            f'<script async src="{helpdesk}/widget.js" data-key="{key}"></script></body></html>'
        )
        self.css = css
        self.policy = (
            f"default-src 'self'; script-src {helpdesk}; frame-src {helpdesk}; connect-src {helpdesk}" if policy else ""
        )


@contextmanager
def open_shop() -> Iterator[Shop]:
    shop = Shop(free_port())

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            css = self.path.endswith(".css")
            body = (shop.css if css else shop.page).encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/css" if css else "text/html; charset=utf-8")
            if shop.policy:
                self.send_header("Content-Security-Policy", shop.policy)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Silent."""

    server = ThreadingHTTPServer(("127.0.0.1", int(shop.url.rsplit(":", 1)[1])), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield shop
    finally:
        server.shutdown()
        server.server_close()


def make_chat(house: House, *origins: str, **settings: Any) -> tuple[Connection, str]:
    """The shop's chat channel in the support team, and its signing secret."""
    given = {"origins": origins or ("https://shop.example",), "color": "#1f57d6", **settings}
    return create_chat_channel(name="Shop chat", team=house.support, settings=given)
