"""Finding, or making, the customer behind an address: in bulk, because mail comes in floods."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from events.statements import prepared

from .models import Trust


@dataclass(frozen=True, slots=True)
class IdentityKey:
    """What makes an address one: its kind, its normalized value, and whether its proof failed."""

    kind: str
    value: str
    suspect: bool = False


@dataclass(frozen=True, slots=True)
class Newcomer:
    """What to call someone, should the address be new; `trust` may also raise a known one."""

    name: str
    trust: str = Trust.CLAIMED
    locale: str = ""


@dataclass(frozen=True, slots=True)
class KnownIdentity:
    """An address we know; `customer_id` is where a merged customer now points."""

    id: int
    customer_id: int
    trust: str


_FIND = """
SELECT i.kind, i.value, i.suspect, i.id, COALESCE(c.merged_into_id, c.id), i.trust
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


def resolve_identities(wanted: Mapping[IdentityKey, Newcomer]) -> dict[IdentityKey, KnownIdentity]:
    """Every key's identity, made with a customer of its own where new. Two statements, three when trust rises.

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
    return known


def _key_columns(keys: list[IdentityKey]) -> list[list[object]]:
    return [[key.kind for key in keys], [key.value for key in keys], [key.suspect for key in keys]]
