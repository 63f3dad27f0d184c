"""Filling an empty helpdesk with the demo shop, whole or not at all."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from channels_inbound.demo.letters import letter
from channels_inbound.demo.play import Stage, Stuck, read_up, set_aside
from channels_inbound.demo.script import Mail, Story, moment, timeline
from channels_inbound.demo.shop import SUPPORT, Shop, open_shop
from channels_inbound.demo.stories_more import MORE_STORIES
from channels_inbound.demo.stories_returns import RETURNS_STORIES
from channels_inbound.demo.stories_support import STUCK_MAIL, STUCK_SENDER, SUPPORT_STORIES
from channels_inbound.demo.stories_ukrainian import UKRAINIAN_STORIES
from people.models import Agent
from tickets.models import Channel, Ticket

STORIES: tuple[Story, ...] = (*SUPPORT_STORIES, *UKRAINIAN_STORIES, *RETURNS_STORIES, *MORE_STORIES)
# Any number: it only has to be the same for everybody who loads the demo.
_LOADING = 7_203_002


@dataclass(frozen=True, slots=True)
class Loaded:
    """What there is now."""

    tickets: int
    facts: Path


class Along(Protocol):
    """What else belongs to a shop's past: made ready before it is played, moved on as time passes, and finished."""

    def before(self, by: Agent, at: datetime) -> None: ...

    def tick(self, at: datetime) -> None: ...

    def after(self, by: Agent, at: datetime) -> None: ...


def shop_is_empty() -> bool:
    """Whether nobody has begun to use this helpdesk."""
    return not (Agent.objects.exists() or Channel.objects.exists() or Ticket.objects.exists())


def load_demo_shop(*, now: datetime | None = None, along: Along | None = None) -> Loaded | None:
    """Fill an empty helpdesk; None, with nothing changed, when it is not empty. One transaction: cut off, it leaves
    nothing, and of two at once one loads. `along` is what the apps above us add to it."""
    now = timezone.localtime(now or timezone.now())
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOADING])
        if not shop_is_empty():
            return None
        moments = timeline(STORIES, now)
        shop = open_shop(at=moments[0].at)
        if along:
            along.before(shop.staff["ingrid"], moments[0].at)
        Stage(shop, along.tick if along else None).play(moments)
        mail = Mail("", STUCK_MAIL, subject="Photos from the trip, and one question")
        at = moment("1 16:20", now)
        content = letter(mail, sender=STUCK_SENDER, to=SUPPORT, at=at, thread=None).as_bytes()
        set_aside(Stuck(content, STUCK_SENDER.address, SUPPORT), shop.channels[SUPPORT].pk, at=at)
        if along:
            along.after(shop.staff["ingrid"], now)
        read_up(shop, unread_since=now - timedelta(minutes=75))
        # Before the commit: a shop whose passwords nobody knows would be worse than a file without a shop.
        facts = _write_facts(shop)
        return Loaded(Ticket.objects.count(), facts)


def _write_facts(shop: Shop) -> Path:
    """What `manage.py up` tells the person at the terminal; readable by the owner alone."""
    shown = ("marta", "olena", "katrin", "ingrid", "lars")
    logins = [
        {"email": shop.staff[key].email, "password": shop.passwords[key], "role": shop.staff[key].role} for key in shown
    ]
    path = settings.DATA_DIR / "demo.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".new")
    draft.unlink(missing_ok=True)
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump({"logins": logins, "support_address": SUPPORT}, file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    return path
