"""When the shop opens on its next business day, by the calendar of its first policy."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

from metrics.business_time.sums import open_spans
from metrics.models import Policy
from metrics.rules import calendar_content, calendar_of


def next_opening(now: datetime) -> datetime | None:
    """The first opening after the calendar's present day, in UTC; None without a calendar, or one that never closes."""
    policy = Policy.objects.select_related("calendar").order_by("position", "pk").first()
    if policy is None:
        return None
    calendar = calendar_of(calendar_content(policy.calendar))
    if calendar.is_always_open:
        return None
    tomorrow = now.astimezone(calendar.tz).date() + timedelta(days=1)
    midnight = datetime.combine(tomorrow, time(), tzinfo=calendar.tz)
    opens = next((opens for opens, _closes in open_spans(calendar, midnight) if opens >= midnight), None)
    return opens.astimezone(UTC) if opens else None
