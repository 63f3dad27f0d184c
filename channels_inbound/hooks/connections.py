"""What an admin does with a provider's channel: connect, change, switch off, test, take away."""

from __future__ import annotations

import secrets as randomness
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from channels_inbound.credentials import CredentialsError, decrypt, encrypt
from channels_inbound.events import ChannelEvent, channel_stream, lock_channel
from channels_inbound.hooks.accounts import account_of
from channels_inbound.hooks.condition import connection_recovered, connection_refused, note_trouble, release_waiting
from channels_inbound.hooks.provider import Provider, SendError
from channels_inbound.hooks.registry import provider as provider_named
from channels_inbound.hooks.upkeep import begin_anew
from channels_inbound.models import Connection, ConnectionState
from channels_inbound.quarantine import channels_visible_to
from events.audit import note_setting
from events.ledger import record_event
from people.http_client import HttpClient, TooLarge, Unanswered, Unreachable
from people.models import Agent, Team
from people.permissions import Permission, PermissionDenied
from tickets.errors import InvalidInput, NotFound
from tickets.models import Channel, ChannelHealth

CHANNEL_FIELDS = ("name", "team", "locale", "is_active")


def add_connection(
    provider: str,
    values: Mapping[str, Any],
    *,
    by: Agent,
    name: str,
    team: Team | None = None,
    locale: str = "en",
    at: datetime | None = None,
) -> Connection:
    """A new channel of this provider. InvalidInput names the field, PermissionDenied."""
    _check(by)
    handler = _handler(provider)
    settings, secrets = _sorted(handler, values, {})
    account = _account(handler, settings, secrets)
    try:
        with transaction.atomic():
            channel = _channel(handler, account, name=name, team=team, locale=locale)
            channel.capabilities = channel.capabilities | _capabilities(settings)
            channel.save(update_fields=["capabilities"])
            connection = Connection.objects.create(
                channel=channel, key=randomness.token_hex(16), provider=provider, account=account, settings=settings,
                secret=_encrypted(secrets), verify_token=randomness.token_hex(24),
            )  # fmt: skip
            now = at or timezone.now()
            stream = channel_stream(channel.pk)
            data = {"address": account, "kind": handler.kind}
            record_event(stream, ChannelEvent.CHANNEL_CREATED, by=by.actor, at=now, data=data)
            record_event(stream, ChannelEvent.CONNECTION_ADDED, by=by.actor, at=now, data={"provider": provider})
    except IntegrityError:
        raise InvalidInput("name", _("Another channel has this name or this account.")) from None
    return connection


def _channel(handler: Provider, account: str, *, name: str, team: Team | None, locale: str) -> Channel:
    """The channel of the connection: a new one, or the mail channel of that address."""
    if handler.traits.addressed:
        known = Channel.objects.filter(kind=handler.kind, address=account).first()
        if known is not None:
            return known
    return Channel.objects.create(kind=handler.kind, name=name, address=account, team=team, locale=locale)


def change_connection(
    channel_id: int,
    values: Mapping[str, Any],
    *,
    by: Agent,
    name: str,
    team: Team | None,
    locale: str,
    is_active: bool,
    at: datetime | None = None,
) -> Connection:
    """New settings; an empty secret keeps the stored one. What waited for credentials goes as soon as they are new."""
    _check(by)
    at = at or timezone.now()
    try:
        with transaction.atomic():
            connection = _locked(channel_id)
            handler, channel = _handler(connection.provider), connection.channel
            settings, secrets = _sorted(handler, values, _stored(connection))
            if _account(handler, settings, secrets) != connection.account:
                raise InvalidInput("name", _("This is another account. Connect it as a channel of its own."))
            wanted = {"name": name, "team": team, "locale": locale, "is_active": is_active}
            before = {name: getattr(channel, name) for name in wanted} | connection.settings
            changed = _change_channel(channel, wanted, _capabilities(settings))
            changed += ["settings"] if settings != connection.settings else []
            if secrets != _stored(connection):
                changed.append("credentials")
                connection.secret, connection.secret_changed_at = _encrypted(secrets), at
                _works_again(connection, at=at)
                begin_anew(connection)
            after = settings | wanted | dict.fromkeys({"credentials"} & {*changed}, at)
            note_setting(f"connection {channel_id}", before, after, by=by.actor)
            connection.settings = settings
            connection.save()
            if changed:
                data, stream = {"changed": sorted(changed)}, channel_stream(channel_id)
                record_event(stream, ChannelEvent.CONNECTION_CHANGED, by=by.actor, at=at, data=data)
    except IntegrityError:
        raise InvalidInput("name", _("Another channel has this name or this account.")) from None
    return connection


def _change_channel(channel: Channel, wanted: Mapping[str, Any], capabilities: dict[str, Any]) -> list[str]:
    changed = [field for field in CHANNEL_FIELDS if getattr(channel, field) != wanted[field]]
    for field in changed:
        setattr(channel, field, wanted[field])
    channel.capabilities = capabilities
    channel.save(update_fields=[*changed, "capabilities"])
    return changed


def try_connection(channel_id: int, *, by: Agent, http: HttpClient | None = None) -> str:
    """Ask the provider who we are; what it said. InvalidInput with the reason; then the channel is red."""
    _check(by)
    connection = connection_for(channel_id, by=by)
    handler = _handler(connection.provider)
    now = timezone.now()
    try:
        account = account_of(connection)
        said = handler.check(account, http or HttpClient())
    except SendError as error:
        if error.kind == "auth":
            connection_refused(channel_id, error.detail, at=now)
        raise InvalidInput("test", error.detail) from None
    except (Unreachable, Unanswered, TooLarge, CredentialsError) as error:
        note_trouble(connection.pk, str(error), now)
        raise InvalidInput("test", str(error)) from None
    with transaction.atomic():
        connection = _locked(channel_id)
        _works_again(connection, at=now)
        connection.save(update_fields=["state", "trouble", "quiet_until"])
    return said


def announce_hook(channel_id: int, *, by: Agent, http: HttpClient | None = None) -> str:
    """Tell the provider our address, where it can be told; what was done, or empty. InvalidInput."""
    _check(by)
    connection = connection_for(channel_id, by=by)
    try:
        return _handler(connection.provider).connect(account_of(connection), http or HttpClient())
    except (SendError, Unreachable, Unanswered, TooLarge, CredentialsError) as error:
        raise InvalidInput("hook", str(error)) from None


def remove_connection(channel_id: int, *, by: Agent, at: datetime | None = None) -> None:
    """Forget the credentials and switch the channel off. What came by it stays."""
    _check(by)
    with transaction.atomic():
        connection = _locked(channel_id)
        channel = connection.channel
        before = {"account": connection.account, "is_active": channel.is_active}
        note_setting(f"connection {channel_id}", before, {"account": None, "is_active": False}, by=by.actor)
        channel.is_active = False
        channel.save(update_fields=["is_active"])
        record_event(
            channel_stream(channel_id), ChannelEvent.CONNECTION_REMOVED, by=by.actor, at=at or timezone.now(), data={}
        )
        connection.delete()


def connection_for(channel_id: int, *, by: Agent) -> Connection:
    """The connection of a channel the agent sees. NotFound."""
    found = Connection.objects.select_related("channel").filter(channel=channel_id, channel__in=channels_visible_to(by))
    connection = found.first()
    if connection is None:
        raise NotFound(_("There is no such channel."))
    return connection


def _works_again(connection: Connection, *, at: datetime) -> None:
    connection_recovered(connection.channel_id, at=at)
    connection.state = ConnectionState.OK if connection.last_hook_at else ConnectionState.NEW
    connection.trouble, connection.quiet_until = "", None
    Channel.objects.filter(pk=connection.channel_id).update(health=ChannelHealth.OK, health_detail="")
    release_waiting(connection.channel_id, at=at)


def _check(by: Agent) -> None:
    if not (by.is_active and by.may(Permission.MANAGE_CHANNELS)):
        raise PermissionDenied(_("Your role does not allow this."))


def _handler(provider: str) -> Provider:
    handler = provider_named(provider)
    if handler is None:
        raise NotFound(_("There is no such provider."))
    return handler


def _sorted(
    handler: Provider, values: Mapping[str, Any], stored: Mapping[str, str]
) -> tuple[dict[str, Any], dict[str, str]]:
    """What was typed, apart: settings, and secrets with the stored ones for those left empty."""
    settings: dict[str, Any] = {}
    secrets: dict[str, str] = {}
    for field in handler.fields:
        value = values.get(field.name, "")
        if field.secret:
            kept = str(value).strip() or stored.get(field.name, "")
            if kept:
                secrets[field.name] = kept
        elif field.flag:
            settings[field.name] = bool(value)
        else:
            settings[field.name] = str(value).strip()
        given = secrets.get(field.name) if field.secret else settings.get(field.name)
        if field.needed and not field.flag and not given:
            raise InvalidInput(field.name, _("This is needed."))
    return settings, secrets


def _account(handler: Provider, settings: Mapping[str, Any], secrets: Mapping[str, str]) -> str:
    account = handler.account_of(settings, secrets)
    if not account or len(account) > 128:
        field = handler.account_field or next((f.name for f in handler.fields if f.secret), "name")
        raise InvalidInput(field, _("This does not look right."))
    return account


def _capabilities(settings: Mapping[str, Any]) -> dict[str, Any]:
    """What an account may do beyond its kind: people may answer within seven days, replies may carry files."""
    longer = {"window_hours": 168} if settings.get("human_agent") else {}
    return longer | ({"files": 10} if settings.get("sends_files") else {})


def _encrypted(secrets: dict[str, str]) -> str:
    try:
        return encrypt(secrets) if secrets else ""
    except CredentialsError as error:
        raise InvalidInput("name", str(error)) from None


def _stored(connection: Connection) -> dict[str, str]:
    try:
        return decrypt(connection.secret) if connection.secret else {}
    except CredentialsError:
        return {}


def _locked(channel_id: int) -> Connection:
    lock_channel_or_not_found(channel_id)
    return Connection.objects.select_for_update(of=("self",)).select_related("channel").get(channel=channel_id)


def lock_channel_or_not_found(channel_id: int) -> None:
    if not Connection.objects.filter(channel=channel_id).exists():
        raise NotFound(_("There is no such channel."))
    lock_channel(channel_id)
