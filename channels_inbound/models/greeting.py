"""Greeting whoever comes to a channel without having said anything yet."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now

from tickets.models import Channel

from .connection import FetchState


class Greeting(models.Model):
    """That somebody came: greeted once, however often they come. `thread_id` is their conversation at the provider."""

    channel = models.ForeignKey(Channel, on_delete=models.CASCADE, related_name="+", db_index=False)
    address = models.CharField(max_length=320)
    thread_id = models.CharField(max_length=255)
    state = models.CharField(max_length=8, choices=FetchState.choices, default=FetchState.WAITING)
    attempts = models.SmallIntegerField(default=0)
    next_try_at = models.DateTimeField(db_default=Now())
    error = models.CharField(max_length=500, blank=True, default="")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["channel", "address"], name="greeting_once")]
        indexes = [models.Index(fields=["next_try_at"], name="greeting_waiting", condition=models.Q(state="waiting"))]

    def __str__(self) -> str:
        return f"greeting of {self.address}: {self.state}"
