"""Working through what waits: claim, work, let go after a passing fault; all in one transaction, or one by one."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from time import monotonic
from typing import TypeVar

from django.db import InterfaceError, InternalError, OperationalError
from django.utils import timezone

from channels_inbound.claims import Claim, postpone_claims
from events.gathering import gathered, tell_due

logger = logging.getLogger(__name__)

DRAIN_SECONDS = 100.0
# A worker that is still at it then stands in something that does not end: it is replaced, and the delivery tried alone.
DRAIN_LIMIT = 150
W = TypeVar("W")


def drain(
    claim: Callable[[], Sequence[Claim]], work: Callable[[Sequence[Claim]], Iterable[str]], *, max_seconds: float
) -> Counter[str]:
    """Claim and work until nothing is left or the time is up; how many came to what.

    A fault of the surroundings (a lock, the disk) is no fault of what was claimed: it is let go, to be tried again
    shortly, and the fault raised.
    """
    done: Counter[str] = Counter()
    deadline = monotonic() + max_seconds
    with gathered():
        while monotonic() < deadline and (claims := claim()):
            tell_due()
            done.update(_worked_on(claims, work))
    return done


def _worked_on(claims: Sequence[Claim], work: Callable[[Sequence[Claim]], Iterable[str]]) -> Iterable[str]:
    try:
        return work(claims)
    except Exception as error:
        if not (isinstance(error, OSError) or _is_servers(error)):
            raise
        logger.warning("deliveries postponed", exc_info=error, extra={"deliveries": len(claims)})
        with suppress(OperationalError, InterfaceError):  # the lease runs out anyway
            postpone_claims(claims, at=timezone.now())
        raise


def settle(
    work: Sequence[W], *, together: Callable[[Sequence[W]], list[str]], set_aside: Callable[[W, Exception], W]
) -> list[str]:
    """Settle all in one transaction; if that fails for a reason in one of them, one by one, setting that one aside."""
    if not work:
        return []
    try:
        return together(work)
    except Exception as error:  # whatever it is, the others must not wait for it
        if _is_servers(error):
            raise
        if len(work) > 1:
            logger.warning("batch of deliveries failed, trying one by one", exc_info=error)
            return [word for item in work for word in settle([item], together=together, set_aside=set_aside)]
        logger.exception("delivery not settled")
        return together([set_aside(work[0], error)])


# A transaction that stood still for too long, or took too long: PostgreSQL ends it, and psycopg calls that internal.
_ENDED = ("25P03", "25P04")


def _is_servers(error: Exception) -> bool:
    """Whether the database is at fault, or the time it was given, and none of what was claimed."""
    return isinstance(error, OperationalError | InterfaceError) or (
        isinstance(error, InternalError) and getattr(error.__cause__, "sqlstate", None) in _ENDED
    )
