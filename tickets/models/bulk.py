"""Changes to many tickets at once: a job, and a row for each ticket it is about."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now

from people.models import Agent

from .ticket import Ticket


class BulkPhase(models.TextChoices):
    DOING = "doing"
    DONE = "done"
    STOPPED = "stopped"  # what was done by then stays
    UNDOING = "undoing"
    UNDONE = "undone"


class BulkState(models.TextChoices):
    WAITING = "waiting"
    DONE = "done"
    SAME = "same"  # it was so already
    REFUSED = "refused"
    UNDONE = "undone"
    KEPT = "kept"  # changed since, so not taken back


class BulkJob(models.Model):
    """One wish of one agent for many tickets. `do` and `value` name it as the menus do; the counts are those of its
    items, kept in the transaction that changes them."""

    agent = models.ForeignKey(Agent, on_delete=models.CASCADE, related_name="+", db_index=False)
    client_id = models.UUIDField()
    do = models.CharField(max_length=12)
    value = models.CharField(max_length=600)
    phase = models.CharField(max_length=8, choices=BulkPhase.choices, default=BulkPhase.DOING)
    total = models.IntegerField(default=0)
    done = models.IntegerField(default=0)
    same = models.IntegerField(default=0)
    refused = models.IntegerField(default=0)
    undone = models.IntegerField(default=0)
    kept = models.IntegerField(default=0)
    created_at = models.DateTimeField(db_default=Now(), db_index=True)
    worked_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["agent", "client_id"], name="bulkjob_once")]
        indexes = [
            models.Index(fields=["worked_at"], name="bulkjob_open", condition=models.Q(phase__in=["doing", "undoing"]))
        ]

    def __str__(self) -> str:
        return f"{self.do} {self.value} on {self.total} tickets"


class BulkItem(models.Model):
    """One ticket of a job. `event_id` is the event that changed it, which an undo takes back."""

    job = models.ForeignKey(BulkJob, on_delete=models.CASCADE, related_name="items", db_index=False)
    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="+", db_index=False)
    state = models.CharField(max_length=8, choices=BulkState.choices, default=BulkState.WAITING, db_default="waiting")
    reason = models.CharField(max_length=200, default="", db_default="")
    event_id = models.BigIntegerField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["job", "ticket"], name="bulkitem_once")]
        indexes = [models.Index(fields=["job", "state", "ticket"], name="bulkitem_state")]

    def __str__(self) -> str:
        return f"#{self.ticket_id} of job {self.job_id}: {self.state}"
