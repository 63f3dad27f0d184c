"""What is done for connections by the clock: tokens renewed before they end, and what webhooks missed looked for.

Both ask the provider, outside of any transaction, under a lease in a row: two workers never do the same at once, and
who comes back late writes nothing. What a look finds is kept as the webhooks it would have been, by the same way and
under the same keys: whatever comes by webhook as well, before or after, is a duplicate of it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, Q

from channels_inbound.credentials import CredentialsError, decrypt, encrypt
from channels_inbound.events import ChannelEvent, channel_stream, lock_channel
from channels_inbound.hooks.accounts import account_of
from channels_inbound.hooks.calls import TRANSPORT
from channels_inbound.hooks.condition import connection_recovered, connection_refused, release_waiting
from channels_inbound.hooks.media import try_again
from channels_inbound.hooks.missed import look_key, unknown
from channels_inbound.hooks.provider import RENEW_LEFT, Account, Life, Listed, Provider, SendError
from channels_inbound.hooks.registry import provider, providers
from channels_inbound.models import Connection, ConnectionState, Upkeep, UpkeepKind
from channels_inbound.raw import Given, store_many
from events.actors import SYSTEM
from events.doorbell import ring
from events.ledger import record_event
from people.http_client import HttpClient, TooLarge, Unanswered, Unreachable

logger = logging.getLogger(__name__)

LEASE = timedelta(minutes=5)
MOST_AT_ONCE = 20
LOOK_EVERY = timedelta(minutes=10)
# Webhooks are late by minutes and lists by seconds; what is looked at twice is found once.
OVERLAP = timedelta(hours=1)
# No provider tries longer, and nothing older is taken in (`hooks.drain`).
OLDEST_LOOK = timedelta(days=7)
AGAIN = timedelta(hours=1)
# Its people are told when a token has less than this left, and renewing it did not work.
TELL_LEFT = timedelta(days=7)
ASK_EVERY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Due:
    """Something this worker does until its lease ends; `attempt` is the number of the claim."""

    id: int
    attempt: int
    kind: str
    connection: Connection
    done_at: datetime | None
    until: datetime | None


def keep_up(*, at: datetime, http: HttpClient | None = None) -> int:
    """Do what is due; how much that was."""
    _begin(at)
    claimed = _claim(at)
    for due in claimed:
        _done(due, http or HttpClient(), at)
    return len(claimed)


def _begin(at: datetime) -> None:
    """A row for every connection that has something to be done by the clock."""
    for kind, wait in ((UpkeepKind.RENEW, _renews_after), (UpkeepKind.LOOK, _looks_after)):
        waits = {one.name: found for one in providers() if (found := wait(one)) is not None}
        without = Connection.objects.filter(provider__in=waits, channel__is_active=True).exclude(upkeep__kind=kind)
        rows = [Upkeep(connection=c, kind=kind, due_at=c.secret_changed_at + waits[c.provider]) for c in without]
        Upkeep.objects.bulk_create(rows, ignore_conflicts=True)


def _renews_after(handler: Provider) -> timedelta | None:
    return handler.renews_after


def _looks_after(handler: Provider) -> timedelta | None:
    return LOOK_EVERY if handler.looks else None


def _claim(at: datetime) -> list[Due]:
    free = Q(lease_until=None) | Q(lease_until__lt=at)
    # Red because its token ended while nobody was here to renew it: that is for a new token to mend.
    able = [one.name for one in providers() if one.renews_ended]
    ended = Q(kind=UpkeepKind.RENEW, until__lt=at, connection__provider__in=able)
    red = Q(connection__state=ConnectionState.REFUSED) & ~ended
    with transaction.atomic():
        rows = list(
            Upkeep.objects.filter(free, ~red, due_at__lte=at, connection__channel__is_active=True)
            .select_related("connection__channel")
            .select_for_update(of=("self",), skip_locked=True, no_key=True)
            .order_by("due_at")[:MOST_AT_ONCE]
        )
        Upkeep.objects.filter(pk__in=[row.pk for row in rows]).update(lease_until=at + LEASE, attempt=F("attempt") + 1)
    return [Due(row.pk, row.attempt + 1, row.kind, row.connection, row.done_at, row.until) for row in rows]


def _done(due: Due, http: HttpClient, at: datetime) -> None:
    handler = provider(due.connection.provider)
    if handler is None:
        return
    act: Callable[[Due, Provider, Account, HttpClient, datetime], None]
    act = _renewed if due.kind == UpkeepKind.RENEW else _looked
    try:
        act(due, handler, account_of(due.connection), http, at)
    except SendError as error:
        _troubled(due, handler, error.detail, http, at, wait=error.wait, refused=error.kind == "auth")
    except (Unreachable, Unanswered, TooLarge, CredentialsError) as error:
        _troubled(due, handler, str(error), http, at)
    except Exception:
        logger.exception("upkeep broke off", extra={"channel": due.connection.channel_id, "kind": due.kind})
        _troubled(due, handler, "a fault of ours, see the log", http, at)


def _renewed(due: Due, handler: Provider, account: Account, http: HttpClient, at: datetime) -> None:
    life = handler.renew(account, due.until, at, http)
    with transaction.atomic():
        row = _held(due)
        if row is None:
            return
        if life.token:
            _put_token(due, life, at)
        row.until, row.done_at = life.ends_at, at
        _settle(row, _next_renewal(life, at))


def _next_renewal(life: Life, at: datetime) -> datetime:
    """Ten days before its end, asked about once a day at most; one that lives for hours, when half of that is over."""
    if life.ends_at is None:
        return at + ASK_EVERY
    if life.ends_at - at < 2 * ASK_EVERY:
        return at + max(life.ends_at - at, timedelta(0)) / 2
    return max(at + ASK_EVERY, life.ends_at - RENEW_LEFT)


def _put_token(due: Due, life: Life, at: datetime) -> None:
    """The new token takes the old one's place, and so does whatever renews it the next time, unless somebody has
    entered others meanwhile."""
    channel_id = due.connection.channel_id
    lock_channel(channel_id)
    current = Connection.objects.select_for_update().get(pk=due.connection.pk)
    if current.secret != due.connection.secret:
        return
    current.secret = encrypt(decrypt(current.secret) | {"token": life.token, **life.secrets})
    current.save(update_fields=["secret"])
    if connection_recovered(channel_id, at=at):
        release_waiting(channel_id, at=at)


def _looked(due: Due, handler: Provider, account: Account, http: HttpClient, at: datetime) -> None:
    since = max((due.done_at or due.connection.secret_changed_at) - OVERLAP, at - OLDEST_LOOK)
    seen = handler.look(account, since, http)
    given, trouble = _fetched(due, handler, unknown(due.connection.channel_id, seen.items), account, http)
    if given:
        store_many(given, transport=TRANSPORT)
    with transaction.atomic():
        row = _held(due)
        if row is not None:
            row.done_at, row.waiting = at, seen.waiting
            if given:
                row.found, row.found_at = row.found + len(given), at
            _settle(row, at + LOOK_EVERY, trouble=trouble or seen.trouble)
    if given:
        ring("hooks")
    try_again(due.connection.channel_id, at=at)


def _fetched(
    due: Due, handler: Provider, missed: Sequence[Listed], account: Account, http: HttpClient
) -> tuple[list[Given], str]:
    """What is to be kept of them, and why not of one: the others do not wait for what the provider will never tell."""
    given, trouble = [], ""
    for item in missed:
        try:
            body = handler.fetched(item, account, http).encode()
        except SendError as error:
            if error.kind != "permanent":
                raise
            trouble = error.detail
        else:
            given.append(Given([due.connection.channel_id], body, {}, transport_key=look_key(item)))
    return given, trouble


def _troubled(
    due: Due, handler: Provider, detail: str, http: HttpClient, at: datetime, *, wait: float | None = None,
    refused: bool = False,
) -> None:  # fmt: skip
    """It did not work: tried again later, and its people told while there is time. Red is only what cannot be used at
    all: a token that may not be renewed may still send."""
    with transaction.atomic():
        row = _held(due)
        if row is None:
            return
        ending = row.kind == UpkeepKind.RENEW and row.until is not None and row.until - at < _tell_left(row)
        if ending and row.told_at is None:
            row.told_at = at
            lock_channel(due.connection.channel_id)
            record_event(
                channel_stream(due.connection.channel_id), ChannelEvent.CONNECTION_ENDING, by=SYSTEM, at=at,
                data={"channel": due.connection.channel_id},
            )  # fmt: skip
        _settle(row, at + max(_again(row, at), timedelta(seconds=wait or 0)), trouble=detail)
    if refused:
        _turn_red_if_dead(due, handler, http, at)


def _tell_left(row: Upkeep) -> timedelta:
    """How long before the end it is time to tell of it: for a token of hours, its last quarter."""
    life = row.until - row.done_at if row.until and row.done_at else TELL_LEFT
    return min(TELL_LEFT, life / 4)


def _again(row: Upkeep, at: datetime) -> timedelta:
    """How long to wait before another try: where hours are left, a part of them."""
    if row.kind != UpkeepKind.RENEW or row.until is None or row.until <= at:
        return AGAIN
    return min(AGAIN, max((row.until - at) / 6, timedelta(minutes=1)))


def _turn_red_if_dead(due: Due, handler: Provider, http: HttpClient, at: datetime) -> None:
    try:
        handler.check(account_of(due.connection), http)
    except SendError as error:
        if error.kind == "auth":
            connection_refused(due.connection.channel_id, error.detail, at=at)
    except (Unreachable, Unanswered, TooLarge, CredentialsError):
        return


def _held(due: Due) -> Upkeep | None:
    """The row, locked, if this claim is still the last one."""
    return Upkeep.objects.select_for_update().filter(pk=due.id, attempt=due.attempt).first()


def _settle(row: Upkeep, due_at: datetime, *, trouble: str = "") -> None:
    row.due_at, row.lease_until, row.trouble = due_at, None, trouble[:500]
    if not trouble:
        row.told_at = None
    row.save()


def upkeep_of(connection: Connection) -> dict[str, Upkeep]:
    """How it goes, by kind."""
    return {row.kind: row for row in Upkeep.objects.filter(connection=connection)}


def begin_anew(connection: Connection) -> None:
    """New credentials: when they end is to be asked again. The caller's transaction."""
    Upkeep.objects.filter(connection=connection, kind=UpkeepKind.RENEW).delete()
    Upkeep.objects.filter(connection=connection).update(due_at=connection.secret_changed_at)
