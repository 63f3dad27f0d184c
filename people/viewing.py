"""Looking with the eyes of a colleague: read-only, seen by everybody in the audit, over by itself after half an hour.

The session stays the admin's; only the request's agent is another one while a page is drawn. What could write is held
back three times: by its method, by the database connection, and by the ledger.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import Any

from django.core.exceptions import PermissionDenied as Forbidden
from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext as _

from events.audit import AuditKind, looking_as, note

from .middleware import NOBODYS
from .models import Agent
from .permissions import Permission
from .roles import Refused, require, require_own

KEY = "view_as"
LONGEST = 30 * 60  # seconds
READING = ("GET", "HEAD")
# As oneself: the way out. Nothing of the other's own account is anybody else's to see.
WAY_OUT = frozenset({"view_as_end", "account_logout"})
PRIVATE = ("/profile/", "/accounts/", "/setup/", "/notifications/settings/")
_WRITES = re.compile(
    r"^\s*(INSERT|UPDATE|DELETE|TRUNCATE|MERGE|COPY|CREATE|ALTER|DROP)\b|^\s*WITH\b.*\b(INSERT|UPDATE|DELETE)\b",
    re.IGNORECASE | re.DOTALL,
)


def begin_viewing(request: HttpRequest, agent: Agent, *, by: Agent) -> None:
    """From the next page on show this session what the agent sees. Raises PermissionDenied, also for whoever looks as
    somebody already, and Refused for whom nobody can look as."""
    require(by, Permission.VIEW_AS)
    require_own(by, agent.permissions)
    if not agent.is_active or agent.pk == by.pk:
        raise Refused("agent", _("Nobody can look with these eyes."))
    request.session[KEY] = {"agent": agent.pk, "until": int(time.time()) + LONGEST}
    # Sockets of this browser were opened as somebody else, and end with the old key.
    request.session.cycle_key()
    note(AuditKind.VIEW_AS_BEGAN, by=by.actor, data={"agent": agent.pk})


def end_viewing(request: HttpRequest, *, by: Agent) -> None:
    """Show this session its own agent's again. Ending what is over changes nothing."""
    if (said := request.session.pop(KEY, None)) is not None:
        request.session.cycle_key()
        note(AuditKind.VIEW_AS_ENDED, by=by.actor, data={"agent": said["agent"]})


def is_viewing(session: Any) -> bool:
    """Whether this session looks with somebody else's eyes, or did until just now."""
    return KEY in session


class ViewAsMiddleware:
    """Stands last, so that signing in, second steps and sessions are asked of the admin whose session it is."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., HttpResponseBase], args: Any, kwargs: Any
    ) -> HttpResponseBase | None:
        if request.path.startswith(NOBODYS) or not is_viewing(request.session):
            return None
        admin, name = request.user, request.resolver_match.url_name if request.resolver_match else ""
        if not isinstance(admin, Agent) or name in WAY_OUT:
            return None
        said = request.session[KEY]
        agent = Agent.objects.filter(pk=said["agent"], is_active=True).first()
        if time.time() >= said["until"] or agent is None or not _may_look(admin, agent):
            end_viewing(request, by=admin)
            return None
        if request.method not in READING or request.path.startswith(PRIVATE):
            return _refusal(request)
        agent.viewed_by, agent.viewed_until = admin, datetime.fromtimestamp(said["until"], UTC)
        return _look(request, agent, admin, view, args, kwargs)


def _may_look(admin: Agent, agent: Agent) -> bool:
    return admin.may(Permission.VIEW_AS) and admin.permissions >= agent.permissions


def _look(
    request: HttpRequest, agent: Agent, admin: Agent, view: Callable[..., HttpResponseBase], args: Any, kwargs: Any
) -> HttpResponseBase:
    request.user = agent
    with ExitStack() as held:
        held.callback(setattr, request, "user", admin)
        held.enter_context(looking_as(admin.actor, agent.pk))
        held.enter_context(connection.execute_wrapper(_refuse_writes))
        return view(request, *args, **kwargs)


def _refuse_writes(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
    if _WRITES.match(sql):
        raise Forbidden("looking with somebody else's eyes changes nothing")
    return execute(sql, params, many, context)


def _refusal(request: HttpRequest) -> HttpResponseBase:
    message = _("While you look with somebody else's eyes nothing can be changed.")
    if request.headers.get("X-Requested-With") == "fetch":
        return JsonResponse({"code": "viewing", "message": message}, status=403)
    return render(request, "people/viewing_refused.html", {"reason": message}, status=403)
