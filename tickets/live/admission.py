"""Who may open a socket: the same origin, a signed-in agent, and proof that a page of ours asked for it.

A browser sends cookies with any site's WebSocket, so the cookie alone proves nothing (threat 35). The page's CSRF
token travels as a subprotocol, the one header a script may set here, which unlike a query string is not logged.
"""

from __future__ import annotations

import io
import logging
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user
from django.core.exceptions import DisallowedHost
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, HttpResponse, HttpResponseForbidden
from django.middleware.csrf import CsrfViewMiddleware
from django.utils import timezone

from people.models import Agent, AgentSession
from people.second_factor import is_missing
from people.sessions import SessionStore
from people.viewing import is_viewing

from .sight import Standing, standings

logger = logging.getLogger(__name__)

PROTOCOL = "helpdesk.v1"
TOKEN_PREFIX = "csrf."  # noqa: S105 - a prefix, no secret
_SCHEMES = {"ws": "http", "wss": "https"}


@dataclass(frozen=True, slots=True)
class Admission:
    standing: Standing
    session_key: str


def admit(scope: dict[str, Any]) -> Admission | None:
    """The agent behind a handshake, or None when it must be refused."""
    request = _as_request(scope)
    try:
        if not _page_of_ours_asks(request):
            return None
    except DisallowedHost:
        return None
    agent = request.user = get_user(request)
    if not isinstance(agent, Agent) or not request.session.session_key or is_missing(request):
        return None
    if is_viewing(request.session):
        return None  # whose sight would it have? Their pages ask for what is new themselves
    standing = standings([agent.pk]).get(agent.pk)
    return Admission(standing, request.session.session_key) if standing else None


def living_sessions(keys: Collection[str]) -> set[str]:
    """Which of these sessions have neither ended nor expired; one query."""
    alive = AgentSession.objects.filter(session_key__in=keys, expire_date__gt=timezone.now())
    return set(alive.values_list("session_key", flat=True))


def _as_request(scope: dict[str, Any]) -> HttpRequest:
    """The handshake as a POST, so that Django's own CSRF check judges Origin, cookie and token."""
    headers = [*scope["headers"], (b"x-csrftoken", _offered_token(scope).encode("latin-1"))]
    as_http = {**scope, "type": "http", "method": "POST", "headers": headers, "scheme": _SCHEMES[scope["scheme"]]}
    request = ASGIRequest(as_http, io.BytesIO())
    request.session = SessionStore(request.COOKIES.get(settings.SESSION_COOKIE_NAME))
    return request


def _offered_token(scope: dict[str, Any]) -> str:
    offered = [name for name in scope.get("subprotocols", []) if name.startswith(TOKEN_PREFIX)]
    return offered[0].removeprefix(TOKEN_PREFIX) if offered else ""


def _page_of_ours_asks(request: HttpRequest) -> bool:
    """Whether origin and token hold. Anyone's own X-CSRFToken header came first and would be joined to ours: a
    browser cannot send one here, and the joined value matches nothing."""
    check = _CsrfCheck(_unused)
    check.process_request(request)
    return check.process_view(request, _unused, (), {}) is None


class _CsrfCheck(CsrfViewMiddleware):
    def _reject(self, request: HttpRequest, reason: str) -> HttpResponse:
        """Django would draw its error page, which nobody would see."""
        logger.info("socket refused", extra={"reason": reason})
        return HttpResponseForbidden()


def _unused(request: HttpRequest) -> HttpResponse:
    return HttpResponse()
