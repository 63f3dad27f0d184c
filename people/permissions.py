"""Which role may do what: one matrix, asked by every write."""

from __future__ import annotations

from enum import StrEnum


class PermissionDenied(Exception):
    """The actor may not do this. Views answer 403, the API a problem document."""


class Permission(StrEnum):
    READ_TICKETS = "read_tickets"
    REPLY = "reply"
    NOTE = "note"
    EDIT_TICKETS = "edit_tickets"  # status, priority, tags, assignment, team, participants
    READ_RAW = "read_raw"  # original source of a mail
    HANDLE_QUARANTINE = "handle_quarantine"
    MANAGE_SHARED = "manage_shared"  # views, replies and macros of teams and of everyone
    MANAGE_CHANNELS = "manage_channels"
    MANAGE_TEAMS = "manage_teams"
    MANAGE_AGENTS = "manage_agents"
    MANAGE_SERVICE_LEVELS = "manage_service_levels"
    MANAGE_SURVEYS = "manage_surveys"
    MANAGE_SHOPS = "manage_shops"
    READ_REPORTS = "read_reports"


_VIEWER = frozenset({Permission.READ_TICKETS})
_AGENT = _VIEWER | {Permission.REPLY, Permission.NOTE, Permission.EDIT_TICKETS, Permission.READ_RAW}
_MANAGER = _AGENT | {
    Permission.HANDLE_QUARANTINE,
    Permission.MANAGE_SHARED,
    Permission.MANAGE_TEAMS,
    Permission.MANAGE_SERVICE_LEVELS,
    Permission.MANAGE_SURVEYS,
    Permission.MANAGE_SHOPS,
    Permission.READ_REPORTS,
}
_ADMIN = frozenset(Permission)

MATRIX: dict[str, frozenset[Permission]] = {
    "viewer": _VIEWER,
    "agent": _AGENT,
    "manager": _MANAGER,
    "admin": _ADMIN,
}


def role_may(role: str, permission: Permission) -> bool:
    """Whether the role carries the permission; an unknown role carries none."""
    return permission in MATRIX.get(role, frozenset())
