"""Who wants no more of a kind of mail: a signed link in each such mail, a row, and the way back.

For mail nobody asked for, never for answers. The link does one thing for one address and one kind (RFC 8058), works
without a session and does not expire: somebody finds the mail again in a year.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from django.conf import settings
from django.core.signing import BadSignature, Signer
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from events.ledger import record_event

from .languages import choose_language
from .models import Customer, Identity, MailKind, Unsubscription

_SIGNER = Signer(salt="people.unsubscribing", sep=".")


def unsubscribe_url(identity_id: int, kind: MailKind, language: str) -> str:
    """Where the address' owner, or their mail program, says that they want no more of this kind. The page speaks the
    mail's language."""
    token = _SIGNER.sign(f"{identity_id}-{kind.value}")
    return f"{settings.BASE_URL}{reverse('unsubscribe', args=[token])}?lang={choose_language([language])}"


def read_token(token: str) -> tuple[Identity, MailKind] | None:
    """The address and the kind of mail that a link of ours names; None for every other text."""
    try:
        number, _dash, kind = _SIGNER.unsign(token).partition("-")
    except BadSignature:
        return None
    identity = Identity.objects.filter(pk=int(number)).first()
    return (identity, MailKind(kind)) if identity and kind in MailKind.values else None


def unsubscribe(identity_id: int, kind: MailKind, *, at: datetime | None = None) -> None:
    """Write no more mail of this kind to the address. Repeating it changes nothing."""
    at = at or timezone.now()
    with transaction.atomic():
        # The customer's lock orders the events of its stream.
        customer = Customer.objects.select_for_update(no_key=True).get(identities=identity_id)
        made = Unsubscription.objects.get_or_create(identity_id=identity_id, kind=kind, defaults={"at": at})[1]
        if made:
            data = {"identity": identity_id, "kind": kind.value}
            record_event(("customer", customer.pk), "customer.unsubscribed", by=customer.actor, at=at, data=data)


def subscribe_again(identity_id: int, kind: MailKind) -> bool:
    """The way back; False when the address had not unsubscribed. The caller records who did it and where."""
    return bool(Unsubscription.objects.filter(identity=identity_id, kind=kind).delete()[0])


def unsubscribed(identity_ids: Collection[int], kind: MailKind) -> set[int]:
    """Those of the addresses that want no mail of this kind: ask before writing unprompted."""
    found = Unsubscription.objects.filter(identity__in=identity_ids, kind=kind)
    return set(found.values_list("identity_id", flat=True))
