"""What an agent missed while away, by mail: once for each notice, gathered, and only where they asked for it."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.core.mail import send_mail
from django.db import transaction
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from people.desks import agents_at_their_desks
from people.models import Agent
from tickets.models import NoticeSettings, Notification, Ticket

from .notes import NOTHING, Written, notes_behind
from .rules import sentence

CHOICES = (0, 5, 15, 60, 240)  # minutes
MOST = 30


def mail_digests(*, at: datetime) -> int:
    """Mail everyone who is away what has waited as long as they chose; the number of mails. Safe in several processes
    at once: a notice is claimed before it is mailed, and given back when no mail could be handed over. An address that
    takes no mail keeps nobody else waiting; what went wrong first is raised once everybody had their turn."""
    here = agents_at_their_desks()
    sent, failed = 0, None
    wanting = NoticeSettings.objects.filter(digest_minutes__gt=0, agent__is_active=True).exclude(agent__in=here)
    for chosen in wanting.select_related("agent").order_by("pk"):
        notices = _claim(chosen, at=at)
        if not notices:
            continue
        try:
            _send(chosen.agent, notices)
        except OSError as error:
            Notification.objects.filter(pk__in=[notice.pk for notice in notices]).update(mailed_at=None)
            failed = failed or error
            continue
        sent += 1
    if failed is not None:
        raise failed
    return sent


def _claim(chosen: NoticeSettings, *, at: datetime) -> list[Notification]:
    """The unread notices nobody mailed, if the oldest has waited long enough; marked as mailed."""
    with transaction.atomic():
        waiting = Notification.objects.select_for_update(of=("self",), skip_locked=True).select_related(
            "ticket", "event"
        )
        visible = Ticket.objects.visible_to(chosen.agent)
        waiting = waiting.filter(agent=chosen.agent, read_at=None, mailed_at=None, ticket__in=visible)
        notices = list(waiting.select_related("ticket", "event").order_by("id")[:MOST])
        if not notices or notices[0].created_at > at - timedelta(minutes=chosen.digest_minutes):
            return []
        Notification.objects.filter(pk__in=[notice.pk for notice in notices]).update(mailed_at=at)
    return notices


def _send(agent: Agent, notices: list[Notification]) -> None:
    with translation.override(agent.locale):
        known = notes_behind([notice.event for notice in notices], agent)
        lines = [
            (
                _said(notice, known.get(notice.event_id, NOTHING)),
                notice.ticket.subject,
                _address(notice.ticket.pk),
            )
            for notice in notices
            if notice.ticket is not None  # those of channels have a mail of their own
        ]
        subject = ngettext("%(n)d thing waits for you", "%(n)d things wait for you", len(notices)) % {"n": len(notices)}
        off = f"{settings.BASE_URL}{reverse('notices_settings')}"
        context = {"agent": agent, "lines": lines, "settings": off, "shop": settings.SHOP_NAME}
        text = render_to_string("tickets/email/digest.txt", context)
        subject = _("%(shop)s: %(what)s") % {"shop": settings.SHOP_NAME, "what": subject}
    send_mail(subject, text, None, [agent.email])


def _said(notice: Notification, written: Written) -> str:
    said = sentence(notice.event.kind, notice.ticket_id or 0, notice.cause, who=written.who)
    return f"{said}\n{written.words}" if written.words else said


def _address(ticket_id: int) -> str:
    return f"{settings.BASE_URL}{reverse('ticket', args=[ticket_id])}"
