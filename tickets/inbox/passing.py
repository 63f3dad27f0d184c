"""Forwarding, and answering somebody who was asked aside: what the composer starts from, and the forward itself."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponseBase, JsonResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from people.models import Agent
from people.written_html import LONGEST, text_of_html
from tickets.actions import forwarding
from tickets.models import Attachment, Message, MessageKind, Ticket

from .access import agent_of, signed_in
from .directory import read_directory
from .pages import read_number
from .thread import answer_to
from .writes import posted_addresses, posted_uuid, posted_uuids, write


@require_safe
@signed_in
def start(request: HttpRequest, ticket_id: int) -> HttpResponseBase:
    """What goes along when `?message=` is passed on, or all that was said with the customer: how many, which files."""
    ticket = _ticket(request, ticket_id)
    said = forwarding.forwardable(ticket)
    wanted = read_number(request.GET.get("message"))
    chosen = said.filter(pk=wanted) if wanted else said.filter(conversation__aside=False, auto_kind="")
    passed = list(chosen.only("pk", "subject"))
    if not passed:
        raise Http404("nothing to forward")
    files = Attachment.objects.filter(message__in=passed, inline=False).order_by("pk")
    return JsonResponse({
        "about": wanted or None,
        "count": len(passed),
        "subject": (passed[0].subject if wanted else "") or ticket.subject,
        "files": [{"id": str(file.public_id), "name": file.filename, "size": file.size} for file in files],
    })  # fmt: skip


@require_safe
@signed_in
def answering(request: HttpRequest, ticket_id: int) -> HttpResponseBase:
    """Whom an answer to one message reaches."""
    ticket = _ticket(request, ticket_id)
    said = Message.objects.filter(ticket=ticket, pending=False).exclude(kind=MessageKind.NOTE)
    message = said.filter(pk=read_number(request.GET.get("message"))).first()
    if message is None:
        raise Http404("nothing to answer")
    return JsonResponse(answer_to(message, read_directory().own_addresses()))


@write
def forward(request: HttpRequest, agent: Agent, ticket_id: int) -> dict[str, Any]:
    form = request.POST
    html = form.get("html", "")[: LONGEST + 1]
    message = forwarding.forward(
        ticket_id,
        by=agent,
        to=posted_addresses(form.get("to"), "to") or (),
        cc=posted_addresses(form.get("cc"), "cc") or (),
        bcc=posted_addresses(form.get("bcc"), "bcc") or (),
        message=read_number(form.get("message")) or None,
        text=text_of_html(html) if html else form.get("text", ""),
        html=html,
        originals=posted_uuids(form.getlist("originals")),
        attachments=posted_uuids(form.getlist("attachments")),
        confirmed=form.getlist("confirmed"),
        client_id=posted_uuid(form.get("client_id"), "client_id"),
        ask_masks=True,
    )
    left = (message.not_before - timezone.now()).total_seconds() if message.not_before else 0
    return {"message": message.pk, "kind": "forward", "undo_seconds": max(0, round(left, 1))}


def _ticket(request: HttpRequest, ticket_id: int) -> Ticket:
    ticket = Ticket.objects.visible_to(agent_of(request)).filter(pk=ticket_id).first()
    if ticket is None:
        raise Http404("no such ticket")
    return ticket
