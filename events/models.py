"""The ledger's two tables: facts, and who still has to hear of each."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models.functions import Now

from .actors import ActorKind


class CurrentTransactionId(models.Func):
    """The 64-bit id of the writing transaction, so that a feed can tell what may still be overtaken."""

    template = "pg_current_xact_id()::text::bigint"
    output_field = models.BigIntegerField()
    arity = 0


class Event(models.Model):
    """One fact, never changed. `sequence` has no gaps within its stream; `at` is when it happened."""

    stream_type = models.CharField(max_length=16)
    stream_id = models.BigIntegerField()
    sequence = models.IntegerField()
    kind = models.CharField(max_length=64)
    actor_kind = models.CharField(max_length=16, choices=ActorKind.choices)
    actor_id = models.BigIntegerField(null=True)
    at = models.DateTimeField()
    recorded_at = models.DateTimeField(db_default=Now())
    data = models.JSONField(default=dict)
    cause = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="+", db_index=False)
    depth = models.SmallIntegerField(default=0)
    xid = models.BigIntegerField(db_default=CurrentTransactionId(), editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["stream_type", "stream_id", "sequence"], name="event_stream_sequence"),
        ]
        indexes = [
            # The order a feed can promise: no row can appear below a finished transaction, while ids can overtake.
            models.Index(fields=["xid", "id"], name="event_feed"),
            # "What changed since": the table only grows, so a block range costs an insert nothing.
            BrinIndex(fields=["recorded_at"], name="event_recorded", autosummarize=True),
            # What one agent did; few events of the hot paths are an agent's.
            models.Index(fields=["actor_id", "id"], condition=models.Q(actor_kind="agent"), name="event_by_agent"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} on {self.stream_type} {self.stream_id} no {self.sequence}"


class DeliveryState(models.TextChoices):
    DUE = "due"
    DONE = "done"
    FAILED = "failed"


class EventDelivery(models.Model):
    """One (event, subscriber) pair: it backs off alone and keeps its own outcome."""

    event = models.ForeignKey(Event, on_delete=models.CASCADE, related_name="deliveries", db_index=False)
    subscriber = models.CharField(max_length=64)
    stream_type = models.CharField(max_length=16)
    stream_id = models.BigIntegerField()
    sequence = models.IntegerField()
    state = models.CharField(max_length=8, choices=DeliveryState.choices, default=DeliveryState.DUE, db_default="due")
    attempts = models.SmallIntegerField(default=0, db_default=0)
    next_try_at = models.DateTimeField(db_default=Now())
    done_at = models.DateTimeField(null=True)
    error = models.TextField(default="", db_default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["event", "subscriber"], name="eventdelivery_once"),
        ]
        indexes = [
            # Only a query that asks for `event_id > 0`, which is always so, can use it: see `delivery.py`.
            models.Index(fields=["id"], condition=models.Q(state="due", event_id__gt=0), name="eventdelivery_next"),
            models.Index(
                fields=["subscriber", "stream_type", "stream_id", "sequence"],
                condition=models.Q(state="due"),
                name="eventdelivery_order",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.subscriber} <- event {self.event_id}: {self.state}"


class AuditEntry(models.Model):
    """Something seen, taken out, signed into or set: what changes nothing and so leaves no event. Written by
    `events.audit` alone; a trigger refuses every change. `ticket_id` and `what` say which."""

    at = models.DateTimeField()
    actor_kind = models.CharField(max_length=16, choices=ActorKind.choices)
    actor_id = models.BigIntegerField(null=True)
    # With whose eyes, when an admin looked with somebody else's.
    seen_as = models.BigIntegerField(null=True)
    kind = models.CharField(max_length=32)
    ticket_id = models.BigIntegerField(null=True)
    what = models.CharField(max_length=200, default="", db_default="")
    data = models.JSONField(default=dict, db_default={})
    # Says that the helpdesk wrote this row, and with which of its keys.
    mark = models.BinaryField()
    xid = models.BigIntegerField(db_default=CurrentTransactionId(), editable=False)

    class Meta:
        verbose_name_plural = "audit entries"
        indexes = [
            models.Index(fields=["at", "id"], name="audit_at"),
            models.Index(fields=["actor_id", "at", "id"], name="audit_actor"),
            models.Index(
                fields=["ticket_id", "at", "id"], name="audit_ticket", condition=models.Q(ticket_id__isnull=False)
            ),
            # Of what is not everyday, so that a search for exports or sign-ins does not walk through all that was read.
            models.Index(fields=["kind", "at", "id"], name="audit_rare", condition=~models.Q(kind="ticket.opened")),
            models.Index(fields=["xid", "id"], name="audit_feed"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} by {self.actor_kind} {self.actor_id}"


class AuditSeal(models.Model):
    """So many rows of the audit or the ledger, in the order in which they became visible, with a digest of each. Each
    seal holds the mark of the one before: what is missing, added between or different is found by `verify_audit`."""

    source = models.CharField(max_length=8)
    number = models.IntegerField()
    at = models.DateTimeField()
    xid = models.BigIntegerField()
    ids = ArrayField(models.BigIntegerField())
    digests = models.BinaryField()
    mark = models.BinaryField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["source", "number"], name="auditseal_number")]

    def __str__(self) -> str:
        return f"seal {self.number} of {self.source}: {len(self.ids)} rows"
