"""Pages of saved views: all one has, the editor, order, removal."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from people.models import Agent, Team
from people.permissions import Permission
from tickets.actions.views import editable_by, move_view, remove_view, save_view, shown_to
from tickets.errors import DomainError, InvalidInput
from tickets.models import SavedView

from .access import agent_of, signed_in
from .directory import read_directory
from .view_form import ViewForm


@require_safe
@signed_in
def saved_views(request: HttpRequest) -> HttpResponseBase:
    """Every view the agent has, in the sidebar's order."""
    agent = agent_of(request)
    views = SavedView.objects.filter(shown_to(agent)).select_related("team")
    own = set(SavedView.objects.filter(editable_by(agent)).values_list("pk", flat=True))
    shown = sorted(views, key=lambda view: (view.owner_id is None, view.team_id is None, view.position, view.pk))
    return render(request, "tickets/saved_views.html", {"views": [(view, view.pk in own) for view in shown]})


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def view_new(request: HttpRequest) -> HttpResponseBase:
    agent_of(request)
    return _edit(request, None)


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def view_edit(request: HttpRequest, view_id: int) -> HttpResponseBase:
    return _edit(request, _editable(agent_of(request), view_id))


@require_POST
@signed_in
def view_remove(request: HttpRequest, view_id: int) -> HttpResponseBase:
    agent = agent_of(request)
    remove_view(_editable(agent, view_id).pk, by=agent)
    return redirect("saved_views")


@require_POST
@signed_in
def view_move(request: HttpRequest, view_id: int) -> HttpResponseBase:
    agent = agent_of(request)
    move_view(_editable(agent, view_id).pk, by=agent, down="down" in request.POST)
    return redirect("saved_views")


def _edit(request: HttpRequest, view: SavedView | None) -> HttpResponseBase:
    agent = agent_of(request)
    if not agent.may(Permission.READ_TICKETS):
        raise Http404
    form = ViewForm(agent, read_directory(), view, request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            saved = save_view(
                view.pk if view else None, by=agent, name=form.cleaned_data["name"],
                audience=form.audience_of(Team.objects.in_bulk()), where=form.stored, order=form.cleaned_data["order"],
            )  # fmt: skip
            return redirect("inbox", view_key=f"saved-{saved.pk}")
        except InvalidInput as error:
            form.add_error(error.field if error.field in form.fields else None, error.message)
        except DomainError as error:
            form.add_error(None, error.message)
    context = {"form": form, "saved_view": view}
    return render(request, "tickets/view_form.html", context, status=422 if form.errors else 200)


def _editable(agent: Agent, view_id: int) -> SavedView:
    view = SavedView.objects.filter(editable_by(agent), pk=view_id).first()
    if view is None:
        raise Http404
    return view
