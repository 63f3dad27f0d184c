"""The signature of one reply: the agent's own above the channel's, filled in for this ticket."""

from __future__ import annotations

from people.models import Agent
from people.signatures import fill_in, first_name

from .models import Channel


def signature_of(agent: Agent | None, channel: Channel, *, number: int, customer: str) -> str:
    """As the customer reads it. `customer` is whom the reply goes to."""
    name = agent.name if agent else ""
    values = {
        "agent.name": name,
        "agent.first_name": first_name(name),
        "agent.email": agent.email if agent else "",
        "channel.name": channel.name,
        "channel.address": channel.address,
        "ticket.number": str(number),
        "customer.name": customer,
        "customer.first_name": first_name(customer),
    }
    own = agent.signature if agent else ""
    parts = (fill_in(part, values).strip() for part in (own, channel.signature))
    return "\n\n".join(part for part in parts if part)
