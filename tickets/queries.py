"""Reading tickets: verbs that chain, and the one scope every reader goes through."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from django.db import models
from django.db.models import Q

if TYPE_CHECKING:
    from people.models import Agent

    from .models import Ticket  # noqa: F401 - named by the string in the class below


class TicketQuerySet(models.QuerySet["Ticket"]):
    def visible_to(self, agent: Agent) -> Self:
        """THE scope: an admin's all; otherwise their teams' tickets, those of no team, and those assigned to them.

        An inactive agent sees nothing. Everything that reads tickets for a person starts here.
        """
        if not agent.is_active:
            return self.none()
        if agent.sees_everything:
            return self
        return self.filter(Q(team__in=agent.team_ids) | Q(team=None) | Q(assignee=agent))

    def newest_first(self) -> Self:
        return self.order_by("-last_message_at", "-id")

    def before(self, at: object, id: int) -> Self:
        """The keyset page that follows (at, id) in `newest_first` order."""
        return self.filter(Q(last_message_at__lt=at) | Q(last_message_at=at, id__lt=id))
