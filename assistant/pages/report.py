"""The report "Bot and self-service"."""

from __future__ import annotations

from datetime import timedelta

from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from assistant.report import MOST_LISTED, SETTLED_AFTER, bot_report
from people.permissions import Permission
from tickets.inbox.access import agent_of, allowed
from tickets.inbox.pages import read_number
from tickets.models import Channel

PERIODS = (7, 30, 90, 365)


@require_safe
@allowed(Permission.READ_REPORTS)
def page(request: HttpRequest) -> HttpResponseBase:
    """What the bot's conversations of a period came to."""
    days = read_number(request.GET.get("days", "")) or 30
    days, now = days if days in PERIODS else 30, timezone.now()
    agent, channel = agent_of(request), read_number(request.GET.get("channel", ""))
    channels = [one for one in Channel.objects.exclude(bot=None).order_by("name") if agent.sees_channel(one.pk)]
    chosen = channel if channel in [one.pk for one in channels] else None
    found = bot_report(agent, first=now - timedelta(days=days), before=now, now=now, channel=chosen)
    context = {
        "found": found, "days": days, "periods": PERIODS, "channels": channels, "channel": chosen,
        "helped_share": found.share(found.stayed), "handed_share": found.share(found.handed_over),
        "settled_days": SETTLED_AFTER.days, "most": MOST_LISTED,
    }  # fmt: skip
    return render(request, "assistant/report.html", context)
