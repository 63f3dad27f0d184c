"""Promises: when the shop is open, what it promises, and how each promise went."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from metrics.clocks.machine import State
from metrics.clocks.terms import Target
from people.models import Agent
from tickets.models import Ticket


class BusinessCalendar(models.Model):
    """When somebody answers. `weekly`: seven lists of [start, end] in minutes, Monday first."""

    name = models.CharField(pgettext_lazy("of a calendar", "name"), max_length=80, unique=True)
    time_zone = models.CharField(_("time zone"), max_length=64)
    weekly = models.JSONField(default=list)
    country = models.CharField(_("holidays of"), max_length=2, blank=True, default="")
    region = models.CharField(_("region"), max_length=32, blank=True, default="")
    # [{"on": "2026-12-24", "closed": true, "extra": [[600, 720]], "note": "stocktaking"}]
    own_days = models.JSONField(default=list)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Policy(models.Model):
    """What is promised to the tickets that fit its conditions; the first policy that fits a ticket counts.

    `conditions` maps a trait to the values it allows; traits left out may have any. Targets are seconds of open time.
    """

    name = models.CharField(pgettext_lazy("of a policy", "name"), max_length=80, unique=True)
    position = models.IntegerField(default=0)
    is_active = models.BooleanField(_("in force"), default=True)
    calendar = models.ForeignKey(
        BusinessCalendar, on_delete=models.PROTECT, related_name="policies", verbose_name=_("calendar")
    )
    conditions = models.JSONField(default=dict)
    first_seconds = models.IntegerField(_("first answer"), null=True, blank=True)
    next_seconds = models.IntegerField(_("every later answer"), null=True, blank=True)
    resolution_seconds = models.IntegerField(_("solution"), null=True, blank=True)
    wait_seconds = models.IntegerField(_("wait on the phone"), null=True, blank=True)
    warn = models.JSONField(default=list)
    pauses = models.JSONField(default=list)
    bot_counts = models.BooleanField(_("an answer of the bot counts"), default=False)
    # [{"when": 75 | 90 | 100, "do": "notify" | "assign" | "team" | "priority" | "tag" | "webhook", "value"}]
    escalation = models.JSONField(default=list)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["position", "pk"]

    def __str__(self) -> str:
        return self.name


class Rules(models.Model):
    """All policies and calendars as they were after an edit; never changed, so that every clock can be worked out
    again by the rules it had."""

    made_at = models.DateTimeField(db_default=Now())
    made_by = models.ForeignKey(Agent, null=True, on_delete=models.SET_NULL, related_name="+", db_index=False)
    content = models.JSONField()

    def __str__(self) -> str:
        return f"rules {self.pk}"


class Clock(models.Model):
    """One promise to one ticket: a row while it runs, a fact once it is over.

    `alarms` is [[percent, moment], ...], 100 being the deadline; `told` the highest told of, which happens once;
    `next_at` the next moment something is to be told, and what the sweeper's index holds. `breached_at` is the
    deadline a finished clock missed; one that still runs is late once 100 was told.
    """

    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="clocks", db_index=False)
    cycle = models.SmallIntegerField()
    target = models.CharField(max_length=12, choices=[(target.value, target.value) for target in Target])
    number = models.SmallIntegerField(default=1)
    rules = models.ForeignKey(Rules, on_delete=models.PROTECT, related_name="+", db_index=False)
    first_rules = models.ForeignKey(Rules, on_delete=models.PROTECT, related_name="+", db_index=False)
    policy_id = models.BigIntegerField()
    seconds = models.IntegerField()
    message_id = models.BigIntegerField(null=True)
    state = models.CharField(max_length=10, choices=[(state.value, state.value) for state in State])
    started_at = models.DateTimeField()
    due_at = models.DateTimeField(null=True)
    alarms = models.JSONField(default=list)
    told = models.SmallIntegerField(default=0)
    next_at = models.DateTimeField(null=True)
    breached_at = models.DateTimeField(null=True)
    stopped_at = models.DateTimeField(null=True)
    reason = models.CharField(max_length=16, default="")
    answered_by = models.BigIntegerField(null=True)
    # Open and elapsed seconds from start to stop.
    used_seconds = models.FloatField(null=True)
    wall_seconds = models.FloatField(null=True)
    channel_id = models.BigIntegerField()
    team_id = models.BigIntegerField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["ticket", "cycle", "target", "number"], name="clock_once"),
        ]
        indexes = [
            models.Index(fields=["next_at"], name="clock_next", condition=Q(next_at__isnull=False)),
            models.Index(fields=["rules"], name="clock_open_rules", condition=Q(stopped_at=None)),
            models.Index(
                fields=["stopped_at"], name="clock_done", condition=Q(stopped_at__isnull=False),
                include=["target", "state", "channel_id", "team_id"],
            ),
            # Of the lengths of time around a median only a few are read (`metrics.waits`).
            *[
                models.Index(
                    fields=[column], name=f"clock_by_{column[:4]}", condition=Q(target="first", state="fulfilled"),
                    include=["stopped_at", "channel_id", "team_id", "answered_by"],
                )
                for column in ("wall_seconds", "used_seconds")
            ],
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.target} of #{self.ticket_id}"


class Watch(models.Model):
    """How far a ticket's history has been worked out."""

    ticket = models.OneToOneField(Ticket, on_delete=models.CASCADE, primary_key=True, related_name="+")
    sequence = models.IntegerField()

    def __str__(self) -> str:
        return f"#{self.ticket_id} up to {self.sequence}"
