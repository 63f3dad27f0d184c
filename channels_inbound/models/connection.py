"""Channels of providers: how to reach them, what went to them, what is still to come from them."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from tickets.models import Channel, Message


class ConnectionState(models.TextChoices):
    NEW = "new", _("Nothing received yet")
    OK = "ok", _("Working")
    TROUBLE = "trouble", _("Trying again")
    REFUSED = "refused", _("Needs an admin")


class Connection(models.Model):
    """What a provider's channel needs beside the channel itself: its secret address, credentials, and how it goes.

    `key` stands in the webhook's address, so that one who does not know it cannot even knock. `secret` is encrypted
    by `credentials.py` and goes to no page.
    """

    holds_credentials = True

    channel = models.OneToOneField(Channel, on_delete=models.CASCADE, related_name="connection")
    key = models.CharField(max_length=40, unique=True)
    provider = models.CharField(max_length=24)
    account = models.CharField(max_length=128, blank=True, default="")
    settings = models.JSONField(default=dict, blank=True)
    secret = models.TextField(editable=False)
    verify_token = models.CharField(max_length=64)
    secret_changed_at = models.DateTimeField(db_default=Now())
    state = models.CharField(max_length=8, choices=ConnectionState.choices, default=ConnectionState.NEW)
    trouble = models.CharField(max_length=500, blank=True, default="")
    trouble_at = models.DateTimeField(null=True)
    last_hook_at = models.DateTimeField(null=True)
    last_refused_at = models.DateTimeField(null=True)
    refused = models.IntegerField(default=0, db_default=0)
    # Nothing is sent before this moment: the provider asked us to slow down.
    quiet_until = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"connection of channel {self.channel_id}"


class SentPart(models.Model):
    """One piece of a reply as the provider took it: a long text goes in several, each file is one."""

    channel = models.ForeignKey(Channel, on_delete=models.CASCADE, related_name="+", db_index=False)
    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="parts", db_index=False)
    number = models.SmallIntegerField()
    parts = models.SmallIntegerField()
    external_id = models.CharField(max_length=255)
    sent_at = models.DateTimeField()
    delivered_at = models.DateTimeField(null=True)
    read_at = models.DateTimeField(null=True)
    failed = models.CharField(max_length=500, blank=True, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["message", "number"], name="sentpart_once"),
            models.UniqueConstraint(fields=["channel", "external_id"], name="sentpart_external"),
        ]

    def __str__(self) -> str:
        return f"part {self.number} of message {self.message_id}"


class ParkedFact(models.Model):
    """Something said about a message that is not here yet: applied when it comes, dropped after a day."""

    channel = models.ForeignKey(Channel, on_delete=models.CASCADE, related_name="+", db_index=False)
    external_id = models.CharField(max_length=255)
    kind = models.CharField(max_length=16)
    data = models.JSONField(default=dict)
    at = models.DateTimeField()
    parked_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["channel", "external_id", "kind", "at"], name="parkedfact_once")]
        indexes = [models.Index(fields=["parked_at"], name="parkedfact_age")]

    def __str__(self) -> str:
        return f"{self.kind} of {self.external_id}"


class FetchState(models.TextChoices):
    WAITING = "waiting", _("Waiting")
    DONE = "done", _("Fetched")
    FAILED = "failed", _("Could not be fetched")


class RemoteMedia(models.Model):
    """A file of a message that still lies at the provider; fetched by a worker as soon as may be."""

    channel = models.ForeignKey(Channel, on_delete=models.CASCADE, related_name="+", db_index=False)
    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="remote_media", db_index=False)
    number = models.SmallIntegerField()
    ref = models.JSONField()
    filename = models.CharField(max_length=255, blank=True, default="")
    # The provider's id of the piece it is, where a message comes in several.
    external_id = models.CharField(max_length=255, blank=True, default="", db_default="")
    state = models.CharField(max_length=8, choices=FetchState.choices, default=FetchState.WAITING)
    attempts = models.SmallIntegerField(default=0)
    next_try_at = models.DateTimeField(db_default=Now())
    error = models.CharField(max_length=500, blank=True, default="")

    class Meta:
        verbose_name_plural = "remote media"
        constraints = [models.UniqueConstraint(fields=["message", "number"], name="remotemedia_once")]
        indexes = [
            models.Index(fields=["next_try_at"], name="remotemedia_waiting", condition=models.Q(state="waiting")),
            models.Index(fields=["external_id"], name="remotemedia_piece", condition=~models.Q(external_id="")),
        ]

    def __str__(self) -> str:
        return f"file {self.number} of message {self.message_id}: {self.state}"
