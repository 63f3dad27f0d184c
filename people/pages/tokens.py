"""API tokens: one's own, and for admins everybody's."""

from __future__ import annotations

from typing import Any, cast

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied as Forbidden
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from people.models import Agent, TokenScope
from people.permissions import Permission
from people.tokens import create_token, live_tokens, revoke_all_tokens, revoke_anyones_token, revoke_token

LISTED = 200


class TokenForm(forms.Form):
    name = forms.CharField(
        label=pgettext_lazy("of a token", "What it is for"), max_length=80,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )  # fmt: skip
    scopes = forms.MultipleChoiceField(
        label=gettext_lazy("What it may do"), choices=TokenScope.choices, widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("Never more than you may yourself."),
    )  # fmt: skip
    days = forms.TypedChoiceField(
        label=gettext_lazy("Until when"), coerce=int, initial=90,
        choices=[(30, gettext_lazy("30 days")), (90, gettext_lazy("90 days")), (365, gettext_lazy("A year"))],
    )  # fmt: skip


@never_cache
@login_required
@require_http_methods(["GET", "POST"])
def tokens(request: HttpRequest) -> HttpResponse:
    """One's own. The answer to POST shows the new one, and nothing ever does again."""
    agent, plain = cast(Agent, request.user), ""
    form = TokenForm(request.POST or None, initial={"scopes": [TokenScope.TICKETS_READ]})
    if request.method == "POST" and form.is_valid():
        plain, _row = create_token(agent, **form.cleaned_data)
        form = TokenForm(initial={"scopes": [TokenScope.TICKETS_READ]})
    context = {"form": form, "plain": plain, "tokens": _told(agent), "tab": "you"}
    return render(request, "people/tokens.html", context, status=422 if form.errors else 200)


@login_required
@require_POST
def revoke(request: HttpRequest, token_id: int) -> HttpResponse:
    if revoke_token(token_id, by=cast(Agent, request.user)):
        messages.success(request, _("The token no longer works."))
    return redirect("tokens")


@never_cache
@login_required
def everybodys(request: HttpRequest) -> HttpResponse:
    """For admins: who has left which door open. The newest 200."""
    _require_admin(request)
    return render(request, "people/all_tokens.html", {"tokens": _told(None)})


@login_required
@require_POST
def revoke_anyones(request: HttpRequest, token_id: int) -> HttpResponse:
    _require_admin(request)
    if revoke_anyones_token(token_id, by=cast(Agent, request.user)):
        messages.success(request, _("The token no longer works."))
    return redirect("all_tokens")


@login_required
@require_POST
def revoke_all(request: HttpRequest) -> HttpResponse:
    _require_admin(request)
    ended = revoke_all_tokens(by=cast(Agent, request.user))
    said = ngettext("%(n)d token no longer works.", "%(n)d tokens no longer work.", ended)
    messages.success(request, said % {"n": ended})
    return redirect("all_tokens")


def _told(agent: Agent | None) -> list[dict[str, Any]]:
    words = dict(TokenScope.choices)
    rows = live_tokens(at=timezone.now(), agent=agent)[:LISTED]
    return [{"row": row, "may": [words.get(scope, scope) for scope in row.scopes]} for row in rows]


def _require_admin(request: HttpRequest) -> None:
    if not cast(Agent, request.user).may(Permission.MANAGE_AGENTS):
        raise Forbidden
