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
        """THE scope (`people.scope`): an admin's all; otherwise their teams' tickets, those of no team, and those
        assigned to them; for a contractor only the last; for whoever is limited to channels only these and the last.

        An inactive agent sees nothing. Everything that reads tickets for a person starts here.
        """
        scope = agent.scope
        if scope.everything:
            return self
        return self.filter(scope.condition()) if scope.reach else self.none()

    def newest_first(self) -> Self:
        return self.order_by("-last_message_at", "-id")

    def before(self, at: object, id: int) -> Self:
        """The keyset page that follows (at, id) in `newest_first` order."""
        return self.filter(Q(last_message_at__lt=at) | Q(last_message_at=at, id__lt=id))

    def down_to(self, at: object, id: int) -> Self:
        """What stands before that page: up to (at, id) itself in `newest_first` order."""
        return self.filter(Q(last_message_at__gt=at) | Q(last_message_at=at, id__gte=id))
