"""People who answer: the user model, their teams and their roles."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models.functions import Lower, Now
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from events.actors import Actor
from people.permissions import Permission, role_may


class Role(models.TextChoices):
    ADMIN = "admin", _("Admin")
    MANAGER = "manager", _("Manager")
    AGENT = "agent", _("Agent")
    VIEWER = "viewer", _("Viewer")


class Theme(models.TextChoices):
    SYSTEM = "system", _("System")
    LIGHT = "light", _("Light")
    DARK = "dark", _("Dark")


class Density(models.TextChoices):
    COMFORTABLE = "comfortable", _("Comfortable")
    COMPACT = "compact", _("Compact")


class AfterClosing(models.TextChoices):
    NEXT = "next", _("Open the next ticket")
    LIST = "list", _("Go back to the list")
    STAY = "stay", _("Stay with the ticket")


class AgentManager(BaseUserManager["Agent"]):
    def create_user(self, email: str, password: str | None = None, **fields: Any) -> Agent:
        """An agent who signs in with an e-mail address; without a password only a reset lets them in."""
        agent = self.model(email=email.strip().lower(), **fields)
        agent.set_password(password)
        agent.save(using=self._db)
        return agent

    def get_by_natural_key(self, username: str | None) -> Agent:
        return self.get(email=(username or "").strip().lower())


class Team(models.Model):
    name = models.CharField(_("name"), max_length=80, unique=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Agent(AbstractBaseUser):
    """A person of the shop. `role` says what they may do, their teams what they may see."""

    email = models.EmailField(_("email address"), unique=True)
    name = models.CharField(pgettext_lazy("of a person", "name"), max_length=120)
    role = models.CharField(_("role"), max_length=16, choices=Role.choices, default=Role.AGENT)
    teams: models.ManyToManyField[Team, Membership] = models.ManyToManyField(
        Team, through="people.Membership", related_name="agents"
    )
    is_active = models.BooleanField(_("active"), default=True)
    locale = models.CharField(_("language"), max_length=8, default="en")
    time_zone = models.CharField(_("time zone"), max_length=64, default="Europe/Kyiv")
    theme = models.CharField(_("theme"), max_length=8, choices=Theme.choices, default=Theme.SYSTEM)
    density = models.CharField(_("density"), max_length=12, choices=Density.choices, default=Density.COMFORTABLE)
    shortcuts = models.BooleanField(_("single-key shortcuts"), default=True)
    signature = models.TextField(_("signature"), blank=True, default="")
    # The same with its formatting, cleaned; empty where it has none.
    signature_html = models.TextField(blank=True, default="", db_default="")
    takes_answered = models.BooleanField(_("take the tickets I answer"), default=True)
    after_closing = models.CharField(
        _("after closing a ticket"),
        max_length=4,
        choices=AfterClosing.choices,
        default=AfterClosing.NEXT,
        db_default="next",
    )
    joined_at = models.DateTimeField(db_default=Now())

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS = ["name"]
    objects = AgentManager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(email=Lower("email")), name="agent_email_lower"),
        ]

    def __str__(self) -> str:
        return self.name or self.email

    def may(self, permission: Permission) -> bool:
        """Whether this agent's role carries the permission; an inactive agent may nothing."""
        return self.is_active and role_may(self.role, permission)

    @property
    def actor(self) -> Actor:
        return Actor.agent(self.pk)

    @cached_property
    def team_ids(self) -> frozenset[int]:
        """Ids of the agent's teams, read once an instance (one instance a request)."""
        return frozenset(Membership.objects.filter(agent=self).values_list("team_id", flat=True))

    @property
    def sees_everything(self) -> bool:
        """Admins see every team's tickets; everyone else sees what their teams may."""
        return self.role == Role.ADMIN


class Membership(models.Model):
    agent = models.ForeignKey(Agent, on_delete=models.CASCADE, related_name="memberships")
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="memberships")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["agent", "team"], name="membership_once")]

    def __str__(self) -> str:
        return f"{self.agent_id} in {self.team_id}"
