"""One's own sign-in: the second step, where one is signed in, and API tokens."""

from __future__ import annotations

from typing import Any, cast

from allauth.mfa.models import Authenticator
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from people.devices import PHONES, browser_and_system
from people.models import Agent, AgentSession
from people.second_factor import is_missing
from people.sessions import end_session, end_sessions, sessions_of


def _agent(request: HttpRequest) -> Agent:
    return cast(Agent, request.user)


@never_cache
@login_required
def security(request: HttpRequest) -> HttpResponse:
    """Whoever has yet to set up a required second step sees only that."""
    agent, context = _agent(request), {"tab": "you", **_factors(_agent(request))}
    if is_missing(request):
        return render(request, "people/second_factor_needed.html", context)
    here = request.session.session_key
    rows = sessions_of(agent, at=timezone.now())
    context["sessions"] = [_told(row, here=row.session_key == here) for row in rows]
    context["links"] = agent.sign_in_links.select_related("service").order_by("service__name")
    return render(request, "people/security.html", context)


@login_required
@require_POST
def sign_out_there(request: HttpRequest, handle: str) -> HttpResponse:
    if end_session(handle, by=_agent(request)):
        messages.success(request, _("That browser is signed out."))
    return redirect("security")


@login_required
@require_POST
def sign_out_elsewhere(request: HttpRequest) -> HttpResponse:
    end_sessions(_agent(request), keep=request.session.session_key)
    messages.success(request, _("You are signed in here only."))
    return redirect("security")


def _factors(agent: Agent) -> dict[str, Any]:
    """What of a second step there is: the app, passkeys, and how many recovery codes are left."""
    found = list(Authenticator.objects.filter(user_id=agent.pk).order_by("created_at"))
    of = {kind: [one for one in found if one.type == kind] for kind in Authenticator.Type}
    codes = of[Authenticator.Type.RECOVERY_CODES]
    return {
        "app": next(iter(of[Authenticator.Type.TOTP]), None),
        "passkeys": of[Authenticator.Type.WEBAUTHN],
        "codes_left": len(codes[0].wrap().get_unused_codes()) if codes else 0,
    }


def _told(row: AgentSession, *, here: bool) -> dict[str, Any]:
    browser, system = browser_and_system(row.device)
    return {
        "handle": row.handle, "browser": browser, "system": system, "phone": system in PHONES, "here": here,
        "address": row.address, "seen_at": row.seen_at, "began_at": row.began_at,
    }  # fmt: skip
