"""Threat 20, wherever it may stand: the team's word, which the world puts into everything a customer, a shop, a visitor
or a colleague can fill in, becomes markup in every text column of every table; then every page is opened in a browser.

A new column or page is part of this without being named. Left out is only what is HTML by meaning: it was cleaned when
it came and is shown in a frame of its own (tests/security/test_html_mail.py).
"""

from __future__ import annotations

import json
from uuid import uuid4

import pytest
from django.apps import apps
from django.db import connection, models
from django.utils import timezone
from playwright.sync_api import Error, Page

from commerce.models import Buyer, Order, Shop
from people.models import CustomerNote, Role
from privacy.models import ConsentEntry, LegalHold
from tests.people import make_agent
from tests.security.pages import NO_PAGE, OF_AGENTS, OF_EVERYBODY, SHOP, addresses, enrich_public, takes_get
from tests.security.routes import OWN, VISITS, Visit
from tests.security.test_evil_customer import watch
from tests.security.world import SUPPORT_WORD, Corner, World, make_world, signed_in
from tests.support.browser import OpenPage
from tests.support.live import LiveStack
from tickets.models import (
    Call,
    Channel,
    CustomStatus,
    FieldValue,
    Reminder,
    Secret,
    Tag,
    Tagging,
    Ticket,
    TicketField,
    TicketLink,
)

PAYLOADS = [
    "\"'><img src=x onerror=console.log('pwned')>",
    "</title></script><svg onload=console.log('pwned')>",
    "[x](javascript:console.log('pwned')) {{7*7}} ${7*7}",
    "\"'><style>body{display:none}</style><b class=pwned>",
]
# What of them would stand in a page as markup: an element, a style that reaches beyond its words, a link that runs.
MARKUP = "img[src='x'], svg[onload], a[href^='javascript:'], b.pwned, body style, [style*='position:fixed']"
APPS = ("people", "tickets", "knowledge", "channels_inbound", "commerce", "metrics", "livechat", "assistant", "privacy")
TEXTS = (models.CharField, models.TextField, models.JSONField)
REASONS = set[str]().union(*NO_PAGE.values())
DOWNLOADED = 0
DOWNLOADS = {
    "audit_csv", "sla_csv", "work_csv", "report_pdf", "retention_csv", "satisfaction_csv", "at_risk_csv", "message_source",
    "quarantine_source",
}  # fmt: skip
# HTML by meaning, as `html` is: an article's body, which is cleaned when it is written and when it is read in.
BODIES = {"knowledge_articletranslation", "knowledge_articlerevision"}
# What must stay a machine's word: states, keys, hashes, places.
KEPT = (
    "html",
    "digest",
    "sha256",
    "stored_as",
    "secret",
    "role",
    "kind",
    "state",
    "normalized",
    "timezone",
    "time_zone",
)


def poison(payload: str) -> int:
    """Put it in place of the word everywhere; how many columns held it."""
    held = 0
    with connection.cursor() as cursor:
        for model in apps.get_models():
            if model._meta.app_label not in APPS or not model._meta.managed:
                continue
            for field in model._meta.concrete_fields:
                body = model._meta.db_table in BODIES and field.column in ("body", "draft_body")
                if isinstance(field, TEXTS) and not body and not any(word in field.column for word in KEPT):
                    held += _replace(cursor, model._meta.db_table, field, payload)
    return held


def _replace(cursor: object, table: str, field: models.Field, payload: str) -> int:
    column, text = f'"{field.column}"', payload
    if isinstance(field, models.JSONField):
        text, new = json.dumps(payload)[1:-1], f"replace({column}::text, %s, %s)::jsonb"
    elif field.max_length:
        new = f"left(replace({column}, %s, %s), {field.max_length})"
    else:
        new = f"replace({column}, %s, %s)"
    cursor.execute(  # type: ignore[attr-defined]
        f'UPDATE "{table}" SET {column} = {new} WHERE {column}::text LIKE %s', [SUPPORT_WORD, text, f"%{SUPPORT_WORD}%"]
    )
    return int(cursor.rowcount > 0)  # type: ignore[attr-defined]


@pytest.fixture
def world(live_stack: LiveStack) -> World:
    """Made while no worker runs: it would take away what the world is just making of its mails."""
    live_stack.kill("worker")
    world = make_world()
    enrich(world.support)
    enrich_public(world.support, world.people["admin"])
    live_stack.revive()
    return world


def enrich(corner: Corner) -> None:
    """What the walk needs none of: an order, fields, tags, notes, reasons and a consent with the word in them."""
    word, ticket = corner.word, Ticket.objects.get(pk=corner.ids["ticket"])
    address = f"{word}@customer.example"
    shop, now = Shop.objects.get(name="Files"), timezone.now()
    buyer = Buyer.objects.create(key=address, email=address, name=word)
    Order.objects.create(
        shop=shop, external_id=word, number=f"#{word}", buyer=buyer, status="paid", currency="EUR", total=1000,
        placed_at=now, changed_at=now, tracking=word, items=[{"title": word, "sku": word, "quantity": 1, "price": 1000}],
    )  # fmt: skip
    field = TicketField.objects.create(name=f"{word} field", key=word, kind="choice", choices=[word, "other"])
    FieldValue.objects.create(ticket=ticket, field=field, value=word, folded=word)
    Tagging.objects.create(ticket=ticket, tag=Tag.objects.create(name=word))
    CustomStatus.objects.create(name=f"{word} status", category="open", names={"uk": word})
    CustomerNote.objects.create(public_id=uuid4(), customer=ticket.customer, text=word, at=now)
    Reminder.objects.create(ticket=ticket, agent_id=corner.ids["agent"], text=word, at=now)
    TicketLink.objects.create(ticket=ticket, other_id=corner.ids["twin"], reason="related", note=word)
    Call.objects.filter(pk=corner.ids["call"]).update(ticket=ticket)
    ConsentEntry.objects.create(customer=ticket.customer, purpose=word, given=True, how="mail", proof=word, at=now)
    LegalHold.objects.create(customer=ticket.customer, reason=word, since=now)
    Secret.objects.create(message_id=corner.ids["message"], kind="card", ends="<b>", secret="")
    Channel.objects.filter(pk=corner.ids["chat"]).update(name=f"{word} chat")


@pytest.mark.django_db
def test_every_address_is_opened_or_is_no_page() -> None:
    """What takes POST alone is no page either: its GET is answered by 405, which tests/security/test_url_walk.py holds."""
    known = addresses()
    opened = {visit.name for visit in _pages("admin")} | {visit.name for visit in _pages("agent")}
    opened |= {visit.name for visit in OF_EVERYBODY}
    assert known.keys() >= REASONS
    left = known.keys() - REASONS - opened - {"inbox", "widget_frame"}
    client = signed_in(make_agent("Adam", role=Role.ADMIN))
    assert sorted(name for name in left if takes_get(client, known[name], name)) == []


@pytest.mark.parametrize("payload", PAYLOADS)
def test_it_is_text_on_every_page(live_stack: LiveStack, world: World, open_page: OpenPage, payload: str) -> None:
    assert poison(payload) > 40
    wrong: list[str] = []
    seen = 0
    for who, visits in (
        ("admin", _pages("admin")),
        ("agent", [visit for visit in _pages("agent") if "admin" not in visit.may]),
        (None, OF_EVERYBODY),
    ):
        page = open_page(world.people[who] if who else None)
        ran, asked = watch(page)
        page.on("pageerror", lambda error, ran=ran: ran.append(f"script error: {error.stack}"))
        for visit in visits:
            status = _open(page, visit, world.support)
            if status == DOWNLOADED:
                assert visit.name in DOWNLOADS, visit.path
                continue
            seen += 1
            if status not in (200, *visit.answers):
                wrong.append(f"{visit.path}: {status}")
            if ran or asked or page.locator(MARKUP).count() or not page.locator("body").is_visible():
                wrong.append(f"{visit.path}: {ran} {asked}")
                ran.clear()
                asked.clear()
    wrong += _in_the_widget(open_page(), live_stack.url, world.support)
    assert not wrong, "\n".join(wrong)
    assert seen > 150


def _in_the_widget(page: Page, house: str, corner: Corner) -> list[str]:
    """What is wrong with its frame, which is shown in a page of the shop and nowhere else."""
    ran, asked = watch(page)
    path = f"{house}/widget/{corner.ids['widget']}/frame/?origin={SHOP}"
    page.route(
        f"{SHOP}/", lambda route: route.fulfill(content_type="text/html", body=f'<iframe src="{path}"></iframe>')
    )
    with page.expect_response(path) as answered:
        page.goto(f"{SHOP}/", wait_until="load")
    frame = page.frame_locator("iframe")
    frame.locator("body *").first.wait_for(state="attached")
    page.wait_for_timeout(60)
    bad = ran or asked or frame.locator(MARKUP).count() or answered.value.status != 200
    return [f"the widget's frame: {answered.value.status} {ran} {asked}"] if bad else []


def _pages(role: str) -> list[Visit]:
    """Each address that this role may open, once; what is only downloaded is not shown."""
    shown = [
        visit
        for visit in [*VISITS, *OWN, *OF_AGENTS]
        if visit.form is None and role in visit.may and visit.name not in REASONS
    ]
    return list({visit.path: visit for visit in shown}.values())


def _open(page: Page, visit: Visit, corner: Corner) -> int:
    """The status of what it ended at; DOWNLOADED where it is a file to keep."""
    path = visit._fill(visit.path, corner)
    query = "&".join(f"{name}={visit._fill(value, corner)}" for name, value in visit.query.items())
    try:
        response = page.goto(f"{path}?{query}" if query else path, wait_until="load")
    except Error as error:
        assert "Download" in error.message or "ERR_ABORTED" in error.message, error.message
        return DOWNLOADED
    page.wait_for_timeout(60)
    assert response is not None
    return response.status
