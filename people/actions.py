"""Writes about agents and teams. Each checks who asks, and records what happened."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from django.contrib.sessions.models import Session
from django.db import IntegrityError, connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from events.actors import SYSTEM, Actor
from events.ledger import record_event

from .models import Agent, ApiToken, Membership, Role, Team
from .permissions import Permission, PermissionDenied

# Any number: it only has to be the same for everybody who wants to be the first.
_FIRST_ADMIN_LOCK = 7_203_001


class Refused(Exception):
    """A value that cannot be used; `field` says which."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field, self.message = field, message


def nobody_yet() -> bool:
    """Whether this helpdesk has no agent at all."""
    return not Agent.objects.exists()


def create_first_admin(*, email: str, name: str, password: str, locale: str, time_zone: str) -> Agent:
    """The first admin of an empty helpdesk. Of several who try at once one succeeds, the others are refused."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_FIRST_ADMIN_LOCK])
        if not nobody_yet():
            raise PermissionDenied(_("This helpdesk has its first admin already."))
        admin = Agent.objects.create_user(
            email, password, name=name, role=Role.ADMIN, locale=locale, time_zone=time_zone
        )
        _record(admin, "agent.created", by=SYSTEM, data={"role": admin.role, "first": True})
    return admin


def save_agent(
    agent: Agent | None, *, by: Agent, email: str, name: str, role: str, teams: Collection[Team], is_active: bool
) -> Agent:
    """Create or change a colleague. Nobody takes the last admin away, nor their own rights."""
    _require(by, Permission.MANAGE_AGENTS)
    if role not in Role.values:
        raise Refused("role", _("There is no such role."))
    with transaction.atomic():
        # All admins are locked, so that two of them cannot each remove the other.
        admins = set(
            Agent.objects.select_for_update().filter(role=Role.ADMIN, is_active=True).values_list("pk", flat=True)
        )
        if agent is not None:
            _keep_an_admin(agent, by=by, admins=admins, role=role, is_active=is_active)
        return _write_agent(agent, by=by, email=email, name=name, role=role, teams=teams, is_active=is_active)


def _keep_an_admin(agent: Agent, *, by: Agent, admins: set[int], role: str, is_active: bool) -> None:
    loses = agent.pk in admins and (role != Role.ADMIN or not is_active)
    if loses and admins == {agent.pk}:
        raise Refused("role", _("Somebody has to stay admin."))
    if loses and agent.pk == by.pk:
        raise Refused("role", _("Another admin has to take your rights away."))


def _write_agent(
    agent: Agent | None, *, by: Agent, email: str, name: str, role: str, teams: Collection[Team], is_active: bool
) -> Agent:
    email = email.strip().lower()
    others = Agent.objects.exclude(pk=agent.pk) if agent else Agent.objects.all()
    if others.filter(email=email).exists():
        raise Refused("email", _("Somebody has this address already."))
    kind = "agent.changed" if agent else "agent.created"
    before = {"role": agent.role, "is_active": agent.is_active} if agent else {}
    try:
        with transaction.atomic():
            if agent is None:
                agent = Agent.objects.create_user(email, None, name=name, role=role, is_active=is_active)
            else:
                agent.email, agent.name, agent.role, agent.is_active = email, name, role, is_active
                agent.save(update_fields=["email", "name", "role", "is_active"])
    except IntegrityError:
        raise Refused("email", _("Somebody has this address already.")) from None
    wanted = {team.pk for team in teams}
    Membership.objects.filter(agent=agent).exclude(team__in=wanted).delete()
    Membership.objects.bulk_create(
        [Membership(agent=agent, team_id=id) for id in sorted(wanted)], ignore_conflicts=True
    )
    data: dict[str, Any] = {"role": role, "is_active": is_active, "teams": sorted(wanted)}
    _record(agent, kind, by=by.actor, data=data | ({"before": before} if before else {}))
    if before and (before["role"], before["is_active"]) != (role, is_active):
        end_sessions(agent)
        if not is_active:
            ApiToken.objects.filter(agent=agent, revoked_at=None).update(revoked_at=timezone.now())
    return agent


def save_team(team: Team | None, *, by: Agent, name: str) -> Team:
    """Create a team or give it another name."""
    _require(by, Permission.MANAGE_TEAMS)
    name = " ".join(name.split())
    if not name:
        raise Refused("name", _("A team needs a name."))
    try:
        with transaction.atomic():
            team = team or Team()
            kind = "team.renamed" if team.pk else "team.created"
            team.name = name
            team.save()
            record_event(("team", team.pk), kind, by=by.actor, at=timezone.now(), data={"name": name})
    except IntegrityError:
        raise Refused("name", _("There is a team of this name already.")) from None
    return team


def end_sessions(agent: Agent) -> None:
    """Sign an agent out everywhere: their rights have changed (threat 48)."""
    for session in Session.objects.filter(expire_date__gt=timezone.now()).iterator():
        if session.get_decoded().get("_auth_user_id") == str(agent.pk):
            session.delete()


def _require(by: Agent, permission: Permission) -> None:
    if not by.may(permission):
        raise PermissionDenied(_("Your role does not allow this."))


def _record(agent: Agent, kind: str, *, by: Actor, data: dict[str, Any], at: datetime | None = None) -> None:
    record_event(("agent", agent.pk), kind, by=by, at=at or timezone.now(), data=data)
