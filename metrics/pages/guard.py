"""Who may see these pages."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.core.exceptions import PermissionDenied as Forbidden
from django.http import HttpRequest, HttpResponseBase

from people.permissions import Permission
from people.watching import exported
from tickets.inbox.access import agent_of, signed_in

Page = Callable[..., HttpResponseBase]


def exports(what: str) -> Callable[[Page], Page]:
    """For pages that hand figures out as a file: asks for that right, and notes it."""

    def guard(page: Page) -> Page:
        @wraps(page)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            response = page(request, *args, **kwargs)
            exported(agent_of(request), f"{what}?{request.GET.urlencode()}".rstrip("?"))
            return response

        return allowed(Permission.READ_REPORTS, Permission.EXPORT)(guarded)

    return guard


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
