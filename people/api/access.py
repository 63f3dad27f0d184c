"""What a token may do, before anything is looked up."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from people.api.problems import Problem
from people.models import Agent, ApiToken, TokenScope
from people.permissions import Permission

if TYPE_CHECKING:
    from rest_framework.views import APIView

READING = ("GET", "HEAD")


class ScopedToken(BasePermission):
    """The token's scope allows the method, and the agent's role allows reading at all."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        if not isinstance(request.auth, ApiToken) or not isinstance(request.user, Agent):
            return False
        wide = (TokenScope.READ if request.method in READING else TokenScope.WRITE).value
        area = getattr(view, "area", "")
        narrow = f"{area}:{wide}" if area else wide
        if not getattr(view, "any_scope", False) and not {wide, narrow} & set(request.auth.scopes):
            raise Problem(403, "insufficient_scope", f"This token lacks the scope “{narrow}”.")
        return request.user.may(Permission.READ_TICKETS)
