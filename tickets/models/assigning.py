"""How a team's new tickets find somebody by themselves."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from people.models import Team


class Method(models.TextChoices):
    OFF = "off", _("Nobody is chosen")
    TURNS = "turns", _("In turn")
    FEWEST = "fewest", _("Whoever has the fewest open")


class Assigning(models.Model):
    """One team's way. `most` is what one agent may have open at once, in units of a mail; `weights` says by kind of
    channel how many units a ticket is (a kind left out: as usual); `calendar` is the number of the calendar of the
    team's shifts; `away_minutes` after how long without its owner a ticket goes back (null: never).

    `asked` counts what may have changed the queue and `answered` how far that was looked at; `look_again_at` is when
    somebody's shift begins while tickets wait.
    """

    team = models.OneToOneField(Team, on_delete=models.CASCADE, primary_key=True, related_name="assigning")
    method = models.CharField(_("who gets the next ticket"), max_length=8, choices=Method.choices, default=Method.OFF)
    most = models.PositiveSmallIntegerField(_("most at once"), default=8)
    weights = models.JSONField(default=dict, blank=True)
    calendar = models.BigIntegerField(null=True, blank=True)
    away_minutes = models.PositiveSmallIntegerField(null=True, blank=True, default=15)
    sticky = models.BooleanField(default=True)
    last_given = models.BigIntegerField(null=True)
    asked = models.BigIntegerField(default=0)
    answered = models.BigIntegerField(default=0)
    look_again_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.method} in team {self.team_id}"
