"""How the inbox tells of what happens to promises."""

from __future__ import annotations

from typing import Any

from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from tickets.inbox.sentences import Names, Sentence, teach_sentence
from tickets.notices.rules import teach_notice

from .clocks.terms import Target
from .events import SlaEvent


def teach() -> None:
    """Give the inbox the words for events it does not know itself."""
    teach_sentence(SlaEvent.WARNED, _warned)
    teach_sentence(SlaEvent.BREACHED, _breached)
    teach_sentence(SlaEvent.REPLANNED, _replanned)
    teach_notice(SlaEvent.WARNED, lambda number: _("A deadline is near on #%(number)s") % {"number": number})
    teach_notice(SlaEvent.BREACHED, lambda number: _("A deadline has passed on #%(number)s") % {"number": number})


def target_name(target: str) -> str:
    """What was promised, in words."""
    return {
        Target.FIRST: _("First answer"), Target.NEXT: _("Next answer"), Target.RESOLUTION: _("Solution"),
    }[Target(target)]  # fmt: skip


def _warned(who: SafeString, data: dict[str, Any], names: Names) -> Sentence:
    text = _("{target}: {percent} of the time is used")
    return Sentence(
        icon="timer",
        html=format_html(text, target=target_name(data["target"]), percent=f"{data['percent']}\N{NO-BREAK SPACE}%"),
    )


def _breached(who: SafeString, data: dict[str, Any], names: Names) -> Sentence:
    text = _("{target}: the deadline has passed")
    return Sentence(icon="timer-off", html=format_html(text, target=target_name(data["target"])))


def _replanned(who: SafeString, data: dict[str, Any], names: Names) -> Sentence:
    return Sentence(icon="refresh-cw", html=format_html("{}", _("Service levels changed; deadlines were planned anew")))
