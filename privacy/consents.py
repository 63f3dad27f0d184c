"""What customers agreed to: noted with its proof, looked up before something is done that needs it."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from events.ledger import record_event
from people.identities import family
from people.models import Agent, Customer
from people.permissions import Permission
from people.roles import require
from tickets.errors import InvalidInput

from .models import ConsentEntry, ConsentWay


def note_consent(
    customer: Customer, *, purpose: str, given: bool, how: str, proof: str, by: Agent, at: datetime | None = None
) -> ConsentEntry:
    """Add an entry. The same as the latest of its purpose adds none: it says nothing new."""
    require(by, Permission.HANDLE_PRIVACY)
    purpose, proof = (" ".join(said.replace("\x00", "").split()) for said in (purpose, proof))
    purpose, proof, at = purpose[:120], proof[:500], at or timezone.now()
    if how not in ConsentWay.values:
        raise InvalidInput("how", _("Say how they agreed."))
    if not purpose or not proof:
        raise InvalidInput("proof", _("Say what they agreed to, and where it can be seen."))
    with transaction.atomic():
        customer = Customer.objects.select_for_update().get(pk=customer.merged_into_id or customer.pk)
        latest = ConsentEntry.objects.filter(customer=customer, purpose=purpose).order_by("-at", "-pk").first()
        if latest and (latest.given, latest.how, latest.proof) == (given, how, proof):
            return latest
        entry = ConsentEntry.objects.create(
            customer=customer, purpose=purpose, given=given, how=how, proof=proof, by=by, at=at
        )
        data = {"consent": entry.pk, "given": given}
        record_event(("customer", customer.pk), "customer.consent_noted", by=by.actor, at=at, data=data)
    return entry


def agrees(customer: Customer, purpose: str) -> bool:
    """Whether the latest that was noted of this purpose, of them or of whom they were joined with, is a yes."""
    theirs = ConsentEntry.objects.filter(customer__in=family(customer.merged_into_id or customer.pk), purpose=purpose)
    latest = theirs.order_by("-at", "-pk").first()
    return latest is not None and latest.given
