"""Jobs about one customer's data. They name the customer by number and public id, never by a name or an address."""

from __future__ import annotations

import uuid

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from people.models import Agent, Customer
from tickets.models import Channel, Ticket


class JobState(models.TextChoices):
    WAITING = "waiting", _("Waiting")
    RUNNING = "running", _("Under way")
    DONE = "done", _("Done")
    FAILED = "failed", _("Failed")


class LegalHold(models.Model):
    """Somebody has said that nothing of this customer may go: a dispute, an order of a court."""

    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="holds")
    reason = models.CharField(max_length=300)
    by = models.ForeignKey(Agent, null=True, on_delete=models.SET_NULL, related_name="+", db_index=False)
    since = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["customer"], condition=Q(ended_at=None), name="hold_once"),
        ]

    def __str__(self) -> str:
        return f"hold of customer {self.customer_id}"


class Erasure(models.Model):
    """The erasing of one customer, and for ever the mark that it was done.

    `customers`, `identities` and `tickets` are the numbers it covers, fixed at the start; `step` is the first that is
    not done yet; `blobs` are files whose rows are gone and whose bytes still have to go; `counts` says what went.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="erasures")
    customers = ArrayField(models.BigIntegerField())
    identities = ArrayField(models.BigIntegerField())
    tickets = ArrayField(models.BigIntegerField())
    state = models.CharField(max_length=8, choices=JobState.choices, default=JobState.WAITING)
    step = models.SmallIntegerField(default=0)
    blobs = ArrayField(models.CharField(max_length=64), default=list)
    counts = models.JSONField(default=dict)
    by = models.ForeignKey(Agent, null=True, on_delete=models.SET_NULL, related_name="+", db_index=False)
    asked_at = models.DateTimeField()
    not_before = models.DateTimeField(db_default=Now())
    attempts = models.SmallIntegerField(default=0)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["customer"], condition=Q(state__in=["waiting", "running"]), name="erasure_once_at_a_time"
            ),
        ]
        indexes = [
            models.Index(fields=["not_before"], condition=Q(state__in=["waiting", "running"]), name="erasure_due"),
        ]

    def __str__(self) -> str:
        return f"erasure of customer {self.customer_id}"

    @property
    def reason(self) -> str:
        """Why rows of the ledger changed, as the audit says it."""
        return f"erasure {self.public_id}"


class CustomerExport(models.Model):
    """Everything of one customer in one file, for them. It is there until `expires_at`, then only that it was."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="exports")
    state = models.CharField(max_length=8, choices=JobState.choices, default=JobState.WAITING)
    stored_as = models.CharField(max_length=100, blank=True, default="")
    size = models.BigIntegerField(null=True)
    by = models.ForeignKey(Agent, null=True, on_delete=models.SET_NULL, related_name="+", db_index=False)
    asked_at = models.DateTimeField()
    not_before = models.DateTimeField(db_default=Now())
    attempts = models.SmallIntegerField(default=0)
    finished_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["customer"], condition=Q(state__in=["waiting", "running"]), name="export_once_at_a_time"
            ),
        ]
        indexes = [
            models.Index(fields=["not_before"], condition=Q(state__in=["waiting", "running"]), name="export_due"),
            models.Index(fields=["expires_at"], condition=~Q(stored_as=""), name="export_expires"),
        ]

    def __str__(self) -> str:
        return f"export of customer {self.customer_id}"


class ConsentWay(models.TextChoices):
    MAIL = "mail", _("By mail")
    FORM = "form", _("In a form")
    CHAT = "chat", _("In a chat")
    CALL = "call", _("On the telephone")
    PAPER = "paper", _("On paper")
    ITSELF = "message", _("By a message of their own")


class ConsentEntry(models.Model):
    """That a customer agreed to something, or took it back: what to, when, how, and where it can be seen. Entries are
    added and never changed; of a purpose the latest counts."""

    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="consents", db_index=False)
    purpose = models.CharField(max_length=120)
    given = models.BooleanField()
    how = models.CharField(max_length=8, choices=ConsentWay.choices)
    proof = models.CharField(max_length=500)
    at = models.DateTimeField()
    by = models.ForeignKey(Agent, null=True, on_delete=models.SET_NULL, related_name="+", db_index=False)
    noted_at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [models.Index(fields=["customer", "-at", "-id"], name="consent_of_customer")]

    def __str__(self) -> str:
        return f"consent of customer {self.customer_id}"


class Ages(models.TextChoices):
    """What has an age of its own."""

    TICKETS = "tickets", _("Tickets that are done")
    FILES = "files", _("Files of tickets that are done")
    RAW = "raw", _("Raw copies of mails and calls")


class RetentionRule(models.Model):
    """How many days something is kept, on one channel or on all that have no rule of their own."""

    kind = models.CharField(max_length=8, choices=Ages.choices)
    channel = models.ForeignKey(Channel, null=True, on_delete=models.CASCADE, related_name="+", db_index=False)
    days = models.PositiveIntegerField()
    by = models.ForeignKey(Agent, null=True, on_delete=models.SET_NULL, related_name="+", db_index=False)
    saved_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["kind", "channel"], name="retention_once", nulls_distinct=False),
        ]

    def __str__(self) -> str:
        return f"{self.kind} for {self.days} days"


class RetentionRun(models.Model):
    """One going through by one rule: what went, and where it stands. `blobs` are files whose rows are gone and whose
    bytes still have to go. Nothing newer than `cutoff` goes, however long it takes."""

    rule = models.ForeignKey(RetentionRule, null=True, on_delete=models.SET_NULL, related_name="runs", db_index=False)
    kind = models.CharField(max_length=8, choices=Ages.choices)
    channel = models.ForeignKey(Channel, null=True, on_delete=models.SET_NULL, related_name="+", db_index=False)
    cutoff = models.DateTimeField()
    state = models.CharField(max_length=8, choices=JobState.choices, default=JobState.RUNNING)
    counts = models.JSONField(default=dict)
    blobs = ArrayField(models.CharField(max_length=64), default=list)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)

    by = None  # nobody did it: a rule did

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["rule"], condition=Q(state="running"), name="retention_run_once"),
        ]
        indexes = [models.Index(fields=["rule", "-started_at"], name="retention_run_latest")]

    def __str__(self) -> str:
        return f"retention run {self.pk}"

    @property
    def reason(self) -> str:
        """Why rows of the ledger changed, as the audit says it."""
        return f"retention run {self.pk}"


class EmptiedTicket(models.Model):
    """A ticket whose words went by a rule. If it is written in again, it is emptied again once that is old."""

    ticket = models.OneToOneField(Ticket, on_delete=models.CASCADE, primary_key=True, related_name="+")
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"emptied #{self.ticket_id}"
