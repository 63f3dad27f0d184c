"""`make demo`: the simulators behind one address, their page, and that it stays a demonstration."""

from __future__ import annotations

import os
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from channels_inbound.delivery import drain_outbound
from channels_inbound.hooks.accounts import hook_url
from channels_inbound.hooks.drain import drain_hooks
from channels_inbound.models import SentPart
from tests.channels_inbound.hooks.house import KEY, connect, deliver
from tests.people import House, make_house
from tests.providers import http_system, telegram, twilio, x
from tests.providers.customers import Line, now_said, written
from tests.providers.demo import house as demo_house
from tests.providers.demo.house import ProviderHouse
from tests.providers.demo.page import page
from tests.providers.demo.script import SCRIPT
from tests.providers.graph import APP_SECRET, TOKEN
from tests.providers.server import running
from tickets.actions import reply
from tickets.models import Ticket

pytestmark = pytest.mark.django_db(transaction=True)

ROOT = Path(__file__).resolve().parents[3]
META = {"token": TOKEN, "app_secret": APP_SECRET}
TWILIO = {"number": "+380440000100", "account_sid": twilio.SID, "auth_token": twilio.TOKEN}
VALUES: dict[str, dict[str, Any]] = {
    "messenger": {"page_id": "9001", **META}, "whatsapp": {"phone_number_id": "9003", **META},
    "instagram": {"account_id": "9002", "facebook_login": True, **META}, "fb_comments": {"page_id": "9004", **META},
    "ig_comments": {"account_id": "9005", "facebook_login": True, **META}, "telegram": {"token": telegram.TOKEN},
    "x": {"user_id": x.US, "consumer_secret": x.SECRET, "token": x.TOKEN}, "sms": TWILIO,
}  # fmt: skip


@pytest.fixture
def providers(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[ProviderHouse]:
    told: list[Any] = []
    monkeypatch.setattr(demo_house, "post", lambda url, webhook: told.append((url, webhook)) or 200)
    house = ProviderHouse(page)
    with running(house):
        names = {name: f"{house.url}/{name}" for name in ("graph", "telegram", "x", "twilio")}
        settings.PROVIDER_ENDPOINTS = {**names, "instagram": f"{house.url}/graph"}
        settings.ALLOWED_NETWORKS = ["127.0.0.0/8"]
        settings.CREDENTIALS_KEYS = [KEY]
        yield house


def test_what_is_answered_arrives_at_every_simulator(providers: ProviderHouse) -> None:
    house: House = make_house()
    values = VALUES | {"http": {"system": "m", "secret": http_system.SECRET, "url": f"{providers.url}/http/replies"}}
    for number, (name, given) in enumerate(values.items()):
        connection = connect(house, name, given)
        line = Line(name, connection.account, hook_url(connection), connection.verify_token)
        providers.lines[name] = line
        said = now_said(700_100 + number, f"Person {number}", f"Hello by {name}")
        providers.people[(name, said.who)] = said.name
        assert deliver(connection, written(line, said)).status_code == 200, name
    drain_hooks()
    for ticket in Ticket.objects.order_by("pk"):
        reply(ticket.pk, by=house.olena, text=f"Answer to {ticket.pk}", undo_seconds=0)
    assert drain_outbound() == {"accepted": len(values)}
    assert {(one.provider, one.text) for one in providers.heard} == {
        (ticket.channel.kind, f"Answer to {ticket.pk}") for ticket in Ticket.objects.select_related("channel")
    }
    assert SentPart.objects.count() == len(values)


def ask(url: str, form: dict[str, str] | None = None, origin: str = "") -> tuple[int, str]:
    body = urlencode(form).encode() if form else None
    try:
        with urllib.request.urlopen(urllib.request.Request(url, body, {"Origin": origin} if origin else {})) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def test_the_page_says_what_it_is_and_takes_words_from_itself_alone(providers: ProviderHouse) -> None:
    providers.lines["messenger"] = Line("messenger", "9001", "http://testserver/hooks/messenger/k/")
    status, html = ask(f"{providers.url}/")
    assert status == 200
    assert "Demonstration" in html
    assert '<option value="messenger">' in html
    form = {"provider": "messenger", "name": "<b>Zoe", "text": "Hello"}
    assert ask(f"{providers.url}/", form, "https://evil.example")[0] == 403
    assert ask(f"{providers.url}/", form)[0] == 403
    assert providers.heard == []
    providers.later = lambda *said: providers.say(*said)  # type: ignore[method-assign, assignment, return-value]
    assert ask(f"{providers.url}/", form, providers.url)[0] == 200
    assert [(one.who, one.text) for one in providers.heard] == [("<b>Zoe", "Hello")]


@pytest.mark.parametrize(
    ("environment", "said"),
    [({"HELPDESK_MODE": "production"}, "production mode"), ({"DATABASE_URL": "postgresql://x"}, "DATABASE_URL")],
)
def test_it_refuses_where_real_people_are(environment: dict[str, str], said: str) -> None:
    given = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "HELPDESK_MODE")}
    done = subprocess.run(
        [sys.executable, "-m", "tests.providers.demo"],
        env=given | environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert said in done.stdout


def test_the_script_has_a_line_for_every_channel() -> None:
    assert {one.provider for one in SCRIPT} == {*VALUES, "http"}
