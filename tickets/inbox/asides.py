"""What is asked of others beside the ticket: a thread of its own for each, with a composer of its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from people.models import Agent
from people.permissions import Permission
from people.watching import saw_ticket
from tickets.actions import asides
from tickets.models import Conversation, Message, MessageKind, OutboxState, Participant, Status, Ticket
from tickets.recipients import is_address

from .access import agent_of, signed_in
from .pages import read_number
from .said import Said, say
from .together import visible_ticket
from .writes import posted_uuid, write

SHOWN = 60


@dataclass(frozen=True, slots=True)
class Aside:
    """One of them, as the pane lists it."""

    conversation: Conversation
    people: str
    last: Message | None
    settled: bool

    @property
    def answered(self) -> bool:
        return not self.settled and self.last is not None and self.last.kind == MessageKind.INBOUND


@require_safe
@signed_in
def part(request: HttpRequest, ticket_id: int) -> HttpResponseBase:
    """The pane's list; asked for after the page, so it costs the page nothing."""
    agent = agent_of(request)
    ticket = visible_ticket(agent, ticket_id)
    found = [_aside(one) for one in asides.asides_of(ticket.pk)[:SHOWN]]
    found = [one for one in found if one.last is not None]
    if found:
        saw_ticket(agent, ticket.pk)
    return render(
        request, "tickets/_asides.html", {"ticket": ticket, "asides": found, "may_ask": _may_write(agent, ticket)}
    )


@require_safe
@signed_in
def ask_sheet(request: HttpRequest, ticket_id: int) -> HttpResponseBase:
    """Whom to ask, what, and which messages they are shown: none unless chosen."""
    ticket = visible_ticket(agent_of(request), ticket_id)
    saw_ticket(agent_of(request), ticket.pk)
    context = {"ticket": ticket, "said": [say(one) for one in asides.quotable(ticket)]}
    return render(request, "tickets/_sheet_ask.html", context | {"chosen": read_number(request.GET.get("message"))})


@require_safe
@signed_in
def aside_sheet(request: HttpRequest, conversation_id: int) -> HttpResponseBase:
    """The thread, with room for an answer."""
    agent = agent_of(request)
    visible = Ticket.objects.visible_to(agent)
    conversation = Conversation.objects.filter(pk=conversation_id, aside=True, ticket__in=visible).first()
    if conversation is None:
        raise Http404("no such conversation")
    said = Message.objects.filter(conversation=conversation).select_related("identity", "agent", "conversation")
    messages: list[Said] = [
        say(one) for one in said.exclude(outbox=OutboxState.WITHDRAWN).order_by("-sequence")[:SHOWN]
    ]
    ticket = visible_ticket(agent, conversation.ticket_id)
    saw_ticket(agent, ticket.pk)
    context = {"aside": _aside(conversation), "said": messages[::-1], "ticket": ticket}
    return render(request, "tickets/_sheet_aside.html", context | {"may_write": _may_write(agent, ticket)})


@write
def ask(request: HttpRequest, agent: Agent, ticket_id: int) -> dict[str, Any]:
    form = request.POST
    to = [part.strip().lower() for part in form.get("to", "").replace(";", ",").split(",") if part.strip()]
    sent = asides.ask_aside(
        ticket_id, by=agent, to=to, text=form.get("text", ""), subject=form.get("subject", ""),
        quoted=[read_number(value) for value in form.getlist("quoted")],
        # The address was typed for this very question: there is nobody else it could have been meant for.
        confirmed=[address for address in to if is_address(address)],
        client_id=posted_uuid(form.get("client_id"), "client_id"),
    )  # fmt: skip
    return {
        "said": _("Asked %(whom)s.") % {"whom": ", ".join(to)},
        "undo": reverse("message_withdrawal", args=[sent.pk]),
    }


@write
def say_on(request: HttpRequest, agent: Agent, conversation_id: int) -> dict[str, Any]:
    form = request.POST
    if "done" in form or "again" in form:
        asides.settle_aside(conversation_id, by=agent, done="done" in form)
        return {"said": _("Settled.") if "done" in form else _("Open again.")}
    sent = asides.say_aside(
        conversation_id, by=agent, text=form.get("text", ""), client_id=posted_uuid(form.get("client_id"), "client_id")
    )
    return {"said": _("Sent."), "undo": reverse("message_withdrawal", args=[sent.pk])}


def _may_write(agent: Agent, ticket: Ticket) -> bool:
    return agent.may(Permission.REPLY) and ticket.status not in (Status.CLOSED, Status.SPAM)


def _aside(conversation: Conversation) -> Aside:
    people = Participant.objects.filter(conversation=conversation).order_by("pk")
    addresses = ", ".join(people.values_list("identity__value", flat=True))
    last = Message.objects.filter(conversation=conversation).exclude(kind=MessageKind.NOTE)
    last = last.exclude(outbox=OutboxState.WITHDRAWN).order_by("-sequence")
    return Aside(conversation, addresses, last.first(), conversation.is_settled)
