"""Connections as providers' code sees them: with their secrets opened, which nothing else does."""

from __future__ import annotations

from collections.abc import Collection
from functools import lru_cache

from django.conf import settings
from django.urls import reverse

from channels_inbound.credentials import CredentialsError, decrypt
from channels_inbound.hooks.provider import Account, SendError
from channels_inbound.models import Connection


def hook_url(connection: Connection) -> str:
    """The address the provider is to call."""
    return f"{settings.BASE_URL}{reverse('hook', args=[connection.provider, connection.key])}"


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
