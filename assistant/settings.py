"""What the bot is set to on a channel: read and changed by who looks after channels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from assistant.models import MOST_TURNS, Bot, When
from events.audit import note_setting
from people.hours import calendars
from people.languages import LANGUAGES
from people.models import Agent
from people.permissions import Permission, PermissionDenied
from tickets.errors import InvalidInput, NotFound
from tickets.kinds import registered_kinds
from tickets.models import Channel

LONGEST_NAME, LONGEST_GREETING = 40, 500


def kinds() -> list[str]:
    """The kinds of channel on which a bot may answer: those where people talk and can press an answer."""
    return [traits.kind for traits in registered_kinds() if traits.choices and traits.writes and not traits.addressed]


def channels(*, by: Agent) -> list[Channel]:
    """The channels a bot may answer on, with what it is set to. PermissionDenied."""
    _require(by)
    return list(Channel.objects.filter(kind__in=kinds(), is_active=True).select_related("bot").order_by("name"))


def bot_of(channel_id: int, *, by: Agent) -> Bot:
    """What is set for a channel; as it is from the start when nobody saved anything. PermissionDenied, NotFound."""
    _require(by)
    channel = Channel.objects.filter(pk=channel_id, kind__in=kinds()).first()
    if channel is None:
        raise NotFound(_("There is no such channel."))
    return Bot.objects.select_related("channel").filter(channel=channel).first() or Bot(
        channel=channel, languages=[channel.locale if channel.locale in LANGUAGES else "en"]
    )


def set_bot(channel_id: int, *, by: Agent, values: Mapping[str, Any]) -> Bot:
    """Change it. PermissionDenied, NotFound; InvalidInput names the field. Saying the same again changes nothing."""
    with transaction.atomic():
        bot_of(channel_id, by=by)
        Channel.objects.select_for_update(of=("self",)).get(pk=channel_id)
        bot = bot_of(channel_id, by=by)
        before = _told(bot)
        for name, value in _clean(values).items():
            setattr(bot, name, value)
        bot.save()
        note_setting(f"bot of {bot.channel.name}", before, _told(bot), by=by.actor)
    return bot


def _clean(said: Mapping[str, Any]) -> dict[str, Any]:
    if said["when"] not in When.values:
        raise InvalidInput("when", _("Choose when it answers."))
    languages = [code for code in LANGUAGES if code in said["languages"]]
    if not languages:
        raise InvalidInput("languages", _("Choose at least one language."))
    if not 1 <= said["most_turns"] <= MOST_TURNS:
        raise InvalidInput("most_turns", _("Choose a number from 1 to %(most)d.") % {"most": MOST_TURNS})
    if not 1 <= said["least_match"] <= 100:
        raise InvalidInput("least_match", _("Choose a number from 1 to %(most)d.") % {"most": 100})
    if said["calendar"] is not None and said["calendar"] not in [id for id, _name in calendars()]:
        raise InvalidInput("calendar", _("There are no such hours."))
    greetings = {code: str(text).strip()[:LONGEST_GREETING] for code, text in said["greetings"].items()}
    return {
        "when": said["when"], "name": " ".join(said["name"].split())[:LONGEST_NAME], "languages": languages,
        "most_turns": said["most_turns"], "least_match": said["least_match"], "calendar": said["calendar"],
        "fallback_team": said["fallback_team"],
        "greetings": {code: text for code, text in greetings.items() if text and code in LANGUAGES},
    }  # fmt: skip


def _told(bot: Bot) -> dict[str, Any]:
    names = ("when", "name", "languages", "most_turns", "least_match", "calendar", "fallback_team_id", "greetings")
    return {name: getattr(bot, name) for name in names}


def _require(by: Agent) -> None:
    if not by.may(Permission.MANAGE_CHANNELS):
        raise PermissionDenied(_("Your role does not allow this."))
