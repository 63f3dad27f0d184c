"""The bell's page: what an agent was told, newest first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from tickets.inbox.access import agent_of, signed_in
from tickets.models import Notification

from .reading import mark_all_read, notices_of
from .rules import sentence


@dataclass(frozen=True, slots=True)
class Entry:
    text: str
    subject: str
    url: str
    at: datetime
    unread: bool


@require_safe
@signed_in
def notices_page(request: HttpRequest) -> HttpResponseBase:
    notices = notices_of(agent_of(request))
    entries = [_entry(notice) for notice in notices]
    context = {"entries": entries, "newest": notices[0].pk if notices else 0, "unread": any(e.unread for e in entries)}
    return render(request, "tickets/notifications.html", context)


@require_POST
@signed_in
def read_all(request: HttpRequest) -> HttpResponseBase:
    """Everything up to the newest notice the page showed is read."""
    said = request.POST.get("up_to", "")
    if said.isdecimal() and len(said) < 19:
        mark_all_read(agent_of(request), up_to=int(said))
    return redirect("notifications")


def _entry(notice: Notification) -> Entry:
    return Entry(
        text=sentence(notice.event.kind, notice.ticket_id),
        subject=notice.ticket.subject,
        url=reverse("ticket", args=[notice.ticket_id]),
        at=notice.created_at,
        unread=notice.read_at is None,
    )
