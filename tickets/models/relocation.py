"""What was moved from one ticket to another, so that it can be moved back: merges and splits."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from people.models import Agent

from .ticket import Ticket


class RelocationKind(models.TextChoices):
    MERGE = "merge", _("Merged")
    SPLIT = "split", _("Split off")


class Relocation(models.Model):
    """One merge (all of `source` went into `target`) or split (some of `source` became `target`), and its undoing.

    `moved` is the ledger: {"conversations": [id], "messages": [[id, number before, conversation before]],
    "source": {column: value before}}. Never deleted: who moved what, when, and back, can be read here.
    """

    kind = models.CharField(max_length=5, choices=RelocationKind.choices)
    source = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="moved_out")
    target = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="moved_in")
    by = models.ForeignKey(Agent, null=True, on_delete=models.SET_NULL, related_name="+", db_index=False)
    at = models.DateTimeField()
    undone_at = models.DateTimeField(null=True)
    undone_by = models.ForeignKey(Agent, null=True, on_delete=models.SET_NULL, related_name="+", db_index=False)
    moved = models.JSONField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["source"], name="relocation_one_merge", condition=models.Q(kind="merge", undone_at=None)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of #{self.source_id} and #{self.target_id}"
