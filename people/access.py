"""Who asks: the guards of every page that needs somebody signed in."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, cast

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied as Forbidden
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import render
from django.utils.cache import add_never_cache_headers
from django.utils.translation import gettext as _

from .models import Agent
from .permissions import Permission
from .watching import BudgetSpent

Page = Callable[..., HttpResponseBase]
# What a browser says it wants an address for when a document merely holds it. Only files are there for that: a page
# that were fetched as the "picture" of a mail would note that its reader searched or opened what they never saw.
_HELD = {"audio", "embed", "font", "image", "object", "script", "style", "track", "video"}
_FILES = "/files/"


def agent_of(request: HttpRequest) -> Agent:
    """The signed-in agent; only behind `signed_in`."""
    return cast(Agent, request.user)


def by_script(request: HttpRequest) -> bool:
    return request.headers.get("X-Requested-With") == "fetch"


def signed_in(page: Page) -> Page:
    """Strangers go to the sign-in page, scripts of a page whose session ended hear 401. Nothing is cached, and nothing
    but a file is given to a document that holds its address as a picture."""

    @wraps(page)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.headers.get("Sec-Fetch-Dest") in _HELD and not request.path.startswith(_FILES):
            return HttpResponse("This is a page, and is not to be fetched as a part of another.", status=403)
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
