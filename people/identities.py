"""Finding, or making, the customer behind an address: in bulk, because mail comes in floods."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db.models import OuterRef, Q, QuerySet

from events.statements import prepared

from .models import Customer, Identity, Trust


def family(customer: int | OuterRef) -> QuerySet[Customer]:
    """The customer and those who were joined to them, for `customer__in`.

    A subquery, because `customer = X OR customer.merged_into = X` has PostgreSQL join all customers before it filters.
    """
    return Customer.objects.filter(Q(pk=customer) | Q(merged_into=customer))


@dataclass(frozen=True, slots=True)
class IdentityKey:
    """What makes an address one: its kind, its normalized value, and whether its proof failed."""

    kind: str
    value: str
    suspect: bool = False


@dataclass(frozen=True, slots=True)
class Newcomer:
    """What to call someone, should the address be new; `trust` may also raise a known one. `wrote` says that this
    is not only named by others: who writes can be reached again."""

    name: str
    trust: str = Trust.CLAIMED
    locale: str = ""
    wrote: bool = False


@dataclass(frozen=True, slots=True)
class KnownIdentity:
    """An address we know; `customer_id` is where a merged customer now points."""

    id: int
    customer_id: int
    trust: str
    hard_bounces: int = 0
    blocked: bool = False


_FIND = """
SELECT i.kind, i.value, i.suspect, i.id, COALESCE(c.merged_into_id, c.id), i.trust, i.hard_bounces,
       i.blocked_at IS NOT NULL
FROM people_identity i JOIN people_customer c ON c.id = i.customer_id
WHERE (i.kind, i.value, i.suspect) IN (SELECT * FROM unnest(%s::text[], %s::text[], %s::boolean[]))
"""

# A second worker meeting the same newcomer fails on the unique key; the caller's transaction is then tried again.
_CREATE = """
WITH wanted AS (
    SELECT nextval('people_customer_id_seq') AS customer_id, w.*
    FROM unnest(%s::text[], %s::text[], %s::boolean[], %s::text[], %s::text[], %s::text[])
      AS w(kind, value, suspect, name, trust, locale)
), customers AS (
    INSERT INTO people_customer (id, public_id, name, locale, time_zone)
    SELECT customer_id, gen_random_uuid(), name, locale, '' FROM wanted
)
INSERT INTO people_identity (customer_id, kind, value, suspect, display_name, trust, created_at)
SELECT customer_id, kind, value, suspect, name, trust, now() FROM wanted
RETURNING kind, value, suspect, id, customer_id, trust
"""

_RAISE_TRUST = "UPDATE people_identity SET trust = %s WHERE id = ANY(%s)"
_FORGET_BOUNCES = "UPDATE people_identity SET hard_bounces = 0, bounced_at = NULL WHERE id = ANY(%s)"
_COUNT_BOUNCE = """
UPDATE people_identity i SET hard_bounces = LEAST(i.hard_bounces + b.times, 1000), bounced_at = %s
FROM (SELECT value, count(*) AS times FROM unnest(%s::text[]) AS value GROUP BY value) AS b
WHERE i.kind = 'email' AND NOT i.suspect AND i.value = b.value
"""


_JOIN = """
INSERT INTO people_identity (customer_id, kind, value, suspect, display_name, trust, created_at)
SELECT %s::bigint, o.kind, o.value, false, %s::text, 'verified', now()
FROM unnest(%s::text[], %s::text[]) AS o(kind, value)
ON CONFLICT (kind, value, suspect) DO NOTHING
"""
_CLAIM = """
INSERT INTO people_claim (identity_id, kind, value, proven, at)
SELECT c.identity_id, c.kind, left(c.value, 320), c.proven, now()
FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::boolean[]) AS c(identity_id, kind, value, proven)
ON CONFLICT (identity_id, kind, value) DO NOTHING
"""
_WHOSE = """
SELECT COALESCE(c.merged_into_id, c.id) FROM people_identity i JOIN people_customer c ON c.id = i.customer_id
WHERE NOT i.suspect AND i.trust = 'verified'
  AND (i.kind, i.value) IN (SELECT * FROM unnest(%s::text[], %s::text[])) ORDER BY i.id LIMIT 1
"""


def resolve_identities(wanted: Mapping[IdentityKey, Newcomer]) -> dict[IdentityKey, KnownIdentity]:
    """Every key's identity, made with a customer of its own where new.

    Two statements, more only when trust rises or a lost address is back.

    Raises IntegrityError when another transaction made the same newcomer first; then the whole transaction is to be
    run again.
    """
    if not wanted:
        return {}
    with prepared() as cursor:
        cursor.execute(_FIND, _key_columns(list(wanted)))
        known = {IdentityKey(*row[:3]): KnownIdentity(*row[3:]) for row in cursor.fetchall()}
        missing = [key for key in wanted if key not in known]
        if missing:
            people = [wanted[key] for key in missing]
            names = [person.name[:200] for person in people]
            trusts = [str(person.trust) for person in people]
            locales = [person.locale for person in people]
            cursor.execute(_CREATE, [*_key_columns(missing), names, trusts, locales])
            known |= {IdentityKey(*row[:3]): KnownIdentity(*row[3:]) for row in cursor.fetchall()}
        proven = [
            known[key].id
            for key, person in wanted.items()
            if person.trust == Trust.VERIFIED and known[key].trust != Trust.VERIFIED
        ]
        if proven:
            cursor.execute(_RAISE_TRUST, [Trust.VERIFIED.value, proven])
        back = [known[key].id for key, person in wanted.items() if person.wrote and known[key].hard_bounces]
        if back:
            cursor.execute(_FORGET_BOUNCES, [back])
    return known


def join_identities(known: KnownIdentity, others: Collection[tuple[str, str]], *, name: str) -> None:
    """Further identities which a provider proves to be the same person's: new ones become theirs. One that is
    somebody else's already stays where it is; to merge two people is a person's decision."""
    with prepared() as cursor:
        cursor.execute(
            _JOIN, [known.customer_id, name[:200], [kind for kind, _ in others], [value for _, value in others]]
        )


def note_claims(claims: Collection[tuple[int, str, str]], *, proven: bool = False) -> None:
    """What people say their addresses are: (identity, kind, value). Kept as evidence; nobody is joined by it."""
    if claims:
        ids, kinds, values = zip(*sorted(set(claims)), strict=True)
        with prepared() as cursor:
            cursor.execute(_CLAIM, [list(ids), list(kinds), list(values), [proven] * len(ids)])


def customer_known_by(others: Collection[tuple[str, str]]) -> int | None:
    """Whose one of these identities is."""
    with prepared() as cursor:
        cursor.execute(_WHOSE, [[kind for kind, _ in others], [value for _, value in others]])
        row = cursor.fetchone()
    return row[0] if row else None


def give_identity(customer_id: int, kind: str, value: str, *, name: str) -> None:
    """One more proven identity of somebody we know."""
    with prepared() as cursor:
        cursor.execute(_JOIN, [customer_id, name[:200], [kind], [value]])


def note_hard_bounces(addresses: Collection[str], *, at: datetime) -> None:
    """Count that mail to these addresses came back for good; from `HARD_BOUNCES` on they are marked."""
    if addresses:
        with prepared() as cursor:
            cursor.execute(_COUNT_BOUNCE, [at, list(addresses)])


def forget_bounces(identity_id: int) -> None:
    """The way back: the address is used as if nothing had come back."""
    with prepared() as cursor:
        cursor.execute(_FORGET_BOUNCES, [[identity_id]])


def _key_columns(keys: list[IdentityKey]) -> list[list[object]]:
    return [[key.kind for key in keys], [key.value for key in keys], [key.suspect for key in keys]]


def block_identities(ids: Collection[int], *, at: datetime | None) -> list[int]:
    """Block these addresses from a moment on, or with None let them write again; those that this changed."""
    found = Identity.objects.filter(pk__in=ids, blocked_at__isnull=at is not None)
    changed = sorted(found.values_list("pk", flat=True))
    found.update(blocked_at=at)
    return changed
