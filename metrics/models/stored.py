"""Answers that take long to work out, kept for whoever asks next."""

from __future__ import annotations

from django.db import models


class StoredAnswer(models.Model):
    """What a question (`name`, `question`) was answered at `counted_at`; asked for the last time at `asked_at`. The
    answer is None until it is worked out for the first time."""

    name = models.CharField(max_length=24)
    question = models.JSONField()
    key = models.CharField(max_length=64, unique=True)
    answer = models.JSONField(null=True)
    counted_at = models.DateTimeField()
    asked_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["counted_at"], name="storedanswer_age")]

    def __str__(self) -> str:
        return f"{self.name} of {self.counted_at}"
