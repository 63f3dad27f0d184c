"""Who is signed in where, for how long, and the end of it (threat 48).

A session ends twelve hours after it was last used and, however much it is used, `SESSION_LONGEST` after the sign-in.
Both are the row's expiry date, so pages and sockets ask one question.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore as DatabaseStore
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from events.ledger import record_event

from .models import Agent
from .models.session import DEVICE_LENGTH, AgentSession

BEGAN, SEEN, ADDRESS, DEVICE = "began", "seen", "address", "device"
REFRESH = 600  # seconds


class SessionStore(DatabaseStore):
    """Django's store with a row that says whose session it is."""

    @classmethod
    def get_model_class(cls) -> type[AgentSession]:
        return AgentSession

    def create_model_instance(self, data: dict[str, Any]) -> AgentSession:
        row = super().create_model_instance(data)
        assert isinstance(row, AgentSession)
        if agent_id := data.get(SESSION_KEY):
            row.agent_id = int(agent_id)
            row.began_at, row.seen_at = _moment(data.get(BEGAN)), _moment(data.get(SEEN))
            row.address, row.device = data.get(ADDRESS) or None, data.get(DEVICE, "")
            if row.began_at:
                row.expire_date = min(row.expire_date, row.began_at + settings.SESSION_LONGEST)
        return row


def note_use(request: HttpRequest, *, address: str) -> bool:
    """Keep from where and when the session is used, once in ten minutes; whether it was written."""
    now = int(time.time())
    if now - request.session.get(SEEN, 0) <= REFRESH:
        return False
    request.session.setdefault(BEGAN, now)
    said = request.headers.get("User-Agent", "").replace("\x00", "")
    request.session.update({SEEN: now, ADDRESS: address, DEVICE: said[:DEVICE_LENGTH]})
    request.session.save()
    return True


def sessions_of(agent: Agent, *, at: datetime) -> QuerySet[AgentSession]:
    """Where the agent is signed in, the latest used first."""
    return AgentSession.objects.filter(agent=agent, expire_date__gt=at).order_by("-seen_at", "session_key")


def end_session(handle: str, *, by: Agent, at: datetime | None = None) -> bool:
    """Sign one of one's own browsers out; False when there is none of that handle."""
    found = [row for row in sessions_of(by, at=at or timezone.now()) if row.handle == handle]
    return bool(found) and end_sessions(by, by=by, only=found[0].session_key, at=at) > 0


def end_sessions(
    agent: Agent, *, by: Agent | None = None, keep: str | None = None, only: str | None = None,
    at: datetime | None = None,
) -> int:  # fmt: skip
    """Sign an agent out: everywhere, everywhere but in `keep`, or in `only` one session; how many ended."""
    rows = AgentSession.objects.filter(agent=agent)
    rows = rows.filter(pk=only) if only else rows.exclude(pk=keep or "")
    with transaction.atomic():
        Agent.objects.select_for_update(of=("self",)).filter(pk=agent.pk).first()
        ended, _ = rows.delete()
        if ended:
            actor = (by or agent).actor
            record_event(
                ("agent", agent.pk), "agent.signed_out", by=actor, at=at or timezone.now(), data={"sessions": ended}
            )
    return ended


def forget_ended_sessions(*, at: datetime) -> int:
    """Delete the rows of sessions that are over."""
    return AgentSession.objects.filter(expire_date__lt=at - timedelta(hours=1)).delete()[0]


def _moment(seconds: object) -> datetime | None:
    return datetime.fromtimestamp(seconds, UTC) if isinstance(seconds, int) else None
