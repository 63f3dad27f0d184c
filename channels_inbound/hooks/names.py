"""Names of people of whom webhooks tell only a number: asked for once, and used from then on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from channels_inbound.hooks.facts import Heard
from channels_inbound.models import RemoteMedia
from events.doorbell import ring
from people.models import Identity
from tickets.inbound import Address

# Beside the places of files.
PLACE = 1000


def with_known_names(said: Iterable[Heard]) -> dict[int, Heard]:
    """Those that are of somebody whose name was learned before, by their identity, with it."""
    facts = list(said)
    addresses = {fact.message.sender.address for fact in facts}
    found = Identity.objects.filter(kind="page_user", value__in=addresses, suspect=False) if addresses else ()
    names = {identity.value: identity.display_name for identity in found if identity.display_name}
    known = {}
    for fact in facts:
        sender = fact.message.sender
        if (name := names.get(sender.address)) and name != sender.name:
            known[id(fact)] = replace(fact, message=replace(fact.message, sender=Address(name, sender.address)))
    return known


def ask_name_later(channel_id: int, message_id: int, address: str) -> None:
    """A message of somebody whose name is not known: note that it is to be asked for."""
    row = RemoteMedia(channel_id=channel_id, message_id=message_id, number=PLACE, ref={"name_of": address})
    RemoteMedia.objects.bulk_create([row], ignore_conflicts=True)
    ring("media")
