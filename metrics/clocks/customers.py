"""What policies may ask of the customer: segment, tier and region; noted in the ticket's history, so that clocks can be
worked out again by what was true.

It is noted only as far as a policy in force asks for it: whose policies ask nothing of customers pays nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import datetime
from typing import Any

import phonenumbers
from django.core.cache import cache
from django.db.models import Q
from django.db.models.functions import Coalesce

from commerce.segments import standings_of
from events.actors import SYSTEM
from events.ledger import record_event
from events.models import Event
from metrics.events import SlaEvent
from metrics.models import Clock, Watch
from metrics.rules import newest_rules, policies_of
from people.models import Customer, Identity, IdentityKind
from tickets.events import TICKET_STREAM, ticket_stream
from tickets.models import Ticket

from .history import Told
from .terms import CUSTOMER_TRAITS, NEVER_BOUGHT

# So many tickets are looked at again in one step.
BATCH = 1000
_CURSOR = "metrics:customers"
Facts = dict[str, Any]
_NOTHING: Mapping[str, Any] = {"segment": [], "tier": "", "region": ""}


def asked_of_customers(rules: int) -> frozenset[str]:
    """The traits of customers that these rules ask for."""
    return frozenset(name for policy in policies_of(rules) for name in policy.conditions if name in CUSTOMER_TRAITS)


def facts_of(customer_ids: Collection[int], names: Collection[str]) -> dict[int, Facts]:
    """What is asked of these customers, as events keep it. The segment of who never bought is called so."""
    ids = set(customer_ids)
    bought = standings_of(ids) if {"segment", "tier"} & set(names) else {}
    regions = _regions(ids) if "region" in names else {}
    found: dict[int, Facts] = {}
    for id in ids:
        standing = bought.get(id)
        said = {
            "segment": sorted(standing.segments) or [NEVER_BOUGHT] if standing else [],
            "tier": standing.tier if standing else "", "region": regions.get(id, ""),
        }  # fmt: skip
        found[id] = {name: said[name] for name in sorted(names)}
    return found


def _regions(customer_ids: Collection[int]) -> dict[int, str]:
    """The country of their telephone number, else of their language where it names one (de-AT)."""
    family = Customer.objects.filter(Q(pk__in=customer_ids) | Q(merged_into__in=customer_ids)).order_by("-pk")
    found: dict[int, str] = {}
    roots: dict[int, int] = {}
    for pk, root, locale in family.values_list("pk", "merged_into", "locale"):
        roots[pk] = root or pk
        country = locale.replace("_", "-").partition("-")[2].upper()
        if len(country) == 2 and country.isalpha():
            found[roots[pk]] = country
    phones = Identity.objects.filter(customer__in=roots, kind=IdentityKind.PHONE, suspect=False).order_by("-pk")
    for customer, number in phones.values_list("customer", "value"):
        if country := country_of(number):
            found[roots[customer]] = country
    return found


def country_of(number: str) -> str:
    """The country a number in the international form belongs to; empty for one of none."""
    try:
        return phonenumbers.region_code_for_number(phonenumbers.parse(number, None)) or ""
    except phonenumbers.NumberParseException:
        return ""


def note_customer(ticket: Ticket, history: Iterable[Told], *, rules: int, now: Callable[[], datetime]) -> list[Told]:
    """Write down what policies ask of the locked ticket's customer, if that is not what its history says; the event, if
    there is one. The first time it holds from the ticket's opening on."""
    asked = asked_of_customers(rules)
    if not asked:
        return []
    root = Customer.objects.filter(pk=ticket.customer_id).values_list(Coalesce("merged_into", "pk"), flat=True)[0]
    facts = facts_of([root], asked)[root]
    noted = [one.data for one in history if one.kind == SlaEvent.CUSTOMER_NOTED]
    if is_known(facts, noted[-1] if noted else {}):
        return []
    at, first = now(), not noted and not Watch.objects.filter(ticket=ticket).exists()
    data = facts | ({"from_opening": True} if first else {})
    event = record_event(ticket_stream(ticket.pk), SlaEvent.CUSTOMER_NOTED, by=SYSTEM, at=at, data=data)
    return [Told(event.sequence, SlaEvent.CUSTOMER_NOTED, SYSTEM.kind, SYSTEM.id, at, data)]


def is_known(facts: Facts, noted: Mapping[str, Any]) -> bool:
    """Whether what was noted last says the same."""
    return all(noted.get(name, _NOTHING[name]) == value for name, value in facts.items())


def changed_customers() -> list[int]:
    """Some tickets with open clocks of whose customer something else is true by now; each call looks further, and after
    the last begins with the first. Where it stands may be lost: then it begins anew."""
    asked = asked_of_customers(newest_rules())
    if not asked:
        return []
    open_ones = Clock.objects.filter(stopped_at=None, ticket_id__gt=cache.get(_CURSOR, 0)).order_by("ticket_id")
    rows = open_ones.values_list("ticket_id", Coalesce("ticket__customer__merged_into", "ticket__customer")).distinct()
    owners = dict(rows[:BATCH])
    cache.set(_CURSOR, max(owners) if len(owners) == BATCH else 0, None)
    facts = facts_of(set(owners.values()), asked)
    noted = _noted(owners)
    return [id for id, customer in owners.items() if not is_known(facts[customer], noted.get(id, {}))]


def _noted(tickets: Collection[int]) -> dict[int, dict[str, Any]]:
    """What was noted last of the customers of these tickets."""
    told = Event.objects.filter(
        stream_type=TICKET_STREAM, stream_id__in=list(tickets), kind=SlaEvent.CUSTOMER_NOTED
    ).order_by("stream_id", "sequence")
    return dict(told.values_list("stream_id", "data"))
