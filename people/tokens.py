"""API tokens: made, believed and revoked here. A database leak alone gives nobody a usable one."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from events.actors import Actor
from events.ledger import record_event
from events.rates import client_address
from people.models import Agent, ApiToken, TokenScope
from people.permissions import Permission, PermissionDenied
from people.token_watch import note_use

MARK = "hd_"  # lets a secret scanner, and a person, recognise what leaked
SHOWN = len(MARK) + 6
MAX_DAYS = 3660
_SHAPE = re.compile(r"hd_[A-Za-z0-9_-]{43}")


def create_token(
    agent: Agent,
    name: str,
    scopes: Sequence[str] = (TokenScope.READ, TokenScope.WRITE),
    days: int = 365,
    *,
    by: Actor | None = None,
    at: datetime | None = None,
) -> tuple[str, ApiToken]:
    """A new token and its row. The plain text (256 random bits) exists only in the answer of this call.

    `by` is who made it when that is not the agent (the command line: SYSTEM).
    """
    at = at or timezone.now()
    if not agent.is_active:
        raise ValueError("an inactive agent gets no token")
    if unknown := set(scopes) - set(TokenScope.values):
        raise ValueError(f"unknown scopes: {', '.join(sorted(unknown))}")
    if not scopes or not 1 <= days <= MAX_DAYS:
        raise ValueError(f"a token needs a scope and between 1 and {MAX_DAYS} days")
    plain = MARK + secrets.token_urlsafe(32)
    with transaction.atomic():
        token = ApiToken.objects.create(
            agent=agent,
            name=name.strip()[:80],
            prefix=plain[:SHOWN],
            digest=token_digest(plain),
            scopes=[scope for scope in TokenScope.values if scope in scopes],
            expires_at=at + timedelta(days=days),
        )
        data = {"token": token.pk, "scopes": token.scopes, "days": days}
        _record(agent, "agent.token_created", by=by or agent.actor, at=at, data=data)
    return plain, token


def token_digest(plain: str) -> str:
    """What is stored. A plain hash is enough for 256 random bits: there is nothing to guess."""
    return hashlib.sha256(plain.encode()).hexdigest()


def revoke_token(token_id: int, *, by: Agent, at: datetime | None = None) -> bool:
    """End one of the agent's own tokens at once; False when there is no such live token of theirs."""
    return _revoke(ApiToken.objects.filter(pk=token_id, agent=by), by=by, at=at)


def revoke_anyones_token(token_id: int, *, by: Agent, at: datetime | None = None) -> bool:
    """End somebody's token, as an admin; False when there is no such live token."""
    if not by.may(Permission.MANAGE_AGENTS):
        raise PermissionDenied(_("Your role does not allow this."))
    return _revoke(ApiToken.objects.filter(pk=token_id), by=by, at=at)


def _revoke(tokens: QuerySet[ApiToken], *, by: Agent, at: datetime | None) -> bool:
    at = at or timezone.now()
    with transaction.atomic():
        token = tokens.filter(revoked_at=None).select_for_update(of=("self",)).select_related("agent").first()
        if token is None:
            return False
        token.revoked_at = at
        token.save(update_fields=["revoked_at"])
        _record(token.agent, "agent.token_revoked", by=by.actor, at=at, data={"token": token.pk})
    return True


def revoke_all_tokens(*, by: Agent, at: datetime | None = None) -> int:
    """End every token there is, as an admin; how many. For when nobody knows yet which one was stolen."""
    if not by.may(Permission.MANAGE_AGENTS):
        raise PermissionDenied(_("Your role does not allow this."))
    at, ended = at or timezone.now(), 0
    for token_id in live_tokens(at=at).order_by("agent_id", "pk").values_list("pk", flat=True):
        ended += _revoke(ApiToken.objects.filter(pk=token_id), by=by, at=at)
    return ended


def live_tokens(*, at: datetime, agent: Agent | None = None) -> QuerySet[ApiToken]:
    """Tokens that open something, the newest first: one agent's, or everybody's."""
    tokens = ApiToken.objects.filter(revoked_at=None, expires_at__gt=at, agent__is_active=True)
    return (tokens.filter(agent=agent) if agent else tokens).select_related("agent").order_by("-pk")


def _record(agent: Agent, kind: str, *, by: Actor, at: datetime, data: dict[str, Any]) -> None:
    Agent.objects.select_for_update(of=("self",)).get(pk=agent.pk)
    record_event(("agent", agent.pk), kind, by=by, at=at, data=data)


def find_token(plain: str, *, at: datetime) -> ApiToken | None:
    """The live token of an active agent, or None: wrong, expired, revoked and deactivated look the same.

    Looked up by the digest in a unique index, so the time taken says nothing about how much of a guess was right.
    """
    if not _SHAPE.fullmatch(plain):
        return None
    return (
        ApiToken.objects.select_related("agent")
        .filter(digest=token_digest(plain), revoked_at=None, expires_at__gt=at, agent__is_active=True)
        .first()
    )


class TokenAuthentication(BaseAuthentication):
    """`Authorization: Token hd_...` makes the request its agent's; request.auth is the token row."""

    keyword = "Token"

    def authenticate(self, request: Request) -> tuple[Agent, ApiToken] | None:
        words = get_authorization_header(request).split()
        if not words or words[0].lower() not in (b"token", b"bearer"):
            return None
        if len(words) != 2:
            raise AuthenticationFailed("The header is: Authorization: Token YOUR_TOKEN")
        now = timezone.now()
        token = find_token(words[1].decode("latin-1"), at=now)
        if token is None:
            raise AuthenticationFailed("This token is not valid: unknown, expired, revoked, or its agent is inactive.")
        note_use(token, address=client_address(request), at=now)
        return token.agent, token

    def authenticate_header(self, request: Request) -> str:
        """Sent as WWW-Authenticate, so that a missing token is 401 and not 403."""
        return self.keyword
