"""Roles of the shop's own, made of the fixed list of permissions."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import pgettext_lazy


class CustomRole(models.Model):
    """What a role carries, and in which channels (None: in all). `people.roles` alone writes it, and with it what is
    kept of it on each agent who has it."""

    name = models.CharField(pgettext_lazy("of a role", "name"), max_length=60, unique=True)
    permissions = ArrayField(models.CharField(max_length=32))
    # Ids of channels, which stand above people and so can be no foreign keys; one that is gone matches nothing.
    channels = ArrayField(models.BigIntegerField(), null=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name
