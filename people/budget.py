"""The day's budget of what one person may open: reading and setting it."""

from __future__ import annotations

from django.db import transaction

from events.audit import note_setting

from .models import AccessRules, Agent
from .permissions import Permission
from .roles import require

FIELDS = ("tickets", "files", "stops")


def access_rules() -> AccessRules:
    """What holds now; the usual where nobody has set anything."""
    return AccessRules.objects.order_by("pk").first() or AccessRules()


def save_access_rules(*, by: Agent, tickets: int, files: int, stops: bool) -> AccessRules:
    """Set the budget for everybody, from their next click on."""
    require(by, Permission.MANAGE_AGENTS)
    with transaction.atomic():
        rules = AccessRules.objects.select_for_update().order_by("pk").first() or AccessRules(pk=1)
        before = {name: getattr(rules, name) for name in FIELDS}
        rules.tickets, rules.files, rules.stops = tickets, files, stops
        rules.save()
        note_setting("daily budget", before, {name: getattr(rules, name) for name in FIELDS}, by=by.actor)
    return rules
