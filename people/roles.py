"""Roles of the shop's own: made of the fixed list, given by nobody who has not all of it, never without a successor.

What a role carries is copied to its agents in the same transaction, so that asking what somebody may costs no query.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from events.ledger import record_event

from .admins import note_made_admin
from .models import Agent, CustomRole
from .permissions import CUSTOM, HOUSE_WIDE, MATRIX, Permission, PermissionDenied, completed, permissions_of


class Refused(Exception):
    """A value that cannot be used; `field` says which."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field, self.message = field, message


@dataclass(frozen=True, slots=True)
class ChosenRole:
    """A role about to be given: ours, or one of the shop's own."""

    key: str
    custom: CustomRole | None = None

    @property
    def permissions(self) -> frozenset[Permission]:
        return permissions_of(self.key, self.custom.permissions if self.custom else ())

    @property
    def columns(self) -> dict[str, Any]:
        """What an agent with this role keeps of it."""
        return {
            "role": self.key, "custom_role": self.custom, "granted": self.custom.permissions if self.custom else [],
            "role_channels": self.custom.channels if self.custom else None,
        }  # fmt: skip


def role_key(agent: Agent) -> str:
    """The agent's role as `lock_role` reads it."""
    return f"{CUSTOM}-{agent.custom_role_id}" if agent.role == CUSTOM else agent.role


def lock_role(key: str) -> ChosenRole:
    """The role of this key; the shop's own (`custom-ID`) locked, so that it cannot change while it is given."""
    kind, _dash, id = key.partition("-")
    if kind == CUSTOM and id.isdecimal() and len(id) < 19:
        custom = CustomRole.objects.select_for_update().filter(pk=int(id)).first()
        if custom is not None:
            return ChosenRole(CUSTOM, custom)
    elif key in MATRIX:
        return ChosenRole(key)
    raise Refused("role", _("There is no such role."))


def save_role(
    role: CustomRole | None,
    *,
    by: Agent,
    name: str,
    permissions: Collection[str],
    channels: Collection[int] | None = None,
) -> CustomRole:
    """Make a role or change it, and with it what its agents may, from their next click on."""
    require(by, Permission.MANAGE_ROLES)
    name, wanted = " ".join(name.split()), completed(permissions)
    if not name:
        raise Refused("name", _("A role needs a name."))
    if channels is not None and HOUSE_WIDE & wanted:
        raise Refused("channels", _("Whoever looks after the whole helpdesk cannot be limited to channels."))
    values = {"name": name, "permissions": sorted(one.value for one in wanted),
              "channels": sorted(channels) if channels is not None else None}  # fmt: skip
    with transaction.atomic():
        before = _lock(role) if role else None
        by = _decider(by)
        require_own(by, wanted, permissions_of(CUSTOM, before.permissions) if before else frozenset())
        if before and HOUSE_WIDE & wanted and before.agents.exclude(channels=None).exists():
            raise Refused("house", _("Whoever looks after the whole helpdesk cannot be limited to channels."))
        saved = _write(before, values)
        told = values | ({"before": _told(before)} if before else {})
        record_event(("role", saved.pk), "role.changed" if before else "role.created", by=by.actor,
                     at=timezone.now(), data=told)  # fmt: skip
    return saved


def remove_role(role: CustomRole, *, by: Agent, successor: str = "") -> None:
    """Take a role away; whoever has it gets `successor` instead (a key as `lock_role` reads it)."""
    require(by, Permission.MANAGE_ROLES)
    with transaction.atomic():
        list(CustomRole.objects.select_for_update().order_by("pk"))  # all, so that two of these never wait crosswise
        gone = _lock(role)
        held = Agent.objects.select_for_update(of=("self",)).filter(custom_role=gone).order_by("pk")
        heir = lock_role(successor) if successor else None
        by = _decider(by)
        require_own(by, permissions_of(CUSTOM, gone.permissions), heir.permissions if heir else frozenset())
        if heir is not None and heir.custom == gone:
            raise Refused("successor", _("Choose another role."))
        for agent in held:
            if heir is None:
                raise Refused("successor", _("Somebody has this role. Say which one they get instead."))
            _succeed(agent, gone, heir, by=by)
        record_event(("role", gone.pk), "role.removed", by=by.actor, at=timezone.now(), data=_told(gone))
        gone.delete()


def require(by: Agent, permission: Permission) -> None:
    """Refuse whoever's role does not carry the permission."""
    if not by.may(permission):
        raise PermissionDenied(_("Your role does not allow this."))


def require_own(by: Agent, *taken_or_given: frozenset[Permission]) -> None:
    """Nobody gives what they do not have, nor takes it from somebody who has more."""
    if any(not by.permissions.issuperset(permissions) for permissions in taken_or_given):
        raise PermissionDenied(_("Nobody can give or take rights that they do not have."))


def _decider(by: Agent) -> Agent:
    """Whoever decides, as they are now."""
    fresh = Agent.objects.get(pk=by.pk)
    require(fresh, Permission.MANAGE_ROLES)
    return fresh


def _lock(role: CustomRole) -> CustomRole:
    found = CustomRole.objects.select_for_update().filter(pk=role.pk).first()
    if found is None:
        raise Refused("name", _("There is no such role."))
    return found


def _told(role: CustomRole) -> dict[str, Any]:
    return {"name": role.name, "permissions": role.permissions, "channels": role.channels}


def _write(before: CustomRole | None, values: dict[str, Any]) -> CustomRole:
    role = CustomRole(pk=before.pk if before else None, **values)
    try:
        with transaction.atomic():
            role.save(force_insert=before is None, force_update=before is not None)
    except IntegrityError:
        raise Refused("name", _("There is a role of this name already.")) from None
    if before is not None:
        Agent.objects.filter(custom_role=role).update(granted=role.permissions, role_channels=role.channels)
    return role


def _succeed(agent: Agent, gone: CustomRole, heir: ChosenRole, *, by: Agent) -> None:
    if agent.channels is not None and HOUSE_WIDE & heir.permissions:
        raise Refused("successor", _("Whoever looks after the whole helpdesk cannot be limited to channels."))
    Agent.objects.filter(pk=agent.pk).update(**heir.columns)
    before = {"role": CUSTOM, "custom_role": gone.pk}
    custom = {"custom_role": heir.custom.pk} if heir.custom else {}
    data = {"role": heir.key, "is_active": agent.is_active, "before": before} | custom
    record_event(("agent", agent.pk), "agent.changed", by=by.actor, at=timezone.now(), data=data)
    note_made_admin(agent, before, data, by=by.actor)
