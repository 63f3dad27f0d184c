"""One allowance a customer for everything we send unprompted, asked before each; and the hours we are quiet in."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.conf import settings

from people.identities import family
from people.models import ContactRules, Customer, UnpromptedContact

DAY_MINUTES = 24 * 60


def contact_rules() -> ContactRules:
    """The house's rules; the defaults where nobody changed them."""
    return ContactRules.objects.filter(pk=1).first() or ContactRules(pk=1)


def spend_contact(customer_id: int, *, purpose: str, at: datetime) -> str:
    """Take one of the customer's allowance and remember it; or why not: `budget`. Nothing is taken then. Who wants no
    more of a kind is asked of `people.unsubscribing`.

    Within the caller's transaction: the customer's row is locked, so that two who ask at once cannot both have the
    last one.
    """
    Customer.objects.select_for_update().filter(pk=customer_id).first()
    rules = contact_rules()
    since = at - timedelta(days=rules.days)
    if UnpromptedContact.objects.filter(customer__in=family(customer_id), at__gt=since).count() >= rules.allowance:
        return "budget"
    UnpromptedContact.objects.create(customer_id=customer_id, purpose=purpose, at=at)
    return ""


def end_of_quiet(at: datetime, zone: str, rules: ContactRules) -> datetime | None:
    """When the quiet hours end in which `at` lies, by the customer's clock (else the house's); None outside them."""
    start, end = rules.quiet_from, rules.quiet_until
    local = at.astimezone(_zone(zone))
    minute = local.hour * 60 + local.minute
    quiet = start <= minute < end if start < end else (start != end and (minute >= start or minute < end))
    if not quiet:
        return None
    day = local.date() + timedelta(days=1 if minute >= end else 0)
    return datetime.combine(day, time(end // 60 % 24, end % 60), tzinfo=local.tzinfo)


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name or settings.TIME_ZONE)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo(settings.TIME_ZONE)
