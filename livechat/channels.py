"""Making and changing a chat channel, and its signing secret: shown once, kept encrypted, changed without a gap."""

from __future__ import annotations

import secrets as randomness
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from channels_inbound.credentials import CredentialsError, decrypt, encrypt
from channels_inbound.events import ChannelEvent, channel_stream, lock_channel
from channels_inbound.models import Connection, ConnectionState
from events.actors import SYSTEM, Actor
from events.audit import note_setting
from events.ledger import record_event
from livechat.asks import clean_asks
from livechat.routing import MOST_RULES, Rule, clean_path
from livechat.widget_settings import POSITIONS, PROVIDER, REQUEUE_MINUTES, clean_origin
from people.colours import is_color
from people.models import Agent, Team
from people.permissions import Permission, PermissionDenied
from tickets.errors import InvalidInput, NotFound
from tickets.models import Channel

MOST_ORIGINS = 50
# Kept by a page of their own.
ROUTING = ("routes", "overflow", "overflow_seconds", "most_chats")
CHANNEL_FIELDS = ("name", "team", "locale", "is_active")


def add_chat_channel(
    *, by: Agent, name: str, team: Team | None, locale: str, settings: Mapping[str, Any], at: datetime | None = None
) -> tuple[Connection, str]:
    """A new chat channel and its secret, which nobody can read again. InvalidInput names the field."""
    _require(by)
    return create_chat_channel(name=name, team=team, locale=locale, settings=settings, by=by.actor, at=at)


def create_chat_channel(
    *,
    name: str,
    team: Team | None = None,
    locale: str = "en",
    settings: Mapping[str, Any],
    by: Actor = SYSTEM,
    at: datetime | None = None,
) -> tuple[Connection, str]:
    """`add_chat_channel` without a person: for the demo and for tests."""
    kept, key, secret = clean_settings(settings, team), randomness.token_hex(16), randomness.token_urlsafe(32)
    try:
        with transaction.atomic():
            channel = Channel.objects.create(kind=PROVIDER, name=name, address=key, team=team, locale=locale)
            connection = Connection.objects.create(
                channel=channel, key=key, provider=PROVIDER, account=key, settings=kept,
                secret=_encrypted({"now": secret}), verify_token="", state=ConnectionState.OK,
            )  # fmt: skip
            data = {"address": key, "kind": PROVIDER}
            now = at or timezone.now()
            record_event(channel_stream(channel.pk), ChannelEvent.CHANNEL_CREATED, by=by, at=now, data=data)
    except IntegrityError:
        raise InvalidInput("name", _("Another channel has this name.")) from None
    return connection, secret


def change_chat_channel(
    channel_id: int,
    *,
    by: Agent,
    name: str,
    team: Team | None,
    locale: str,
    is_active: bool,
    settings: Mapping[str, Any],
    at: datetime | None = None,
) -> Connection:
    """Change it; what is embedded keeps working, or ends, with the next request. Repeating it changes nothing."""
    _require(by)
    kept = clean_settings(settings, team)
    wanted = {"name": name, "team": team, "locale": locale, "is_active": is_active}
    try:
        with transaction.atomic():
            connection = _locked(channel_id)
            kept |= {name: connection.settings[name] for name in ROUTING if name in connection.settings}
            channel = connection.channel
            changed = [field for field in CHANNEL_FIELDS if getattr(channel, field) != wanted[field]]
            before = {field: getattr(channel, field) for field in changed} | {"settings": connection.settings}
            after = {field: wanted[field] for field in changed} | {"settings": kept}
            note_setting(f"channel {channel_id}", before, after, by=by.actor)
            for field in changed:
                setattr(channel, field, wanted[field])
            channel.save(update_fields=changed or ["name"])
            if connection.settings != kept:
                changed.append("settings")
                connection.settings = kept
                connection.save(update_fields=["settings"])
            if changed:
                record_event(
                    channel_stream(channel_id), ChannelEvent.CONNECTION_CHANGED,
                    by=by.actor, at=at or timezone.now(), data={"changed": sorted(changed)},
                )  # fmt: skip
    except IntegrityError:
        raise InvalidInput("name", _("Another channel has this name.")) from None
    return connection


def set_routes(
    channel_id: int, *, by: Agent, rules: Sequence[Rule], overflow: Sequence[int] = (), overflow_seconds: int = 0,
    most_chats: int = 0, at: datetime | None = None,
) -> Connection:  # fmt: skip
    """Say which team new chats go to, and which help when one has no room. Repeating it changes nothing."""
    _require(by)
    wanted = {
        "routes": [{**asdict(rule), "path": kept_path(rule.path)} for rule in rules[:MOST_RULES]],
        "overflow": list(dict.fromkeys(overflow)), "overflow_seconds": overflow_seconds, "most_chats": most_chats,
    }  # fmt: skip
    with transaction.atomic():
        connection = _locked(channel_id)
        changed = [name for name in ROUTING if connection.settings.get(name) or wanted[name]]
        changed = [name for name in changed if connection.settings.get(name) != wanted[name]]
        if not changed:
            return connection
        before = {name: connection.settings.get(name) for name in changed}
        note_setting(f"channel {channel_id}", before, {name: wanted[name] for name in changed}, by=by.actor)
        connection.settings = {**connection.settings, **wanted}
        connection.save(update_fields=["settings"])
        record_event(
            channel_stream(channel_id), ChannelEvent.CONNECTION_CHANGED,
            by=by.actor, at=at or timezone.now(), data={"changed": sorted(changed)},
        )  # fmt: skip
    return connection


def renew_secret(channel_id: int, *, by: Agent, at: datetime | None = None) -> str:
    """A new signing secret. The one before it still counts until the next change, so that servers can follow."""
    _require(by)
    at, secret = at or timezone.now(), randomness.token_urlsafe(32)
    with transaction.atomic():
        connection = _locked(channel_id)
        try:
            before = decrypt(connection.secret).get("now", "") if connection.secret else ""
        except CredentialsError:
            before = ""
        connection.secret = _encrypted({"now": secret, "before": before} if before else {"now": secret})
        note_setting(f"channel {channel_id}", {"secret": connection.secret_changed_at}, {"secret": at}, by=by.actor)
        connection.secret_changed_at = at
        connection.save(update_fields=["secret", "secret_changed_at"])
        record_event(
            channel_stream(channel_id), ChannelEvent.CONNECTION_CHANGED,
            by=by.actor, at=at, data={"changed": ["credentials"]},
        )  # fmt: skip
    return secret


def kept_path(typed: str) -> str:
    """A pattern of pages as it is kept. InvalidInput."""
    pattern = clean_path(typed)
    if pattern is None:
        raise InvalidInput("path", _("A pattern has three stars at most."))
    return pattern


def chat_channel(channel_id: int, *, by: Agent) -> Connection:
    """The channel's connection, for who manages channels. NotFound for everybody else."""
    found = Connection.objects.select_related("channel").filter(channel=channel_id, provider=PROVIDER).first()
    if found is None or not by.may(Permission.MANAGE_CHANNELS):
        raise NotFound(_("There is no such channel."))
    return found


def clean_settings(given: Mapping[str, Any], team: Team | None) -> dict[str, Any]:
    """Settings as they are kept, of a channel of this team. InvalidInput names the field."""
    origins = [_origin(typed) for typed in given.get("origins", ()) if typed.strip()]
    if not origins or len(origins) > MOST_ORIGINS:
        raise InvalidInput("origins", _("Name the addresses of the pages that may show the chat, one a line."))
    color = str(given.get("color", "")).lower()
    if not is_color(color):
        raise InvalidInput("color", _("A colour looks like #1f57d6."))
    position = given.get("position", "right")
    if position not in POSITIONS:
        raise InvalidInput("position", _("This is not one of the choices."))
    greetings = {language: text.strip()[:300] for language, text in (given.get("greetings") or {}).items()}
    mail, calendar = given.get("mail_channel"), given.get("calendar")
    away = {language: text.strip()[:300] for language, text in (given.get("away") or {}).items()}
    requeue = given.get("requeue_minutes")
    return {
        "origins": list(dict.fromkeys(origins)),
        "color": color,
        "position": position,
        "asks": clean_asks(given.get("asks"), team_id=team.pk if team else None),
        "greetings": {language: text for language, text in greetings.items() if text},
        "unseen_minutes": min(1440, max(1, int(given.get("unseen_minutes") or 5))),
        "mail_channel": mail.pk if isinstance(mail, Channel) else mail,
        "brand": " ".join(str(given.get("brand") or "").split())[:60],
        "away": {language: text for language, text in away.items() if text},
        "calendar": int(calendar) if calendar else None,
        "shows_drafts": bool(given.get("shows_drafts")),
        "requeue_minutes": REQUEUE_MINUTES if requeue is None else min(120, max(0, int(requeue))),
        "routes": [],
    }


def _origin(typed: str) -> str:
    found = clean_origin(typed)
    if found is None:
        raise InvalidInput("origins", _("%(typed)s is not an address like https://shop.example.") % {"typed": typed})
    return found


def _locked(channel_id: int) -> Connection:
    if not Connection.objects.filter(channel=channel_id, provider=PROVIDER).exists():
        raise NotFound(_("There is no such channel."))
    lock_channel(channel_id)
    return Connection.objects.select_for_update(of=("self",)).select_related("channel").get(channel=channel_id)


def _encrypted(kept: dict[str, str]) -> str:
    try:
        return encrypt(kept)
    except CredentialsError as error:
        raise InvalidInput("name", str(error)) from None


def _require(by: Agent) -> None:
    if not (by.is_active and by.may(Permission.MANAGE_CHANNELS)):
        raise PermissionDenied(_("Your role does not allow this."))
