"""Sign-in services (OpenID Connect) an admin has set up, and whose account there is whose here."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from .agent import Agent


class ServiceKind(models.TextChoices):
    GOOGLE = "google", "Google"
    MICROSOFT = "microsoft", "Microsoft"
    OTHER = "other", _("Another service")


class SignInService(models.Model):
    """Where agents may prove who they are. `issuer` is the one whose word counts, character by character."""

    holds_credentials = True  # people.credentials.rotate_credentials

    kind = models.CharField(max_length=16, choices=ServiceKind.choices)
    name = models.CharField(_("name"), max_length=60, unique=True)
    issuer = models.CharField(max_length=300)
    client_id = models.CharField(max_length=300)
    secret = models.TextField(blank=True, default="")
    is_active = models.BooleanField(default=True)
    # Whether its sign-in is proof enough here: it asks for a second step itself.
    has_second_step = models.BooleanField(default=False)
    created_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return self.name


class SignInLink(models.Model):
    """`subject` is the account's lasting name at the service. Addresses change hands; this does not."""

    service = models.ForeignKey(SignInService, on_delete=models.CASCADE, related_name="links")
    agent = models.ForeignKey(Agent, on_delete=models.CASCADE, related_name="sign_in_links")
    subject = models.CharField(max_length=255)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["service", "subject"], name="sign_in_subject_once"),
            models.UniqueConstraint(fields=["service", "agent"], name="sign_in_agent_once"),
        ]

    def __str__(self) -> str:
        return f"{self.agent_id} at {self.service_id}"
