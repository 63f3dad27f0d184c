"""A log of calls on its way in."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from tickets.file_imports import FileImport
from tickets.models import Channel


class CallImportState(models.TextChoices):
    LOOKING = "looking", _("Not begun")
    WAITING = "waiting", _("Waiting")
    RUNNING = "running", _("Running")
    DONE = "done", _("Done")
    FAILED = "failed", _("Failed")


class CallImport(FileImport):
    """A log of calls, how it is to be read, and how far it got. `read` counts calls in the file's order: each is kept
    in one transaction with this count, so whoever goes on after a cut goes on with the next."""

    channel = models.ForeignKey(Channel, on_delete=models.CASCADE, related_name="call_imports", db_index=False)
    kind = models.CharField(max_length=10)
    zone = models.CharField(max_length=64)
    region = models.CharField(max_length=2)
    # How the exchange writes days, and what stands before its extensions (phone/log_values.py).
    dates = models.CharField(max_length=3, blank=True, default="", db_default="")
    prefix = models.CharField(max_length=8, blank=True, default="Ext.", db_default="Ext.")
    state = models.CharField(max_length=8, choices=CallImportState.choices, default=CallImportState.LOOKING)
    total = models.IntegerField(default=0)
    read = models.IntegerField(default=0)
    kept = models.IntegerField(default=0)

    class Meta:
        indexes = [
            models.Index(fields=["channel", "-id"], name="callimport_channel"),
            models.Index(
                fields=["id"], name="callimport_open", condition=models.Q(state__in=["looking", "waiting", "running"])
            ),
        ]

    def __str__(self) -> str:
        return f"{self.filename}: {self.state}"
