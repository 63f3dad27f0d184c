"""Messages approved before: what may still be sent when a provider's window is over."""

from __future__ import annotations

from django.db import models

from .channel import Channel


class TemplateState(models.TextChoices):
    APPROVED = "approved", "approved"
    WAITING = "waiting", "waiting"
    REFUSED = "refused", "refused"


class ChannelTemplate(models.Model):
    """One template of a channel in one language, as its provider has it. `text` holds {{1}}, {{2}}...; the provider's
    own names of them stand in `fields`, in that order. `header` is shown above, and has no variables. `external_id` is
    what the provider calls it, where that is not the name."""

    channel = models.ForeignKey(Channel, on_delete=models.CASCADE, related_name="templates", db_index=False)
    name = models.CharField(max_length=512)
    language = models.CharField(max_length=16)
    category = models.CharField(max_length=32, blank=True, default="")
    state = models.CharField(max_length=8, choices=TemplateState.choices)
    header = models.CharField(max_length=200, blank=True, default="")
    text = models.TextField()
    fields = models.JSONField(default=list)
    external_id = models.CharField(max_length=64, blank=True, default="", db_default="")
    synced_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["channel", "name", "language"], name="channeltemplate_once")]

    def __str__(self) -> str:
        return f"{self.name} ({self.language})"
