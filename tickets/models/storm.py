"""Floods of mail: one row each, from when it is noticed until it has been quiet."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from people.models import Identity

from .ticket import Ticket


class StormScope(models.TextChoices):
    TICKET = "ticket", _("One conversation")
    ADDRESS = "address", _("One address")


class Storm(models.Model):
    """Too much mail in too short a time: into one ticket, or from one address, then `ticket` is its latest.

    All of it is kept. As long as the row is open nothing is answered automatically there.
    """

    scope = models.CharField(max_length=8, choices=StormScope.choices)
    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="storms")
    identity = models.ForeignKey(Identity, null=True, on_delete=models.CASCADE, related_name="+")
    began_at = models.DateTimeField()
    last_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["ticket"], name="storm_once_ticket", condition=models.Q(scope="ticket", ended_at=None)
            ),
            models.UniqueConstraint(
                fields=["identity"], name="storm_once_address", condition=models.Q(scope="address", ended_at=None)
            ),
        ]
        indexes = [models.Index(fields=["last_at"], name="storm_open", condition=models.Q(ended_at=None))]

    def __str__(self) -> str:
        return f"{self.scope} storm around #{self.ticket_id}"
