"""Fields of the shop's own that customers are asked in the form of a channel: which those are, and what they said."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from events.actors import Actor
from tickets.actions.fields import fields_of, say_field
from tickets.errors import InvalidInput
from tickets.fields import clean_value
from tickets.models import Ticket, TicketField


def asked_fields(chosen: Iterable[object], *, team_id: int | None) -> list[TicketField]:
    """Those of the chosen numbers that tickets of this team have and that are not archived, in their order."""
    numbers = [number for number in chosen if type(number) is int]
    return list(fields_of(team_id).filter(pk__in=numbers)) if numbers else []


def read_answers(asked: Iterable[TicketField], said: Mapping[str, object]) -> dict[int, str]:
    """What a customer said, by field, as it is kept; `said` by the field's number as text. InvalidInput for what a
    field cannot hold, and for a field that is not asked."""
    known = {str(field.pk): field for field in asked}
    answers = {}
    for number, value in said.items():
        if number not in known:
            raise InvalidInput("fields", _("This is not asked here."))
        if not isinstance(value, str | int | float | bool | None):
            raise InvalidInput("fields", _("“%(field)s” cannot be read.") % {"field": known[number]})
        if answer := clean_value(known[number], value):
            answers[known[number].pk] = answer
    return answers


def say_for_customer(ticket_id: int, answers: Mapping[int, str], *, at: datetime) -> None:
    """Keep the answers on their ticket as the customer's own statement. Repeating it changes nothing."""
    if not answers:
        return
    with transaction.atomic():
        ticket = Ticket.objects.select_for_update(of=("self",)).get(pk=ticket_id)
        for field in TicketField.objects.filter(pk__in=answers).order_by("pk"):
            say_field(ticket, field, answers[field.pk], by=Actor.customer(ticket.customer_id), at=at)
