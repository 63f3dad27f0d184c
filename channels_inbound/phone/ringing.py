"""The phone rings: whoever may see the line is shown who calls, at once, and led to what they last wrote about."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from channels_inbound.phone.numbers import readable
from people.identities import family
from people.models import Agent, Identity, IdentityKind
from people.permissions import Permission
from tickets.models import Call, Ticket
from tickets.realtime import announce_to_agent

# What is told later than this is history, not a telephone that rings.
FRESH = timedelta(seconds=45)


def tell_ringing(call: Call, *, name: str, at: datetime) -> int:
    """Show the caller to the agents of the line who could answer; how many are told. In the caller's transaction: it
    is sent once that is committed, and kept nowhere."""
    if call.started_at < at - FRESH or call.direction != "in":
        return 0
    identity = None
    if call.number:
        known = Identity.objects.filter(kind=IdentityKind.PHONE, value=call.number, suspect=False)
        identity = known.select_related("customer__merged_into").first()
    customer = (identity.customer.merged_into or identity.customer) if identity else None
    told = 0
    for agent in _agents_of(call):
        ticket = _last_ticket(customer.pk, agent) if customer else None
        # The name is the customer's only where the agent may see something of theirs; else what the network says.
        who = customer.name if customer and ticket and customer.name else name
        with translation.override(agent.locale):
            number = readable(call.number) if call.number else _("a hidden number")
            text = _("%(who)s is calling (%(number)s)") % {"who": who, "number": number} if who else (
                _("%(number)s is calling") % {"number": number}
            )  # fmt: skip
        href = reverse("ticket", args=[ticket.pk]) if ticket else reverse("calls")
        announce_to_agent(agent.pk, "toast", text=text, href=href, seconds=30)
        told += 1
    return told


def _agents_of(call: Call) -> list[Agent]:
    """Whoever may answer and would see a ticket that this call opens."""
    found = Agent.objects.who_may(Permission.REPLY).order_by("pk")
    return [agent for agent in found if agent.scope.sees_place(call.channel.team_id, call.channel_id)]


def _last_ticket(customer_id: int, agent: Agent) -> Ticket | None:
    return Ticket.objects.visible_to(agent).filter(customer__in=family(customer_id)).newest_first().only("pk").first()
