"""Somebody opened as much as a day allows: whoever reads the audit is told, with the way there."""

from __future__ import annotations

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from events.models import Event
from people.models import Agent
from people.permissions import Permission
from people.watching import BUDGET_REACHED
from tickets.notices.matters import Matter, teach_matter
from tickets.notices.rules import notify_of_matter


def teach() -> None:
    """Give the bell the words and the way; once, when the app is ready."""
    matter = Matter(budget_text, lambda event: f"{reverse('audit')}?who={event.stream_id}", Permission.READ_AUDIT)
    teach_matter(BUDGET_REACHED, matter)


def tell_of_budget(event: Event) -> None:
    """The subscriber: a notice for each who may look into it, but for whom it is about."""
    for agent in Agent.objects.who_may(Permission.READ_AUDIT).exclude(pk=event.stream_id).order_by("pk"):
        notify_of_matter(agent, event)


def budget_text(event: Event) -> str:
    """What happened, in the active language."""
    agent = Agent.objects.filter(pk=event.stream_id).first()
    most = event.data["most"]
    if event.data["of"] == "tickets":
        told = ngettext("%(name)s opened %(n)d ticket today", "%(name)s opened %(n)d tickets today", most)
    else:
        told = ngettext("%(name)s downloaded %(n)d file today", "%(name)s downloaded %(n)d files today", most)
    return told % {"name": agent or _("A former agent"), "n": most}
