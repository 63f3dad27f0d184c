"""Providers' calls, taken many at once: verify each, keep all that are genuine in one commit, then say yes to them.

How long a provider waits is mostly others' work before its own (docs/performance.md). So whatever waits is done
together: one statement finds the connections, one keeps the deliveries, and their one commit is waited for once. An
answer is given only after the commit that keeps what it answers.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import InterfaceError, OperationalError
from django.db.models import F
from django.utils import timezone

from channels_inbound.credentials import CredentialsError
from channels_inbound.hooks.accounts import account_of, connections_called, connections_named
from channels_inbound.hooks.provider import Account, BadSignature, Hook, Provider, Unverifiable
from channels_inbound.hooks.registry import provider as provider_named
from channels_inbound.models import Connection
from channels_inbound.raw import Given, store_many
from events.doorbell import ring
from events.rates import spend
from events.tracing import tracing

logger = logging.getLogger(__name__)

TRANSPORT = "hook"
MAX_HEADER = 500
# Bad signatures a minute from one address, at one webhook address, that are counted and logged.
MOST_REFUSED = 60


@dataclass(frozen=True, slots=True)
class Call:
    """One POST to a webhook's address, as it came; `caller` is the network address whose refusals are counted."""

    provider: str
    key: str
    seen: Hook
    caller: str
    trace: str


@dataclass(frozen=True, slots=True)
class Reply:
    """What the caller hears; `wait`: seconds after which to come again."""

    status: int
    kind: str = "text/plain"
    text: str = ""
    wait: int = 0


@dataclass(frozen=True, slots=True)
class _Refused:
    connection: Connection
    error: Exception


@dataclass(frozen=True, slots=True)
class _Genuine:
    call: Call
    handler: Provider
    account: Account
    channels: set[int] = field(default_factory=set)


Answered = Callable[[Sequence[tuple[Call, Reply]]], None]
NOT_NOW = Reply(503, wait=5)


def quick(provider: str) -> bool:
    """Whether this provider's calls are judged without asking anybody over the network."""
    handler = provider_named(provider)
    return handler is not None and handler.takes_hooks and not handler.asks_others


def take(calls: Sequence[Call], answered: Answered) -> None:
    """Settle these calls. Each is answered exactly once, through `answered`, as soon as it may be: what is genuine
    after it is committed, and before what is refused, so that whoever guesses holds up nobody.

    404 for an address that is none, 403 for whoever is not the provider; 200 once it is kept.
    Our own failure is a 5xx, so that they come again: 503 while the database cannot be written to.
    """
    try:
        found = connections_called({call.key for call in calls})
    except (OperationalError, InterfaceError) as error:
        _log_lost(calls, error)
        answered([(call, NOT_NOW) for call in calls])
        return
    judged = [(call, _judged(call, found.get(call.key))) for call in calls]
    answered([(call, reply) for call, reply in judged if isinstance(reply, Reply)])
    _take_genuine([one for _, one in judged if isinstance(one, _Genuine)], answered)
    _turn_away([(call, one) for call, one in judged if isinstance(one, _Refused)], answered)


def _judged(call: Call, connection: Connection | None) -> Reply | _Refused | _Genuine:
    handler = provider_named(call.provider)
    if handler is None or not handler.takes_hooks or connection is None or connection.provider != call.provider:
        return Reply(404)
    if not connection.channel.is_active:
        return Reply(404)
    if len(call.seen.body) > handler.max_body:
        return Reply(413)
    try:
        account = account_of(connection)
        with tracing(call.trace):
            handler.verify(call.seen, account)
    except (BadSignature, CredentialsError) as error:
        return _Refused(connection, error)
    except Unverifiable as error:
        logger.warning("webhook not checked", extra={"channel": connection.channel_id, "reason": str(error)})
        return Reply(503)
    except Exception:
        logger.exception("webhook not judged", extra={"channel": connection.channel_id})
        return Reply(500)
    return _Genuine(call, handler, account, {connection.channel_id})


def _take_genuine(genuine: Sequence[_Genuine], answered: Answered) -> None:
    if not genuine:
        return
    try:
        _find_others(genuine)
        kept = _kept(genuine)
    except (OperationalError, InterfaceError) as error:
        _log_lost([one.call for one in genuine], error)
        answered([(one.call, NOT_NOW) for one in genuine])
        return
    answered([(one.call, _yes(one) if one in kept else Reply(500)) for one in genuine])
    if kept:
        ring("hooks")


def _find_others(genuine: Sequence[_Genuine]) -> None:
    """Add the other channels a delivery is for, as far as their own secrets bear it out."""
    named = [(one, set(one.handler.accounts_named(one.call.seen))) for one in genuine]
    families = {kind for one, accounts in named if accounts for kind in one.handler.family}
    for other in connections_named(families, {account for _, accounts in named for account in accounts}):
        for one, accounts in named:
            fits = other.account in accounts and other.provider in one.handler.family
            if fits and other.channel_id not in one.channels and _trusts(other, one.call.seen):
                one.channels.add(other.channel_id)


def _trusts(other: Connection, seen: Hook) -> bool:
    handler = provider_named(other.provider)
    try:
        if handler is not None:
            handler.verify(seen, account_of(other))
    except (BadSignature, CredentialsError):
        return False
    return handler is not None


def _kept(genuine: Sequence[_Genuine]) -> Sequence[_Genuine]:
    """Keep them in one commit; if one of them cannot be kept, each in its own, and without that one."""
    try:
        store_many([_given(one) for one in genuine], transport=TRANSPORT)
    except (OperationalError, InterfaceError):
        raise
    except Exception:
        if len(genuine) == 1:
            logger.exception("webhook not kept", extra={"channels": sorted(genuine[0].channels)})
            return []
        return [kept for one in genuine for kept in _kept([one])]
    return genuine


def _given(one: _Genuine) -> Given:
    seen, handler = one.call.seen, one.handler
    kept = {name: seen.header(name)[:MAX_HEADER] for name in handler.kept_headers if seen.header(name)}
    envelope: dict[str, Any] = {"headers": kept} if kept else {}
    return Given(
        sorted(one.channels), handler.body_of(seen), envelope, one.call.trace, handler.delivery_key(seen)[:128]
    )


def _yes(one: _Genuine) -> Reply:
    kind, text = one.handler.answer(one.call.seen, one.account)
    return Reply(200, kind, text)


def _turn_away(refused: Sequence[tuple[Call, _Refused]], answered: Answered) -> None:
    """Every one is 403, so that a provider with a wrong secret sees what is wrong and is not asked to come again.
    Counted and logged up to a limit an address: from then on somebody who guesses costs us no row and no line. What is
    rightly signed never comes here, whoever guesses beside it."""
    counted: Counter[int] = Counter()
    replies = []
    for call, one in refused:
        wait = spend([(f"hook-refused:{one.connection.pk}:{call.caller}", MOST_REFUSED, 60)])
        replies.append((call, Reply(403)))
        if not wait:
            counted[one.connection.pk] += 1
            extra = {"channel": one.connection.channel_id, "reason": type(one.error).__name__}
            with tracing(call.trace):
                logger.warning("webhook refused", extra=extra)
    try:
        for pk, count in sorted(counted.items()):
            Connection.objects.filter(pk=pk).update(refused=F("refused") + count, last_refused_at=timezone.now())
    except (OperationalError, InterfaceError) as error:
        logger.warning("refused webhooks not counted", extra={"error": type(error).__name__})
    answered(replies)


def _log_lost(calls: Iterable[Call], error: Exception) -> None:
    for call in calls:
        with tracing(call.trace):
            extra = {"provider": call.provider, "error": type(error).__name__}
            logger.warning("webhook not kept", extra=extra)
