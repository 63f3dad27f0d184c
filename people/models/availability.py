"""Whether somebody takes work now: what they said, and whether they have the helpdesk open."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from .agent import Agent


class Presence(models.TextChoices):
    """`busy` keeps what one has and takes nothing new; `away` is back soon; `off` is done for today."""

    ONLINE = "online", pgettext_lazy("of an agent", "Online")
    BUSY = "busy", pgettext_lazy("of an agent", "Busy")
    AWAY = "away", pgettext_lazy("of an agent", "Away")
    OFF = "off", pgettext_lazy("of an agent", "Off duty")


class Availability(models.Model):
    """One row an agent, made when first needed; without one they are online whenever they have the helpdesk open.

    `left_at` is since when no page of theirs is open (null: one is); `most` what they may have open at once, in units
    of a mail (null: as their team says); `calendar` the number of the calendar of their shifts (null: their team's).
    `given_at` is when they were last given a ticket, `let_go` the teams whose
    tickets went back since they left.
    """

    agent = models.OneToOneField(Agent, on_delete=models.CASCADE, primary_key=True, related_name="availability")
    said = models.CharField(_("state"), max_length=8, choices=Presence.choices, default=Presence.ONLINE)
    said_at = models.DateTimeField(db_default=Now())
    left_at = models.DateTimeField(null=True, db_default=Now())
    most = models.PositiveSmallIntegerField(_("most at once"), null=True, blank=True)
    calendar = models.BigIntegerField(_("shifts by the calendar"), null=True, blank=True)
    given_at = models.DateTimeField(null=True)
    let_go = ArrayField(models.BigIntegerField(), default=list)

    class Meta:
        verbose_name_plural = "availabilities"

    def __str__(self) -> str:
        return f"{self.agent_id} is {self.said}"
