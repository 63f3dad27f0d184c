"""Notes on days: their list, writing and removing them, and where a drawing puts them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from metrics.annotations import LONGEST, may_annotate, remove_annotation, visible_annotations, write_annotation
from metrics.models import Annotation
from people.models import Agent, Team
from people.permissions import Permission
from tickets.errors import InvalidInput, NotFound
from tickets.inbox.access import agent_of, allowed
from tickets.models import Channel

READ = allowed(Permission.READ_REPORTS)
WRITE = allowed(Permission.READ_REPORTS, Permission.MANAGE_SHARED)
SHOWN = 200


@dataclass(frozen=True, slots=True)
class Mark:
    """A note with its place in a drawing, as SVG takes it."""

    x: str
    note: Annotation


def marks(notes: Sequence[Annotation], place: Callable[[date], float | None], unit: str = "%") -> list[Mark]:
    """Notes where `place` puts their day; those it has no place for are left out."""
    found = ((note, place(note.day)) for note in notes)
    return [Mark(f"{x:g}{unit}", note) for note, x in found if x is not None]


class AnnotationForm(forms.Form):
    day = forms.DateField(label=gettext_lazy("Day"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))
    text = forms.CharField(
        label=gettext_lazy("What happened"), max_length=LONGEST,
        help_text=gettext_lazy("A few words: new courier, the sale began."),
    )  # fmt: skip
    channel = forms.ModelChoiceField(
        label=gettext_lazy("Channel"), required=False, queryset=Channel.objects.none(), empty_label=gettext_lazy("All")
    )
    team = forms.ModelChoiceField(
        label=gettext_lazy("Team"), required=False, queryset=Team.objects.none(), empty_label=gettext_lazy("All")
    )

    def __init__(self, *args: Any, agent: Agent, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        sight = agent.scope
        channels, teams = Channel.objects.order_by("name"), Team.objects.order_by("name")
        if sight.channel_ids is not None:
            channels = channels.filter(pk__in=sight.channel_ids)
        if not agent.sees_everything:
            teams = teams.filter(pk__in=[pk for pk in teams.values_list("pk", flat=True) if sight.sees_team(pk)])
        self.fields["channel"].queryset = channels  # type: ignore[attr-defined]
        self.fields["team"].queryset = teams  # type: ignore[attr-defined]

    def values(self) -> dict[str, Any]:
        data = self.cleaned_data
        channel, team = data["channel"], data["team"]
        return {
            "day": data["day"], "text": data["text"], "channel_id": channel.pk if channel else None,
            "team_id": team.pk if team else None,
        }  # fmt: skip


@require_http_methods(["GET", "POST"])
@READ
def page(request: HttpRequest) -> HttpResponseBase:
    """All notes in the reader's sight, latest first, and a form for one more."""
    agent = agent_of(request)
    if request.method == "POST":
        return _write(request, None)
    form = AnnotationForm(agent=agent, initial={"day": timezone.localdate()})
    return render(request, "metrics/annotations.html", _listed(agent, form))


@require_http_methods(["GET", "POST"])
@WRITE
def edit_annotation(request: HttpRequest, annotation_id: int) -> HttpResponseBase:
    agent = agent_of(request)
    row = visible_annotations(agent).filter(pk=annotation_id).first()
    if row is None:
        raise Http404
    if request.method == "POST":
        return _write(request, row)
    initial = {"day": row.day, "text": row.text, "channel": row.channel_id, "team": row.team_id}
    form = AnnotationForm(agent=agent, initial=initial)
    return render(request, "metrics/annotation_form.html", {"form": form, "note": row, "tab": "reports"})


@require_POST
@WRITE
def remove(request: HttpRequest, annotation_id: int) -> HttpResponseBase:
    remove_annotation(annotation_id, by=agent_of(request))
    messages.success(request, _("Done."))
    return redirect("annotations")


@WRITE
def _write(request: HttpRequest, row: Annotation | None) -> HttpResponseBase:
    agent = agent_of(request)
    form = AnnotationForm(request.POST, agent=agent)
    if form.is_valid():
        try:
            write_annotation(row.pk if row else None, by=agent, **form.values())
        except InvalidInput as error:
            form.add_error(error.field, error.message)
        except NotFound:
            raise Http404 from None
        else:
            messages.success(request, _("Saved."))
            return redirect("annotations")
    if row is None:
        return render(request, "metrics/annotations.html", _listed(agent, form), status=422)
    return render(request, "metrics/annotation_form.html", {"form": form, "note": row, "tab": "reports"}, status=422)


def _listed(agent: Agent, form: AnnotationForm) -> dict[str, Any]:
    notes = visible_annotations(agent)[:SHOWN]
    return {"form": form, "notes": notes, "may_write": may_annotate(agent), "tab": "reports"}
