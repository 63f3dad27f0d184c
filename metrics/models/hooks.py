"""Addresses of other systems that are told of warnings and missed deadlines."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class Webhook(models.Model):
    """One address that policies may call. `secret` signs what is sent there; encrypted, shown once when it is made."""

    holds_credentials = True

    name = models.CharField(pgettext_lazy("of a webhook", "name"), max_length=80, unique=True)
    url = models.CharField(_("address"), max_length=500)
    secret = models.TextField(editable=False)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class CallState(models.TextChoices):
    WAITING = "waiting", _("Waiting to be sent")
    SENT = "sent", _("Sent")
    FAILED = "failed", _("Given up")


class WebhookCall(models.Model):
    """One call of a webhook for one alarm: made once, tried until the other side takes it or refuses it for good.

    `public_id` is its Idempotency-Key there: a worker that dies after sending has the next one send it again. `next_at`
    is when it may be tried (again), and the lease of whoever tries.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    webhook = models.ForeignKey(Webhook, on_delete=models.CASCADE, related_name="calls", db_index=False)
    event_id = models.BigIntegerField()
    body = models.JSONField()
    state = models.CharField(max_length=8, choices=CallState.choices, default=CallState.WAITING)
    attempts = models.SmallIntegerField(default=0)
    next_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    trouble = models.CharField(max_length=200, blank=True, default="")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["webhook", "event_id"], name="webhookcall_once")]
        indexes = [
            models.Index(fields=["next_at"], name="webhookcall_due", condition=Q(state="waiting")),
            models.Index(fields=["finished_at"], name="webhookcall_done", condition=~Q(state="waiting")),
        ]

    def __str__(self) -> str:
        return f"call {self.public_id}: {self.state}"
