"""Who did and saw what: the page, and the same as a file."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.core.validators import MaxValueValidator, MinValueValidator
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_safe

from events.audit import AuditKind, note
from people.budget import FIELDS, access_rules, save_access_rules
from people.csv_files import csv_response
from people.permissions import Permission
from people.watching import exported
from tickets.inbox.access import agent_of, allowed
from tickets.inbox.directory import Directory, read_directory
from tickets.models import Ticket

from .reading import CHANGED, Asked, Cursor, audit_page, every_record
from .telling import KINDS, line_of

MOST_ROWS = 50_000
_AGAIN = timedelta(minutes=5)


# Days that have a midnight in every zone, and a day after them.
_BOUNDS = [MinValueValidator(date(2000, 1, 1)), MaxValueValidator(date(9990, 1, 1))]


class AuditForm(forms.Form):
    """What is looked for; days are the reader's."""

    who = forms.TypedChoiceField(label=_("Person"), required=False, coerce=int, empty_value=None)
    kind = forms.ChoiceField(label=_("What"), required=False)
    ticket = forms.IntegerField(label=_("Ticket"), required=False, min_value=1, max_value=2**62)
    what = forms.CharField(label=_("With the words"), required=False, max_length=100)
    since = forms.DateField(
        label=_("From"), required=False, widget=forms.DateInput({"type": "date"}, "%Y-%m-%d"), validators=_BOUNDS
    )
    until = forms.DateField(
        label=pgettext_lazy("last day", "To"), required=False, widget=forms.DateInput({"type": "date"}, "%Y-%m-%d"),
        validators=_BOUNDS,
    )  # fmt: skip

    def __init__(self, data: Any, directory: Directory) -> None:
        super().__init__(data)
        people = [(str(entry.id), entry.name) for entry in directory.agents.values()]
        self.fields["who"].choices = [("", _("Everybody")), *people]  # type: ignore[attr-defined]
        kinds = [("", _("Everything")), (CHANGED, _("Changes")), *KINDS.items()]
        self.fields["kind"].choices = kinds  # type: ignore[attr-defined]

    @property
    def asked(self) -> Asked:
        """What is valid of it; a part that is not asks for nothing."""
        self.full_clean()
        data = self.cleaned_data
        since, until = data.get("since"), data.get("until")
        return Asked(
            who=data.get("who"), kind=data.get("kind") or "", ticket=data.get("ticket"), what=data.get("what") or "",
            since=_midnight(since) if since else None, until=_midnight(until) + timedelta(days=1) if until else None,
        )  # fmt: skip


@require_safe
@allowed(Permission.READ_AUDIT)
def page(request: HttpRequest) -> HttpResponseBase:
    """What everybody did and saw, newest first."""
    agent, directory = agent_of(request), read_directory()
    form = AuditForm(request.GET, directory)
    asked = form.asked
    ticket = Ticket.objects.filter(pk=asked.ticket).first() if asked.ticket else None
    found, more = audit_page(asked, Cursor.parse(request.GET.get("after", "")))
    query = request.GET.copy()
    query.pop("after", None)
    now = timezone.now()
    note(AuditKind.AUDIT_READ, by=agent.actor, ticket_id=asked.ticket, what=query.urlencode()[:200], at=now,
         once_since=now - _AGAIN)  # fmt: skip
    lines = [line_of(record, directory) for record in found]
    context = {"form": form, "lines": lines, "next": more, "query": query.urlencode(), "ticket": ticket}
    return render(request, "tickets/audit.html", context)


@require_safe
@allowed(Permission.READ_AUDIT, Permission.EXPORT)
def as_csv(request: HttpRequest) -> HttpResponseBase:
    """The same as a file, the newest MOST_ROWS."""
    agent, directory = agent_of(request), read_directory()
    form = AuditForm(request.GET, directory)
    exported(agent, f"audit?{request.GET.urlencode()}".rstrip("?"))
    lines = (line_of(record, directory) for record in every_record(form.asked, most=MOST_ROWS))
    rows = (
        [line.at.isoformat(), line.who, line.seen_as, line.kind, line.ticket or "", line.what, line.data]
        for line in lines
    )
    return csv_response("audit.csv", ["at", "who", "seen_as", "kind", "ticket", "what", "data"], rows)


class BudgetForm(forms.Form):
    tickets = forms.IntegerField(
        label=_("Tickets a day"), min_value=0, max_value=100_000, help_text=_("Different ones. 0 means no limit.")
    )
    files = forms.IntegerField(  # type: ignore[assignment]  # the metaclass takes it out of the class
        label=_("Files a day"), min_value=0, max_value=100_000, help_text=_("Different ones. 0 means no limit.")
    )
    stops = forms.BooleanField(
        label=_("Stop whoever goes beyond"), required=False,
        help_text=_("Otherwise whoever reads the audit is only told. What somebody opened today stays open to them."),
    )  # fmt: skip


@require_http_methods(["GET", "POST"])
@allowed(Permission.MANAGE_AGENTS)
def budget(request: HttpRequest) -> HttpResponseBase:
    """How much one person may open in a day."""
    rules = access_rules()
    form = BudgetForm(request.POST or None, initial={name: getattr(rules, name) for name in FIELDS})
    if request.method == "POST" and form.is_valid():
        save_access_rules(by=agent_of(request), **form.cleaned_data)
        messages.success(request, gettext("Saved."))
        return redirect("audit_budget")
    return render(request, "tickets/budget.html", {"form": form}, status=422 if form.errors else 200)


def _midnight(day: Any) -> datetime:
    return timezone.make_aware(datetime.combine(day, datetime.min.time()))
