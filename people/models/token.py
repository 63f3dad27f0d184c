"""API tokens: shown once, stored hashed, scoped, expiring."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from .agent import Agent


class TokenScope(models.TextChoices):
    """What a token is for; what its agent may not do, no scope gives. The first two are for every area."""

    READ = "read", _("Read everything")
    WRITE = "write", _("Change everything")
    TICKETS_READ = "tickets:read", _("Read tickets")
    TICKETS_WRITE = "tickets:write", _("Answer and change tickets")
    CUSTOMERS_READ = "customers:read", _("Read customers")
    ORDERS_READ = "orders:read", _("Read orders")
    ORDERS_WRITE = "orders:write", _("Bring in orders")
    PEOPLE_READ = "people:read", _("Read people and teams")
    REPORTS_READ = "reports:read", _("Read reports")
    ARTICLES_READ = "articles:read", _("Read articles")
    ARTICLES_WRITE = "articles:write", _("Write articles")


class ApiToken(models.Model):
    """A key that acts as its agent, within its scopes, until it expires or is revoked."""

    agent = models.ForeignKey(Agent, on_delete=models.CASCADE, related_name="api_tokens")
    name = models.CharField(max_length=80)
    prefix = models.CharField(max_length=12)
    digest = models.CharField(max_length=64, unique=True)
    scopes = ArrayField(models.CharField(max_length=16, choices=TokenScope.choices))
    created_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True)
    # Where it was last used from, and the networks it was ever used from, the newest last.
    last_address = models.CharField(max_length=45, blank=True, default="", db_default="")
    networks = ArrayField(models.CharField(max_length=49), default=list, blank=True, db_default=[])
    revoked_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.prefix}… of {self.agent_id}"
