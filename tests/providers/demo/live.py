"""The second process of the demonstration: the simulators, the demo channels and the script."""

from __future__ import annotations

import os
import threading
import time
from http.server import ThreadingHTTPServer
from typing import Any

from channels_inbound.hooks.accounts import hook_url
from channels_inbound.hooks.connections import add_connection
from channels_inbound.hooks.registry import provider as provider_named
from channels_inbound.models import Connection
from people.models import Agent, Role, Team
from tests.providers import http_system, telegram, twilio, x
from tests.providers.customers import Line
from tests.providers.demo.house import ProviderHouse
from tests.providers.demo.page import page
from tests.providers.demo.script import CALL_AFTER, CALLER, SCRIPT
from tests.providers.graph import APP_SECRET, TOKEN
from tests.providers.server import handler_of

META = {"token": TOKEN, "app_secret": APP_SECRET}
NUMBER = "+380440000100"
TWILIO = {"number": NUMBER, "account_sid": twilio.SID, "auth_token": twilio.TOKEN}


def channels(base: str) -> dict[str, dict[str, Any]]:
    """What an admin would enter."""
    return {
        "messenger": {"page_id": "900000000000001", **META},
        "instagram": {"account_id": "900000000000002", "facebook_login": True, **META},
        "whatsapp": {"phone_number_id": "900000000000003", "waba_id": "900000000000009", **META},
        "fb_comments": {"page_id": "900000000000004", **META},
        "ig_comments": {"account_id": "900000000000005", "facebook_login": True, **META},
        "telegram": {"token": telegram.TOKEN},
        "x": {"user_id": x.US, "consumer_secret": x.SECRET, "token": x.TOKEN},
        "sms": TWILIO, "phone": TWILIO,
        "http": {"system": "market", "secret": http_system.SECRET, "url": f"{base}/http/replies"},
    }  # fmt: skip


def main() -> None:
    """Until the process is ended."""
    port = int(os.environ["HELPDESK_SIMULATOR_PORT"])
    base = f"http://127.0.0.1:{port}"
    house = ProviderHouse(page)
    house.lines = connect(base)
    print(
        f"  Simulators      http://localhost:{port}/ (demonstration: what customers write and get; write as one)\n",
        flush=True,
    )
    threading.Thread(target=play, args=[house], daemon=True).start()
    with ThreadingHTTPServer(("127.0.0.1", port), handler_of(house)) as server:
        server.serve_forever()


def connect(base: str) -> dict[str, Line]:
    """The demo channels, made when they are first needed, by the demo's admin."""
    admin = Agent.objects.filter(role=Role.ADMIN, is_active=True).order_by("pk").first()
    team = Team.objects.filter(name="Support").first()
    if admin is None:
        return {}
    lines = {}
    for name, values in channels(base).items():
        handler = provider_named(name)
        assert handler is not None
        found = Connection.objects.filter(provider=name, channel__name=f"Demo {handler.label}").first()
        made = found or add_connection(name, values, by=admin, name=f"Demo {handler.label}", team=team)
        lines[name] = Line(name, made.account, hook_url(made), made.verify_token)
    return lines


def play(house: ProviderHouse) -> None:
    """The script, once."""
    began = time.monotonic()
    for line in SCRIPT:
        time.sleep(max(0.0, line.after - (time.monotonic() - began)))
        house.say(line.provider, line.who, line.name, line.text)
    time.sleep(max(0.0, CALL_AFTER - (time.monotonic() - began)))
    house.call(*CALLER, rings=12.0)
