"""What is read: the list, a ticket, and the fragments both are made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect, JsonResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_safe

from people.models import Agent
from people.permissions import Permission
from people.watching import saw_ticket
from tickets.actions.bulk import MOST
from tickets.conditions import capped_count, plain_part, ticket_q
from tickets.counts import view_counts
from tickets.kinds import traits_of
from tickets.models import Priority, Ticket
from tickets.notices import unread_count

from .access import agent_of, signed_in
from .catalogue import View, deep_wheres, views_for, wheres_for
from .directory import Directory, read_directory
from .orders import order_query, sorted_as
from .rows import list_page
from .sidebar import Entry, Sidebar, sidebar_for
from .status_choices import status_choices
from .thread import Thread, earlier_tickets, read_thread
from .timeline import Item, read_said
from .times import send_choices, snooze_choices


@require_safe
@signed_in
def start(request: HttpRequest) -> HttpResponseBase:
    return redirect("inbox", view_key="mine")


@require_safe
@signed_in
def views_page(request: HttpRequest) -> HttpResponseBase:
    """The views as a page of their own, for phones."""
    return render(request, "tickets/views.html", {"sidebar_data": sidebar_for(agent_of(request)), "tab": "views"})


@require_safe
@signed_in
def list_view(request: HttpRequest, view_key: str) -> HttpResponseBase:
    agent = agent_of(request)
    sidebar = sidebar_for(agent)
    entry = _entry(sidebar, view_key)
    return render(request, "tickets/inbox.html", _list_context(agent, sidebar, entry, request))


@require_safe
@signed_in
def ticket_view(request: HttpRequest, view_key: str, ticket_id: int) -> HttpResponseBase:
    agent = agent_of(request)
    sidebar = sidebar_for(agent)
    entry = _entry(sidebar, view_key)
    thread = _opened(agent, ticket_id, sidebar.directory)
    context = _list_context(agent, sidebar, entry, request) | thread_context(thread)
    return render(request, "tickets/inbox.html", context)


@require_safe
@signed_in
@xframe_options_sameorigin
def ticket_beside(request: HttpRequest, ticket_id: int) -> HttpResponseBase:
    """A ticket in a frame of the inbox's own, to stand beside the open one: a page with an empty list, which nobody
    sees, so that all else works as ever."""
    agent = agent_of(request)
    sidebar = sidebar_for(agent)
    thread = _opened(agent, ticket_id, sidebar.directory)
    context = _desk_context(agent, sidebar, _entry(sidebar, "mine")) | thread_context(thread)
    response = render(request, "tickets/beside.html", context | {"where": {"status": []}})
    response["Content-Security-Policy"] = settings.CONTENT_SECURITY_POLICY.replace(
        "frame-ancestors 'none'", "frame-ancestors 'self'"
    )
    return response


@require_safe
@signed_in
def short_address(request: HttpRequest, ticket_id: int) -> HttpResponseBase:
    """/tickets/1042/ is what people paste; it opens the ticket in the widest view."""
    if not Ticket.objects.visible_to(agent_of(request)).filter(pk=ticket_id).exists():
        raise Http404
    return HttpResponseRedirect(reverse("inbox_ticket", args=["open", ticket_id]))


@require_safe
@signed_in
def rows(request: HttpRequest, view_key: str) -> HttpResponseBase:
    """The list alone, from the top or after a cursor."""
    agent = agent_of(request)
    view = sorted_as(_view(agent, view_key), request.GET.get("order", ""))
    page = list_page(agent, view.where, after=request.GET.get("after", ""), order=view.order)
    pairs = [(row, page.marks[row.number]) for row in page.rows]
    return JsonResponse({"html": render_to_string("tickets/_rows.html", {"pairs": pairs}), "next": page.next_cursor})


@require_safe
@signed_in
def pane(request: HttpRequest, ticket_id: int) -> HttpResponseBase:
    """The conversation and its customer, to stand beside a list that is already there."""
    thread = _opened(agent_of(request), ticket_id, read_directory())
    context = thread_context(thread)
    return JsonResponse({
        "thread": render_to_string("tickets/_thread.html", context, request),
        "customer": render_to_string("tickets/_customer.html", context, request),
        "title": thread.ticket.subject,
    })  # fmt: skip


@require_safe
@signed_in
def updates(request: HttpRequest, ticket_id: int) -> HttpResponseBase:
    """What happened on a ticket after an event."""
    thread = _opened(agent_of(request), ticket_id, read_directory())
    return JsonResponse(updates_of(thread, read_number(request.GET.get("event"))))


@require_safe
@signed_in
def history(request: HttpRequest, ticket_id: int) -> HttpResponseBase:
    """The stretch of history before an event."""
    thread = _opened(agent_of(request), ticket_id, read_directory())
    timeline = thread.timeline(before=read_number(request.GET.get("before")))
    return JsonResponse({"html": _items_html(timeline.items, thread), "before": timeline.earlier_than})


@require_safe
@signed_in
def customer_history(request: HttpRequest, ticket_id: int) -> HttpResponseBase:
    """The customer's other tickets, as far as the agent may see them."""
    agent = agent_of(request)
    ticket = Ticket.objects.visible_to(agent).filter(pk=ticket_id).first()
    if ticket is None:
        raise Http404
    context = {"tickets": earlier_tickets(agent, ticket)}
    return HttpResponse(render_to_string("tickets/_earlier.html", context))


@require_safe
@signed_in
def counts(request: HttpRequest) -> HttpResponseBase:
    agent = agent_of(request)
    directory = read_directory([agent])
    counted: dict[str, int | str] = {**view_counts(agent, wheres_for(agent, directory))}
    counted |= {key: capped_count(agent, where) for key, where in deep_wheres(agent, directory).items()}
    return JsonResponse({"counts": counted, "notices": unread_count(agent)})


@require_safe
@signed_in
def exact_count(request: HttpRequest, view_key: str) -> HttpResponseBase:
    """How many tickets are meant by "all in this view", to the last one; "20000+" where no job takes so many."""
    agent = agent_of(request)
    found = Ticket.objects.visible_to(agent).filter(ticket_q(_view(agent, view_key).where)).order_by()
    number = found.values("pk")[: MOST + 1].count()
    return JsonResponse({"count": f"{MOST}+" if number > MOST else str(number)})


@require_safe
@signed_in
def one_message(request: HttpRequest, ticket_id: int, message_id: int) -> HttpResponseBase:
    """One message of a ticket again, in its own layout (`?as=rich`) or as plain text."""
    agent = agent_of(request)
    thread, said = read_thread(agent, ticket_id, read_directory()), read_said(ticket_id, message_id)
    if said is None:
        raise Http404
    saw_ticket(agent, ticket_id)
    rich = request.GET.get("as") == "rich" and bool(said.message.html)
    return JsonResponse({"html": _items_html([replace(said, rich=rich)], thread)})


def _opened(agent: Agent, ticket_id: int, directory: Directory) -> Thread:
    """The conversation, noted as seen before anything of it is shown."""
    thread = read_thread(agent, ticket_id, directory)
    saw_ticket(agent, ticket_id)
    return thread


def updates_of(thread: Thread, event: int) -> dict[str, Any]:
    """The parts of an open conversation that differ since an event."""
    timeline = thread.since(event)
    context = {"thread": thread, "ticket": thread.ticket}
    return {
        "event": timeline.last_event,
        "facts": thread.facts,
        "head": render_to_string("tickets/_head.html", context),
        "top": render_to_string("tickets/_subject.html", context),
        "side": render_to_string("tickets/_customer_ticket.html", context),
        "items": _items_html(timeline.items, thread, fresh=True),
        # A message that was taken back is nothing: the browser removes it.
        "changed": {
            f"msg-{said.message.pk}": "" if said.is_withdrawn else _items_html([said], thread)
            for said in timeline.changed
        }
        | {f"msg-{id}": "" for id in timeline.gone}
        | ({timeline.chat.place: _items_html([timeline.chat], thread)} if timeline.chat else {}),
        "compose": thread.compose(),
        "related": timeline.related,
        "aside": timeline.aside,
        "person": timeline.person,
    }


def _items_html(items: Sequence[Item], thread: Thread, *, fresh: bool = False) -> str:
    return render_to_string("tickets/_items.html", {"items": items, "thread": thread, "fresh": fresh})


def thread_context(thread: Thread) -> dict[str, Any]:
    timeline = thread.timeline()
    return {
        "thread": thread, "ticket": thread.ticket, "timeline": timeline, "items": timeline.items,
        "compose": thread.compose(),
    }  # fmt: skip


def read_number(value: str | None) -> int:
    """A number from the address line; 0 for anything else."""
    return int(value) if value and value.isdecimal() and len(value) < 10 else 0


def _list_context(agent: Agent, sidebar: Sidebar, entry: Entry, request: HttpRequest) -> dict[str, Any]:
    asked, own = request.GET.get("order", ""), entry.view
    entry = replace(entry, view=sorted_as(own, asked))
    page = list_page(agent, own.where, after=request.GET.get("after", ""), order=entry.view.order)
    return _desk_context(agent, sidebar, entry) | {
        "order_query": order_query(own, asked),
        "pairs": [(row, page.marks[row.number]) for row in page.rows],
        "next_cursor": page.next_cursor,
        "where": {facet: list(allowed) for facet, allowed in plain_part(entry.view.where).items()},
        "running": sorted({traits_of(one.kind).running for one in sidebar.directory.channels.values()} - {""})[:1],
    }


def _desk_context(agent: Agent, sidebar: Sidebar, entry: Entry) -> dict[str, Any]:
    return {
        "sidebar_data": sidebar, "entry": entry, "view": entry.view, "menus": menus_for(sidebar), "tab": "inbox",
        "may_edit": agent.may(Permission.EDIT_TICKETS),
    }  # fmt: skip


def menus_for(sidebar: Sidebar) -> dict[str, Any]:
    """What the menus over tickets offer."""
    directory = sidebar.directory
    return {
        "agents": [entry for entry in directory.agents.values() if entry.takes_tickets],
        "teams": directory.teams,
        "statuses": status_choices(directory.statuses),
        "priorities": list(Priority)[::-1],
        "snoozes": snooze_choices(timezone.localtime()),
        "sends": send_choices(timezone.localtime()),
    }


def _entry(sidebar: Sidebar, view_key: str) -> Entry:
    entry = sidebar.entry(view_key)
    if entry is None:
        raise Http404("view")  # 404.html says why that may be
    return entry


def _view(agent: Agent, view_key: str) -> View:
    view = next((view for view in views_for(agent) if view.key == view_key), None)
    if view is None:
        raise Http404
    return view
