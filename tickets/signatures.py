"""The signature of one reply: the agent's own above the channel's, filled in for this ticket."""

from __future__ import annotations

from dataclasses import dataclass

from people.models import Agent
from people.signatures import fill_in, fill_in_html, first_name
from people.written_html import html_of_text

from .models import Channel


@dataclass(frozen=True, slots=True)
class Signature:
    """As the customer reads it; `html` is empty where it is but words."""

    text: str
    html: str


def signature_of(agent: Agent | None, channel: Channel, *, number: int, customer: str) -> Signature:
    """`customer` is whom the reply goes to."""
    name = agent.name if agent else ""
    values = {
        "agent.name": name,
        "agent.first_name": first_name(name),
        "agent.email": agent.email if agent else "",
        "channel.name": channel.name,
        "channel.address": channel.address,
        "brand.name": channel.shop_name,
        "ticket.number": str(number),
        "customer.name": customer,
        "customer.first_name": first_name(customer),
    }
    own = (agent.signature, agent.signature_html) if agent else ("", "")
    both = [pair for pair in (own, _of_channel(channel)) if pair[0].strip()]
    text = "\n\n".join(fill_in(words, values).strip() for words, _html in both)
    if not any(html for _words, html in both):
        return Signature(text, "")
    return Signature(text, "".join(fill_in_html(html or html_of_text(words), values) for words, html in both))


def _of_channel(channel: Channel) -> tuple[str, str]:
    """Its own, else its brand's."""
    signs = channel if channel.signature.strip() or channel.brand is None else channel.brand
    return signs.signature, signs.signature_html
