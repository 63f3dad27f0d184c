"""Writes about agents and teams. Each checks who asks, and records what happened."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from django.db import IntegrityError, connection, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from events.actors import SYSTEM, Actor
from events.audit import note_setting
from events.ledger import record_event

from .admins import note_made_admin
from .models import Agent, ApiToken, Membership, Role, Team
from .permissions import HOUSE_WIDE, Permission, PermissionDenied
from .roles import Refused, lock_role, require, require_own
from .sessions import end_sessions

# Any number: it only has to be the same for everybody who wants to be the first.
_FIRST_ADMIN_LOCK = 7_203_001


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
    agent: Agent | None,
    *,
    by: Agent,
    email: str,
    name: str,
    role: str,
    teams: Collection[Team],
    is_active: bool,
    channels: Collection[int] | None = None,
) -> Agent:
    """Create or change a colleague. `role` is one of ours or `custom-ID`; `channels` the only ones they see, None: all.

    Nobody takes the last admin away, nor their own rights, and nobody gives or takes what they do not have.
    """
    require(by, Permission.MANAGE_AGENTS)
    with transaction.atomic():
        chosen = lock_role(role)
        known = _lock_people(by, agent)
        by, agent = known[by.pk], known[agent.pk] if agent else None
        require(by, Permission.MANAGE_AGENTS)
        require_own(by, chosen.permissions, agent.permissions if agent else frozenset())
        if channels is not None and HOUSE_WIDE & chosen.permissions:
            raise Refused("channels", _("Whoever looks after the whole helpdesk cannot be limited to channels."))
        if agent is not None:
            admins = {one.pk for one in known.values() if one.role == Role.ADMIN and one.is_active}
            _keep_an_admin(agent, by=by, admins=admins, role=role, is_active=is_active)
        account = {"email": email.strip().lower(), "name": name, "is_active": is_active}
        limit = sorted(channels) if channels is not None else None
        return _write_agent(agent, by, account | chosen.columns | {"channels": limit}, {team.pk for team in teams})


def _lock_people(by: Agent, agent: Agent | None) -> dict[int, Agent]:
    """Whoever decides, whom it is about and all admins, locked in the order of their ids and read anew: two admins
    cannot each remove the other, and nobody decides who may no longer."""
    wanted = Q(role=Role.ADMIN) | Q(pk__in=[by.pk, agent.pk if agent else by.pk])
    return {one.pk: one for one in Agent.objects.select_for_update(of=("self",)).filter(wanted).order_by("pk")}


def _keep_an_admin(agent: Agent, *, by: Agent, admins: set[int], role: str, is_active: bool) -> None:
    loses = agent.pk in admins and (role != Role.ADMIN or not is_active)
    if loses and admins == {agent.pk}:
        raise Refused("role", _("Somebody has to stay admin."))
    if loses and agent.pk == by.pk:
        raise Refused("role", _("Another admin has to take your rights away."))


def _write_agent(agent: Agent | None, by: Agent, values: dict[str, Any], teams: set[int]) -> Agent:
    email, others = values["email"], Agent.objects.exclude(pk=agent.pk) if agent else Agent.objects.all()
    if others.filter(email=email).exists():
        raise Refused("email", _("Somebody has this address already."))
    kind = "agent.changed" if agent else "agent.created"
    before = _standing_of(agent) if agent else {}
    known = _account_of(agent, values) if agent else {}
    try:
        with transaction.atomic():
            if agent is None:
                agent = Agent.objects.create_user(password=None, **values)
            else:
                for name, value in values.items():
                    setattr(agent, name, value)
                agent.save(update_fields=[*values])
    except IntegrityError:
        raise Refused("email", _("Somebody has this address already.")) from None
    Membership.objects.filter(agent=agent).exclude(team__in=teams).delete()
    Membership.objects.bulk_create([Membership(agent=agent, team_id=id) for id in sorted(teams)], ignore_conflicts=True)
    standing = _standing_of(agent)
    data = standing | {"teams": sorted(teams)} | ({"before": before} if before else {})
    _record(agent, kind, by=by.actor, data=data)
    if known:
        note_setting(f"agent {agent.pk}", known, _account_of(agent, values), by=by.actor)
    note_made_admin(agent, before, standing, by=by.actor)
    if before and before != standing:
        end_sessions(agent, by=by)
        if not agent.is_active:
            ApiToken.objects.filter(agent=agent, revoked_at=None).update(revoked_at=timezone.now())
    return agent


def _account_of(agent: Agent, names: Collection[str]) -> dict[str, Any]:
    """What an admin sets of the agent, as the audit keeps it."""
    teams = Membership.objects.filter(agent=agent).order_by("team").values_list("team", flat=True)
    return {name: getattr(agent, name) for name in names} | {"teams": list(teams)}


def _standing_of(agent: Agent) -> dict[str, Any]:
    """What decides about the agent's rights, as its events tell it."""
    rare = {"custom_role": agent.custom_role_id, "channels": agent.channels}
    known = {name: value for name, value in rare.items() if value is not None}
    return {"role": agent.role, "is_active": agent.is_active} | known


def save_team(team: Team | None, *, by: Agent, name: str) -> Team:
    """Create a team or give it another name."""
    require(by, Permission.MANAGE_TEAMS)
    name = " ".join(name.split())
    if not name:
        raise Refused("name", _("A team needs a name."))
    try:
        with transaction.atomic():
            team = team or Team()
            kind = "team.renamed" if team.pk else "team.created"
            before, team.name = team.name, name
            team.save()
            if kind == "team.renamed":
                note_setting(f"team {team.pk}", {"name": before}, {"name": name}, by=by.actor)
            record_event(("team", team.pk), kind, by=by.actor, at=timezone.now(), data={"name": name})
    except IntegrityError:
        raise Refused("name", _("There is a team of this name already.")) from None
    return team


def _record(agent: Agent, kind: str, *, by: Actor, data: dict[str, Any], at: datetime | None = None) -> None:
    record_event(("agent", agent.pk), kind, by=by, at=at or timezone.now(), data=data)
