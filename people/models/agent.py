"""People who answer: the user model, their teams and their roles."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Lower, Now
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from events.actors import Actor
from people.permissions import CUSTOM, MATRIX, Permission, permissions_of
from people.scope import Reach, Scope

from .role import CustomRole


class Role(models.TextChoices):
    ADMIN = "admin", _("Admin")
    MANAGER = "manager", _("Manager")
    AGENT = "agent", _("Agent")
    LIGHT = "light", _("Light agent")
    CONTRACTOR = "contractor", _("Contractor")
    VIEWER = "viewer", _("Viewer")
    CUSTOM = CUSTOM, _("Role of your own")


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

    def who_may(self, *permissions: Permission) -> models.QuerySet[Agent]:
        """The active agents whose role carries all of these."""
        roles = [role for role, carried in MATRIX.items() if carried.issuperset(permissions)]
        names = [permission.value for permission in permissions]
        carries = models.Q(role__in=roles) | models.Q(role=Role.CUSTOM, granted__contains=names)
        return self.filter(carries, is_active=True)

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
    """A person of the shop. `role` says what they may do and how far they see, their teams and channels what of it.

    What a role of the shop's own carries is kept here too (`granted`, `role_channels`), so that no page reads it anew.
    """

    email = models.EmailField(_("email address"), unique=True)
    name = models.CharField(pgettext_lazy("of a person", "name"), max_length=120)
    role = models.CharField(_("role"), max_length=16, choices=Role.choices, default=Role.AGENT)
    custom_role = models.ForeignKey(CustomRole, null=True, blank=True, on_delete=models.PROTECT, related_name="agents")
    granted = ArrayField(models.CharField(max_length=32), default=list, db_default=[], blank=True)
    role_channels = ArrayField(models.BigIntegerField(), null=True, blank=True)
    # The only channels whose tickets they see; None: no such limit.
    channels = ArrayField(models.BigIntegerField(), null=True, blank=True)
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

    # Who looks with this agent's eyes, and until when (people.viewing); on no row, only while a page is drawn.
    viewed_by: Agent | None = None
    viewed_until: datetime | None = None

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS = ["name"]
    objects = AgentManager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(email=Lower("email")), name="agent_email_lower"),
            models.CheckConstraint(
                condition=models.Q(role=CUSTOM, custom_role__isnull=False)
                | (~models.Q(role=CUSTOM) & models.Q(custom_role=None, granted=[], role_channels=None)),
                name="agent_custom_role",
            ),
        ]

    def __str__(self) -> str:
        return self.name or self.email

    def may(self, permission: Permission) -> bool:
        """Whether this agent's role carries the permission; an inactive agent may nothing."""
        return permission in self.permissions

    @property
    def permissions(self) -> frozenset[Permission]:
        """All that this agent may."""
        return permissions_of(self.role, self.granted) if self.is_active else frozenset()

    @property
    def role_name(self) -> str:
        """What their role is called here."""
        return self.custom_role.name if self.custom_role is not None else str(self.get_role_display())

    @property
    def actor(self) -> Actor:
        return Actor.agent(self.pk)

    @cached_property
    def team_ids(self) -> frozenset[int]:
        """Ids of the agent's teams, read once an instance (one instance a request)."""
        return frozenset(Membership.objects.filter(agent=self).values_list("team_id", flat=True))

    @property
    def channel_ids(self) -> frozenset[int] | None:
        """The only channels they see, by their own limit and by that of their role; None: all."""
        limits = [frozenset(limit) for limit in (self.channels, self.role_channels) if limit is not None]
        return frozenset.intersection(*limits) if limits else None

    def sees_channel(self, channel_id: int) -> bool:
        limit = self.channel_ids
        return limit is None or channel_id in limit

    @property
    def scope(self) -> Scope:
        """How far they see."""
        may = self.permissions
        if Permission.READ_TICKETS not in may:
            return Scope(self.pk, Reach.NOTHING)
        if Permission.READ_ALL_TICKETS in may:
            return Scope(self.pk, Reach.ALL, channel_ids=self.channel_ids)
        if Permission.READ_TEAM_TICKETS in may:
            return Scope(self.pk, Reach.TEAMS, self.team_ids, self.channel_ids)
        return Scope(self.pk, Reach.OWN)

    @property
    def sees_everything(self) -> bool:
        """Whether no ticket is out of their sight, as none is of an admin's."""
        return self.scope.everything


class Membership(models.Model):
    agent = models.ForeignKey(Agent, on_delete=models.CASCADE, related_name="memberships")
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="memberships")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["agent", "team"], name="membership_once")]

    def __str__(self) -> str:
        return f"{self.agent_id} in {self.team_id}"
