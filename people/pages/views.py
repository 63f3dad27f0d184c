"""Pages about people. Each reads its form and calls one action."""

from __future__ import annotations

from typing import Any, cast

from allauth.account.views import LoginView
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied as Forbidden
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from people import actions
from people.invitations import invite
from people.models import Agent, SignInService, Team
from people.models.agent import Density, Theme
from people.permissions import Permission, PermissionDenied
from people.roles import Refused, role_key
from people.second_factor import has_second_factor
from people.signatures import example_of, offered_variables

from .forms import AgentForm, FirstAdminForm, ProfileForm, TeamForm


def _agent(request: HttpRequest) -> Agent:
    return cast(Agent, request.user)


def _status(form: object) -> int:
    return 422 if getattr(form, "errors", None) else 200


class SignIn(LoginView):
    """The sign-in page; an empty helpdesk leads to its first-run page instead."""

    def dispatch(self, request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
        if not request.user.is_authenticated and actions.nobody_yet():
            return redirect("setup")
        return super().dispatch(request, *args, **kwargs)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        services = SignInService.objects.filter(is_active=True).order_by("name")
        return super().get_context_data(**kwargs) | {"services": services}

    def get_form(self, form_class: Any = None) -> Any:
        form = super().get_form(form_class)
        form.fields["password"].help_text = ""  # the page has this link already
        form.fields["login"].widget.attrs["autofocus"] = True
        return form


@never_cache
@require_http_methods(["GET", "POST"])
def setup(request: HttpRequest) -> HttpResponse:
    """Make the first admin. Gone, as if it had never been, once there is an agent."""
    if not actions.nobody_yet():
        return redirect("account_login")
    form = FirstAdminForm(request.POST or None, initial={"locale": translation.get_language()})
    if request.method == "POST" and form.is_valid():
        try:
            admin = actions.create_first_admin(**form.cleaned_data)
        except PermissionDenied:
            return redirect("account_login")
        login(request, admin, backend=settings.AUTHENTICATION_BACKENDS[0])
        return redirect("start")
    return render(request, "people/setup.html", {"form": form}, status=_status(form))


@never_cache
@login_required
@require_http_methods(["GET", "POST"])
def profile(request: HttpRequest) -> HttpResponse:
    agent = _agent(request)
    form = ProfileForm(request.POST or None, instance=agent)
    if request.method == "POST" and form.is_valid():
        form.save()
        with translation.override(agent.locale):
            messages.success(request, _("Saved."))
        return redirect("profile")
    context = {
        "form": form,
        "tab": "you",
        "variables": offered_variables(),
        "signature_html": form["signature_html"].value() or form.stored_html,
        "example": example_of(form["signature"].value() or "", name=agent.name, email=agent.email),
    }
    return render(request, "people/profile.html", context, status=_status(form))


@login_required
@require_POST
def looks(request: HttpRequest) -> HttpResponse:
    """The switches in the sidebar: theme and row height, kept for every browser of the agent."""
    agent, theme, density = _agent(request), request.POST.get("theme"), request.POST.get("density")
    changed = []
    if theme in Theme.values:
        agent.theme = theme
        changed.append("theme")
    if density in Density.values:
        agent.density = density
        changed.append("density")
    if changed:
        agent.save(update_fields=changed)
    return JsonResponse({"theme": agent.theme, "density": agent.density})


@never_cache
@login_required
def team(request: HttpRequest) -> HttpResponse:
    """Who works here, and in which teams."""
    _require(request, Permission.MANAGE_TEAMS)
    agents = Agent.objects.select_related("custom_role").prefetch_related("teams").order_by("-is_active", "name")
    teams = Team.objects.prefetch_related("agents")
    may = _agent(request).may
    context = {
        "agents": agents, "teams": teams, "manages_agents": may(Permission.MANAGE_AGENTS),
        "manages_roles": may(Permission.MANAGE_ROLES),
    }  # fmt: skip
    return render(request, "people/team.html", context)


@never_cache
@login_required
@require_http_methods(["GET", "POST"])
def edit_agent(request: HttpRequest, agent_id: int | None = None) -> HttpResponse:
    _require(request, Permission.MANAGE_AGENTS)
    agent = get_object_or_404(Agent, pk=agent_id) if agent_id else None
    form = AgentForm(request.POST or None, initial=_known(agent))
    if request.method == "POST" and form.is_valid():
        try:
            saved = actions.save_agent(agent, by=_agent(request), **form.cleaned_data)
        except Refused as error:
            form.add_error(error.field, error.message)
        else:
            if agent is None and saved.is_active:
                _invite(request, saved)
            else:
                messages.success(request, _("Saved %(name)s.") % {"name": saved.name})
            return redirect("team")
    context = {"form": form, "agent": agent, "has_second_factor": agent is not None and has_second_factor(agent)}
    return render(request, "people/agent_form.html", context, status=_status(form))


@login_required
@require_POST
def invite_again(request: HttpRequest, agent_id: int) -> HttpResponse:
    """Another link, for who lost the first or came too late."""
    _require(request, Permission.MANAGE_AGENTS)
    _invite(request, get_object_or_404(Agent, pk=agent_id, is_active=True))
    return redirect("team")


def _invite(request: HttpRequest, agent: Agent) -> None:
    try:
        invite(agent, by=_agent(request))
    except OSError:  # smtplib's errors are OSErrors
        messages.warning(request, _("%(name)s has an account, but the invitation could not be sent. Send it again "
                                    "from their page.") % {"name": agent.name})  # fmt: skip
    else:
        messages.success(request, _("%(name)s gets a mail with a link to choose a password.") % {"name": agent.name})


@never_cache
@login_required
@require_http_methods(["GET", "POST"])
def edit_team(request: HttpRequest, team_id: int | None = None) -> HttpResponse:
    _require(request, Permission.MANAGE_TEAMS)
    team = get_object_or_404(Team, pk=team_id) if team_id else None
    form = TeamForm(request.POST or None, initial={"name": team.name} if team else None)
    if request.method == "POST" and form.is_valid():
        try:
            saved = actions.save_team(team, by=_agent(request), name=form.cleaned_data["name"])
        except Refused as error:
            form.add_error(error.field, error.message)
        else:
            messages.success(request, _("Saved %(name)s.") % {"name": saved.name})
            return redirect("team")
    return render(request, "people/team_form.html", {"form": form, "team": team}, status=_status(form))


def _known(agent: Agent | None) -> dict[str, object] | None:
    if agent is None:
        return None
    known: dict[str, object] = {name: getattr(agent, name) for name in ("name", "email", "is_active")}
    return known | {"role": role_key(agent), "teams": list(agent.teams.all()), "channels": agent.channels or []}


def _require(request: HttpRequest, permission: Permission) -> None:
    if not _agent(request).may(permission):
        raise Forbidden
