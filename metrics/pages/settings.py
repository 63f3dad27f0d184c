"""Pages on which managers say what is promised. Each reads its form and calls one action."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from commerce.segments import tiers
from metrics import actions
from metrics.business_time import open_seconds_between
from metrics.clocks.replan import waiting_for_replan
from metrics.conditions import tickets_of
from metrics.models import BusinessCalendar, Policy, Survey
from metrics.rules import calendar_of, newest_rules
from people.languages import NAMES
from people.models import Brand, Team
from people.permissions import Permission
from tickets.errors import InvalidInput, NotFound
from tickets.inbox.access import agent_of, allowed
from tickets.models import Channel, Priority, Ticket

from .forms import CalendarForm, PolicyForm, calendar_initial, kind_choices, policy_initial, segment_choices
from .webhooks import webhooks_with_calls
from .writing import write_duration, write_hours

MANAGE = allowed(Permission.MANAGE_SERVICE_LEVELS)
PREVIEWED = 20
DAYS_AHEAD = 14


@require_safe
@MANAGE
def service_levels(request: HttpRequest) -> HttpResponseBase:
    """All policies in their order, and the calendars."""
    newest_rules()
    policies = list(Policy.objects.select_related("calendar"))
    names = Names()
    context = {
        "policies": [(policy, names.conditions(policy), promises(policy)) for policy in policies],
        "calendars": BusinessCalendar.objects.all(), "waiting": waiting_for_replan(),
        "webhooks": webhooks_with_calls(),
    }  # fmt: skip
    return render(request, "metrics/service_levels.html", context)


class Names:
    """What the ids in conditions stand for; four queries."""

    def __init__(self) -> None:
        self.known: dict[str, dict[Any, Any]] = {
            "channel_id": dict(Channel.objects.values_list("pk", "name")),
            "brand_id": dict(Brand.objects.values_list("pk", "name")),
            "team_id": dict(Team.objects.values_list("pk", "name")) | {None: _("No team")},
            "channel_kind": dict(kind_choices()),
            "priority": dict(Priority.choices),
            "language": dict(NAMES),
            "region": {},
            "segment": dict(segment_choices()),
            "tier": dict(tiers()),
        }

    def conditions(self, policy: Policy | Survey) -> list[str]:
        return [
            str(self.known[name].get(value, value)) for name, values in policy.conditions.items() for value in values
        ]


def promises(policy: Policy) -> list[tuple[str, str]]:
    said = [
        (_("First answer"), policy.first_seconds), (_("Next answer"), policy.next_seconds),
        (_("Solution"), policy.resolution_seconds), (_("Wait on the phone"), policy.wait_seconds),
    ]  # fmt: skip
    return [(name, write_duration(seconds)) for name, seconds in said if seconds]


@require_http_methods(["GET", "POST"])
@MANAGE
def edit_policy(request: HttpRequest, policy_id: int | None = None) -> HttpResponseBase:
    newest_rules()
    policy = get_object_or_404(Policy, pk=policy_id) if policy_id else None
    form = PolicyForm(request.POST or None, initial=policy_initial(policy) if policy else None)
    preview = None
    if request.method == "POST" and form.is_valid():
        if "preview" in request.POST:
            preview = _preview(request, form, policy)
        else:
            try:
                saved = actions.save_policy(policy_id, by=agent_of(request), **form.values())
            except InvalidInput as error:
                form.add_error(error.field, error.message)
            else:
                messages.success(request, _saved(saved.name))
                return redirect("service_levels")
    context = {"form": form, "policy": policy, "preview": preview}
    return render(request, "metrics/policy_form.html", context, status=422 if form.errors else 200)


def _saved(name: str) -> str:
    waiting = waiting_for_replan()
    if not waiting:
        return _("Saved %(name)s.") % {"name": name}
    text = ngettext(
        "Saved %(name)s. The deadline of %(n)d open ticket is being planned anew.",
        "Saved %(name)s. The deadlines of %(n)d open tickets are being planned anew.", waiting,
    )  # fmt: skip
    return text % {"name": name, "n": waiting}


def _preview(request: HttpRequest, form: PolicyForm, policy: Policy | None) -> dict[str, Any]:
    """Which open tickets would follow the policy as written, as far as the reader may see them; how many in all."""
    order = list(Policy.objects.order_by("position", "pk"))
    here = policy or actions.place_policy(order, Policy(conditions=form.conditions()))
    earlier = [one for one in order[: order.index(here)] if one.is_active]
    matching = tickets_of(form.conditions(), earlier)
    visible = matching.filter(pk__in=Ticket.objects.visible_to(agent_of(request)).values("pk"))
    return {"count": matching.count(), "tickets": list(visible.select_related("channel").newest_first()[:PREVIEWED])}


@require_POST
@MANAGE
def move_policy(request: HttpRequest, policy_id: int) -> HttpResponseBase:
    return _act(request, lambda: actions.move_policy(policy_id, by=agent_of(request), up="up" in request.POST))


@require_POST
@MANAGE
def remove_policy(request: HttpRequest, policy_id: int) -> HttpResponseBase:
    return _act(request, lambda: actions.remove_policy(policy_id, by=agent_of(request)))


@require_POST
@MANAGE
def remove_calendar(request: HttpRequest, calendar_id: int) -> HttpResponseBase:
    return _act(request, lambda: actions.remove_calendar(calendar_id, by=agent_of(request)))


def _act(request: HttpRequest, action: Any) -> HttpResponseBase:
    try:
        action()
    except NotFound:
        raise Http404 from None
    except InvalidInput as error:
        messages.error(request, error.message)
    else:
        messages.success(request, _("Done."))
    return redirect("service_levels")


@require_http_methods(["GET", "POST"])
@MANAGE
def edit_calendar(request: HttpRequest, calendar_id: int | None = None) -> HttpResponseBase:
    calendar = get_object_or_404(BusinessCalendar, pk=calendar_id) if calendar_id else None
    form = CalendarForm(request.POST or None, initial=calendar_initial(calendar) if calendar else None)
    shown = calendar
    if request.method == "POST" and form.is_valid():
        shown = BusinessCalendar(**form.values())
        if "preview" not in request.POST:
            try:
                saved = actions.save_calendar(calendar_id, by=agent_of(request), **form.values())
            except InvalidInput as error:
                form.add_error(error.field, error.message)
            else:
                messages.success(request, _saved(saved.name))
                return redirect("service_levels")
    days = days_ahead(shown) if shown else []
    context = {"form": form, "calendar": calendar, "days": days, "used": bool(calendar and calendar.policies.exists())}
    return render(request, "metrics/calendar_form.html", context, status=422 if form.errors else 200)


@dataclass(frozen=True, slots=True)
class DayAhead:
    """One of the days to come: its hours, what they add up to, and why it differs."""

    on: date
    hours: str
    length: str
    note: str


def days_ahead(saved: BusinessCalendar, now: datetime | None = None) -> list[DayAhead]:
    """The next 14 days in the calendar's own zone."""
    names = ("time_zone", "weekly", "country", "region", "own_days")
    calendar = calendar_of({name: getattr(saved, name) for name in names})
    today = (now or timezone.now()).astimezone(calendar.tz).date()
    found = []
    for on in (today + timedelta(days=n) for n in range(DAYS_AHEAD)):
        midnight = datetime(on.year, on.month, on.day, tzinfo=calendar.tz)
        tomorrow = midnight + timedelta(days=1)  # wall time: the day may have 23 or 25 hours
        seconds = open_seconds_between(calendar, midnight, tomorrow)
        own = calendar.days.get(on)
        hours = write_hours([[i.start, i.end] for i in calendar.intervals_of(on)])
        note = (own.note if own else "") or calendar.holiday(on)
        found.append(DayAhead(on, hours, write_duration(round(seconds)), note))
    return found
