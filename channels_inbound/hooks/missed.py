"""Which of the things a provider lists are not here yet."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import Q

from channels_inbound.hooks.provider import Listed
from channels_inbound.models import RawDelivery, SentPart
from tickets.models import Call, Message


def look_key(item: Listed) -> str:
    """Under which name its delivery is kept."""
    return f"look:{item.key}"[:128]


def unknown(channel_id: int, items: Sequence[Listed]) -> list[Listed]:
    """Messages and calls that are not here, and receipts of ours that tell something new; oldest first.

    What is on its way by webhook at this moment may be among them: its key is the same, so that it is one all the same.
    """
    here = _messages(items) | _calls(channel_id, items)
    told = _untold(channel_id, items)
    fetched = set(
        RawDelivery.objects.filter(
            channel=channel_id, transport_key__in=[look_key(item) for item in items]
        ).values_list("transport_key", flat=True)
    )
    found = [
        item
        for item in items
        if look_key(item) not in fetched
        and (item.external_id in told if item.kind == "receipt" else item.external_id not in here)
    ]
    return sorted(found, key=lambda item: item.at)


def _ids(items: Sequence[Listed], kind: str) -> list[str]:
    return [item.external_id for item in items if item.kind == kind]


def _messages(items: Sequence[Listed]) -> set[str]:
    """By what outlives the words: what was erased here must not come back from there."""
    ids = {item.dedupe_key: item.external_id for item in items if item.dedupe_key}
    found = Message.objects.filter(dedupe_key__in=ids).values_list("dedupe_key", flat=True)
    return {ids[key] for key in found if key}


def _calls(channel_id: int, items: Sequence[Listed]) -> set[str]:
    """A call that still rings here has an end to be told of."""
    found = Call.objects.filter(channel=channel_id, external_id__in=_ids(items, "call")).exclude(outcome="ringing")
    return set(found.values_list("external_id", flat=True))


def _untold(channel_id: int, items: Sequence[Listed]) -> set[str]:
    waiting = Q(delivered_at=None, read_at=None, failed="")
    found = SentPart.objects.filter(waiting, channel=channel_id, external_id__in=_ids(items, "receipt"))
    return set(found.values_list("external_id", flat=True))
