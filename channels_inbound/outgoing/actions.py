"""What an admin does with a channel's outgoing servers: add, change, put first, take away."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext as _

from channels_inbound.credentials import CredentialsError, decrypt, encrypt, with_tokens
from channels_inbound.events import ChannelEvent, channel_stream, lock_channel
from channels_inbound.imap.oauth import sign_in_place
from channels_inbound.models import MailboxAuth, OutgoingServer, OutgoingState
from events.audit import note_setting
from events.ledger import record_event
from people.models import Agent
from people.permissions import Permission, PermissionDenied
from tickets.errors import InvalidInput, NotFound, TooLate
from tickets.models import Channel

SETTINGS = (
    "is_active",
    "host",
    "port",
    "security",
    "username",
    "auth",
    "authorize_url",
    "token_url",
    "client_id",
    "scope",
)
# A stored password is for the server it was typed for: another one must hear it from the admin.
PLACE = ("host", "port", "security", "auth", "token_url")


def add_server(
    channel: Channel, values: Mapping[str, Any], secret: dict[str, str], *, by: Agent, at: datetime | None = None
) -> OutgoingServer:
    """One more server, the last to be tried. InvalidInput, PermissionDenied."""
    _check(by)
    server = OutgoingServer(channel=channel, **{name: values[name] for name in SETTINGS if name in values})
    _check_settings(server, secret)
    server.secret = _encrypted(secret)
    try:
        with transaction.atomic():
            lock_channel(channel.pk)
            last = OutgoingServer.objects.filter(channel=channel).aggregate(last=Max("position"))["last"]
            server.position = 0 if last is None else last + 1
            server.save()
            _record(server, ChannelEvent.OUTGOING_ADDED, by=by, at=at)
    except IntegrityError:
        raise InvalidInput("host", _("This server is there already.")) from None
    return server


def change_server(
    server_id: int, values: Mapping[str, Any], secret: dict[str, str], *, by: Agent, at: datetime | None = None
) -> OutgoingServer:
    """New settings; an empty secret keeps the stored one, unless the server is another."""
    _check(by)
    try:
        with transaction.atomic():
            server = _locked(server_id)
            before = {name: getattr(server, name) for name in SETTINGS}
            for name in SETTINGS:
                setattr(server, name, values.get(name, before[name]))
            moved = any(before[name] != getattr(server, name) for name in PLACE)
            if moved and server.secret and server.username and not secret:
                raise InvalidInput("password", _("For another server the password must be entered again."))
            _check_settings(server, secret or ({"password": "kept"} if server.secret else {}))
            changed = sorted(name for name in SETTINGS if before[name] != getattr(server, name))
            if secret or not server.username:
                server.secret = _encrypted(secret)
            changed += ["password"] if secret else []
            server.state, server.trouble, server.failures = OutgoingState.NEW, "", 0
            server.failing_since = server.quiet_until = None
            server.save()
            if changed:
                after = {name: getattr(server, name) for name in SETTINGS}
                note_setting(f"outgoing server {server.pk}", before, after, by=by.actor)
                _record(server, ChannelEvent.OUTGOING_CHANGED, by=by, at=at, changed=changed)
    except IntegrityError:
        raise InvalidInput("host", _("This server is there already.")) from None
    return server


def put_first(server_id: int, *, by: Agent, at: datetime | None = None) -> None:
    """Try this server before the others of its channel. Repeating it changes nothing."""
    _check(by)
    with transaction.atomic():
        server = _locked(server_id)
        others = list(OutgoingServer.objects.filter(channel=server.channel_id).exclude(pk=server.pk))
        if all((server.position, server.pk) < (other.position, other.pk) for other in others):
            return
        note_setting(f"outgoing server {server.pk}", {"position": server.position}, {"position": 0}, by=by.actor)
        for position, one in enumerate([server, *others]):
            OutgoingServer.objects.filter(pk=one.pk).update(position=position)
        _record(server, ChannelEvent.OUTGOING_CHANGED, by=by, at=at, changed=["position"])


def remove_server(server_id: int, *, by: Agent, at: datetime | None = None) -> None:
    """Send by it no more, and forget its password."""
    _check(by)
    with transaction.atomic():
        server = _locked(server_id)
        before = {name: getattr(server, name) for name in SETTINGS}
        note_setting(f"outgoing server {server.pk}", before, dict.fromkeys(before), by=by.actor)
        _record(server, ChannelEvent.OUTGOING_REMOVED, by=by, at=at)
        server.delete()


def grant_access(
    server_id: int, tokens: Mapping[str, str], place: Sequence[str], *, by: Agent, at: datetime | None = None
) -> OutgoingServer:
    """Keep the tokens that the sign-in service at `place` gave when its owner let us in. TooLate when the server's
    settings ask somewhere else meanwhile."""
    _check(by)
    with transaction.atomic():
        server = _locked(server_id)
        if tuple(place) != sign_in_place(server):
            raise TooLate(_("The settings were changed meanwhile. Sign in once more."))
        server.secret = _encrypted(with_tokens(server.secret, tokens))
        server.state, server.trouble, server.failures = OutgoingState.NEW, "", 0
        server.failing_since = server.quiet_until = None
        server.save(update_fields=["secret", "state", "trouble", "failures", "failing_since", "quiet_until"])
        _record(server, ChannelEvent.OUTGOING_CHANGED, by=by, at=at, changed=["access"])
    return server


def stored_secret(server: OutgoingServer) -> dict[str, str]:
    """For a test of the connection only; it goes to no page."""
    return decrypt(server.secret) if server.secret else {}


def _check(by: Agent) -> None:
    if not (by.is_active and by.may(Permission.MANAGE_CHANNELS)):
        raise PermissionDenied(_("Your role does not allow this."))


def _check_settings(server: OutgoingServer, secret: Mapping[str, str]) -> None:
    asks = server.auth == MailboxAuth.OAUTH and server.authorize_url
    if server.username and not any(secret.values()) and not asks:
        raise InvalidInput("password", _("Without a password or a token nobody can sign in."))
    if server.auth == MailboxAuth.OAUTH and not (server.token_url and server.client_id and server.username):
        raise InvalidInput("token_url", _("OAuth needs the user name, the token address and the client id."))


def _encrypted(secret: dict[str, str]) -> str:
    if not any(secret.values()):
        return ""
    try:
        return encrypt(secret)
    except CredentialsError as error:
        raise InvalidInput("password", str(error)) from None


def _locked(server_id: int) -> OutgoingServer:
    channel_id = OutgoingServer.objects.filter(pk=server_id).values_list("channel_id", flat=True).first()
    if channel_id is None:
        raise NotFound(_("There is no such server."))
    lock_channel(channel_id)  # first, as everybody who records on its stream does
    server = OutgoingServer.objects.select_for_update(of=("self",)).filter(pk=server_id).first()
    if server is None:
        raise NotFound(_("There is no such server."))
    return server


def _record(server: OutgoingServer, kind: ChannelEvent, *, by: Agent, at: datetime | None, **data: Any) -> None:
    record_event(
        channel_stream(server.channel_id), kind, by=by.actor, at=at or timezone.now(),
        data={"server": server.pk, "host": server.host, "username": server.username} | data,
    )  # fmt: skip
