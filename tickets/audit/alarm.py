"""What whoever looks after the house is told at once: somebody opened as much as a day allows, or became an admin."""

from __future__ import annotations

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from events.models import Event
from people.admins import MADE_ADMIN
from people.models import Agent, Role
from people.permissions import Permission
from people.watching import BUDGET_REACHED
from tickets.notices.matters import Matter, teach_matter
from tickets.notices.rules import notify_of_matter


def teach() -> None:
    """Give the bell the words and the way; once, when the app is ready."""
    matter = Matter(budget_text, lambda event: f"{reverse('audit')}?who={event.stream_id}", Permission.READ_AUDIT)
    teach_matter(BUDGET_REACHED, matter)
    way = Matter(admin_text, lambda event: reverse("agent_edit", args=[event.stream_id]), Permission.MANAGE_AGENTS)
    teach_matter(MADE_ADMIN, way)


def tell_of_budget(event: Event) -> None:
    """The subscriber: a notice for each who may look into it, but for whom it is about."""
    for agent in Agent.objects.who_may(Permission.READ_AUDIT).exclude(pk=event.stream_id).order_by("pk"):
        notify_of_matter(agent, event)


def tell_of_admin(event: Event) -> None:
    """The subscriber: a notice for every admin, whoever did it: their account may be in other hands."""
    admins = Agent.objects.filter(role=Role.ADMIN, is_active=True)
    for agent in admins.exclude(pk=event.stream_id).order_by("pk"):
        notify_of_matter(agent, event)


def admin_text(event: Event) -> str:
    """What happened, in the active language."""
    names = {one.pk: one for one in Agent.objects.filter(pk__in=[event.stream_id, event.actor_id or 0])}
    former = _("A former agent")
    return _("%(by)s made %(name)s an admin") % {
        "name": names.get(event.stream_id) or former, "by": names.get(event.actor_id or 0) or former,
    }  # fmt: skip


def budget_text(event: Event) -> str:
    """What happened, in the active language."""
    agent = Agent.objects.filter(pk=event.stream_id).first()
    most = event.data["most"]
    if event.data["of"] == "tickets":
        told = ngettext("%(name)s opened %(n)d ticket today", "%(name)s opened %(n)d tickets today", most)
    else:
        told = ngettext("%(name)s downloaded %(n)d file today", "%(name)s downloaded %(n)d files today", most)
    return told % {"name": agent or _("A former agent"), "n": most}
