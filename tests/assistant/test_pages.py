"""The bot's pages: who may open and change what, what is tried without a trace, and figures that can be counted again."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from assistant.models import Bot, Stretch
from commerce.models import Buyer, Order, Shop
from events.models import AuditEntry
from livechat.models import Visitor
from tests.assistant.house import ask, make_bot
from tests.knowledge.shelf import article, shelf
from tests.people import House, make_agent, make_house, row_counts, signed_in
from tickets.models import Ticket

FORM: dict[str, Any] = {
    "when": "always", "languages": ["en", "de"], "most_turns": "3", "least_match": "70", "name": "Nora",
    "greeting_en": "Hello from Nordvik!",
}  # fmt: skip
HOSTILE = "<img src=x onerror=alert(1)><script>alert(2)</script>"


@pytest.fixture
def house(db: None) -> House:
    return make_house()


def test_settings_are_kept_and_noted(house: House) -> None:
    chat = make_bot(house)
    number, adam = chat.connection.channel_id, signed_in(house.adam)
    assert "Always" in adam.get("/settings/bot/").content.decode()
    assert adam.post(f"/settings/bot/{number}/", FORM).status_code == 302
    bot = Bot.objects.get()
    assert (bot.when, bot.languages, bot.most_turns, bot.least_match, bot.name, bot.greetings) == (
        "always", ["en", "de"], 3, 70, "Nora", {"en": "Hello from Nordvik!"},
    )  # fmt: skip
    noted = AuditEntry.objects.filter(kind="setting.changed").count()
    assert noted == 1
    assert adam.post(f"/settings/bot/{number}/", FORM).status_code == 302
    assert AuditEntry.objects.filter(kind="setting.changed").count() == noted
    wrong: dict[str, Any]
    for wrong in ({"when": "now"}, {"languages": []}, {"most_turns": "0"}, {"least_match": "101"}, {"calendar": "9"}):
        assert adam.post(f"/settings/bot/{number}/", FORM | wrong).status_code == 422
    [answer] = ask(chat, "How can I return my boots?")
    assert answer.text.startswith("Hello from Nordvik!") and answer.envelope["bot"]["name"] == "Nora"


def test_others_open_and_change_nothing(house: House) -> None:
    chat = make_bot(house)
    number, before = chat.connection.channel_id, Bot.objects.values().get()
    for agent in (house.olena, house.mallory, house.vera, make_agent("Max", role="manager")):
        client = signed_in(agent)
        for path in ("", f"{number}/", f"{number}/try/"):
            assert client.get(f"/settings/bot/{path}").status_code == 403
        assert client.post(f"/settings/bot/{number}/", FORM).status_code == 403
    assert Bot.objects.values().get() == before
    assert signed_in(house.adam).get(f"/settings/bot/{house.channel.pk}/").status_code == 404
    assert signed_in(house.olena).get("/reports/bot/").status_code == 403


def test_trying_leaves_no_trace_and_says_why(house: House) -> None:
    chat = make_bot(house)
    article(shelf("Odd"), en=(HOSTILE + " zebra", "A striped zebra."))
    adam, path = signed_in(house.adam), f"/settings/bot/{chat.connection.channel_id}/try/"
    before = row_counts()
    for text, told in [
        ("How can I return my boots?", "It would answer"), ("Hello", "It would ask what they want"),
        ("I need a human", "they asked for a person"), ("Where is my order?", "without proof of who asks"),
        ("Qubits entangle?", "no article answers the question"),
    ]:  # fmt: skip
        assert told in adam.post(path, {"text": text, "language": "en"}).content.decode()
    page = adam.post(path, {"text": "zebra", "language": "en"}).content.decode()
    assert "It would answer" in page and "zebra" in page
    assert "<img src=x" not in page and "<script>alert" not in page
    assert row_counts() == before


def test_a_hostile_title_is_text_in_the_timeline(house: House) -> None:
    chat = make_bot(house)
    article(shelf("Odd"), en=(HOSTILE + " zebra", "A striped zebra."))
    ask(chat, "zebra")
    ask(chat, "It did not help")
    page = signed_in(house.adam).get(f"/tickets/{chat.ticket.pk}/", follow=True).content.decode()
    assert "Handed over" in page and "zebra" in page
    assert "Give back to the bot" not in page, "it stands above the conversation, once"
    assert (
        "Give back to the bot" in signed_in(house.adam).get(f"/chat/tickets/{chat.ticket.pk}/panel/").content.decode()
    )
    assert "<img src=x" not in page and "<script>alert" not in page


def test_only_a_proven_customer_is_told_of_an_order(house: House) -> None:
    chat = make_bot(house)
    buyer = Buyer.objects.create(key="zoe@customer.example", email="zoe@customer.example")
    now = timezone.now()
    Order.objects.create(
        shop=Shop.objects.create(name="Nordvik", key="k" * 32), external_id="1", number="48213", buyer=buyer,
        status="shipped", currency="EUR", total=18900, placed_at=now, changed_at=now, items=[{"title": "Boots"}],
        tracking="NV-1",
    )  # fmt: skip
    Visitor.objects.update(email="zoe@customer.example")
    chat.visitor.refresh_from_db()
    [handed] = ask(chat, "Where is my order 48213?")
    assert "48213" not in handed.text and "shipped" not in handed.text
    Visitor.objects.update(subject="zoe", email_signed=True)
    Bot.objects.update(fallback_team=None)
    signed_in(house.adam).post(f"/tickets/{chat.ticket.pk}/bot/")
    [told] = ask(chat, "Where is my order?")
    assert "Your order 48213" in told.text and "shipped" in told.text and "NV-1" in told.text


def test_the_report_counts_what_sql_counts(house: House) -> None:
    chat = make_bot(house)
    ask(chat, "How can I return my boots?")
    ask(chat, "This helped")
    ask(chat, "Qubits entangle?")
    adam = signed_in(house.adam)
    with CaptureQueriesContext(connection) as queries:
        page = adam.get("/reports/bot/").content.decode()
    assert len(queries) <= 16
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*), count(*) FILTER (WHERE outcome = 'helped'), count(*) FILTER (WHERE unmatched) "
            "FROM assistant_stretch"
        )
        assert cursor.fetchone() == (2, 1, 1)
    found = signed_in(house.adam).get("/reports/bot/?days=7").context["found"]
    # They wrote again within seven days, so it was not solved without people.
    assert (found.held, found.helped, found.stayed, found.handed_over, found.unmatched) == (2, 1, 0, 1, 1)
    assert found.reasons == [("no article answers the question", 1)]
    assert f"/tickets/{chat.ticket.pk}/" in page
    Stretch.objects.update(began_at=timezone.now() - timedelta(days=40))
    assert adam.get("/reports/bot/").context["found"].held == 0
    Ticket.objects.update(team=house.returns)
    Stretch.objects.update(began_at=timezone.now())
    lead = make_agent("Lea", role="manager", team=house.support)
    assert signed_in(lead).get("/reports/bot/").context["found"].held == 0
