"""What people want to be reminded of, each for themselves."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now

from people.models import Agent

from .ticket import Ticket


class Reminder(models.Model):
    """A moment at which one agent wants to hear of a ticket, and why. Nobody else sees it. Told once, at `fired_at`; it
    stays on the ticket until its agent is done with it."""

    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="reminders")
    agent = models.ForeignKey(Agent, on_delete=models.CASCADE, related_name="reminders")
    at = models.DateTimeField()
    text = models.CharField(max_length=300, blank=True, default="")
    fired_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [models.Index(fields=["at"], name="reminder_due", condition=models.Q(fired_at=None))]

    def __str__(self) -> str:
        return f"{self.agent_id} of #{self.ticket_id} at {self.at}"
