"""Who may take figures away as a file."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponseBase

from people.permissions import Permission
from people.watching import exported
from tickets.inbox.access import Page, agent_of, allowed


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
