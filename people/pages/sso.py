"""Signing in by a service, coming back from it, and an admin's pages for services."""

from __future__ import annotations

import logging
from typing import Any, cast

from allauth.account.adapter import get_adapter
from allauth.account.internal.flows.login import perform_login, record_authentication
from allauth.account.models import Login
from allauth.core import ratelimit
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied as Forbidden
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from people import open_id
from people.models import Agent, SignInLink, SignInService
from people.open_id import NotBelieved
from people.permissions import Permission
from people.roles import Refused
from people.second_factor import SETTLED
from people.sign_in_services import agent_of, has_secret, remove_service, save_service, unlink

from .service_form import ServiceForm

logger = logging.getLogger(__name__)
ASKED, AT_ONCE = "sso", 5


@never_cache
@require_safe
def start(request: HttpRequest, service_id: int) -> HttpResponseBase:
    """To the service. Whoever is signed in goes there to prove that it is still them."""
    if refused := ratelimit.consume_or_429(request, action="login", limit_get=True):
        return refused
    service = get_object_or_404(SignInService, pk=service_id, is_active=True)
    again = request.user.is_authenticated
    try:
        url, state, entry = open_id.begin(service, again=again, further=_further(request), at=timezone.now())
    except NotBelieved as error:
        return _refuse(request, service, error)
    kept = dict(list(request.session.get(ASKED, {}).items())[-(AT_ONCE - 1) :])
    request.session[ASKED] = kept | {state: entry}
    return redirect(url)


@never_cache
@require_safe
def done(request: HttpRequest, service_id: int) -> HttpResponseBase:
    """Back from it. A state counts once, in the session that began with it."""
    if refused := ratelimit.consume_or_429(request, action="login", limit_get=True):
        return refused
    service = get_object_or_404(SignInService, pk=service_id, is_active=True)
    asked = request.session.get(ASKED, {})
    entry = asked.pop(request.GET.get("state", ""), None)
    request.session[ASKED] = asked
    try:
        if entry is None:
            raise NotBelieved("this browser did not begin it")
        if not request.GET.get("code"):
            raise NotBelieved("the service says no")
        issuer = request.GET.get("iss", "")
        who = open_id.finish(service, entry, request.GET["code"], issuer=issuer, at=timezone.now())
        if entry["again"]:
            return _still_them(request, service, who, entry["next"])
        agent = agent_of(service, who)
    except NotBelieved as error:
        return _refuse(request, service, error)
    return _let_in(request, service, agent, entry["next"])


def _let_in(request: HttpRequest, service: SignInService, agent: Agent, further: str) -> HttpResponseBase:
    record_authentication(request, agent, "sso", service=service.pk)
    login = Login(user=agent, redirect_url=further or None)
    if not service.has_second_step:
        return perform_login(request, login)
    get_adapter().login(request, agent)
    request.session[SETTLED] = True
    return redirect(further or settings.LOGIN_REDIRECT_URL)


def _still_them(request: HttpRequest, service: SignInService, who: open_id.Identity, further: str) -> HttpResponseBase:
    if not request.user.is_authenticated:
        raise NotBelieved("nobody is signed in any more")
    if not SignInLink.objects.filter(service=service, subject=who.subject, agent=request.user).exists():
        raise NotBelieved("somebody else signed in there")
    record_authentication(request, request.user, "sso", service=service.pk, reauthenticated=True)
    return redirect(further or settings.LOGIN_REDIRECT_URL)


def _refuse(request: HttpRequest, service: SignInService, error: NotBelieved) -> HttpResponse:
    """One sentence whatever it was: which check failed is for the log."""
    logger.warning("sign-in by a service refused", extra={"service": service.pk, "reason": str(error)})
    said = _("%(service)s did not open an account here. Ask an admin, or sign in with your password.")
    messages.error(request, said % {"service": service.name})
    return redirect("security" if request.user.is_authenticated else "account_login")


def _further(request: HttpRequest) -> str:
    said = request.GET.get("next", "")
    own = url_has_allowed_host_and_scheme(said, allowed_hosts=None)
    return said if own and said.startswith("/") else ""


@never_cache
@login_required
def services(request: HttpRequest) -> HttpResponse:
    _require_admin(request)
    return render(request, "people/services.html", {"services": SignInService.objects.order_by("name")})


@never_cache
@login_required
@require_http_methods(["GET", "POST"])
def edit_service(request: HttpRequest, service_id: int | None = None) -> HttpResponse:
    _require_all(request)
    service = get_object_or_404(SignInService, pk=service_id) if service_id else None
    form = ServiceForm(request.POST or None, initial=_known(service))
    if request.method == "POST" and form.is_valid():
        try:
            saved = save_service(service, by=cast(Agent, request.user), **form.cleaned_data)
        except Refused as error:
            form.add_error(error.field, error.message)
        else:
            messages.success(request, _("Saved %(name)s.") % {"name": saved.name})
            return redirect("service_edit", service_id=saved.pk)
    context = {
        "form": form, "service": service, "has_secret": service is not None and has_secret(service),
        "redirect_uri": open_id.redirect_uri(service) if service else "",
    }  # fmt: skip
    return render(request, "people/service_form.html", context, status=422 if form.errors else 200)


@login_required
@require_POST
def remove(request: HttpRequest, service_id: int) -> HttpResponse:
    _require_all(request)
    if remove_service(service_id, by=cast(Agent, request.user)):
        messages.success(request, _("The service is taken away."))
    return redirect("services")


@login_required
@require_POST
def unlink_mine(request: HttpRequest, service_id: int) -> HttpResponse:
    agent = cast(Agent, request.user)
    if unlink(agent, service_id, by=agent):
        messages.success(request, _("That account no longer opens yours."))
    return redirect("security")


def _known(service: SignInService | None) -> dict[str, Any] | None:
    if service is None:
        return None
    return {
        name: getattr(service, name) for name in ("kind", "name", "issuer", "client_id", "is_active", "has_second_step")
    }


def _require_admin(request: HttpRequest) -> None:
    if not cast(Agent, request.user).may(Permission.MANAGE_AGENTS):
        raise Forbidden


def _require_all(request: HttpRequest) -> None:
    """Whoever says whose word counts opens every account: nobody with fewer rights than all."""
    _require_admin(request)
    if not cast(Agent, request.user).permissions.issuperset(Permission):
        raise Forbidden
