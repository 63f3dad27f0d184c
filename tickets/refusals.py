"""Looking up who takes nothing from which channel."""

from __future__ import annotations

from collections.abc import Collection

from tickets.models import ChannelRefusal


def refusal_in(channel_id: int, identity_id: int) -> str:
    """Why this address takes nothing from this channel; empty when it does."""
    found = ChannelRefusal.objects.filter(channel=channel_id, identity=identity_id)
    return found.values_list("refuses", flat=True).first() or ""


def refusal_of(channel_id: int, address: str) -> str:
    """The same of an address by its value, as replies name it."""
    found = ChannelRefusal.objects.filter(channel=channel_id, identity__value=address, identity__suspect=False)
    return found.exclude(refuses="").values_list("refuses", flat=True).first() or ""


def refusals_of(identity_ids: Collection[int]) -> dict[tuple[int, int], str]:
    """By (channel, identity), whatever stops there."""
    found = ChannelRefusal.objects.filter(identity__in=identity_ids).exclude(refuses="")
    return {(row.channel_id, row.identity_id): row.refuses for row in found}
