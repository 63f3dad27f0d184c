"""What came in, byte for byte, before anyone understood it; and what went out while there was no server."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from tickets.models import Channel, Message


class RawState(models.TextChoices):
    STORED = "stored", _("Waiting to be read")
    INGESTED = "ingested", _("Read")
    DUPLICATE = "duplicate", _("Seen before")
    IGNORED = "ignored", _("Ignored")
    QUARANTINED = "quarantined", _("Could not be read")


class RawDelivery(models.Model):
    """One delivery as a provider made it: stored and committed before we say yes, kept whatever comes of it.

    `transport_key` names the delivery itself (for mail: sha256 of the bytes, or mailbox, UIDVALIDITY and UID),
    so that a sender who did not hear our yes and tries again is the same delivery.
    """

    channel = models.ForeignKey(Channel, on_delete=models.PROTECT, related_name="raw_deliveries", db_index=False)
    transport = models.CharField(max_length=16)
    transport_key = models.CharField(max_length=128)
    trace_id = models.CharField(max_length=32, blank=True, default="")
    received_at = models.DateTimeField(db_default=Now())
    # {"mail_from": "", "rcpt_tos": [...], "peer": ...}: what the transport said, not the message
    envelope = models.JSONField(default=dict)
    size = models.IntegerField()
    state = models.CharField(max_length=12, choices=RawState.choices, default=RawState.STORED, db_default="stored")
    reason = models.CharField(max_length=500, blank=True, default="", db_default="")
    attempts = models.SmallIntegerField(default=0, db_default=0)
    lease_until = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    message = models.ForeignKey(Message, null=True, on_delete=models.SET_NULL, related_name="raw_deliveries")

    class Meta:
        verbose_name_plural = "raw deliveries"
        constraints = [models.UniqueConstraint(fields=["channel", "transport_key"], name="rawdelivery_once")]
        indexes = [
            models.Index(fields=["id"], name="rawdelivery_waiting", condition=models.Q(state="stored")),
            models.Index(fields=["-id"], name="rawdelivery_quarantine", condition=models.Q(state="quarantined")),
        ]

    def __str__(self) -> str:
        return f"{self.transport} delivery {self.pk}: {self.state}"


class RawBody(models.Model):
    """The bytes of a delivery, apart so that nothing else ever reads past them."""

    delivery = models.OneToOneField(RawDelivery, on_delete=models.CASCADE, primary_key=True, related_name="body")
    content = models.BinaryField()

    class Meta:
        verbose_name_plural = "raw bodies"

    def __str__(self) -> str:
        return f"bytes of delivery {self.delivery_id}"


class DemoMail(models.Model):
    """A mail that went out while no outgoing server is set: shown on the demo mailbox page, nowhere else."""

    message = models.ForeignKey(Message, null=True, on_delete=models.CASCADE, related_name="+")
    attempt = models.SmallIntegerField(default=0)
    sent_at = models.DateTimeField(db_default=Now())
    mail_from = models.CharField(max_length=320)
    rcpt_tos = models.JSONField(default=list)
    subject = models.CharField(max_length=500, blank=True, default="")
    content = models.BinaryField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["message", "attempt"], name="demomail_once", condition=models.Q(message__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return self.subject
