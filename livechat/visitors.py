"""Visitors and the browsers that speak for them: whose key this is, becoming known, being known no longer."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction

from events.statements import prepared
from livechat.doors import Door
from livechat.models import UnseenReplies, UsedToken, Visitor, VisitorKey
from livechat.signed import BadToken, SignedIdentity, read_token
from people.identities import IdentityKey, Newcomer, note_claims, resolve_identities
from people.models import Customer, Identity, IdentityKind, Trust
from tickets.models import Ticket
from tickets.realtime import announce
from tickets.recipients import is_address
from tickets.sensitive.arriving import hide_text

# Asked with every request of a widget: prepared, since building the same SQL each time was the dearer half.
_COLUMNS = tuple(field.attname for field in Visitor._meta.concrete_fields)
_VISITOR = f"""
SELECT {", ".join(f"v.{name}" for name in _COLUMNS)} FROM livechat_visitor v
JOIN livechat_visitorkey k ON k.visitor_id = v.id
WHERE k.digest = %s AND v.channel_id = %s AND v.blocked_at IS NULL
"""  # noqa: S608 - constants
# 32 random bytes as the browser writes them; nothing shorter is a secret.
_SECRET = re.compile(r"[A-Za-z0-9_-]{43}")

# What the shop's signature says of a visitor.
_SIGNED = ("subject", "name", "language", "traits", "email", "email_signed")


class AnotherPerson(Exception):
    """This browser speaks for somebody else already: it has to begin anew, with a new secret."""


def digest_of(secret: str) -> str:
    """What is kept of a browser's secret; empty when it is none."""
    return hashlib.sha256(secret.encode()).hexdigest() if _SECRET.fullmatch(secret) else ""


def visitor_of(door: Door, digest: str) -> Visitor | None:
    """Whom this browser speaks for at this channel, if anybody."""
    if not digest:
        return None
    with prepared() as cursor:
        row = cursor.execute(_VISITOR, [digest, door.channel_id]).fetchone()
    return visitor_from(row) if row else None


def visitor_from(row: Sequence[Any]) -> Visitor:
    """A visitor from the columns of `_VISITOR`."""
    values = list(row)
    traits = _COLUMNS.index("traits")
    values[traits] = json.loads(values[traits]) if isinstance(values[traits], str | bytes) else values[traits]
    return Visitor.from_db("default", _COLUMNS, values)


def visitor_begins(door: Door, digest: str, *, language: str) -> Visitor:
    """The visitor of this browser, made anew if it never spoke. Two requests at once make one."""
    for _ in range(3):
        key = VisitorKey.objects.select_related("visitor").filter(digest=digest).first()
        if key is not None:
            if key.visitor.channel_id != door.channel_id:
                raise AnotherPerson
            return key.visitor
        try:
            with transaction.atomic():
                visitor = Visitor.objects.create(channel_id=door.channel_id, language=language)
                VisitorKey.objects.create(visitor=visitor, digest=digest)
        except IntegrityError:
            continue
        return visitor
    raise AnotherPerson


def identity_for(visitor: Visitor) -> Identity:
    """The visitor's identity, made with the customer when they first speak. In the caller's transaction."""
    if visitor.identity is not None:
        return visitor.identity
    customer = _signed_customer(visitor)
    trust = Trust.SIGNED if visitor.subject else Trust.ANONYMOUS
    if customer is not None:
        identity, _ = Identity.objects.get_or_create(
            kind=IdentityKind.VISITOR, value=visitor.thread, suspect=False,
            defaults={"customer": customer, "display_name": visitor.called, "trust": trust},
        )  # fmt: skip
    else:
        key = IdentityKey(IdentityKind.VISITOR, visitor.thread)
        known = resolve_identities({key: Newcomer(visitor.called, trust, visitor.language, wrote=True)})[key]
        identity = Identity.objects.get(pk=known.id)
    Visitor.objects.filter(pk=visitor.pk).update(identity=identity)
    visitor.identity = identity
    if visitor.email and not visitor.email_signed:
        note_claims([(identity.pk, IdentityKind.EMAIL, visitor.email)])
    return identity


def _signed_customer(visitor: Visitor) -> Customer | None:
    """The customer of a signed address; a claimed one is joined to nobody."""
    if not (visitor.email and visitor.email_signed):
        return None
    key = IdentityKey(IdentityKind.EMAIL, visitor.email)
    known = resolve_identities({key: Newcomer(visitor.name, Trust.SIGNED, visitor.language)})[key]
    Identity.objects.filter(pk=known.id, trust__in=[Trust.ANONYMOUS, Trust.CLAIMED]).update(trust=Trust.SIGNED)
    return Customer.objects.get(pk=known.customer_id)


def visitor_claims(visitor: Visitor, *, name: str, email: str) -> bool:
    """Keep what the visitor typed about themselves. It proves nothing and joins them to nobody; what the shop has
    signed stays. False when nothing changed."""
    name = hide_text(" ".join(name.replace("\x00", "").split())[:120])[0][:120]
    email = email.strip().lower()[:254]
    if visitor.subject:
        name = visitor.name or name
    if visitor.email_signed or not is_address(email):
        email = visitor.email
    name = name or visitor.name
    if (name, email) == (visitor.name, visitor.email):
        return False
    with transaction.atomic():
        # Only while nobody has signed more than we know of: a typed address must not come to stand under a signature.
        unchanged = Visitor.objects.filter(pk=visitor.pk, subject=visitor.subject, email_signed=visitor.email_signed)
        if not unchanged.update(name=name, email=email):
            return False
        visitor.name, visitor.email = name, email
        if visitor.identity is not None:
            Identity.objects.filter(pk=visitor.identity.pk).update(display_name=visitor.called)
            if email and not visitor.email_signed:
                note_claims([(visitor.identity.pk, IdentityKind.EMAIL, email)])
            Customer.objects.filter(pk=visitor.identity.customer_id, name__startswith="Visitor ").update(
                name=visitor.called
            )
        if email:
            # What waited for an address goes with the next look.
            UnseenReplies.objects.filter(visitor=visitor.pk, waits=UnseenReplies.Waits.ADDRESS).update(waits="")
        _tell_agents(visitor)
    return True


def _tell_agents(visitor: Visitor) -> None:
    rows = Ticket.objects.filter(conversations__channel=visitor.channel_id, conversations__external_id=visitor.thread)
    for ticket_id in rows.order_by("-pk").values_list("pk", flat=True)[:1]:
        announce(ticket_id, kind="ticket.changed", event_id=0)


def identify(door: Door, digest: str, token: str, secrets: Iterable[str], *, language: str, at: datetime) -> Visitor:
    """Let the shop's signature say who this browser speaks for. BadToken, AnotherPerson; then nothing has changed.

    An anonymous conversation of this browser goes on under the name, unless the person has one already.
    """
    said = read_token(token, secrets, audience=door.key, at=at)
    for _ in range(2):
        try:
            with transaction.atomic():
                return _identify(door, digest, said, language)
        except IntegrityError:  # the same person in two browsers at the same moment
            continue
    raise BadToken("tried at once")


def _identify(door: Door, digest: str, said: SignedIdentity, language: str) -> Visitor:
    key = VisitorKey.objects.select_related("visitor").select_for_update(of=("self",)).filter(digest=digest).first()
    present = key.visitor if key else None
    if present is not None and (present.channel_id != door.channel_id or present.subject not in ("", said.subject)):
        raise AnotherPerson
    used, fresh = UsedToken.objects.get_or_create(
        channel_id=door.channel_id, jti=said.jti, defaults={"digest": digest, "expires_at": said.expires_at}
    )
    if not fresh and used.digest != digest:
        raise BadToken("replayed")
    person = Visitor.objects.filter(channel=door.channel_id, subject=said.subject).first()
    if person is None:
        person = present or Visitor(channel_id=door.channel_id)
        person.subject = said.subject
    if person.blocked_at:
        raise BadToken("blocked")
    person.name, person.language = said.name or person.name, language or person.language
    person.traits = dict(said.traits)
    if is_address(said.email):
        person.email, person.email_signed = said.email, True
    # Nothing else: meanwhile an agent may have blocked them, or their first words given them an identity.
    person.save(update_fields=_SIGNED if person.pk else None)
    VisitorKey.objects.update_or_create(digest=digest, defaults={"visitor": person})
    if person.identity_id:
        Identity.objects.filter(pk=person.identity_id).update(trust=Trust.SIGNED, display_name=person.called)
    return person


def forget_browser(digest: str) -> None:
    """The browser speaks for nobody any more: what it was told it must ask for again, and will not get. Whoever comes
    by its secret later cannot sign in with what was signed for it."""
    with transaction.atomic():
        VisitorKey.objects.filter(digest=digest).delete()
        UsedToken.objects.filter(digest=digest).update(digest="")
