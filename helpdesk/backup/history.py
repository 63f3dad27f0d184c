"""When a backup was last made, and when one was last shown to restore."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from helpdesk.events import HouseEvent, last_of_house


@dataclass(frozen=True)
class BackupHistory:
    """`fault` is the reason of the newest result where that was no good one."""

    made_at: datetime | None
    verified_at: datetime | None
    fault: str


def backup_history() -> BackupHistory:
    made, proven = last_of_house(HouseEvent.BACKUP_MADE), last_of_house(HouseEvent.BACKUP_VERIFIED)
    bad = last_of_house(HouseEvent.BACKUP_FAILED, HouseEvent.BACKUP_UNSOUND)
    good = proven if bad and bad.kind == HouseEvent.BACKUP_UNSOUND else made
    still_bad = bad is not None and (good is None or good.sequence < bad.sequence)
    return BackupHistory(
        made_at=made.at if made else None,
        verified_at=proven.at if proven else None,
        fault=str(bad.data.get("reason", "")) if bad and still_bad else "",
    )
