"""Search as a page and as the palette's answer; the finding itself is `tickets.search`."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import Any

from django.http import HttpRequest, HttpResponseBase, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from events.replica import read
from people.models import Agent, Customer
from people.permissions import Permission
from people.watching import searched, typed_search
from tickets.customers import customers_among
from tickets.errors import InvalidInput
from tickets.models import Tag, Ticket
from tickets.search.cursor import Order
from tickets.search.finder import SearchPage, search_tickets
from tickets.search.snippet import Pieces
from tickets.sensitive.arriving import hide_text

from .access import agent_of, signed_in
from .pages import menus_for
from .rows import Mark, Row, rows_seen
from .sidebar import sidebar_for

QUICK = 8
PEOPLE = 5
TAGS = 300
QUERY_LENGTH = 300


@dataclass(frozen=True, slots=True)
class Found:
    """A ticket and why it was found."""

    row: Row
    mark: Mark
    subject: Pieces
    snippet: Pieces


@require_safe
@signed_in
def search_page(request: HttpRequest) -> HttpResponseBase:
    agent, query, after = agent_of(request), read_query(request), request.GET.get("after", "")
    order = Order.NEWEST if request.GET.get("order") == Order.NEWEST else Order.BEST
    (page, found, people), behind = read(agent.pk, lambda: _look(agent, query, order, after))
    context: dict[str, Any] = {
        "after": after,
        "query": query,
        "newest": order is Order.NEWEST,
        "rankable": bool(page.query.wanted),
        "found": found,
        "people": people,
        "behind": None if behind is None else ceil(behind),
        "next_cursor": page.next,
        "tab": "search",
        "may_edit": agent.may(Permission.EDIT_TICKETS),
    }
    if context["found"] and context["may_edit"]:
        sidebar = sidebar_for(agent)
        context |= {"sidebar_data": sidebar, "menus": menus_for(sidebar)}
    searched(agent, hide_text(query)[0])  # the audit keeps it for ever
    return render(request, "tickets/search.html", context)


def _look(agent: Agent, query: str, order: Order, after: str) -> tuple[SearchPage, list[Found], list[Customer]]:
    try:
        page = search_tickets(agent, query, order=order, after=after)
    except InvalidInput:
        page = search_tickets(agent, query, order=order)
    people = customers_among(agent, page.customers, most=PEOPLE) if not after else []
    return page, _found(agent, page), list(people)


@require_safe
@signed_in
def quick(request: HttpRequest) -> HttpResponseBase:
    """A few tickets and customers for the palette, as plain facts."""
    agent, query = agent_of(request), read_query(request)
    page = search_tickets(agent, query, order=Order.BEST, limit=QUICK)
    typed_search(agent, query)
    tickets = Ticket.objects.visible_to(agent).select_related("customer").in_bulk(page.ids)
    shown = [tickets[id] for id in page.ids if id in tickets]
    people = customers_among(agent, page.customers, most=PEOPLE)
    return JsonResponse({
        "tickets": [{"number": t.pk, "subject": t.subject, "status": t.status, "who": t.customer.name} for t in shown],
        "people": [{"id": one.pk, "name": one.name} for one in people if one.name],
    })  # fmt: skip


@require_safe
@signed_in
def tags(request: HttpRequest) -> HttpResponseBase:
    """Every tag's name, for the menu that puts them on."""
    return JsonResponse({"tags": list(Tag.objects.values_list("name", flat=True)[:TAGS])})


def read_query(request: HttpRequest) -> str:
    return request.GET.get("q", "").replace("\x00", "").strip()[:QUERY_LENGTH]


def _found(agent: Agent, page: SearchPage) -> list[Found]:
    seen = rows_seen(agent, page.ids)
    shown = [seen[id] for id in page.ids if id in seen]
    return [
        Found(
            row, mark, page.mark(row.subject),
            page.hits[row.number].snippet if row.number in page.hits else ((row.preview, False),),
        )
        for row, mark in shown
    ]  # fmt: skip
