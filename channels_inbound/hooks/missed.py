"""Which of the things a provider lists are not here yet."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from django.db.models import Q

from channels_inbound.hooks.provider import Listed
from channels_inbound.models import RawDelivery, RemoteMedia, SentPart
from tickets.models import Call, Message, OutboxState

# How far the provider's time of a message and ours of its sending may be apart.
SENT_WITHIN = timedelta(minutes=10)


def look_key(item: Listed) -> str:
    """Under which name its delivery is kept."""
    return f"look:{item.key}"[:128]


def unknown(channel_id: int, items: Sequence[Listed]) -> list[Listed]:
    """Messages, calls and recordings that are not here, receipts of ours that tell something new, and sendings of which
    we do not know whether they were taken; oldest first.

    What is on its way by webhook at this moment may be among them: its key is the same, so that it is one all the same.
    """
    here = _messages(items) | _calls(channel_id, items) | _files(channel_id, items)
    wanted = {"receipt": _untold(channel_id, items), "sent": _lost_sends(channel_id, items)}
    keys = [look_key(item) for item in items]
    known = RawDelivery.objects.filter(channel=channel_id, transport_key__in=keys)
    fetched = set(known.values_list("transport_key", flat=True))

    def is_news(item: Listed) -> bool:
        if item.kind in wanted:
            return item.external_id in wanted[item.kind]
        return (item.file or item.external_id) not in here

    found = [item for item in items if look_key(item) not in fetched and is_news(item)]
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


def _files(channel_id: int, items: Sequence[Listed]) -> set[str]:
    """Recordings that were brought, whether they could be fetched or not."""
    calls = Call.objects.filter(channel=channel_id, external_id__in=_ids(items, "recording")).exclude(message=None)
    names = RemoteMedia.objects.filter(message__in=calls.values("message")).values_list("filename", flat=True)
    return {name.partition(".")[0] for name in names}


def _lost_sends(channel_id: int, items: Sequence[Listed]) -> set[str]:
    """Those that may be a sending whose answer never came: to that address, handed over within minutes of it. Whether
    its words are the same is judged where it is put on the reply."""
    sent = [item for item in items if item.kind == "sent"]
    if not sent:
        return set()
    lost = Message.objects.filter(outbox=OutboxState.UNKNOWN, conversation__channel=channel_id)
    rows = lost.values_list("handed_over_at", "envelope__to")
    given = [(at, {entry.get("address", "").removeprefix("whatsapp:") for entry in to or ()}) for at, to in rows if at]
    return {
        item.external_id for item in sent
        if any(item.to in people and abs(item.at - at) <= SENT_WITHIN for at, people in given)
    }  # fmt: skip


def _untold(channel_id: int, items: Sequence[Listed]) -> set[str]:
    waiting = Q(delivered_at=None, read_at=None, failed="")
    found = SentPart.objects.filter(waiting, channel=channel_id, external_id__in=_ids(items, "receipt"))
    return set(found.values_list("external_id", flat=True))
