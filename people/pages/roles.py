"""Pages about roles: those there are, and making one's own."""

from __future__ import annotations

from typing import Any, cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied as Forbidden
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from people.models import Agent, CustomRole, Role
from people.permissions import MATRIX, Permission
from people.roles import Refused, remove_role, save_role

from .role_form import HOUSE, LEAD, REACHES, WORK, RoleForm, SuccessorForm, holders

_NAMES = dict([*WORK, *LEAD, *HOUSE])


@never_cache
@login_required
@require_safe
def roles(request: HttpRequest) -> HttpResponse:
    """Every role, what it may and how many have it."""
    _manager(request)
    have = dict(Agent.objects.filter(is_active=True).order_by().values_list("role").annotate(Count("pk")))
    ours = [_line(Role(key).label, carried, have.get(key, 0)) for key, carried in reversed(MATRIX.items())]
    own = [
        _line(role.name, role.permissions, role.held, pk=role.pk, limited=role.channels is not None)
        for role in CustomRole.objects.annotate(held=Count("agents"))
    ]
    return render(request, "people/roles.html", {"ours": ours, "own": own})


@never_cache
@login_required
@require_http_methods(["GET", "POST"])
def edit_role(request: HttpRequest, role_id: int | None = None) -> HttpResponse:
    by = _manager(request)
    role = get_object_or_404(CustomRole, pk=role_id) if role_id else None
    form = RoleForm(request.POST or None, initial=RoleForm.known(role) if role else None)
    if request.method == "POST" and form.is_valid():
        try:
            saved = save_role(role, by=by, **form.wanted)
        except Refused as error:
            form.add_error(error.field, error.message)
        else:
            messages.success(request, _("Saved %(name)s.") % {"name": saved.name})
            return redirect("roles")
    return _form_page(request, form, role, status=422 if form.errors else 200)


@login_required
@require_POST
def remove(request: HttpRequest, role_id: int) -> HttpResponse:
    by = _manager(request)
    role = get_object_or_404(CustomRole, pk=role_id)
    try:
        remove_role(role, by=by, successor=request.POST.get("successor", ""))
    except Refused as error:
        messages.error(request, error.message)
        return redirect("role_edit", role_id)
    messages.success(request, _("The role %(name)s is gone.") % {"name": role.name})
    return redirect("roles")


def _form_page(request: HttpRequest, form: RoleForm, role: CustomRole | None, *, status: int) -> HttpResponse:
    context: dict[str, Any] = {"form": form, "role": role}
    if role is not None:
        context |= {"holders": holders(role), "successor": SuccessorForm(role=role)}
    return render(request, "people/role_form.html", context, status=status)


def _line(name: object, carried: Any, held: int, **more: Any) -> dict[str, Any]:
    reach = 2 if Permission.READ_ALL_TICKETS in carried else 1 if Permission.READ_TEAM_TICKETS in carried else 0
    may = [label for permission, label in _NAMES.items() if permission in carried]
    everything = len(may) == len(_NAMES)
    return {"name": name, "sees": REACHES[reach][1], "may": may, "everything": everything, "held": held, **more}


def _manager(request: HttpRequest) -> Agent:
    agent = cast(Agent, request.user)
    if not agent.may(Permission.MANAGE_ROLES):
        raise Forbidden
    return agent
