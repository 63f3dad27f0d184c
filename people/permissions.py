"""Which role may do what: one matrix, asked by every write; and what a role of the shop's own may be made of."""

from __future__ import annotations

from collections.abc import Collection
from enum import StrEnum


class PermissionDenied(Exception):
    """The actor may not do this. Views answer 403, the API a problem document."""


class Permission(StrEnum):
    """All there is to give. How far one sees is given like everything else: the tickets assigned to one, those of
    one's teams and of none, or all of them; each of these three holds the one before."""

    READ_TICKETS = "read_tickets"  # those assigned to them
    READ_TEAM_TICKETS = "read_team_tickets"
    READ_ALL_TICKETS = "read_all_tickets"
    READ_CUSTOMERS = "read_customers"  # lists of customers, beside those of the tickets they see
    REPLY = "reply"
    NOTE = "note"
    EDIT_TICKETS = "edit_tickets"  # status, priority, tags, assignment, team, participants
    READ_RAW = "read_raw"  # original source of a mail
    REVEAL_ACCOUNTS = "reveal_accounts"  # bank accounts that are masked, which refunds need
    REVEAL_SECRETS = "reveal_secrets"  # card numbers, documents, passwords and keys that messages hold
    REDACT = "redact"  # take text out of messages for good
    HANDLE_QUARANTINE = "handle_quarantine"
    MANAGE_SHARED = "manage_shared"  # views, replies and macros of teams and of everyone
    MANAGE_CHANNELS = "manage_channels"
    MANAGE_TEAMS = "manage_teams"
    MANAGE_AGENTS = "manage_agents"
    MANAGE_ROLES = "manage_roles"
    MANAGE_SERVICE_LEVELS = "manage_service_levels"
    MANAGE_SURVEYS = "manage_surveys"
    MANAGE_SHOPS = "manage_shops"
    SUGGEST_ARTICLES = "suggest_articles"  # drafts for the help centre
    MANAGE_ARTICLES = "manage_articles"  # what readers of the help centre see, and its settings
    READ_REPORTS = "read_reports"
    EXPORT = "export"  # figures and lists as files
    READ_AUDIT = "read_audit"
    VIEW_AS = "view_as"  # look with the eyes of a colleague
    SEE_HEALTH = "see_health"  # what runs, what waits, how it is set up
    HANDLE_PRIVACY = "handle_privacy"  # hold, export and erase a customer's data


_CONTRACTOR = frozenset({Permission.READ_TICKETS, Permission.REPLY, Permission.NOTE, Permission.EDIT_TICKETS})
_VIEWER = frozenset({Permission.READ_TICKETS, Permission.READ_TEAM_TICKETS, Permission.READ_CUSTOMERS})
_LIGHT = _VIEWER | {Permission.NOTE}
_AGENT = _LIGHT | {
    Permission.REPLY,
    Permission.EDIT_TICKETS,
    Permission.READ_RAW,
    Permission.REVEAL_ACCOUNTS,
    Permission.SUGGEST_ARTICLES,
}
_MANAGER = _AGENT | {
    Permission.REVEAL_SECRETS,
    Permission.REDACT,
    Permission.HANDLE_QUARANTINE,
    Permission.MANAGE_SHARED,
    Permission.MANAGE_TEAMS,
    Permission.MANAGE_SERVICE_LEVELS,
    Permission.MANAGE_SURVEYS,
    Permission.MANAGE_SHOPS,
    Permission.MANAGE_ARTICLES,
    Permission.READ_REPORTS,
    Permission.EXPORT,
}
_ADMIN = frozenset(Permission)

MATRIX: dict[str, frozenset[Permission]] = {
    "viewer": _VIEWER,
    "light": _LIGHT,
    "contractor": _CONTRACTOR,
    "agent": _AGENT,
    "manager": _MANAGER,
    "admin": _ADMIN,
}
# A role of the shop's own; what it carries is kept on each agent who has it.
CUSTOM = "custom"
# What reaches over the whole house, so that nobody who sees only a part of it may have it.
HOUSE_WIDE = frozenset({
    Permission.MANAGE_CHANNELS, Permission.MANAGE_AGENTS, Permission.MANAGE_ROLES, Permission.READ_AUDIT,
    Permission.VIEW_AS, Permission.SEE_HEALTH, Permission.HANDLE_PRIVACY,
})  # fmt: skip
# What makes no sense alone is given with what it needs.
_NEEDS: dict[Permission, frozenset[Permission]] = {
    Permission.READ_ALL_TICKETS: frozenset({Permission.READ_TEAM_TICKETS}),
    Permission.REPLY: frozenset({Permission.NOTE}),
    Permission.REVEAL_SECRETS: frozenset({Permission.REVEAL_ACCOUNTS}),
    Permission.REDACT: frozenset({Permission.EDIT_TICKETS}),
    Permission.EXPORT: frozenset({Permission.READ_REPORTS}),
    Permission.MANAGE_ARTICLES: frozenset({Permission.SUGGEST_ARTICLES}),
    **dict.fromkeys(HOUSE_WIDE, frozenset({Permission.READ_ALL_TICKETS})),
}


def permissions_of(role: str, granted: Collection[str] = ()) -> frozenset[Permission]:
    """All that a role carries; `granted` is what the shop gave its own role. An unknown role carries nothing."""
    if role == CUSTOM:
        return frozenset(permission for permission in Permission if permission.value in granted)
    return MATRIX.get(role, frozenset())


def role_may(role: str, permission: Permission, granted: Collection[str] = ()) -> bool:
    """Whether the role carries the permission."""
    return permission.value in granted if role == CUSTOM else permission in MATRIX.get(role, frozenset())


def completed(chosen: Collection[str]) -> frozenset[Permission]:
    """The permissions of a role of the shop's own, with what they need; whoever may be here may read their tickets.
    What is no permission is left out."""
    found = {permission for permission in Permission if permission.value in chosen} | {Permission.READ_TICKETS}
    while more := {needed for one in found for needed in _NEEDS.get(one, ())} - found:
        found |= more
    return frozenset(found)
