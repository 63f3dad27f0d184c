"""Who asks, and how a refusal is said to a page's script."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import wraps
from typing import Any, cast

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied as Forbidden
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import render
from django.utils.cache import add_never_cache_headers
from django.utils.translation import gettext as _

from people.models import Agent
from people.permissions import Permission, PermissionDenied
from people.watching import BudgetSpent
from tickets.errors import (
    DomainError,
    FieldsMissing,
    IdempotencyMismatch,
    InvalidInput,
    MaskedWords,
    NewAddress,
    NotFound,
    StaleReply,
    TicketClosed,
    TooLate,
)

logger = logging.getLogger(__name__)
Page = Callable[..., HttpResponseBase]
STATUS: dict[type[DomainError], int] = {
    NotFound: 404, StaleReply: 409, NewAddress: 409, TooLate: 409, TicketClosed: 409, IdempotencyMismatch: 409,
    InvalidInput: 422, FieldsMissing: 409, MaskedWords: 409,
}  # fmt: skip


def agent_of(request: HttpRequest) -> Agent:
    """The signed-in agent; only behind `signed_in`."""
    return cast(Agent, request.user)


def by_script(request: HttpRequest) -> bool:
    return request.headers.get("X-Requested-With") == "fetch"


def signed_in(page: Page) -> Page:
    """Strangers go to the sign-in page, scripts of a page whose session ended hear 401. Nothing is cached."""

    @wraps(page)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.user.is_authenticated:
            if by_script(request):
                return JsonResponse({"code": "signed_out", "message": _("Sign in again.")}, status=401)
            return redirect_to_login(request.get_full_path())
        try:
            response = page(request, *args, **kwargs)
        except BudgetSpent as spent:
            response = _spent(request, spent)
        if isinstance(response, HttpResponse):
            add_never_cache_headers(response)
        return response

    return guarded


def allowed(*permissions: Permission) -> Callable[[Page], Page]:
    """`signed_in`, and whose role lacks one of the permissions hears 403."""

    def guard(page: Page) -> Page:
        @wraps(page)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if not agent_of(request).permissions.issuperset(permissions):
                raise Forbidden
            return page(request, *args, **kwargs)

        return signed_in(guarded)

    return guard


def _spent(request: HttpRequest, spent: BudgetSpent) -> HttpResponse:
    if by_script(request):
        return JsonResponse({"code": "budget_spent", "message": str(spent)}, status=429)
    return render(request, "people/budget_spent.html", {"reason": str(spent)}, status=429)


def refusal(error: DomainError) -> JsonResponse:
    """A refused action as the script hears it."""
    body: dict[str, Any] = {"code": error.code, "message": error.message}
    if isinstance(error, InvalidInput):
        body["field"] = error.field
    if isinstance(error, FieldsMissing):
        body["fields"] = list(error.fields)
    if isinstance(error, StaleReply):
        body["missed"] = list(error.missed)
    if isinstance(error, MaskedWords):
        body["masks"] = list(error.masks)
    if isinstance(error, NewAddress):
        body["addresses"] = list(error.addresses)
    return JsonResponse(body, status=STATUS.get(type(error), 400))


def forbidden(error: PermissionDenied) -> JsonResponse:
    return JsonResponse({"code": "forbidden", "message": str(error) or _("Your role does not allow this.")}, status=403)


def busy(error: Exception) -> JsonResponse:
    """The database did not answer in time: the same click may be repeated, its id makes it one."""
    logger.warning("page busy: %s", type(error).__name__, exc_info=error)
    return JsonResponse({"code": "busy", "message": _("The helpdesk is busy just now. Try again.")}, status=503)
