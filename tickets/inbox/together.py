"""Tickets that belong together: merging, splitting, linking, and what the ticket's pane says of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from people.models import Agent
from people.permissions import Permission
from people.watching import saw_ticket
from tickets.actions import linking, merging, splitting
from tickets.actions.linking import SAID
from tickets.errors import NotFound
from tickets.models import LinkReason, Message, Relocation, RelocationKind, Status, Ticket, TicketLink
from tickets.search.cursor import Order
from tickets.search.finder import search_tickets
from tickets.suggestions import suggest_merges

from .access import agent_of, signed_in
from .finder import read_query
from .given import why_together
from .pages import read_number
from .said import Said, say
from .writes import write

FOUND = 8
LISTED = 60


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A linked ticket, from the other's point of view; `reason` can be taken back when it was `said` by somebody."""

    ticket: Ticket
    reason: str
    label: str
    note: str

    @property
    def said(self) -> bool:
        return self.reason in SAID


@dataclass(frozen=True, slots=True)
class Perhaps:
    """A suggestion with its reasons in words."""

    ticket: Ticket
    why: str


@require_safe
@signed_in
def related(request: HttpRequest, ticket_id: int) -> HttpResponseBase:
    """What the ticket has to do with others, for its pane: asked for after the page, so it costs the page nothing."""
    agent = agent_of(request)
    ticket = visible_ticket(agent, ticket_id)
    context = {
        "ticket": ticket, "moves": _moves(agent, ticket), "neighbours": _neighbours(agent, ticket),
        "perhaps": [Perhaps(one.ticket, why_together(one.reasons, one.named)) for one in suggest_merges(agent, ticket)],
        "may_edit": agent.may(Permission.EDIT_TICKETS),
    }  # fmt: skip
    return render(request, "tickets/_related.html", context)


@require_safe
@signed_in
def merge_sheet(request: HttpRequest, ticket_id: int) -> HttpResponseBase:
    """Into which ticket: those that may be about the same, then what is searched for."""
    return _choosing(request, ticket_id, "tickets/_sheet_merge.html")


@require_safe
@signed_in
def link_sheet(request: HttpRequest, ticket_id: int) -> HttpResponseBase:
    return _choosing(request, ticket_id, "tickets/_sheet_link.html")


@require_safe
@signed_in
def split_sheet(request: HttpRequest, ticket_id: int) -> HttpResponseBase:
    """Which messages: all that may leave, the one named ticked."""
    agent = agent_of(request)
    ticket = visible_ticket(agent, ticket_id)
    saw_ticket(agent, ticket.pk)
    context = {"ticket": ticket, "said": _splittable(ticket), "chosen": read_number(request.GET.get("message"))}
    return render(request, "tickets/_sheet_split.html", context)


@write
def merge(request: HttpRequest, agent: Agent, ticket_id: int) -> dict[str, Any]:
    other, keep = read_number(request.POST.get("other")), request.POST.get("keep", "")
    source, into = (other, ticket_id) if keep == "this" else (ticket_id, other)
    if keep == "older":
        source, into = max(ticket_id, other), min(ticket_id, other)
    done = merging.merge_ticket(source, by=agent, into=into, confirmed="confirmed" in request.POST)
    said = _("#%(one)d is part of #%(other)d now.") % {"one": done.source_id, "other": done.target_id}
    return {"said": said, "open": done.target_id, "undo": reverse("relocation_undo", args=[done.pk])}


@write
def split(request: HttpRequest, agent: Agent, ticket_id: int) -> dict[str, Any]:
    chosen = [read_number(value) for value in request.POST.getlist("message")]
    done = splitting.split_ticket(ticket_id, by=agent, messages=chosen, subject=request.POST.get("subject", ""))
    said = _("#%(number)d was split off.") % {"number": done.target_id}
    return {"said": said, "open": done.target_id, "undo": reverse("relocation_undo", args=[done.pk])}


@write
def undo(request: HttpRequest, agent: Agent, relocation_id: int) -> dict[str, Any]:
    """Take a merge or a split back; the ticket that is left is opened."""
    kind = Relocation.objects.filter(pk=relocation_id).values_list("kind", flat=True).first()
    take_back = splitting.undo_split if kind == RelocationKind.SPLIT else merging.undo_merge
    done = take_back(relocation_id, by=agent)
    return _taken_back(done)


def _taken_back(done: Relocation) -> dict[str, Any]:
    """In words, with where things are now."""
    if done.kind == RelocationKind.SPLIT:
        return {"said": _("It is one ticket again."), "open": done.source_id}
    said = _(
        "#%(one)d is a ticket of its own again, with what was said in its threads since. Notes stay in #%(other)d."
    )
    return {"said": said % {"one": done.source_id, "other": done.target_id}, "open": done.source_id}


@write
def unmerge(request: HttpRequest, agent: Agent, ticket_id: int) -> dict[str, Any]:
    """From the signpost itself: take back what made it one."""
    moves = Relocation.objects.filter(Q(source=ticket_id, kind=RelocationKind.MERGE, undone_at=None))
    done = moves.order_by("-pk").first()
    if done is None:
        raise NotFound(_("There is no such merge."))
    return _taken_back(merging.undo_merge(done.pk, by=agent))


@write
def links(request: HttpRequest, agent: Agent, ticket_id: int) -> dict[str, Any]:
    """Link, take a link away, or with `undo` in the address take back what one has just done of the two."""
    form, undone = request.POST, request.GET.get("undo", "")
    if undone:
        linking.undo_link(ticket_id, int(undone) if undone.isdecimal() and len(undone) < 19 else 0, by=agent)
        return {"said": _("Taken back.")}
    other, reason = read_number(form.get("other")), form.get("reason", "")
    if "remove" in form:
        gone = linking.unlink_tickets(ticket_id, by=agent, other=other, reason=reason)
        return {"said": _("The link is gone.")} | _undoing(ticket_id, gone)
    one, two = (other, ticket_id) if reason == "parent" else (ticket_id, other)
    reason = LinkReason.CHILD.value if reason == "parent" else reason
    link = linking.link_tickets(one, by=agent, other=two, reason=reason, note=form.get("note", ""))
    here = link.ticket if link.ticket_id == ticket_id else link.other
    apart = reason == LinkReason.DISTINCT
    said = _("#%(number)d is not suggested here any more.") if apart else _("Linked with #%(number)d.")
    return {"said": said % {"number": other}} | _undoing(ticket_id, here.recorded)


def _undoing(ticket_id: int, event: int | None) -> dict[str, Any]:
    """Where a link is taken back; nothing when nothing was changed."""
    return {"undo": f"{reverse('ticket_links', args=[ticket_id])}?undo={event}"} if event else {}


def visible_ticket(agent: Agent, ticket_id: int) -> Ticket:
    """The ticket if the agent may see it; Http404 otherwise."""
    ticket = Ticket.objects.visible_to(agent).select_related("merged_into").filter(pk=ticket_id).first()
    if ticket is None:
        raise Http404("no such ticket")
    return ticket


def _choosing(request: HttpRequest, ticket_id: int, template: str) -> HttpResponseBase:
    agent = agent_of(request)
    ticket, query = visible_ticket(agent, ticket_id), read_query(request)
    other = request.GET.get("other", "")
    if query or other:
        found = _found(agent, ticket, query or other)
    else:
        found = [one.ticket for one in suggest_merges(agent, ticket)]
    if "q" in request.GET:
        return render(request, "tickets/_sheet_found.html", {"ticket": ticket, "found": found, "query": query})
    return render(request, template, {"ticket": ticket, "found": found, "query": other, "reasons": _reasons()})


def _found(agent: Agent, ticket: Ticket, query: str) -> Sequence[Ticket]:
    """Tickets by number or words, that can still be changed."""
    number = query.removeprefix("#")
    ids = [int(number)] if number.isdecimal() and len(number) < 10 else []
    ids += [id for id in search_tickets(agent, query, order=Order.BEST, limit=FOUND).ids if id not in ids]
    known = Ticket.objects.visible_to(agent).filter(pk__in=ids, merged_into=None).exclude(pk=ticket.pk)
    tickets = known.exclude(status__in=(Status.CLOSED, Status.SPAM)).select_related("customer").in_bulk()
    return [tickets[id] for id in ids if id in tickets]


def _reasons() -> list[tuple[str, str]]:
    return [
        ("related", _("has to do with")), ("child", _("is part of")), ("parent", _("has as a part")),
        ("duplicate", _("is about the same as")),
    ]  # fmt: skip


def _moves(agent: Agent, ticket: Ticket) -> list[Relocation]:
    """Merges and splits in force, as far as the agent may see both sides."""
    visible = Ticket.objects.visible_to(agent)
    here = Q(target=ticket, source__in=visible) | Q(source=ticket, target__in=visible)
    found = Relocation.objects.filter(here, undone_at=None).select_related("source", "target", "by")
    return list(found.order_by("-pk")[:LISTED])


def _neighbours(agent: Agent, ticket: Ticket) -> list[Neighbour]:
    visible = Ticket.objects.visible_to(agent)
    here = Q(ticket=ticket, other__in=visible) | Q(other=ticket, ticket__in=visible)
    shown = TicketLink.objects.filter(here).exclude(reason__in=(LinkReason.SPLIT, LinkReason.DISTINCT))
    found = shown.select_related("ticket", "other").order_by("-pk")[:LISTED]
    return [_neighbour(link, ticket) for link in found]


def _neighbour(link: TicketLink, ticket: Ticket) -> Neighbour:
    outward = link.ticket_id == ticket.pk
    label = str(LinkReason(link.reason).label) if link.reason in LinkReason.values else link.reason
    if link.reason == LinkReason.CHILD:
        label = _("This ticket is part of it") if outward else _("Is part of this ticket")
    return Neighbour(link.other if outward else link.ticket, link.reason, label, link.note)


def _splittable(ticket: Ticket) -> list[Said]:
    messages = Message.objects.filter(ticket=ticket, pending=False).select_related("identity", "agent", "conversation")
    said = [say(message) for message in messages.order_by("-sequence")[:LISTED]]
    return [one for one in reversed(said) if one.may_be_split]
