"""A telephone call: who rang whom, how long they waited and talked, and whether somebody is to call back."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from people.models import Agent

from .channel import Channel
from .message import Message
from .ticket import Ticket


class CallDirection(models.TextChoices):
    IN = "in", _("Incoming")
    OUT = "out", _("Outgoing")


class CallOutcome(models.TextChoices):
    RINGING = "ringing", _("Ringing")
    ANSWERED = "answered", _("Answered")
    MISSED = "missed", _("Missed")
    VOICEMAIL = "voicemail", _("Voicemail")
    BUSY = "busy", _("Busy")
    FAILED = "failed", _("Failed")
    ABANDONED = "abandoned", _("Hung up while waiting")


class Call(models.Model):
    """The facts of one call. `wait_seconds` until somebody answered or the caller gave up, `talk_seconds` after that.

    `external_id` is the exchange's own id of the call: its events and its log come again and change this one row.
    """

    channel = models.ForeignKey(Channel, on_delete=models.PROTECT, related_name="calls", db_index=False)
    external_id = models.CharField(max_length=128)
    ticket = models.ForeignKey(Ticket, null=True, on_delete=models.CASCADE, related_name="calls", db_index=False)
    message = models.OneToOneField(Message, null=True, on_delete=models.SET_NULL, related_name="call")
    direction = models.CharField(max_length=3, choices=CallDirection.choices)
    outcome = models.CharField(max_length=10, choices=CallOutcome.choices)
    # E.164; empty for a caller who hides it.
    number = models.CharField(max_length=20, blank=True, default="")
    line = models.CharField(max_length=40, blank=True, default="")
    agent = models.ForeignKey(Agent, null=True, on_delete=models.SET_NULL, related_name="calls", db_index=False)
    agent_name = models.CharField(max_length=200, blank=True, default="")
    started_at = models.DateTimeField()
    wait_seconds = models.IntegerField(null=True)
    talk_seconds = models.IntegerField(null=True)
    note = models.TextField(blank=True, default="")
    callback_at = models.DateTimeField(null=True)
    callback_done_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["channel", "external_id"], name="call_once")]
        indexes = [
            models.Index(
                fields=["callback_at"],
                name="call_callback_due",
                condition=models.Q(callback_at__isnull=False, callback_done_at=None),
            ),
            models.Index(fields=["ticket"], name="call_ticket"),
            models.Index(fields=["channel", "-started_at"], name="call_channel"),
        ]

    def __str__(self) -> str:
        return f"{self.direction} {self.number or 'hidden'}: {self.outcome}"
