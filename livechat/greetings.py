"""What the widget says of itself: kept by who manages channels, chosen in the visitor's browser.

The shop's page asks for them with the launcher's facts; which one fits, and how often it was said, only that browser
knows, so nothing is loaded or told for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from channels_inbound.events import ChannelEvent, channel_stream, lock_channel
from events.audit import note_setting
from events.ledger import record_event
from livechat.channels import chat_channel, kept_path
from livechat.doors import Door
from livechat.models import Greeting
from livechat.routing import script_pattern
from people.availability import agents_here
from people.hours import opening_of
from people.languages import LANGUAGES
from people.models import Agent
from tickets.errors import InvalidInput, NotFound

MOST = 20


def save_greeting(
    channel_id: int, greeting_id: int | None, *, by: Agent, at: datetime | None = None, **fields: Any
) -> Greeting:
    """Make or change a greeting. Saving what is there changes nothing. InvalidInput names the field."""
    chat_channel(channel_id, by=by)
    fields["path"] = kept_path(fields.get("path", ""))
    fields["texts"] = _clean_texts(fields.get("texts") or {})
    with transaction.atomic():
        lock_channel(channel_id)
        rows = Greeting.objects.filter(channel=channel_id)
        greeting = rows.filter(pk=greeting_id).first() if greeting_id else Greeting(channel_id=channel_id)
        if greeting is None:
            raise NotFound(_("There is no such greeting."))
        if greeting_id is None and rows.count() >= MOST:
            raise InvalidInput("name", _("There are enough greetings here. Change one of them."))
        if greeting_id and all(getattr(greeting, name) == value for name, value in fields.items()):
            return greeting
        before = {name: getattr(greeting, name) for name in fields} if greeting_id else {}
        note_setting(f"channel {channel_id}", _of_greeting(before), _of_greeting(fields), by=by.actor)
        for name, value in fields.items():
            setattr(greeting, name, value)
        greeting.save()
        _record(channel_id, by=by, at=at)
    return greeting


def _of_greeting(values: dict[str, Any]) -> dict[str, Any]:
    return {f"greeting {name}": value for name, value in values.items()}


def remove_greeting(channel_id: int, greeting_id: int, *, by: Agent, at: datetime | None = None) -> bool:
    """Say it no longer. False when it was gone."""
    chat_channel(channel_id, by=by)
    with transaction.atomic():
        lock_channel(channel_id)
        rows = Greeting.objects.filter(channel=channel_id, pk=greeting_id)
        names = list(rows.values_list("name", flat=True))
        removed, _rows = rows.delete()
        if removed:
            note_setting(f"channel {channel_id}", {"greeting": names[0]}, {"greeting": None}, by=by.actor)
            _record(channel_id, by=by, at=at)
    return bool(removed)


def greetings_for(door: Door, language: str, *, at: datetime) -> list[dict[str, Any]]:
    """What may be said on pages of this channel now, as the loader reads it; times in seconds and hours."""
    rows = list(Greeting.objects.filter(channel=door.channel_id, is_active=True))
    if any(row.hours for row in rows):
        staffed = opening_of(door.settings.calendar, at=at).within and bool(
            agents_here(door.connection.channel.team_id, door.channel_id)
        )
        wanted = Greeting.Hours.OPEN if staffed else Greeting.Hours.CLOSED
        rows = [row for row in rows if row.hours in ("", wanted)]
    return [
        {
            "id": row.pk, "text": row.text(language), "path": script_pattern(row.path), "after": row.after_seconds,
            "cart": row.min_cart, "back": row.returning, "again": row.again_hours,
        }
        for row in rows
        if row.text(language)
    ]  # fmt: skip


def _clean_texts(given: Mapping[str, str]) -> dict[str, str]:
    texts = {language: str(given.get(language, "")).replace("\x00", "").strip()[:300] for language in LANGUAGES}
    texts = {language: text for language, text in texts.items() if text}
    if not texts:
        raise InvalidInput("text_en", _("Write the greeting in one language at least."))
    return texts


def _record(channel_id: int, *, by: Agent, at: datetime | None) -> None:
    record_event(
        channel_stream(channel_id), ChannelEvent.CONNECTION_CHANGED,
        by=by.actor, at=at or timezone.now(), data={"changed": ["greetings"]},
    )  # fmt: skip
