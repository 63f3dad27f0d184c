"""A channel turns red, or is well again: its people are told, in the helpdesk and by mail, once an outage.

The events are recorded once an outage by whoever notices; a notice's row holds a replay back. The mail is a courtesy
beside it: it leaves after the commit, and one that cannot is not tried again.
"""

from __future__ import annotations

import logging
from functools import partial
from smtplib import SMTPException

from celery import current_app
from django.conf import settings
from django.core.mail import send_mail
from django.db import transaction
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from channels_inbound.events import ChannelEvent
from events.models import Event
from people.models import Agent
from people.permissions import Permission
from tickets.models import Channel
from tickets.notices import notify_of_channel, teach_notice

logger = logging.getLogger(__name__)

RED = frozenset({ChannelEvent.CONNECTION_REFUSED, ChannelEvent.MAILBOX_REFUSED})
WELL = frozenset({ChannelEvent.CONNECTION_RECOVERED, ChannelEvent.MAILBOX_RECOVERED})
SOON = frozenset({ChannelEvent.CONNECTION_ENDING})
WARNED = frozenset({ChannelEvent.CONNECTION_WARNED})
HEARD = RED | WELL | SOON | WARNED


def tell_people(event: Event) -> None:
    """A subscriber: tell the admins, and the managers of the channel's team."""
    channel = Channel.objects.filter(pk=event.stream_id).first()
    if channel is None:
        return
    told = [agent for agent in people_of(channel) if notify_of_channel(agent, event)]
    if told:
        kind, ids = event.kind, [agent.pk for agent in told]
        transaction.on_commit(partial(_ring, kind, channel.pk, ids), robust=True)


def people_of(channel: Channel) -> list[Agent]:
    """Whose business the channel's health is."""
    return [
        agent
        for agent in Agent.objects.who_may(Permission.HANDLE_QUARANTINE).order_by("pk")
        if agent.may(Permission.MANAGE_CHANNELS)
        or (channel.team_id is not None and agent.scope.sees_place(channel.team_id, channel.pk))
    ]


def _ring(kind: str, channel_id: int, agent_ids: list[int]) -> None:
    current_app.send_task("channels_inbound.tasks.mail_alarm", args=[kind, channel_id, agent_ids], queue="bulk")


def mail_people(kind: str, channel_id: int, agent_ids: list[int]) -> int:
    """Mail each of them in their language; how many mails were handed over."""
    channel = Channel.objects.filter(pk=channel_id).first()
    if channel is None:
        return 0
    sent = 0
    for agent in Agent.objects.filter(pk__in=agent_ids, is_active=True).order_by("pk"):
        with translation.override(agent.locale):
            subject, text = words(kind, channel)
        try:
            sent += send_mail(subject, text, None, [agent.email])
        except (SMTPException, OSError) as error:
            logger.warning("alarm not mailed", extra={"channel": channel_id, "reason": type(error).__name__})
    return sent


def words(kind: str, channel: Channel) -> tuple[str, str]:
    """Subject and text, in the active language. What the provider said stays as it said it."""
    red, soon = kind in RED, kind in SOON
    subject = _("%(channel)s does not work") if red else _("%(channel)s works again")
    subject = _("%(channel)s will soon stop working") if soon else subject
    subject = _("%(channel)s: its provider warns us") if kind in WARNED else subject
    context = {"channel": channel, "red": red, "soon": soon, "warned": kind in WARNED}
    context |= {"link": f"{settings.BASE_URL}{reverse('channels')}"}
    text = render_to_string("channels_inbound/email/alarm.txt", context)
    return subject % {"channel": channel.name}, text


def teach_notices() -> None:
    """Say in the list of notices what happened."""
    for kind in RED:
        teach_notice(kind, lambda _number: _("A channel does not work: somebody has to see to it"))
    for kind in SOON:
        teach_notice(kind, lambda _number: _("A channel's credentials end soon and could not be renewed"))
    for kind in WARNED:
        teach_notice(kind, lambda _number: _("A channel's provider warns us: somebody has to see to it"))
    for kind in WELL:
        teach_notice(kind, lambda _number: _("A channel works again"))
