"""A customer's own page: who they are, what was written about them, and every ticket of theirs in one's sight."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from django.contrib import messages
from django.core.exceptions import PermissionDenied as Forbidden
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from people.models import Agent, Customer, CustomerNote, IdentityKind, Trust
from people.permissions import Permission, PermissionDenied
from tickets import customers
from tickets.actions import customer_notes, same_person
from tickets.errors import DomainError, InvalidInput, NotFound
from tickets.kinds import registered_kinds
from tickets.models import Status, Ticket

from .access import agent_of, signed_in
from .addresses import Address, addresses_of
from .finder import Found
from .local_time import zone_of
from .pages import read_number
from .rows import read_cursor, rows_seen, write_cursor
from .writes import posted_uuid

PAGE = 25
NOTES = 50


def visible_customer(agent: Agent, customer_id: int) -> Customer:
    """The customer if the agent may know of them; Http404 otherwise."""
    found = customers.visible_customer(agent, customer_id)
    if found is None:
        raise Http404("no such customer")
    return found


@require_safe
@signed_in
def customer_page(request: HttpRequest, customer_id: int) -> HttpResponseBase:
    agent = agent_of(request)
    customer = visible_customer(agent, customer_id)
    if customer.pk != customer_id:
        return redirect("customer", customer.pk)
    known, family = addresses_of(customer), same_person.family_of(customer.pk)
    context = {
        "customer": customer, "addresses": known, "name": customer.name or (known[0].shown if known else ""),
        "zone": _zone(customer, known), "notes": _notes(family), "note_id": uuid4(),
        "may_note": agent.may(Permission.NOTE), "may_tend": agent.may(Permission.MANAGE_SHARED),
        "kinds": [one for one in registered_kinds() if one.writes], "tab": "search",
        "handles_privacy": agent.may(Permission.HANDLE_PRIVACY),
        **_tickets(agent, family, request.GET.get("after", "")),
    }  # fmt: skip
    context["may_prefer"] = agent.may(Permission.EDIT_TICKETS) and _ticket_of(agent, family) is not None
    return render(request, "tickets/customer.html", context)


@require_POST
@signed_in
def note(request: HttpRequest, customer_id: int) -> HttpResponseBase:
    """Write a note, or take one away."""
    agent, form = agent_of(request), request.POST
    removed = read_number(form.get("remove"))
    try:
        if removed:
            customer_notes.remove_customer_note(customer_id, removed, by=agent)
        else:
            client_id = posted_uuid(form.get("client_id"), "client_id") or uuid4()
            customer_notes.note_customer(customer_id, by=agent, text=form.get("text", ""), client_id=client_id)
    except NotFound:
        raise Http404("no such customer") from None
    except PermissionDenied as error:
        raise Forbidden from error
    except InvalidInput as error:
        messages.error(request, error.message)
    return redirect("customer", customer_id)


@require_POST
@signed_in
def prefer(request: HttpRequest, customer_id: int) -> HttpResponseBase:
    """Note how they like to be answered; it is told on their latest ticket that can still be changed."""
    agent = agent_of(request)
    customer = visible_customer(agent, customer_id)
    ticket = _ticket_of(agent, same_person.family_of(customer.pk))
    try:
        if ticket is not None:
            same_person.prefer_channel(ticket, request.POST.get("kind", "")[:16], by=agent)
    except PermissionDenied as error:
        raise Forbidden from error
    except DomainError as error:
        messages.error(request, error.message)
    return redirect("customer", customer.pk)


def _zone(customer: Customer, known: list[Address]) -> str:
    proven = [one.value for one in known if one.kind == IdentityKind.PHONE and one.trust == Trust.VERIFIED]
    return zone_of(customer.time_zone, proven)


def _notes(family: list[int]) -> list[CustomerNote]:
    written = CustomerNote.objects.filter(customer__in=family).select_related("by")
    return list(written.order_by("-at", "-pk")[:NOTES])


def _tickets(agent: Agent, family: list[int], after: str) -> dict[str, Any]:
    """A page of their tickets in the agent's scope, the newest first."""
    theirs = _theirs(agent, family).newest_first()
    if place := read_cursor(after):
        theirs = theirs.before(*place)
    places = list(theirs.values_list("pk", "last_message_at")[: PAGE + 1])
    seen = rows_seen(agent, [id for id, _at in places[:PAGE]])
    shown = [seen[id] for id, _at in places[:PAGE] if id in seen]
    found = [Found(row, mark, ((row.subject, False),), ((row.preview, False),)) for row, mark in shown]
    last = places[PAGE - 1] if len(places) > PAGE else None
    return {"found": found, "next_cursor": write_cursor(last[1], last[0]) if last else ""}


def _theirs(agent: Agent, family: list[int]) -> Any:
    return Ticket.objects.visible_to(agent).filter(customer__in=family)


def _ticket_of(agent: Agent, family: list[int]) -> int | None:
    open_ones = _theirs(agent, family).exclude(status__in=[Status.CLOSED, Status.SPAM]).filter(merged_into=None)
    number: int | None = open_ones.newest_first().values_list("pk", flat=True).first()
    return number
