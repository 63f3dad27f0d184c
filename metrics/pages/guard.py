"""Who may see these pages."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.core.exceptions import PermissionDenied as Forbidden
from django.http import HttpRequest, HttpResponseBase

from people.permissions import Permission
from tickets.inbox.access import agent_of, signed_in

Page = Callable[..., HttpResponseBase]


def allowed(*permissions: Permission) -> Callable[[Page], Page]:
    """Strangers go to the sign-in page; whose role lacks one of the permissions hears 403."""

    def guard(page: Page) -> Page:
        @wraps(page)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if not agent_of(request).permissions.issuperset(permissions):
                raise Forbidden
            return page(request, *args, **kwargs)

        return signed_in(guarded)

    return guard
