"""What customers agreed to: noted with its proof, looked up before something is done that needs it."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from channels_inbound.hooks.apply import AGREED
from events.ledger import record_event
from events.models import Event
from people.identities import family
from people.models import Agent, Customer
from people.permissions import Permission
from people.roles import require
from tickets.errors import InvalidInput
from tickets.models import Channel

from .models import ConsentEntry, ConsentWay

# What customers say to providers themselves, by what it is for.
HEARD = frozenset({AGREED})
SAID = {
    "messages": gettext_noop("Messages by %(channel)s"),
    "marketing": gettext_noop("Marketing by %(channel)s"),
    "notices": gettext_noop("Notices by %(channel)s that nobody asked for"),
}


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


@transaction.atomic
def note_said(event: Event) -> None:
    """Keep what a customer said to a provider themselves, once; what it says already adds nothing."""
    customer = Customer.objects.select_for_update().get(pk=event.stream_id)
    channel = Channel.objects.filter(pk=event.data["channel"]).first()
    words = SAID.get(event.data["purpose"])
    if channel is None or words is None:
        return
    purpose, given = (_(words) % {"channel": channel.name})[:120], bool(event.data["given"])
    known = ConsentEntry.objects.filter(customer__in=family(customer.pk), purpose=purpose)
    before = known.filter(at__lte=event.at).order_by("-at", "-pk").first()
    if before is not None and (before.at == event.at or before.given == given):
        return
    proof = _("Told by %(channel)s on %(at)s (event %(event)d).")
    entry = ConsentEntry.objects.create(
        customer=customer, purpose=purpose, given=given, how=ConsentWay.ITSELF, at=event.at,
        proof=proof % {"channel": channel.name, "at": event.at.isoformat(timespec="seconds"), "event": event.pk},
    )  # fmt: skip
    data = {"consent": entry.pk, "given": given}
    record_event(("customer", customer.pk), "customer.consent_noted", by=customer.actor, at=event.at, data=data)


def agrees(customer: Customer, purpose: str) -> bool:
    """Whether the latest that was noted of this purpose, of them or of whom they were joined with, is a yes."""
    theirs = ConsentEntry.objects.filter(customer__in=family(customer.merged_into_id or customer.pk), purpose=purpose)
    latest = theirs.order_by("-at", "-pk").first()
    return latest is not None and latest.given
