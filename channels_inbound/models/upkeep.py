"""What is done for a provider's channel by the clock."""

from __future__ import annotations

from django.db import models

from channels_inbound.models.connection import Connection


class UpkeepKind(models.TextChoices):
    RENEW = "renew"
    LOOK = "look"


class Upkeep(models.Model):
    """One thing that is due for a connection now and again, who is at it, and how it went the last time.

    `until` is when the credentials end, where the provider says so; `found` counts what webhooks did not bring, over
    all looks, and `waiting` what the provider still tries to bring.
    """

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="upkeep", db_index=False)
    kind = models.CharField(max_length=8, choices=UpkeepKind.choices)
    due_at = models.DateTimeField()
    lease_until = models.DateTimeField(null=True)
    attempt = models.IntegerField(default=0, db_default=0)
    done_at = models.DateTimeField(null=True)
    until = models.DateTimeField(null=True)
    found = models.IntegerField(default=0, db_default=0)
    found_at = models.DateTimeField(null=True)
    waiting = models.IntegerField(default=0, db_default=0)
    trouble = models.CharField(max_length=500, blank=True, default="", db_default="")
    told_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name_plural = "upkeep"
        constraints = [models.UniqueConstraint(fields=["connection", "kind"], name="upkeep_once")]
        indexes = [models.Index(fields=["due_at"], name="upkeep_due")]

    def __str__(self) -> str:
        return f"{self.kind} of connection {self.connection_id}"
