"""Links by which somebody we know comes to us on a channel where only they can begin."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now

from people.models import Agent, Identity
from tickets.models import Channel, Ticket


class Invitation(models.Model):
    """Made by an agent for a ticket's customer: whoever opens the link first is taken for them, which can be undone.
    Of its secret only the hash is kept. `used_by` is who came."""

    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="+")
    channel = models.ForeignKey(Channel, on_delete=models.CASCADE, related_name="+", db_index=False)
    digest = models.CharField(max_length=64, unique=True)
    made_by = models.ForeignKey(Agent, null=True, on_delete=models.SET_NULL, related_name="+", db_index=False)
    made_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)
    used_by = models.ForeignKey(Identity, null=True, on_delete=models.SET_NULL, related_name="+", db_index=False)

    def __str__(self) -> str:
        return f"invitation of #{self.ticket_id} to channel {self.channel_id}"
