"""How the inbox tells of what happens between bot and people."""

from __future__ import annotations

from typing import Any

from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from assistant.events import BotEvent
from assistant.models import Reason
from tickets.inbox.sentences import Names, Sentence, teach_sentence


def teach() -> None:
    """Give the inbox the words for events it does not know itself."""
    teach_sentence(BotEvent.BEGAN, lambda who, data, names: None)
    teach_sentence(BotEvent.ANSWERED, lambda who, data, names: None)
    teach_sentence(BotEvent.HELPED, _helped)
    teach_sentence(BotEvent.HANDED_OVER, _handed_over)
    teach_sentence(BotEvent.HANDED_BACK, _handed_back)


def _helped(who: SafeString, data: dict[str, Any], names: Names) -> Sentence:
    return Sentence("bot", format_html("{}", _("The customer said that the bot’s answer helped")))


def _handed_over(who: SafeString, data: dict[str, Any], names: Names) -> Sentence:
    if data.get("reason") == Reason.TAKEN:
        return Sentence("bot-off", format_html(_("{who} took over from the bot"), who=who))
    reason = Reason(data["reason"]).label if data.get("reason") in Reason.values else data.get("reason", "")
    return Sentence("bot-off", format_html(_("The bot handed over to people: {reason}"), reason=reason))


def _handed_back(who: SafeString, data: dict[str, Any], names: Names) -> Sentence:
    return Sentence("bot", format_html(_("{who} gave the conversation back to the bot"), who=who))
