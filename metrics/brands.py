"""Brands in what metrics keeps. A brand is its channels: rules in force, and with them clocks, know channels alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from people.brands import teach_brand_uses
from people.models import Brand
from tickets.models import Channel

from .models import Policy, Survey

CONDITION = "brand_id"


def channels_for_brands(conditions: Mapping[str, Any]) -> dict[str, Any]:
    """Conditions as rules keep them: the channels that the brands have now stand in their place. Without any channel
    they fit no ticket."""
    if CONDITION not in conditions:
        return dict(conditions)
    found = set(Channel.objects.filter(brand__in=conditions[CONDITION]).values_list("pk", flat=True))
    if "channel_id" in conditions:
        found &= set(conditions["channel_id"])
    kept = {name: values for name, values in conditions.items() if name != CONDITION}
    return kept | {"channel_id": sorted(found)}


def channels_of_brand(brand_id: int) -> frozenset[int]:
    """Also those that are switched off; one query."""
    return frozenset(Channel.objects.filter(brand=brand_id).values_list("pk", flat=True))


def channel_of(channel_id: int | None) -> Channel | None:
    """Where they wrote, with its brand; one query."""
    return Channel.objects.select_related("brand").filter(pk=channel_id).first() if channel_id else None


def brand_of_survey(survey: Survey) -> Brand | None:
    """The one brand whose tickets it is for; None where it is for any, or for several."""
    named = survey.conditions.get(CONDITION, [])
    return Brand.objects.filter(pk=named[0]).first() if len(named) == 1 else None


def brand_choices() -> list[tuple[int, str]]:
    """(id, name) of each; one query."""
    return list(Brand.objects.values_list("pk", "name"))


def teach() -> None:
    """Tell whoever would take a brand away what names it."""
    teach_brand_uses(lambda brand: _names(Policy, brand))
    teach_brand_uses(lambda brand: _names(Survey, brand))


def _names(model: type[Policy] | type[Survey], brand_id: int) -> list[str]:
    """Names of those whose conditions have this brand among them."""
    named = model._default_manager.filter(conditions__brand_id__contains=[brand_id])
    return list(named.order_by("position", "pk").values_list("name", flat=True))
