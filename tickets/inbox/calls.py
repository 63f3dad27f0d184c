"""A telephone call as the timeline draws it: who rang whom, how it went, and whether somebody is to call back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef
from django.db.models.functions import JSONObject
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from tickets.models import Call, CallDirection, CallOutcome, Message

_IN_VAIN = frozenset({CallOutcome.MISSED, CallOutcome.ABANDONED, CallOutcome.VOICEMAIL})


@dataclass(frozen=True, slots=True)
class CallShape:
    """The facts of a call; `wait` and `talk` in seconds; `note` as its message has it, with secrets masked."""

    id: int
    direction: str
    outcome: str
    number: str
    line: str
    agent: str
    wait: int | None
    talk: int | None
    note: str
    callback_at: Any
    callback_done_at: Any

    @property
    def is_incoming(self) -> bool:
        return self.direction == CallDirection.IN

    @property
    def is_answered(self) -> bool:
        return self.outcome == CallOutcome.ANSWERED

    @property
    def is_lost(self) -> bool:
        """Whether a customer rang and nobody was there."""
        return self.is_incoming and self.outcome in _IN_VAIN

    @property
    def result(self) -> str:
        return str(CallOutcome(self.outcome).label) if self.outcome in CallOutcome.values else self.outcome

    @property
    def tone(self) -> str:
        """How its outcome is coloured: one of ours answered, or a customer who reached nobody."""
        if self.is_answered:
            return "ok"
        return "bad" if self.is_incoming else "warn"

    @property
    def facts(self) -> str:
        """Answered by Iryna · waited 0:12 · talked 2:30"""
        parts = []
        if self.agent:
            by = _("Answered by %(who)s") if self.is_incoming and self.is_answered else _("Agent: %(who)s")
            parts += [by % {"who": self.agent}]
        if self.wait:
            parts += [_("waited %(time)s") % {"time": clock(self.wait)}]
        if self.talk is not None:
            parts += [_("talked %(time)s") % {"time": clock(self.talk)}]
        return " · ".join(parts)

    @property
    def is_due(self) -> bool:
        return self.callback_at is not None and self.callback_done_at is None


def calls_of_messages() -> ArraySubquery:
    """The call a message tells of, for `call_shape`; part of the query that reads the messages."""
    facts = JSONObject(
        id="id", direction="direction", outcome="outcome", number="number", line="line", agent="agent_name",
        wait="wait_seconds", talk="talk_seconds", note="note", callback_at="callback_at",
        callback_done_at="callback_done_at",
    )  # fmt: skip
    return ArraySubquery(Call.objects.filter(message=OuterRef("pk")).values(json=facts))


def call_shape(message: Message) -> CallShape | None:
    """None where the message is no call, or was read without its calls. No query."""
    rows: list[Mapping[str, Any]] = getattr(message, "call_list", None) or []
    if not rows:
        return None
    facts = dict(rows[0])
    for name in ("callback_at", "callback_done_at"):
        facts[name] = parse_datetime(facts[name]) if facts[name] else None
    facts["note"] = _note_in(message.text, facts["note"])
    return CallShape(**facts)


def clock(seconds: int) -> str:
    """0:12, 2:30, 1:02:30"""
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def _note_in(text: str, note: str) -> str:
    """The note as the message has it, behind its lines of facts: what was masked there is not shown by the call."""
    lines = len(note.splitlines())
    return "\n".join(text.splitlines()[-lines:]) if lines else ""
