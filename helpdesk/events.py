"""What happens to the house itself; its stream has the one id 0."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from events.actors import SYSTEM
from events.ledger import record_event
from events.models import Event

HOUSE = ("house", 0)
# Any number: it only has to be the same for everybody who tells something of the house.
_LOCK = 7_203_008


class HouseEvent(StrEnum):
    BACKUP_MADE = "backup.made"
    BACKUP_FAILED = "backup.failed"
    BACKUP_VERIFIED = "backup.verified"
    BACKUP_UNSOUND = "backup.unsound"
    BACKUP_RESTORED = "backup.restored"


def tell_of_house(kind: HouseEvent, data: Mapping[str, Any], *, at: datetime | None = None) -> None:
    """Record one fact about the house."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
        record_event(HOUSE, kind, by=SYSTEM, at=at or timezone.now(), data=dict(data))


def last_of_house(*kinds: HouseEvent) -> Event | None:
    """The newest fact of these kinds."""
    stream = Event.objects.filter(stream_type=HOUSE[0], stream_id=HOUSE[1])
    return stream.filter(kind__in=kinds).order_by("-sequence").first()
