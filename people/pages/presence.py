"""Saying whether one takes work now; by the button of every page, and by a form where there is no script."""

from __future__ import annotations

from typing import cast

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from people.availability import say_presence
from people.models import Agent, Presence
from people.roles import Refused


@login_required
@require_POST
def presence(request: HttpRequest) -> HttpResponse:
    try:
        row = say_presence(cast(Agent, request.user), request.POST.get("said", ""))
    except Refused as error:
        return JsonResponse({"code": "invalid", "message": error.message, "field": error.field}, status=422)
    if request.headers.get("X-Requested-With") != "fetch":
        return redirect("profile")
    return JsonResponse({"said": row.said, "label": str(Presence(row.said).label)})
