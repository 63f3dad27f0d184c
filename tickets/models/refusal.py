"""Who takes nothing from us by which channel: told by themselves or by its provider."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from people.models import Identity

from .channel import Channel


class Refusal(models.TextChoices):
    """Why an address takes nothing from a channel of ours. Who is only unreachable may be tried again by a person."""

    NONE = "", "-"
    STOPPED = "stopped", _("Asked us to stop")
    BLOCKED = "blocked", _("Has blocked us")
    UNREACHABLE = "unreachable", _("Could not be reached")


class ChannelRefusal(models.Model):
    """The latest that is known of an address in a channel; without a reason: since `at` it takes what we send again.
    What goes by other channels to the same address is not concerned."""

    identity = models.ForeignKey(Identity, on_delete=models.CASCADE, related_name="refusals", db_index=False)
    channel = models.ForeignKey(Channel, on_delete=models.CASCADE, related_name="+", db_index=False)
    refuses = models.CharField(max_length=12, choices=Refusal.choices, blank=True, default="")
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["identity", "channel"], name="channelrefusal_once")]

    def __str__(self) -> str:
        return f"identity {self.identity_id} in channel {self.channel_id}: {self.refuses or 'takes it'}"
