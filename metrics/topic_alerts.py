"""Telling of a topic that rises beyond chance, before it floods: "parcel late" six times by ten o'clock.

Once for a topic, day and sight: whoever sees all tickets is told of one count, whoever sees some of their own.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime

from django.db import transaction
from django.template.defaultfilters import floatformat
from django.urls import reverse
from django.utils.formats import number_format
from django.utils.timezone import localdate
from django.utils.translation import gettext as _

from events.actors import SYSTEM
from events.ledger import record_event
from events.models import Event
from metrics.events import TOPIC_STREAM, ReportEvent
from metrics.models import TopicAlert
from metrics.topics import Topic, topics
from people.models import Agent
from people.permissions import Permission
from tickets.notices.matters import Matter, teach_matter
from tickets.notices.rules import notify_of_matter


def tell_of_spikes(now: datetime) -> int:
    """Look at the last day's topics and tell those who read reports of what rises; how many alerts are new. Twice or in
    two processes at once it tells of each once."""
    readers: dict[str, list[Agent]] = defaultdict(list)
    for agent in Agent.objects.who_may(Permission.READ_REPORTS).order_by("pk"):
        readers["all" if agent.sees_everything else f"agent {agent.pk}"].append(agent)
    told = 0
    for sight, agents in readers.items():
        found = topics(agents[0], now)
        rising = [("tag", one) for one in found.tags if one.spikes]
        rising += [("word", one) for one in found.words if one.spikes]
        told += sum(_tell(kind, one, sight, agents, now) for kind, one in rising)
    return told


def _tell(kind: str, topic: Topic, sight: str, agents: list[Agent], now: datetime) -> bool:
    with transaction.atomic():
        row, new = TopicAlert.objects.get_or_create(
            day=localdate(now), kind=kind, name=topic.name[:200], sight=sight,
            defaults={"count": topic.count, "expected": topic.expected, "chance": topic.chance},
        )  # fmt: skip
        if not new:
            return False
        data = {"kind": kind, "name": row.name, "count": row.count, "expected": row.expected, "chance": row.chance}
        recorded = record_event((TOPIC_STREAM, row.pk), ReportEvent.TOPIC_ROSE, by=SYSTEM, at=now, data=data)
        event = Event.objects.get(pk=recorded.id)
        for agent in agents:
            notify_of_matter(agent, event)
    return True


def alert_text(event: Event) -> str:
    """What rises and why that is no chance, in the active language."""
    data = event.data
    text = _("“%(name)s”: %(count)d tickets in a day, %(expected)s are usual (by chance less than once in %(times)s)")
    times = min(1_000_000, int(1 / max(data["chance"], 1e-6)))
    return text % {
        "name": data["name"], "count": data["count"], "expected": floatformat(data["expected"], 1),
        "times": number_format(times, use_l10n=True, force_grouping=True),
    }  # fmt: skip


def teach_alerts() -> None:
    """Give the bell the words."""
    matter = Matter(alert_text, lambda _event: reverse("topics_report"), Permission.READ_REPORTS)
    teach_matter(ReportEvent.TOPIC_ROSE, matter)
