"""Writes that carried an Idempotency-Key, so that a repeated one is the same one."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now

from .agent import Agent


class IdempotentRequest(models.Model):
    """One write of one agent under one key. The row is made in the transaction of its effect: both or neither.

    `digest` is that of the request (method, path, body), so that a key used for something else is noticed;
    `answer` is the response body as it was sent, byte for byte.
    """

    agent = models.ForeignKey(Agent, on_delete=models.CASCADE, related_name="+", db_index=False)
    key = models.CharField(max_length=255)
    digest = models.CharField(max_length=64)
    status = models.SmallIntegerField(null=True)
    answer = models.TextField(default="", db_default="")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["agent", "key"], name="idempotentrequest_once")]
        indexes = [models.Index(fields=["created_at"], name="idempotentrequest_age")]

    def __str__(self) -> str:
        return f"{self.key} of {self.agent_id}"
