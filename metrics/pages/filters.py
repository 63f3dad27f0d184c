"""The filters all reports share, as they stand in the address line."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, timedelta
from operator import itemgetter
from typing import Any

from django.http import HttpRequest, QueryDict
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _

from metrics.annotations import annotations_in
from metrics.facts import Scope
from metrics.segments import Segment, read_segment, segment_names
from metrics.tallies import Kept, has_own, kept_days, midnight, scope_days
from people.languages import LANGUAGES
from people.models import Agent, Team
from tickets.models import Channel
from tickets.templatetags.helpdesk_ui import language as language_text

PERIODS = {"1": 1, "7": 7, "30": 30, "90": 90, "365": 365}
LONGEST = 731
COMPARISONS = ("before", "year", "since", "none")
# A drawing by week shows so many up to the end of the period, however short that is.
WEEKS = 12
# The same weekdays a year before.
YEAR = timedelta(weeks=52)


def read_scope(request: HttpRequest, agent: Agent) -> tuple[Scope, dict[str, Any]]:
    """What the address asks for; anything else in it is as if it were not there. Of the context, `earlier` is the same
    scope in the period to compare with, None where none is wanted."""
    return read_query(request.GET, agent)


def read_query(said: QueryDict, agent: Agent) -> tuple[Scope, dict[str, Any]]:
    """The same of the query alone, in the active time zone."""
    period, first, days = read_period(said)
    known, teams = list(Channel.objects.select_related("brand")), dict(Team.objects.values_list("pk", "name"))
    channels = {one.pk: one.name for one in known}
    brand, brands = read_brand(said.get("brand"), known)
    members = dict(Agent.objects.order_by("name").values_list("pk", "name"))
    channel, team = chosen(said.get("channel"), channels), chosen(said.get("team"), teams)
    member = chosen(said.get("agent"), members)
    language = said.get("language", "") if said.get("language") in LANGUAGES else ""
    zone = timezone.get_current_timezone_name()
    kept, segment = kept_days(zone), read_segment(said.get("segment"), timezone.now())
    scope = Scope(
        agent, midnight(first, zone), midnight(first + timedelta(days=days), zone), channel, team, member, language,
        said.get("time") == "open", zone, kept.clean, kept.rolled,
        segment, has_own(agent), None if brand is None else frozenset(one.pk for one in known if one.brand_id == brand),
    )  # fmt: skip
    compare, against = read_comparison(said, first, days)
    last = first + timedelta(days=days - 1)
    until = against + timedelta(days=days) if against else None
    context = {
        "period": period, "periods": PERIODS, "channel": channel, "channels": channels,
        "brand_chosen": brand, "brands": brands if len(brands) > 1 or brand is not None else {},
        "team": team, "teams": teams, "member": member, "members": members,
        "language_chosen": language, "languages": LANGUAGES,
        "segment_chosen": segment.name if segment else "", "segments": segment_names(),
        "query": _without(said), "first": first, "last": last, "days": days,
        "compare": compare, "against": against, "open_time": scope.open_time,
        "against_last": until - timedelta(days=1) if until else None,
        "earlier": scope.at(midnight(against, zone), midnight(until, zone)) if against and until else None,
        "noted": annotations_in(scope, min(first, last - timedelta(weeks=WEEKS)), last),
        "narrowed": sum(value not in (None, "") for value in (channel, brand, team, member, language, segment)),
        "again": _counted_again(kept, scope),
    }  # fmt: skip
    return scope, context


def read_segment_only(request: HttpRequest) -> tuple[Segment | None, dict[str, Any]]:
    """The segment the address asks for, for reports that have no other filter, and what their form shows."""
    segment = read_segment(request.GET.get("segment"), timezone.now())
    name = segment.name if segment else ""
    return segment, {"segments": segment_names(), "segment_chosen": name, "query": f"segment={name}" if name else ""}


def narrowed_to(context: dict[str, Any], *, only: Collection[str] | None = None) -> list[str]:
    """What a report is narrowed to, in words; of a report that has `only` some of the filters, by these."""
    pairs = (("brand_chosen", "brands"), ("channel", "channels"), ("team", "teams"), ("member", "members"))
    chosen = [(key, context[names].get(context[key])) for key, names in pairs]
    language, segment = context["language_chosen"], context["segment_chosen"]
    chosen.append(("language_chosen", language_text(language) if language else None))
    chosen.append(("segment_chosen", context["segments"].get(segment)))
    return [name for key, name in chosen if name is not None and (only is None or key in only)]


def _counted_again(kept: Kept, scope: Scope) -> tuple[int, date] | None:
    """(days, the last day that happened) of the scope that were counted anew by another definition."""
    moments = [kept.again[day] for day in scope_days(scope) if day in kept.again]
    return (len(moments), timezone.localtime(max(moments)).date()) if moments else None


def read_period(said: QueryDict) -> tuple[str, date, int]:
    """(how it was chosen, first day, number of days): so many days up to today, or from one day to another."""
    today = timezone.localdate()
    first, last = _date(said.get("from")), _date(said.get("to"))
    if said.get("period") == "own" and first and last and first <= last and (last - first).days < LONGEST:
        return "own", first, (last - first).days + 1
    period = str(said.get("period")) if said.get("period") in PERIODS else "30"
    return period, today - timedelta(days=PERIODS[period] - 1), PERIODS[period]


def read_comparison(said: QueryDict, first: date, days: int) -> tuple[str, date | None]:
    """(how it was chosen, first day of the period of the same length to compare with)."""
    compare, since = said.get("compare"), _date(said.get("since"))
    if compare == "none":
        return "none", None
    if compare == "year":
        return "year", first - YEAR
    if compare == "since" and since:
        return "since", since
    return "before", first - timedelta(days=days)


def _date(text: str | None) -> date | None:
    try:
        found = parse_date(text or "")
    except ValueError:
        return None
    # Far from the ends of the calendar, so that no arithmetic leaves it.
    return found if found and 1990 <= found.year <= 2100 else None


def read_brand(text: str | None, channels: list[Channel]) -> tuple[int | None, dict[int, str]]:
    """(the brand asked for, names of those with channels). One that has none (any more) finds nothing, lest a report of
    a shop become one of the whole house."""
    brands = dict(sorted({one.brand.pk: one.brand.name for one in channels if one.brand}.items(), key=itemgetter(1)))
    if not (text and text.isdecimal() and len(text) < 10):
        return None, brands
    return int(text), brands if int(text) in brands else brands | {int(text): _("A brand without channels")}


def chosen(text: str | None, known: dict[int, str]) -> int | None:
    return int(text) if text and text.isdecimal() and len(text) < 10 and int(text) in known else None


def without_page(request: HttpRequest, *names: str) -> str:
    """The address's query without the place in a list, and without these names."""
    return _without(request.GET, *names)


def _without(said: QueryDict, *names: str) -> str:
    query = said.copy()
    for name in ("page", "after", *names):
        query.pop(name, None)
    return query.urlencode()
