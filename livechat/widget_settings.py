"""What a chat channel is set to, read from its connection; unknown or broken values become the defaults."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from livechat.routing import Rule, read_rules
from people.colours import PRODUCT_COLOR, is_color

PROVIDER = "chat"
POSITIONS = ("right", "left")
# How it was kept when only these could be asked.
_EARLIER_ASKS = {"email": {"email": True}, "name_email": {"name": False, "email": True}}
UNSEEN_MINUTES = 5
REQUEUE_MINUTES = 3


@dataclass(frozen=True, slots=True)
class WidgetSettings:
    """`origins` are the pages that may embed the widget; `asks` what is asked before the first message (`name`,
    `email`, `order`, a ticket field's number) and whether it must be answered.

    `shows_drafts`: agents see what a visitor is writing. A taken chat whose visitor waits `requeue_minutes` for an
    answer goes back into the queue (0: never). One that waits `overflow_seconds` (0: never) in a team without room, by
    `most_chats` at once for each agent (0: as many as come), goes to the next of `overflow`. `calendar` says when it is
    staffed, `away` what is said outside of it.
    """

    origins: tuple[str, ...] = ()
    color: str = PRODUCT_COLOR
    position: str = "right"
    brand: str = ""
    greetings: Mapping[str, str] = field(default_factory=dict)
    asks: Mapping[str, bool] = field(default_factory=dict)
    unseen_minutes: int = UNSEEN_MINUTES
    mail_channel: int | None = None
    shows_drafts: bool = False
    requeue_minutes: int = REQUEUE_MINUTES
    calendar: int | None = None
    away: Mapping[str, str] = field(default_factory=dict)
    routes: tuple[Rule, ...] = ()
    overflow: tuple[int, ...] = ()
    overflow_seconds: int = 0
    most_chats: int = 0

    @classmethod
    def read(cls, kept: Mapping[str, Any]) -> WidgetSettings:
        color, position = kept.get("color", ""), kept.get("position")
        minutes, mail, calendar = kept.get("unseen_minutes"), kept.get("mail_channel"), kept.get("calendar")
        requeue = kept.get("requeue_minutes")
        return cls(
            origins=tuple(origin for origin in kept.get("origins", ()) if isinstance(origin, str)),
            color=color if is_color(color) else PRODUCT_COLOR,
            position=position if position in POSITIONS else "right",
            brand=str(kept.get("brand") or "")[:60],
            greetings=_texts(kept.get("greetings")),
            asks=_asks(kept.get("asks")),
            unseen_minutes=minutes if isinstance(minutes, int) and 1 <= minutes <= 1440 else UNSEEN_MINUTES,
            mail_channel=mail if isinstance(mail, int) else None,
            shows_drafts=kept.get("shows_drafts") is True,
            requeue_minutes=requeue if isinstance(requeue, int) and 0 <= requeue <= 120 else REQUEUE_MINUTES,
            calendar=calendar if isinstance(calendar, int) else None,
            away=_texts(kept.get("away")),
            routes=read_rules(kept.get("routes")),
            overflow=tuple(team for team in kept.get("overflow") or () if type(team) is int),
            overflow_seconds=_whole(kept.get("overflow_seconds"), 3600),
            most_chats=_whole(kept.get("most_chats"), 50),
        )

    def greeting(self, language: str) -> str:
        return self.greetings.get(language) or self.greetings.get("en", "")

    def away_text(self, language: str) -> str:
        """What is said outside hours; empty where nothing was written."""
        return self.away.get(language) or self.away.get("en", "")


def _whole(kept: object, most: int) -> int:
    return kept if type(kept) is int and 0 <= kept <= most else 0


def _asks(kept: object) -> dict[str, bool]:
    if isinstance(kept, str):
        return _EARLIER_ASKS.get(kept, {})
    return {str(key): needed is True for key, needed in kept.items()} if isinstance(kept, Mapping) else {}


def _texts(kept: object) -> dict[str, str]:
    return {str(key): str(value) for key, value in kept.items() if value} if isinstance(kept, Mapping) else {}


def clean_origin(typed: str) -> str | None:
    """scheme://host[:port] as browsers say it, or None. No paths, no wildcards: each origin is named."""
    try:
        parts = urlsplit(typed.strip().rstrip("/"))
        port = parts.port
    except ValueError:
        return None
    host = parts.hostname or ""
    if parts.scheme not in ("https", "http") or not re.fullmatch(r"[a-z0-9.-]{1,253}|\[[0-9a-f:]+\]", host):
        return None
    if parts.path or parts.query or parts.fragment or parts.username or parts.password:
        return None
    default = {"https": 443, "http": 80}[parts.scheme]
    return f"{parts.scheme}://{host}{f':{port}' if port and port != default else ''}"
