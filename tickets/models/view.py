"""Views that people make for themselves and each other."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from people.models import Agent, Team


class ViewOrder(models.TextChoices):
    NEWEST = "newest", _("Newest message first")
    OLDEST = "oldest", _("Oldest message first")
    WAITING = "waiting", _("Waiting longest first")
    DEADLINE = "deadline", _("Nearest deadline first")
    PRIORITY = "priority", _("Most urgent first")
    ELDEST = "eldest", _("Opened longest ago first")
    YOUNGEST = "youngest", _("Opened last first")


class SavedView(models.Model):
    """A list by conditions: its owner's alone, or of a team's, or (both null) of everyone.

    `where` maps a condition (tickets.conditions) to the values it allows, null for none and "me" for whoever looks.
    What stands in the view is always bounded by what its reader may see.
    """

    name = models.CharField(_("name"), max_length=60)
    owner = models.ForeignKey(Agent, null=True, on_delete=models.CASCADE, related_name="saved_views")
    team = models.ForeignKey(Team, null=True, on_delete=models.CASCADE, related_name="saved_views")
    where = models.JSONField(default=dict)
    order = models.CharField(_("order"), max_length=8, choices=ViewOrder.choices, default=ViewOrder.NEWEST)
    position = models.IntegerField(default=0)
    created_by = models.ForeignKey(Agent, null=True, on_delete=models.SET_NULL, related_name="+", db_index=False)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(owner=None) | models.Q(team=None), name="savedview_one_audience")
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def key(self) -> str:
        """Its name in addresses."""
        return f"saved-{self.pk}"
