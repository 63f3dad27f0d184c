"""Setting up and taking away second factors: allauth's ceremonies, each change with its event in one transaction."""

from __future__ import annotations

from typing import Any, cast

from allauth.account.internal.flows.reauthentication import raise_if_reauthentication_required
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.views import GenerateRecoveryCodesView, ViewRecoveryCodesView
from allauth.mfa.totp.views import ActivateTOTPView, DeactivateTOTPView
from allauth.mfa.webauthn.views import AddWebAuthnView, EditWebAuthnView, RemoveWebAuthnView
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied as Forbidden
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from people.models import Agent
from people.permissions import PermissionDenied
from people.second_factor import SETTLED, has_second_factor, note_change, reset_second_factor, spend_code
from people.sessions import end_sessions


def _agent(request: HttpRequest) -> Agent:
    return cast(Agent, request.user)


class ActivateApp(ActivateTOTPView):
    """An authenticator app: its code proves that the secret arrived."""

    def form_valid(self, form: Any) -> HttpResponse:
        agent = _agent(self.request)
        with transaction.atomic():
            response = super().form_valid(form)
            app = Authenticator.objects.get(user_id=agent.pk, type=Authenticator.Type.TOTP)
            spend_code(app, form.cleaned_data["code"])
            note_change(agent, "second_factor_added", by=agent, type="totp")
        return response


class DeactivateApp(DeactivateTOTPView):
    def form_valid(self, form: Any) -> HttpResponse:
        with transaction.atomic():
            response = super().form_valid(form)
            removed(self.request, "totp")
        return response


class AddPasskey(AddWebAuthnView):
    def form_valid(self, form: Any) -> HttpResponse:
        agent = _agent(self.request)
        with transaction.atomic():
            response = super().form_valid(form)
            note_change(agent, "second_factor_added", by=agent, type="passkey")
        return response


class RemovePasskey(RemoveWebAuthnView):
    def form_valid(self, form: Any) -> HttpResponse:
        with transaction.atomic():
            response = super().form_valid(form)
            removed(self.request, "passkey")
        return response


class RenamePasskey(EditWebAuthnView):
    pass


class NewCodes(GenerateRecoveryCodesView):
    def form_valid(self, form: Any) -> HttpResponse:
        agent = _agent(self.request)
        with transaction.atomic():
            response = super().form_valid(form)
            note_change(agent, "recovery_codes_made", by=agent)
        return response


class Codes(ViewRecoveryCodesView):
    """Shown once. Of two tabs that ask at the same time one sees them."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        raise_if_reauthentication_required(request, app="allauth.mfa")
        with transaction.atomic():
            Agent.objects.select_for_update(of=("self",)).get(pk=_agent(request).pk)
            return super().get(request, *args, **kwargs).render()


def removed(request: HttpRequest, type: str) -> None:
    """After a factor is gone: the event; and where none is left, browsers must prove themselves anew."""
    agent = _agent(request)
    note_change(agent, "second_factor_removed", by=agent, type=type)
    if not has_second_factor(agent):
        request.session.pop(SETTLED, None)
        if settings.SECOND_FACTOR == "require":
            end_sessions(agent, keep=request.session.session_key)


@login_required
@require_POST
def reset(request: HttpRequest, agent_id: int) -> HttpResponse:
    """An admin helps somebody who lost phone and codes."""
    agent = get_object_or_404(Agent, pk=agent_id)
    try:
        done = reset_second_factor(agent, by=_agent(request))
    except PermissionDenied:
        raise Forbidden from None
    if done:
        messages.success(
            request, _("%(name)s signs in with the password alone and is told by mail.") % {"name": agent.name}
        )
    else:
        messages.info(request, _("%(name)s has no second step.") % {"name": agent.name})
    return redirect("agent_edit", agent_id=agent.pk)
