"""In which language a ticket's customer is spoken to."""

from __future__ import annotations

from people.languages import choose_language
from tickets.models import Ticket


def language_of(ticket: Ticket) -> str:
    """That of the ticket, of its customer or of its channel, whichever is the first we speak."""
    return choose_language([ticket.language, ticket.customer.locale, ticket.channel.locale])
