"""Two customers who may be one person: what was decided, and what moved, so that it can be taken back."""

from __future__ import annotations

from django.db import models

from people.models import Agent, Customer


class MatchState(models.TextChoices):
    JOINED = "joined", "joined"
    APART = "apart", "apart"
    UNDONE = "undone", "undone"


class CustomerMatch(models.Model):
    """A decision about two customers. Joined: `other` points at `kept`, and `moved` names the tickets, conversations
    and earlier joined customers that went along. Apart: they are never suggested again."""

    kept = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="+")
    other = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="+")
    state = models.CharField(max_length=6, choices=MatchState.choices)
    evidence = models.JSONField(default=list)
    moved = models.JSONField(default=dict)
    by = models.ForeignKey(Agent, null=True, on_delete=models.SET_NULL, related_name="+", db_index=False)
    at = models.DateTimeField()
    undone_by = models.ForeignKey(Agent, null=True, on_delete=models.SET_NULL, related_name="+", db_index=False)
    undone_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["other"], name="customermatch_joined_once", condition=models.Q(state="joined")
            ),
            models.UniqueConstraint(
                fields=["kept", "other"], name="customermatch_apart_once", condition=models.Q(state="apart")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.other_id} and {self.kept_id}: {self.state}"
