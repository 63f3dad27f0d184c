"""Notes on a customer: for whoever answers them next, on whichever ticket."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from events.ledger import record_event
from people.models import Agent, Customer, CustomerNote
from people.permissions import Permission, PermissionDenied
from tickets.customers import visible_customer
from tickets.errors import InvalidInput, NotFound
from tickets.events import CustomerEvent
from tickets.sensitive.arriving import hide_text

LONGEST = 4000


def note_customer(
    customer_id: int, *, by: Agent, text: str, client_id: UUID, at: datetime | None = None
) -> CustomerNote:
    """Write down something about a customer of whom the agent may see a ticket. The same `client_id` is one note.
    Cards, documents, passwords and keys are masked for good: a note on a person is no place to keep them."""
    text, _hidden = hide_text(text.replace("\x00", "").strip())
    if not text:
        raise InvalidInput("text", _("Write something."))
    if len(text) > LONGEST:
        raise InvalidInput("text", _("That is too long for a note."))
    at = at or timezone.now()
    with transaction.atomic():
        customer = _lock(customer_id, by=by)
        if known := CustomerNote.objects.filter(public_id=client_id, customer=customer, by=by).first():
            return known
        if CustomerNote.objects.filter(public_id=client_id).exists():
            raise InvalidInput("client_id", _("Reload the page and try again."))
        note = CustomerNote.objects.create(public_id=client_id, customer=customer, by=by, text=text, at=at)
        record_event(("customer", customer.pk), CustomerEvent.NOTED, by=by.actor, at=at, data={"note": note.pk})
    return note


def remove_customer_note(customer_id: int, note_id: int, *, by: Agent, at: datetime | None = None) -> None:
    """Take away one's own note, or anybody's for whom tends what is shared. Repeating it changes nothing."""
    at = at or timezone.now()
    with transaction.atomic():
        customer = _lock(customer_id, by=by)
        family = Customer.objects.filter(pk=customer.pk) | Customer.objects.filter(merged_into=customer)
        note = CustomerNote.objects.filter(pk=note_id, customer__in=family).first()
        if note is None:
            return
        if note.by_id != by.pk and not by.may(Permission.MANAGE_SHARED):
            raise PermissionDenied(_("Only who wrote a note may remove it."))
        note.delete()
        record_event(("customer", customer.pk), CustomerEvent.NOTE_REMOVED, by=by.actor, at=at, data={"note": note_id})


def _lock(customer_id: int, *, by: Agent) -> Customer:
    """The customer's row, which orders the events of its stream; the one who stays, if they were joined."""
    if not by.may(Permission.NOTE):
        raise PermissionDenied(_("Your role does not allow this."))
    found = visible_customer(by, customer_id)
    if found is None:
        raise NotFound(_("There is no such customer."))
    return Customer.objects.select_for_update(no_key=True).get(pk=found.pk)
