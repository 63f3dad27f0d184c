"""Connections as providers' code sees them: with their secrets opened, which nothing else does."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.urls import reverse

from channels_inbound.credentials import CredentialsError, decrypt
from channels_inbound.hooks.provider import Account, SendError
from channels_inbound.models import Connection
from events.statements import prepared
from tickets.models import Channel

# What a webhook, or a request of a chat's widget, needs of its connection. Every call asks for it, so it is prepared
# and no more than this is read: with Django's queries, building the SQL took a third of the whole request
# (docs/performance.md).
_OWN = ("id", "channel_id", "key", "provider", "account", "settings", "secret", "verify_token")
# In the order of the models, as `from_db` wants them.
_OF_CHANNEL = ("id", "kind", "name", "address", "team_id", "brand_id", "locale", "is_active")
_SELECT = f"""
SELECT {", ".join(f"c.{name}" for name in _OWN)}, {", ".join(f"h.{name}" for name in _OF_CHANNEL)}
FROM channels_inbound_connection c JOIN tickets_channel h ON h.id = c.channel_id
"""  # noqa: S608 - constants
_CALLED = _SELECT + "WHERE c.key = ANY(%s)"
_NAMED = _SELECT + "WHERE c.provider = ANY(%s) AND c.account = ANY(%s) AND h.is_active ORDER BY c.id"


def hook_url(connection: Connection) -> str:
    """The address the provider is to call."""
    return f"{settings.BASE_URL}{reverse('hook', args=[connection.provider, connection.key])}"


def connection_called(provider: str, key: str) -> Connection | None:
    """The connection a webhook's address names, with its channel; what a webhook does not need is deferred."""
    found = connections_called([key]).get(key)
    return found if found and found.provider == provider else None


def connections_called(keys: Collection[str]) -> dict[str, Connection]:
    """The same of many addresses, by their keys, in one statement."""
    return {connection.key: connection for connection in _connections(_CALLED, [sorted(keys)])}


def connections_named(providers: Collection[str], accounts: Collection[str]) -> list[Connection]:
    """Those of these kinds that stand for one of these accounts, of active channels."""
    return _connections(_NAMED, [sorted(providers), sorted(accounts)]) if accounts else []


def _connections(statement: str, values: Sequence[Any]) -> list[Connection]:
    with prepared() as cursor:
        cursor.execute(statement, values)
        rows = cursor.fetchall()
    return [_connection(row) for row in rows]


def _connection(row: Sequence[Any]) -> Connection:
    own = list(row[: len(_OWN)])
    kept = _OWN.index("settings")
    own[kept] = json.loads(own[kept]) if isinstance(own[kept], str | bytes) else own[kept]
    found = Connection.from_db("default", _OWN, own)
    found.channel = Channel.from_db("default", _OF_CHANNEL, row[len(_OWN) :])
    return found


def account_of(connection: Connection) -> Account:
    """The connection with its secrets. CredentialsError when no key opens them."""
    return Account(
        channel_id=connection.channel_id,
        account=connection.account,
        settings=connection.settings,
        secrets=_opened(connection.secret, tuple(settings.CREDENTIALS_KEYS)),
        verify_token=connection.verify_token,
        locale=connection.channel.locale,
        hook_url=hook_url(connection),
    )


def sending_account(channel_id: int) -> tuple[Connection, Account]:
    """Who we are at a channel's provider. SendError when the channel has no usable connection."""
    connection = Connection.objects.select_related("channel").filter(channel=channel_id).first()
    if connection is None:
        raise SendError("auth", "the channel is not connected")
    try:
        return connection, account_of(connection)
    except CredentialsError as error:
        raise SendError("auth", str(error)) from None


def connections_of(channel_ids: Collection[int]) -> dict[int, Connection]:
    found = Connection.objects.select_related("channel").filter(channel__in=channel_ids)
    return {connection.channel_id: connection for connection in found}


@lru_cache(256)
def _opened(secret: str, keys: tuple[str, ...]) -> dict[str, str]:
    """Opening costs a tenth of a millisecond and happens with every webhook; a new secret is another text."""
    return decrypt(secret) if secret else {}
