"""The filters all reports share, as they stand in the address line."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any

from django.http import HttpRequest
from django.utils import timezone

from metrics.figures import Scope
from metrics.surveys.words import LANGUAGES
from people.models import Agent, Team
from tickets.models import Channel

PERIODS = {"7": 7, "30": 30, "90": 90, "365": 365}


def read_scope(request: HttpRequest, agent: Agent) -> tuple[Scope, dict[str, Any]]:
    """What the address asks for; anything else in it is as if it were not there."""
    said = request.GET
    period = said.get("period") if said.get("period") in PERIODS else "30"
    zone = timezone.get_current_timezone()
    today = timezone.localdate()
    tomorrow = datetime.combine(today + timedelta(days=1), time(), tzinfo=zone)
    start = datetime.combine(today - timedelta(days=PERIODS[str(period)] - 1), time(), tzinfo=zone)
    channels, teams = dict(Channel.objects.values_list("pk", "name")), dict(Team.objects.values_list("pk", "name"))
    members = dict(Agent.objects.order_by("name").values_list("pk", "name"))
    channel, team = chosen(said.get("channel"), channels), chosen(said.get("team"), teams)
    member = chosen(said.get("agent"), members)
    language = said.get("language", "") if said.get("language") in LANGUAGES else ""
    context = {
        "period": period, "periods": PERIODS, "channel": channel, "channels": channels, "team": team, "teams": teams,
        "member": member, "members": members, "language_chosen": language, "languages": LANGUAGES,
        "query": without_page(request),
    }  # fmt: skip
    return Scope(agent, start, tomorrow, channel, team, member, language), context


def chosen(text: str | None, known: dict[int, str]) -> int | None:
    return int(text) if text and text.isdecimal() and len(text) < 10 and int(text) in known else None


def without_page(request: HttpRequest, *names: str) -> str:
    """The address's query without the place in a list, and without these names."""
    query = request.GET.copy()
    for name in ("page", "after", *names):
        query.pop(name, None)
    return query.urlencode()
