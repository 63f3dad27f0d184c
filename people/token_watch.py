"""Whether a token is in the hands it was made for: where it is used from, and how much.

Its owner is mailed of what is out of the ordinary, since a stolen token shows itself in nothing else.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from ipaddress import ip_address, ip_network

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from events.ledger import record_event
from people.models import Agent, ApiToken

_USED_EVERY = timedelta(minutes=1)
# Of one provider's or one office's network; an address alone changes too often to mean anything.
_V4, _V6 = 24, 48
MOST_NETWORKS = 50
ELSEWHERE = "agent.token_elsewhere"
BUSY = "agent.token_busy"


def note_use(token: ApiToken, *, address: str, at: datetime) -> None:
    """Remember that the token is in use and from where, at most once a minute, so that reading stays reading; a network
    it was never used from is told of at once."""
    network = network_of(address)
    if network and network not in token.networks:
        _note_network(token, network, at)
    stale = at - _USED_EVERY
    if token.last_used_at is None or token.last_used_at < stale:
        unnoted = Q(last_used_at=None) | Q(last_used_at__lt=stale)
        ApiToken.objects.filter(unnoted, pk=token.pk).update(last_used_at=at, last_address=address[:45])


def network_of(address: str) -> str:
    """The network an address is of, or what stands for an address of IPv6 (`client_address`); empty when it is none."""
    try:
        found = ip_address(address.partition("/")[0])
    except ValueError:
        return ""
    return str(ip_network((found, _V4 if found.version == 4 else _V6), strict=False))


def _note_network(token: ApiToken, network: str, at: datetime) -> None:
    """The first network is where it was set up, which is no news."""
    with transaction.atomic():
        row = ApiToken.objects.select_for_update(of=("self",)).get(pk=token.pk)
        if network in row.networks:
            return
        if row.networks:
            Agent.objects.select_for_update(of=("self",)).get(pk=token.agent_id)
            data = {"token": row.pk, "network": network}
            record_event(("agent", row.agent_id), ELSEWHERE, by=token.agent.actor, at=at, data=data)
        row.networks = [*row.networks, network][-MOST_NETWORKS:]
        row.save(update_fields=["networks"])
    token.networks = row.networks


def token_is_busy(token: ApiToken, *, asked: int) -> None:
    """It has asked unusually much within the hour. Called once an hour for each."""
    with transaction.atomic():
        Agent.objects.select_for_update(of=("self",)).get(pk=token.agent_id)
        data = {"token": token.pk, "asked": asked}
        record_event(("agent", token.agent_id), BUSY, by=token.agent.actor, at=timezone.now(), data=data)
