"""Beginning and ending to look with the eyes of a colleague."""

from __future__ import annotations

from typing import cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied as Forbidden
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST

from people.models import Agent
from people.permissions import PermissionDenied
from people.roles import Refused
from people.viewing import begin_viewing, end_viewing


@login_required
@require_POST
def begin(request: HttpRequest, agent_id: int) -> HttpResponse:
    try:
        begin_viewing(request, get_object_or_404(Agent, pk=agent_id), by=cast(Agent, request.user))
    except PermissionDenied as error:
        raise Forbidden from error
    except Refused as error:
        messages.error(request, error.message)
        return redirect("team")
    return redirect("start")


@login_required
@require_POST
def end(request: HttpRequest) -> HttpResponse:
    end_viewing(request, by=cast(Agent, request.user))
    return redirect("team")
