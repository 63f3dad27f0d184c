"""Statuses of the shop's own: a finer word for one of the categories that everything else goes by."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from people.models import Team


class Tone(models.TextChoices):
    """Which of the colours of pills, that hold in both themes."""

    PLAIN = "", _("Grey")
    ACCENT = "acc", _("Blue")
    OK = "ok", _("Green")
    WARN = "warn", _("Amber")
    BAD = "bad", _("Red")


# What a status may be a finer word for; the others come from time and from marking as spam.
CATEGORIES = ("open", "pending", "on_hold", "solved")


class CustomStatus(models.Model):
    """`category` is what clocks, counts and views by status go by. `names` holds further languages, `name` stands for
    the rest. A default is taken when only its category is chosen. An archived one is shown as its category.
    """

    name = models.CharField(max_length=40, unique=True)
    names = models.JSONField(default=dict)
    category = models.CharField(_("category"), max_length=8)
    tone = models.CharField(_("colour"), max_length=4, choices=Tone.choices, default=Tone.PLAIN, blank=True)
    team = models.ForeignKey(Team, null=True, blank=True, on_delete=models.CASCADE, related_name="statuses")
    is_default = models.BooleanField(default=False)
    position = models.SmallIntegerField(default=0)
    archived_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["position", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["category", "team"],
                name="customstatus_one_default",
                condition=models.Q(is_default=True, archived_at=None),
                nulls_distinct=False,
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def key(self) -> str:
        """How it is named where a category may stand as well."""
        return f"s{self.pk}"
