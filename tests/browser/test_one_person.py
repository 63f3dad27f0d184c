"""One person on many channels, as agents meet it: a window that is over and what may go all the same, and two customers
who are one. Each by mouse and by keyboard, the provider over real HTTP."""

from __future__ import annotations

import json
import time
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.test import override_settings
from playwright.sync_api import Locator, Page, expect

from channels_inbound.hooks.connections import add_connection
from channels_inbound.models import Connection
from people.models import Customer
from tests.people import House, events_of, make_house, open_ticket, receive
from tests.providers.customers import Line, Said, written
from tests.providers.graph import APP_SECRET, TOKEN, GraphServer
from tests.providers.server import running
from tests.support.browser import PATIENCE, OpenPage, accessibility_violations, reach
from tests.support.live import LiveStack, test_database_url
from tests.support.smtp_sink import SmtpSink
from tickets.inbound import Address
from tickets.models import Message, OutboxState, Ticket

KEY = Fernet.generate_key().decode()
Press = Callable[[Locator], None]


def by_mouse(target: Locator) -> None:
    target.click()


def by_keyboard(target: Locator) -> None:
    """What Tab can reach is pressed with Enter; a choice with Space."""
    reach(target.page, target)
    target.press("Space" if target.get_attribute("type") == "radio" else "Enter")


@pytest.fixture(params=[by_mouse, by_keyboard], ids=["mouse", "keyboard"])
def press(request: pytest.FixtureRequest) -> Press:
    return request.param  # type: ignore[no-any-return]


@pytest.fixture(scope="module")
def graph() -> Iterator[GraphServer]:
    server = GraphServer()
    with running(server):
        yield server


@pytest.fixture(scope="module")
def live_processes(
    django_db_setup: None, django_db_blocker: Any, smtp_sink_server: SmtpSink, graph: GraphServer
) -> Iterator[LiveStack]:
    """Whose processes know where the provider is."""
    stack = LiveStack({
        "DATABASE_URL": test_database_url(), "EMAIL_URL": smtp_sink_server.url, "HELPDESK_LOG_FORMAT": "json",
        "HELPDESK_PROVIDER_ENDPOINTS": f"graph={graph.url}", "HELPDESK_ALLOWED_NETWORKS": "127.0.0.0/8",
        "HELPDESK_CREDENTIALS_KEYS": KEY,
    })  # fmt: skip
    try:
        stack.start()
        yield stack
    finally:
        stack.stop()


@pytest.fixture
def house(live_stack: LiveStack) -> Iterator[House]:
    with override_settings(CREDENTIALS_KEYS=[KEY], ALLOWED_NETWORKS=["127.0.0.0/8"]):
        yield make_house()


@pytest.fixture
def whatsapp(house: House) -> Connection:
    values = {"phone_number_id": "9003", "token": TOKEN, "app_secret": APP_SECRET, "waba_id": "77"}
    return add_connection("whatsapp", values, by=house.adam, name="WhatsApp", team=house.support)


def customer_writes(stack: LiveStack, connection: Connection, text: str, *, hours_ago: float) -> None:
    """The provider's signed webhook, posted to the running web process."""
    said = Said(234567, "Zoe", text, "1", time.time() - hours_ago * 3600)
    webhook = written(Line(connection.provider, connection.account, "", connection.verify_token), said)
    request = urllib.request.Request(
        f"{stack.url}/hooks/{connection.provider}/{connection.key}/", webhook.body, dict(webhook.headers)
    )
    request.add_header("Content-Type", webhook.content_type)
    with urllib.request.urlopen(request, timeout=30) as answer:
        assert answer.status == 200


def eventually(found: Callable[[], Any]) -> Any:
    until = time.monotonic() + PATIENCE / 1000
    while not (value := found()):
        assert time.monotonic() < until, "it did not happen"
        time.sleep(0.1)
    return value


def test_after_the_window_an_approved_template_goes_once(
    house: House, whatsapp: Connection, graph: GraphServer, live_stack: LiveStack, open_page: OpenPage, press: Press
) -> None:
    graph.requests.clear()
    customer_writes(live_stack, whatsapp, "Where is my parcel?", hours_ago=30)
    ticket: Ticket = eventually(Ticket.objects.first)
    admin = open_page(house.adam)
    admin.goto(f"/channels/{whatsapp.channel_id}/connection/")
    press(admin.get_by_role("button", name="Fetch templates"))
    expect(admin.locator("main")).to_contain_text("Вітаємо, {{1}}!")

    page = open_page(house.olena)
    page.goto(f"/inbox/open/{ticket.pk}/")
    expect(page.locator(".comp")).to_contain_text("That time is over")
    page.set_viewport_size({"width": 390, "height": 844})
    notice = page.locator(".goes", has_text="That time is over")
    words, button = notice.locator("span").bounding_box(), notice.get_by_role("button").bounding_box()
    assert words and button and button["y"] >= words["y"] + words["height"] and words["width"] > 250
    page.set_viewport_size({"width": 1440, "height": 900})
    press(page.get_by_role("button", name="Template or another channel"))
    dialog = page.locator("#elsewhere")
    press(dialog.get_by_role("radio"))
    dialog.get_by_label("Template", exact=True).select_option(label="order_news (uk)")
    assert not accessibility_violations(page)
    press(dialog.get_by_role("button", name="Send"))
    expect(dialog.get_by_role("alert")).to_contain_text("every variable")
    dialog.get_by_label("Variable 1").fill("Зоє")
    dialog.get_by_label("Variable 2").fill("48213")
    expect(dialog.locator(".preview")).to_have_text("Вітаємо, Зоє! Замовлення 48213 вже в дорозі.")
    press(dialog.get_by_role("button", name="Send"))
    expect(dialog).to_be_hidden()
    expect(page.locator("#timeline")).to_contain_text("Вітаємо, Зоє! Замовлення 48213 вже в дорозі.")

    answer = Message.objects.latest("pk")
    eventually(lambda: Message.objects.filter(pk=answer.pk, outbox=OutboxState.SENT).exists())
    (sent,) = [json.loads(one.body) for one in graph.requests if graph.is_send(one)]
    assert (sent["type"], sent["to"], sent["template"]["name"]) == ("template", "380670234567", "order_news")
    assert [one["text"] for one in sent["template"]["components"][0]["parameters"]] == ["Зоє", "48213"]
    assert events_of(ticket.pk)[-3:] == ["message.queued", "message.sent", "delivery.accepted"]


def test_two_customers_become_one_and_two_again(house: House, open_page: OpenPage, press: Press) -> None:
    mail = open_ticket(house.channel, verdict="pass")
    chat = Ticket.objects.get(pk=receive(
        house.other_channel.__class__.objects.create(kind="telegram", name="Telegram", address="1", team=house.support),
        identity_kind="page_user", sender=Address("Zed", "telegram:5"), text="I am zoe@customer.example", verdict="pass",
        thread_id="telegram:5", to=(), in_reply_to="", references=(),
    ).ticket_id)  # fmt: skip
    page = open_page(house.olena)
    page.goto(f"/inbox/open/{chat.pk}/")
    panel = page.locator(".same")
    expect(panel).to_contain_text("Perhaps the same person as Zoe Bauer")
    expect(panel).to_contain_text("Wrote here that zoe@customer.example is theirs")
    press(panel.get_by_role("button", name="Same person"))
    expect(page.locator(".same")).to_contain_text("Joined with")
    expect(page.locator("#customer")).to_contain_text("zoe@customer.example")
    assert not accessibility_violations(page)
    assert Customer.objects.exclude(merged_into=None).count() == 1
    mail.refresh_from_db(), chat.refresh_from_db()
    assert mail.customer_id == chat.customer_id
    press(page.locator(".same").get_by_role("button", name="Take apart"))
    expect(page.locator(".same")).to_contain_text("Perhaps the same person as")
    mail.refresh_from_db(), chat.refresh_from_db()
    assert mail.customer_id != chat.customer_id
    assert not Customer.objects.exclude(merged_into=None).exists()
    _two_people(page, press)


def _two_people(page: Page, press: Press) -> None:
    """Kept apart nobody asks again, also after coming back."""
    press(page.locator(".same").get_by_role("button", name="Two people"))
    expect(page.locator(".same")).to_have_count(0)
    page.reload()
    expect(page.locator(".prefers")).to_be_visible()
    expect(page.locator(".same")).to_have_count(0)
