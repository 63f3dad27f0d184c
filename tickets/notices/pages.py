"""The bell's page: what an agent was told, newest first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from tickets.inbox.access import agent_of, signed_in
from tickets.models import Cause, NoticeSettings, Notification

from .digest import CHOICES
from .matters import matter_of
from .notes import NOTHING, Written, notes_behind
from .reading import CHOOSABLE, choose_notices, mark_all_read, notices_of
from .rules import sentence


@dataclass(frozen=True, slots=True)
class Entry:
    text: str
    subject: str
    url: str
    at: datetime
    unread: bool
    words: str = ""  # the beginning of the note it is of


@require_safe
@signed_in
def notices_page(request: HttpRequest) -> HttpResponseBase:
    notices = notices_of(agent_of(request))
    written = notes_behind([notice.event for notice in notices if notice.ticket_id], agent_of(request))
    entries = [_entry(notice, written.get(notice.event_id, NOTHING)) for notice in notices]
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


@require_http_methods(["GET", "POST"])
@signed_in
def settings_page(request: HttpRequest) -> HttpResponseBase:
    """Of what one is told, and how long unread notices wait before they come by mail."""
    agent = agent_of(request)
    if request.method == "POST":
        on = set(request.POST.getlist("on"))
        minutes = request.POST.get("digest", "")
        digest = int(minutes) if minutes.isdecimal() and len(minutes) < 5 and int(minutes) in CHOICES else 0
        choose_notices(agent, off=[cause for cause in CHOOSABLE if cause not in on], digest_minutes=digest)
        messages.success(request, _("Saved."))
        return redirect("notices_settings")
    chosen = NoticeSettings.objects.filter(agent=agent).first() or NoticeSettings(agent=agent)
    causes = [(cause.value, cause.label, cause not in chosen.off, cause in CHOOSABLE) for cause in Cause]
    context = {"causes": causes, "digests": [(n, _minutes(n)) for n in CHOICES], "digest": chosen.digest_minutes}
    return render(request, "tickets/notice_settings.html", context | {"tab": "you"})


def _minutes(minutes: int) -> str:
    if not minutes:
        return _("Never")
    if minutes < 60:
        return ngettext("After %(n)d minute", "After %(n)d minutes", minutes) % {"n": minutes}
    return ngettext("After %(n)d hour", "After %(n)d hours", minutes // 60) % {"n": minutes // 60}


def _entry(notice: Notification, written: Written) -> Entry:
    ticket, channel = notice.ticket, notice.channel
    if ticket is None and channel is None:
        matter = matter_of(notice.event)
        return Entry(
            text=matter.text(notice.event),
            subject="",
            url=matter.way(notice.event),
            at=notice.created_at,
            unread=notice.read_at is None,
        )
    return Entry(
        text=sentence(notice.event.kind, notice.ticket_id or 0, notice.cause, who=written.who),
        words=written.words,
        subject=ticket.subject if ticket else channel.name if channel else "",
        url=reverse("ticket", args=[notice.ticket_id]) if ticket else reverse("channels"),
        at=notice.created_at,
        unread=notice.read_at is None,
    )
