"""After words were taken out of a ticket: out of every copy that lies elsewhere, and then out of our own memory.

Until that is done the words lie encrypted in their `Secret` row, so that a job that is cut off knows what to look for;
then nothing of them is left. Survey comments and ratings of chats are looked through with the customer's other tickets.
"""

from __future__ import annotations

from django.utils import timezone

from channels_inbound.redacting import drop_copies, redact_copies
from events.models import Event
from livechat.models import Round
from metrics.models import FollowUp, SurveyAnswer
from people.credentials import CredentialsError
from tickets.actions.base import lock_ticket_of
from tickets.events import TicketEvent
from tickets.models import Message, OutboxState, Secret, SecretKind, Ticket
from tickets.sensitive.keeping import opened
from tickets.sensitive.masking import FoundSecret, without
from tickets.sensitive.redacting import take_out

HEARD = frozenset({str(TicketEvent.MESSAGE_REDACTED), str(TicketEvent.SECRETS_FOUND), str(TicketEvent.MESSAGE_EDITED)})


def redact_everywhere(event: Event) -> None:
    """Finish what was taken out of the event's message. Raises BlockingIOError while a reply is just leaving."""
    message_id = event.data["message"]
    if not Secret.objects.filter(message=message_id, going=True).exists():
        return
    ticket = lock_ticket_of(message_id)
    if ticket is None:
        return
    tickets = sorted({ticket.pk, *Ticket.objects.filter(customer=ticket.customer_id).values_list("pk", flat=True)})
    locked = list(Ticket.objects.select_for_update(of=("self",)).filter(pk__in=tickets).order_by("pk"))
    if Message.objects.filter(ticket__in=tickets, outbox=OutboxState.SENDING).exists():
        raise BlockingIOError("a reply is just leaving")
    going = Secret.objects.select_for_update().filter(message=message_id, going=True)
    for chosen in (False, True):
        rows = [row for row in going.order_by("pk") if (row.kind == SecretKind.CHOSEN) == chosen]
        if rows:
            _finish(rows, locked, held_by=message_id, whole=chosen)


def _finish(rows: list[Secret], tickets: list[Ticket], *, held_by: int, whole: bool) -> None:
    secrets = [found for row in rows if (found := _words(row))]
    for ticket in tickets:
        take_out(ticket, secrets, whole=whole)
    said = Message.objects.filter(ticket__in=tickets).values_list("pk", flat=True)
    if secrets:
        redact_copies(list(said), secrets, held_by=held_by, whole=whole)
        _elsewhere(tickets, secrets, whole=whole)
    if len(secrets) < len(rows):  # what cannot be known cannot be looked for
        drop_copies(held_by)
    Secret.objects.filter(pk__in=[row.pk for row in rows]).update(secret="", going=False, gone_at=timezone.now())


def _words(row: Secret) -> FoundSecret | None:
    try:
        value = opened(row.secret)
    except CredentialsError:
        return None
    return FoundSecret(row.kind, value, row.ends) if value else None


def _elsewhere(tickets: list[Ticket], secrets: list[FoundSecret], *, whole: bool) -> None:
    for model, column in ((SurveyAnswer, "comment"), (Round, "comment"), (FollowUp, "outcome")):
        rows = model._default_manager.filter(ticket__in=tickets).exclude(**{column: ""})
        for pk, words in rows.values_list("pk", column):
            clean = without(words, secrets, whole=whole)
            if clean != words:
                model._default_manager.filter(pk=pk).update(**{column: clean})
