"""Threat 54: every function of ours that writes a setting, found by its name and by who gives the order, is called here
with something new, and leaves an entry that says what was before and what is after; or stands below with a reason."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from assistant.settings import set_bot
from channels_inbound.channels import change_email_channel
from channels_inbound.contact_form.taking import set_contact_form
from channels_inbound.hooks.connections import add_connection, change_connection, remove_connection
from channels_inbound.imap.actions import change_mailbox, remove_mailbox
from channels_inbound.outgoing.actions import change_server, put_first, remove_server
from commerce.actions import remove_shop, save_shop
from events.models import AuditEntry
from knowledge.shelves import move_category, remove_category, save_category, save_centre
from livechat.channels import change_chat_channel, renew_secret, set_routes
from livechat.greetings import remove_greeting, save_greeting
from livechat.routing import Rule
from metrics.actions import move_policy, save_calendar, save_policy
from metrics.mailing.actions import save_mailing
from metrics.models import Policy, Survey
from metrics.surveys.actions import move_survey, save_contact_rules, save_survey
from metrics.surveys.vouchers import save_pool
from metrics.webhooks import add_webhook, remove_webhook
from people.actions import save_agent, save_team
from people.availability import set_limits
from people.budget import save_access_rules
from people.models import Agent
from people.sign_in_services import save_service
from tests.security.world import World, picture
from tickets.actions.brand_logos import remove_logo, set_logo
from tickets.actions.brands import BrandSaid, save_brand
from tickets.actions.custom_statuses import archive_custom_status, move_custom_status, save_custom_status
from tickets.actions.fields import archive_field, move_field, save_field
from tickets.actions.macros import Content, save_macro
from tickets.actions.views import Audience, move_view, save_view
from tickets.assigning.settings import save_assigning
from tickets.merge_policy import save_merge_policy
from tickets.models import CustomStatus, TicketField

pytestmark = pytest.mark.django_db
SECRET = "hunter2-canary"
VERBS = ("save_", "set_", "change_", "add_", "remove_", "move_", "archive_", "renew_", "put_", "start_", "create_")
# The event in the ledger says all that an entry would: what was made or is gone, by name, or from what to what.
MADE_OR_GONE = {
    "add_email_channel", "add_connection", "add_mailbox", "add_server", "add_key", "start_signing", "remove_key",
    "add_chat_channel", "remove_policy", "remove_calendar", "remove_mailing", "remove_survey", "remove_service",
    "remove_brand", "remove_macro", "remove_view", "remove_role",
}  # fmt: skip
FROM_AND_TO = {"save_role", "save_rule", "remove_rule", "save_manners"}
# Work, and no setting: what happens to tickets, customers, articles and files is told by its own events.
WORK = {
    "move_to_team", "add_message", "remove_customer_note", "save_draft", "set_field", "set_fields",
    "remove_upload", "set_priority", "add_tag", "remove_tag", "add_note", "set_reminder", "set_status",
    "change_follow_up", "remove_annotation", "set_log", "add_picture", "move_article", "create_article",
    "change_article", "start_bulk", "start_erasure", "start_export",
}  # fmt: skip


def writers() -> Iterator[str]:
    """Names of the functions that somebody gives an order to, pages and interfaces left out: those call these."""
    for app in settings.BASE_DIR.iterdir():
        if not (app / "apps.py").exists():
            continue
        for file in app.rglob("*.py"):
            if not {"migrations", "management", "pages", "api", "demo"} & set(file.relative_to(app).parts):
                yield from _ordered(file)


def _ordered(file: Path) -> Iterator[str]:
    for node in ast.parse(file.read_text()).body:
        if isinstance(node, ast.FunctionDef) and node.name.startswith(VERBS):
            given = [one for one in (*node.args.args, *node.args.kwonlyargs) if one.arg == "by" and one.annotation]
            if any(ast.unparse(one.annotation) == "Agent" for one in given if one.annotation):
                yield node.name


def _status(world: World, **more: Any) -> None:
    ids = world.support.ids
    save_custom_status(ids["own_status"], by=world.house.adam, category="on_hold", **({"name": "Waits"} | more))


def _channel(world: World) -> None:
    change_email_channel(
        world.support.channel.pk, by=world.house.adam, name="Help", team=None, locale="en", signature="", is_active=True
    )


def _chat(world: World) -> None:
    given: dict[str, Any] = {"origins": ["https://other.example"], "color": "#000000"}
    change_chat_channel(
        world.support.ids["chat"], by=world.house.adam, name="Other", team=None, locale="en", is_active=True,
        settings=given,
    )  # fmt: skip


def _bot(world: World) -> None:
    values = {"when": "always", "languages": ["en"], "name": "Robo", "most_turns": 3, "least_match": 50,
              "calendar": None, "fallback_team": None, "greetings": {}}  # fmt: skip
    set_bot(world.support.ids["chat"], by=world.house.adam, values=values)


def _agent(world: World) -> None:
    ben = world.house.ben
    save_agent(
        ben, by=world.house.adam, email="benny@shop.example", name="Benny", role="agent", teams=[], is_active=True
    )


def _service(world: World) -> None:
    given: dict[str, Any] = {
        "kind": "google",
        "issuer": "",
        "client_id": "x",
        "is_active": True,
        "has_second_step": False,
    }
    by = world.house.adam
    made = save_service(None, by=by, name="Old", secret=SECRET, **given)
    save_service(made, by=by, name="New", secret=f"{SECRET}-new", **given)


def _mailing(world: World) -> None:
    adam = world.house.adam
    given: dict[str, Any] = {"report": "work", "query": "", "rhythm": "daily", "time_zone": "UTC", "readers": [adam.pk]}
    made = save_mailing(None, by=adam, hour=7, **given)
    save_mailing(made.pk, by=adam, hour=8, **given)


def _categories(world: World, do: Callable[..., object], **more: Any) -> None:
    for name in ("First", "Second"):
        row = save_category(None, by=world.house.adam, names={"en": name})
    do(row.pk, by=world.house.adam, **more)


def _centre(world: World) -> None:
    save_centre(by=world.house.adam, languages=["en", "uk"], default_language="uk")


def _assigning(world: World) -> None:
    save_assigning(
        world.support.team.pk, by=world.house.adam, method="turns", most=3, weights={}, calendar=None,
        away_minutes=None, sticky=True,
    )  # fmt: skip


def _policy(world: World) -> None:
    save_policy(world.support.ids["policy"], by=world.house.adam, name="Slow")


def _field(world: World) -> None:
    save_field(world.support.ids["own_field"], by=world.house.adam, name="Colour", kind="text")


def _moved_field(world: World) -> None:
    last = TicketField.objects.order_by("position", "pk").last()
    assert last is not None
    move_field(last.pk, by=world.house.adam, up=True)


def _moved_status(world: World) -> None:
    last = CustomStatus.objects.filter(category="on_hold").order_by("position", "pk").last()
    assert last is not None
    move_custom_status(last.pk, by=world.house.adam, up=True)


def _view(world: World) -> None:
    audience = Audience(team=world.house.support)
    save_view(
        world.support.ids["saved_view"], by=world.house.adam, name="All", audience=audience, where={"text": ["x"]}
    )


def _macro(world: World) -> None:
    audience = Audience(team=world.house.support)
    save_macro(
        world.support.ids["macro"], Content("Thanks", {"en": "Thank you"}), by=world.house.adam, audience=audience
    )


def _logo(world: World) -> None:
    set_logo(world.support.ids["brand"], picture(), "logo.png", by=world.house.adam)


def _contact(world: World) -> None:
    set_contact_form(
        world.support.channel.pk, by=world.house.adam, is_active=True, greeting="Hi", origins=["https://x.example"]
    )


def _shop(world: World) -> None:
    shop = save_shop(None, by=world.house.adam, name="One", kind="shopify", secret=SECRET, is_active=True)
    save_shop(shop.pk, by=world.house.adam, name="Two", kind="shopify", is_active=True, secret=f"{SECRET}-new")


def _gone_shop(world: World) -> None:
    shop = save_shop(None, by=world.house.adam, name="One", kind="shopify", secret=SECRET, is_active=True)
    remove_shop(shop.pk, by=world.house.adam)


def _connection(world: World) -> None:
    given: dict[str, Any] = {"system": "till", "url": ""}
    by = world.house.adam
    made = add_connection("http", {"secret": SECRET, **given}, by=by, name="Till")
    new = {"secret": f"{SECRET}-new", **given}
    change_connection(made.channel_id, new, by=by, name="Cash", team=None, locale="en", is_active=True)


def _mailbox(world: World) -> None:
    given: dict[str, Any] = {
        "host": "imap.other.example",
        "port": 993,
        "security": "tls",
        "username": "u",
        "folder": "INBOX",
    }
    change_mailbox(world.support.ids["mailbox"], given, {"password": SECRET}, by=world.house.adam)


def _server(world: World) -> None:
    given: dict[str, Any] = {"host": "smtp.other.example", "port": 465, "security": "tls", "username": "u"}
    change_server(world.support.ids["server"], given, {"password": SECRET}, by=world.house.adam)


def _calendar(world: World) -> None:
    save_calendar(
        world.support.ids["spare"], by=world.house.adam, name="Night", time_zone="UTC", weekly=[[[0, 60]]] * 7
    )


def _pool(world: World) -> None:
    save_pool(world.support.ids["pool"], by=world.house.adam, name="Gift", worth="5 %", valid_until=None, warn_below=1)


def _last(model: Any) -> int:
    return int(model.objects.order_by("position", "pk").last().pk)


WRITES: dict[str, Callable[[World], Any]] = {
    "archive_custom_status": lambda w: archive_custom_status(w.support.ids["own_status"], by=w.house.adam),
    "archive_field": lambda w: archive_field(w.support.ids["own_field"], by=w.house.adam),
    "add_webhook": lambda w: add_webhook(by=w.house.adam, name="Bell", url="https://bell.example/"),
    "change_chat_channel": _chat,
    "change_connection": _connection,
    "change_email_channel": _channel,
    "change_mailbox": _mailbox,
    "change_server": _server,
    "move_category": lambda w: _categories(w, move_category, up=True),
    "move_custom_status": _moved_status,
    "move_field": _moved_field,
    "move_policy": lambda w: move_policy(_last(Policy), by=w.house.adam, up=True),
    "move_survey": lambda w: move_survey(_last(Survey), by=w.house.adam, up=True),
    "move_view": lambda w: move_view(w.support.ids["saved_view"], by=w.house.adam, down=False),
    "put_first": lambda w: put_first(w.support.ids["server"], by=w.house.adam),
    "remove_category": lambda w: _categories(w, remove_category),
    "remove_connection": lambda w: remove_connection(w.support.ids["connected"], by=w.house.adam),
    "remove_greeting": lambda w: remove_greeting(w.support.ids["chat"], w.support.ids["greeting"], by=w.house.adam),
    "remove_logo": lambda w: remove_logo(w.support.ids["brand"], by=w.house.adam),
    "remove_mailbox": lambda w: remove_mailbox(w.support.ids["mailbox"], by=w.house.adam),
    "remove_server": lambda w: remove_server(w.support.ids["server"], by=w.house.adam),
    "remove_shop": _gone_shop,
    "remove_webhook": lambda w: remove_webhook(w.support.ids["webhook"], by=w.house.adam),
    "renew_secret": lambda w: renew_secret(w.support.ids["chat"], by=w.house.adam),
    "save_access_rules": lambda w: save_access_rules(by=w.house.adam, tickets=7, files=7, stops=True),
    "save_agent": _agent,
    "save_assigning": _assigning,
    "save_brand": lambda w: save_brand(w.support.ids["brand"], BrandSaid("Nord"), by=w.house.adam),
    "save_calendar": _calendar,
    "save_category": lambda w: _categories(w, save_category, names={"en": "Third"}),
    "save_centre": _centre,
    "save_contact_rules": lambda w: save_contact_rules(by=w.house.adam, **CONTACT),
    "save_custom_status": _status,
    "save_field": _field,
    "save_greeting": lambda w: save_greeting(
        w.support.ids["chat"], w.support.ids["greeting"], by=w.house.adam, name="Hello", texts={"en": "Hello"}
    ),
    "save_macro": _macro,
    "save_mailing": _mailing,
    "save_merge_policy": lambda w: save_merge_policy(by=w.house.adam, is_on=True, hours=5),
    "save_policy": _policy,
    "save_pool": _pool,
    "save_service": _service,
    "save_shop": _shop,
    "save_survey": lambda w: save_survey(w.support.ids["survey"], by=w.house.adam, name="After", kind="csat"),
    "save_team": lambda w: save_team(w.support.team, by=w.house.adam, name="Helpers"),
    "save_view": _view,
    "set_bot": _bot,
    "set_contact_form": _contact,
    "set_limits": lambda w: set_limits(w.house.ben, by=w.house.adam, most=4, calendar=None),
    "set_logo": _logo,
    "set_routes": lambda w: set_routes(w.support.ids["chat"], by=w.house.adam, rules=[Rule(w.house.returns.pk)]),
}
CONTACT: dict[str, Any] = {"allowance": 3}


def test_every_writer_is_here_or_has_a_reason() -> None:
    assert set(writers()) >= WORK
    assert set(writers()) - WORK == WRITES.keys() | MADE_OR_GONE | FROM_AND_TO


@pytest.mark.parametrize("name", WRITES)
def test_a_setting_leaves_an_entry_with_before_and_after(world: World, name: str) -> None:
    first = AuditEntry.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    WRITES[name](world)
    entries = AuditEntry.objects.filter(pk__gt=first, kind="setting.changed")
    told = [pair for entry in entries for pair in entry.data.values()]
    assert told and all(len(pair) == 2 for pair in told), name
    assert {entry.actor_id for entry in entries} == {world.house.adam.pk}
    assert any(before != after or before == "…" for before, after in told)
    assert SECRET not in repr(list(AuditEntry.objects.values()))


def test_an_agents_own_macro_and_view_are_told_to_nobody(world: World) -> None:
    olena: Agent = world.house.olena
    own = Audience(owner=olena)
    macro = save_macro(None, Content("Mine", {"en": "a"}), by=olena, audience=own)
    view = save_view(None, by=olena, name="Mine", audience=own, where={"text": ["x"]})
    before = AuditEntry.objects.count()
    save_macro(macro.pk, Content("Mine", {"en": "b"}), by=olena, audience=own)
    save_view(view.pk, by=olena, name="My own", audience=own, where={"text": ["x"]})
    assert AuditEntry.objects.count() == before
