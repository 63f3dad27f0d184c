"""Every endpoint for every kind of caller: who gets in, who gets nothing, and that nothing leaks or changes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone

from commerce.models import Buyer, Order, Shop
from events.models import Event
from people.models import Agent, ApiToken, Brand, Customer, IdempotentRequest, Identity, Role
from people.tokens import create_token
from tests.api.client import Answer, Api
from tests.people import House, make_agent, open_ticket, receive
from tickets import actions
from tickets.actions.macros import Content, save_macro
from tickets.actions.views import Audience
from tickets.inbound import Address
from tickets.models import Attachment, Message, Relocation, Ticket, TicketLink

CANARY = "kanarek7391"
READABLE = {
    "me",
    "agents",
    "teams",
    "brands",
    "brand",
    "channels",
    "channel",
    "tags",
    "fields",
    "statuses",
}  # the shop's own directory: the same for everyone


@dataclass(frozen=True)
class Route:
    """One method of one address; `body` is a request that would change something."""

    name: str
    method: str
    path: str
    body: Any = None
    needs: str = "read"

    @property
    def id(self) -> str:
        return f"{self.method} {self.name}"


READS = [
    Route("me", "GET", "me/"),
    Route("agents", "GET", "agents/"),
    Route("teams", "GET", "teams/"),
    Route("tickets", "GET", "tickets/"),
    Route("tickets", "GET", f"tickets/?q={CANARY}"),
    Route("tickets", "GET", "tickets/?customer={customer}"),
    Route("tickets", "GET", f"tickets/?tag={CANARY}tag"),
    Route("tickets", "GET", "tickets/?updated_since=2020-01-01T00:00:00Z"),
    Route("ticket", "GET", "tickets/{ticket}/"),
    Route("ticket_messages", "GET", "tickets/{ticket}/messages/"),
    Route("ticket_events", "GET", "tickets/{ticket}/events/"),
    Route("message", "GET", "messages/{message}/"),
    Route("attachment", "GET", "attachments/{attachment}/"),
    Route("customers", "GET", "customers/"),
    Route("customers", "GET", f"customers/?email={CANARY}@customer.example"),
    Route("customer", "GET", "customers/{customer}/"),
    Route("channels", "GET", "channels/"),
    Route("channel", "GET", "channels/{channel}/"),
    Route("brands", "GET", "brands/"),
    Route("brand", "GET", "brands/{brand}/"),
    Route("tags", "GET", "tags/"),
    Route("fields", "GET", "fields/"),
    Route("statuses", "GET", "statuses/"),
    Route("macros", "GET", "macros/"),
    Route("orders", "GET", "orders/?customer={customer}"),
    Route("events", "GET", "events/"),
]
NEXT_MONTH = (timezone.now() + timedelta(days=30)).isoformat()
WRITES = [
    Route("tickets", "POST", "tickets/",
          {"channel": "{channel}", "customer": "{customer}", "subject": "hi", "text": "hi"}, "edit"),
    Route("ticket", "PATCH", "tickets/{ticket}/", {"priority": "urgent"}, "edit"),
    Route("ticket", "PATCH", "tickets/{ticket}/", {"assignee": "me"}, "edit"),
    Route("ticket", "PATCH", "tickets/{ticket}/", {}, "edit"),
    Route("ticket_messages", "POST", "tickets/{ticket}/messages/", {"kind": "reply", "expected_sequence": 9, "text": "hi"}, "edit"),
    Route("ticket_messages", "POST", "tickets/{ticket}/messages/", {"kind": "note", "text": "hi"}, "edit"),
    Route("ticket_messages", "POST", "tickets/{ticket}/messages/",
          {"kind": "note", "text": "hi", "expected_sequence": 0}, "edit"),
    Route("ticket_messages", "POST", "tickets/{ticket}/messages/",
          {"kind": "reply", "text": "hi", "expected_sequence": 0}, "edit"),
    Route("ticket_attachments", "POST", "tickets/{ticket}/attachments/", "file", "edit"),
    Route("ticket_merge", "POST", "tickets/{ticket}/merge/", {"into": "{twin}"}, "edit"),
    Route("ticket_split", "POST", "tickets/{ticket}/split/", {"messages": ["{message}"]}, "author"),
    Route("ticket_links", "PUT", "tickets/{ticket}/links/", {"other": "{twin}", "reason": "related"}, "edit"),
    Route("ticket_links", "DELETE", "tickets/{ticket}/links/", {"other": "{twin}", "reason": "related"}, "edit"),
    Route("ticket_spam", "PUT", "tickets/{twin}/spam/", None, "edit"),
    Route("ticket_spam", "DELETE", "tickets/{twin}/spam/", None, "edit"),
    Route("ticket_hand_over", "POST", "tickets/{ticket}/hand-over/", {"agent": "{ben}", "note": "yours"}, "edit"),
    Route("ticket_following", "PUT", "tickets/{ticket}/following/", None, "read"),
    Route("ticket_following", "DELETE", "tickets/{ticket}/following/", None, "read"),
    Route("relocation_undo", "POST", "relocations/{relocation}/undo/", {}, "edit"),
    Route("ticket_messages", "POST", "tickets/{ticket}/messages/",
          {"kind": "reply", "expected_sequence": 9, "text": "hi", "send_at": NEXT_MONTH}, "edit"),
    Route("ticket_forwards", "POST", "tickets/{ticket}/forwards/",
          {"to": ["x@out.example"], "confirm_addresses": ["x@out.example"]}, "edit"),
    Route("message_schedule", "POST", "messages/{later}/schedule/", {"now": True}, "edit"),
    Route("message_withdrawal", "POST", "messages/{reply}/withdrawal/", {}, "author"),
]  # fmt: skip
ALL = READS + WRITES
CHANGES = {"message_withdrawal", "message_schedule", "relocation_undo"}  # of what is there already


@pytest.fixture
def secret(house: House) -> dict[str, Any]:
    """A ticket of Support's in which everything carries the canary word."""
    result = receive(
        house.channel,
        sender=Address(f"{CANARY} Bauer", f"{CANARY}@customer.example"),
        subject=f"About {CANARY}",
        text=f"The {CANARY} is missing.",
    )
    assert result.ticket_id is not None
    ticket = Ticket.objects.get(pk=result.ticket_id)
    actions.add_tag(ticket.pk, by=house.olena, name=f"{CANARY}tag")
    team = Audience(team=house.support)
    save_macro(None, Content(f"{CANARY} macro", {"": f"{CANARY} says"}), by=house.adam, audience=team)
    file = Api.of(house.olena).upload(ticket.pk, f"{CANARY}.txt", f"{CANARY} inside".encode()).body["id"]
    actions.add_note(ticket.pk, by=house.olena, text=f"{CANARY} note", attachments=[file])
    reply = actions.reply(ticket.pk, by=house.olena, text=f"{CANARY} reply", undo_seconds=600)
    later = actions.reply(ticket.pk, by=house.olena, text=f"{CANARY} later", send_at=timezone.now() + timedelta(days=1))
    sender = Address(f"{CANARY} Bauer", f"{CANARY}@customer.example")
    twin, merged = (open_ticket(house.channel, sender=sender, subject=CANARY, text=CANARY).pk for _ in range(2))
    relocation = actions.merge_ticket(merged, by=house.olena, into=twin).pk
    return {
        "later": later.pk, "twin": twin, "relocation": relocation, "ticket": ticket.pk, "message": result.message_id, "reply": reply.pk, "attachment": file,
        "customer": ticket.customer_id, "channel": house.channel.pk, "ben": house.ben.pk,
        "brand": Brand.objects.create(name="Nordvik").pk, "shop": _order_of(CANARY).pk,
    }  # fmt: skip


def _order_of(word: str) -> Shop:
    """A shop, and an order under the customer's verified address with the word in it."""
    shop, now = Shop.objects.create(name="Files", key="k" * 32), timezone.now()
    mail = f"{word}@customer.example"
    Identity.objects.filter(value=mail).update(trust="verified")
    buyer = Buyer.objects.create(key=mail, email=mail)
    Order.objects.create(
        shop=shop, external_id=word, number=word, buyer=buyer, status="paid", currency="EUR", total=1000,
        placed_at=now, changed_at=now, tracking=word, items=[],
    )  # fmt: skip
    return shop


def call(api: Api, route: Route, secret: dict[str, Any]) -> Answer:
    if route.body == "file":
        return api.upload(secret["ticket"])
    path, _, query = route.path.format(**secret).partition("?")
    parameters = dict(pair.split("=") for pair in query.split("&")) if query else None
    return api.send(route.method, f"/api/v1/{path}", query=parameters, body=filled(route.body, secret))


def filled(body: Any, secret: dict[str, Any]) -> Any:
    """The body with ids in place of their names."""
    if isinstance(body, dict):
        return {name: filled(value, secret) for name, value in body.items()}
    if isinstance(body, list):
        return [filled(value, secret) for value in body]
    return secret[body[1:-1]] if isinstance(body, str) and body.startswith("{") else body


def everything() -> list[Any]:
    """All a write could touch, as text."""
    found: list[Any] = []
    with connection.cursor() as cursor:
        for model in (Ticket, TicketLink, Relocation, Message, Attachment, Event, Customer, Agent, IdempotentRequest):
            table = model._meta.db_table
            cursor.execute(f"SELECT t::text FROM {table} t ORDER BY 1")
            found.append((table, cursor.fetchall()))
    return found


def refused_tokens(house: House) -> Iterator[tuple[str, Api]]:
    yield "anonymous", Api()
    expired, row = create_token(house.olena, "old", ("read", "write"), 1)
    ApiToken.objects.filter(pk=row.pk).update(expires_at=timezone.now() - timedelta(days=1))
    yield "expired", Api(expired)
    revoked, row = create_token(house.olena, "gone", ("read", "write"), 1)
    ApiToken.objects.filter(pk=row.pk).update(revoked_at=timezone.now())
    yield "revoked", Api(revoked)
    inactive, _ = create_token(house.ben, "ben", ("read", "write"), 1)
    Agent.objects.filter(pk=house.ben.pk).update(is_active=False)
    yield "inactive", Api(inactive)


@pytest.mark.parametrize("route", ALL, ids=lambda route: route.id)
def test_without_a_live_token_nothing_is_said_or_done(house: House, secret: dict[str, Any], route: Route) -> None:
    for who, api in refused_tokens(house):
        before = everything()
        answer = call(api, route, secret)
        assert answer.status == 401, who
        assert CANARY.encode() not in answer.raw
        assert everything() == before, who


def names_theirs(route: Route) -> bool:
    """Whether it names something of the team, so that others hear 404; a list that is narrowed is just empty."""
    if route.name == "orders":
        return True
    of_theirs = "{" in route.path or route.id == "POST tickets"
    return of_theirs and route.name not in READABLE and "?" not in route.path


@pytest.mark.parametrize("route", ALL, ids=lambda route: route.id)
def test_another_teams_agent_learns_and_changes_nothing(house: House, secret: dict[str, Any], route: Route) -> None:
    own = open_ticket(house.other_channel, sender=Address("Ivo", "ivo@customer.example"))
    api, before = Api.of(house.mallory), everything()
    answer = call(api, route, secret)
    if names_theirs(route):
        assert (answer.status, answer.code) == (404, "not_found")
    else:
        assert answer.status == 200
    if route.name != "tags":  # names of tags are the shop's own words, for whoever sets them
        assert CANARY.encode() not in answer.raw
    assert everything() == before
    if route.id == "GET tickets" and route.path == "tickets/":
        assert answer.ids == [own.pk]


# Of another team, of no team, and of the team whose tickets are yet out of their sight: those see what is made for it.
OUT_OF_SIGHT = {
    "outside manager": lambda house: make_agent("Petro", role=Role.MANAGER, team=house.returns),
    "outside viewer": lambda house: make_agent("Vlad", role=Role.VIEWER, team=house.returns),
    "outside light": lambda house: make_agent("Leo", role=Role.LIGHT, team=house.returns),
    "loose agent": lambda house: make_agent("Lucy"),
    "contractor": lambda house: make_agent("Cora", role=Role.CONTRACTOR),
    "own contractor": lambda house: make_agent("Carl", role=Role.CONTRACTOR, team=house.support),
    "limited agent": lambda house: make_agent("Liam", team=house.support, channels=[house.other_channel.pk]),
}  # fmt: skip
OF_THE_TEAM = {"own contractor": {"macros"}, "limited agent": {"macros"}}


@pytest.mark.parametrize("who", OUT_OF_SIGHT)
def test_whoever_has_it_out_of_sight_learns_and_changes_nothing(house: House, secret: dict[str, Any], who: str) -> None:
    agent, wrong = OUT_OF_SIGHT[who](house), []
    api = Api.of(agent)
    before = everything()
    for route in ALL:
        answer = call(api, route, secret)
        if names_theirs(route):
            fits = (answer.status, answer.code) in ((404, "not_found"), (403, "forbidden"))
        else:
            fits = answer.status == 200 or (answer.status, answer.code) == (403, "forbidden")
        if not fits:
            wrong.append(f"{route.id}: {answer.status} {answer.code}")
        if route.name not in {"tags"} | OF_THE_TEAM.get(who, set()) and CANARY.encode() in answer.raw:
            wrong.append(f"{route.id}: told the word")
        if (after := everything()) != before:
            wrong.append(f"{route.id}: changed something")
            before = after
    assert wrong == []


@pytest.mark.parametrize("role", ["adam", "manager", "olena", "vera"])
@pytest.mark.parametrize("route", READS, ids=lambda route: route.id)
def test_whoever_may_see_reads(house: House, manager: Agent, secret: dict[str, Any], route: Route, role: str) -> None:
    agent = manager if role == "manager" else getattr(house, role)
    api, before = Api.of(agent, ("read",)), everything()  # a token is an event of its own
    answer = call(api, route, secret)
    assert answer.status == 200
    assert everything() == before
    if route.name not in READABLE - {"tags"} and not route.name.startswith("ticket_events") and route.name != "events":
        assert CANARY.encode() in answer.raw


@pytest.mark.parametrize("route", [one for one in WRITES if one.needs != "read"], ids=lambda route: route.id)
def test_a_viewer_changes_nothing(house: House, secret: dict[str, Any], route: Route) -> None:
    api, before = Api.of(house.vera), everything()
    answer = call(api, route, secret)
    assert (answer.status, answer.code) == (403, "forbidden")
    assert everything() == before


@pytest.mark.parametrize("route", WRITES, ids=lambda route: route.id)
def test_a_read_only_token_changes_nothing(house: House, secret: dict[str, Any], route: Route) -> None:
    api, before = Api.of(house.olena, ("read",)), everything()
    answer = call(api, route, secret)
    assert (answer.status, answer.code) == (403, "insufficient_scope")
    assert everything() == before


@pytest.mark.parametrize("route", WRITES, ids=lambda route: route.id)
def test_whoever_may_write_writes(house: House, manager: Agent, secret: dict[str, Any], route: Route) -> None:
    agents = [house.olena] if route.needs == "author" else [house.olena, manager, house.adam]
    for agent in agents:
        answer = call(Api.of(agent), route, secret)
        stale = isinstance(route.body, dict) and route.body.get("expected_sequence") == 0
        made = 201 if route.method == "POST" and route.name not in CHANGES else 200
        assert answer.status == (409 if stale else made)


# Shops are the whole house's: managers of any team look after them.
@pytest.mark.parametrize("who", ["olena", "mallory", "vera", *(who for who in OUT_OF_SIGHT if "manager" not in who)])
def test_only_who_looks_after_shops_writes_orders(house: House, secret: dict[str, Any], who: str) -> None:
    agent = OUT_OF_SIGHT[who](house) if who in OUT_OF_SIGHT else getattr(house, who)
    body = {"shop": secret["shop"], "orders": [{
        "external_id": CANARY, "status": "cancelled", "currency": "EUR", "total": "1.00",
        "placed_at": timezone.now().isoformat(), "changed_at": timezone.now().isoformat(),
    }]}  # fmt: skip
    answer = Api.of(agent).post("orders/", body)
    assert (answer.status, answer.code) == (403, "forbidden")
    assert list(Order.objects.values_list("status", flat=True)) == ["paid"]
    assert Api.of(house.adam).post("orders/", body).status == 200
    assert list(Order.objects.values_list("status", flat=True)) == ["cancelled"]


def test_stale_answer_shows_nothing_to_who_may_not_see(house: House, secret: dict[str, Any]) -> None:
    for kind in ("reply", "note"):
        body = {"kind": kind, "text": "x", "expected_sequence": 0}
        answer = Api.of(house.mallory).post(f"tickets/{secret['ticket']}/messages/", body)
        assert (answer.status, set(answer.body) & {"missed"}) == (404, set())


def test_unsent_upload_is_its_writers_own(house: House, ticket: Ticket) -> None:
    file = Api.of(house.olena).upload(ticket.pk, "plan.txt").body["id"]
    assert Api.of(house.olena).get(f"attachments/{file}/").raw == b"hello"
    assert Api.of(house.ben).get(f"attachments/{file}/").status == 404


def test_a_ticket_lost_from_sight_is_gone_at_once(house: House, ticket: Ticket) -> None:
    api = Api.of(house.olena)
    assert api.patch(f"tickets/{ticket.pk}/", {"team": house.returns.pk}).status == 200
    assert api.get(f"tickets/{ticket.pk}/").status == 404
    assert api.get("events/").body["results"] == []
    assert api.get("customers/").ids == []


def test_every_route_of_the_api_is_in_these_tables() -> None:
    def names(resolver: URLResolver) -> Iterator[str]:
        for entry in resolver.url_patterns:
            if isinstance(entry, URLPattern):
                view = getattr(entry.callback, "view_class", None) or getattr(entry.callback, "cls", None)
                for method in ("get", "post", "patch", "put", "delete"):
                    if view is not None and hasattr(view, method):
                        yield f"{method.upper()} {entry.name}"
            else:
                yield from names(entry)

    api = next(one for one in get_resolver().url_patterns if str(one.pattern) == "api/")
    assert isinstance(api, URLResolver)
    open_to_all = {"GET api_schema", "GET api_docs"}
    # For leads, or of shops: tests/metrics/test_api.py, tests/commerce/test_api.py; tests/knowledge/test_api.py.
    elsewhere = {name for name in names(api) if name.split()[1].startswith(("report_", "article"))}
    elsewhere |= {"POST orders"}  # for who looks after shops: below
    elsewhere |= {"POST brands", "PATCH brand", "DELETE brand"}  # for admins: tests/tickets/test_brands.py
    assert set(names(api)) - open_to_all - elsewhere == {route.id for route in ALL}
