"""`manage.py backup DIR`: one backup of everything but the keys, and with --verify the proof that it restores."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from helpdesk.backup.archive import BackupError
from helpdesk.backup.making import forget_old, make_backup
from helpdesk.backup.verifying import verify_backup
from helpdesk.events import HouseEvent, tell_of_house


class Command(BaseCommand):
    help = "Back up database and files into a new folder of DIR, while the helpdesk works."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("place", metavar="DIR", type=Path, help="where backups are kept")
        parser.add_argument("--verify", action="store_true", help="restore it into a scratch database and compare")
        parser.add_argument("--scratch-url", default="", help="an empty database for that, if not a server of our own")
        parser.add_argument("--keep", type=int, default=0, help="remove all but the newest so many; 0 keeps all")
        where = parser.add_mutually_exclusive_group()
        where.add_argument("--keys", type=Path, help="write the keys to this file too; keep it elsewhere")
        where.add_argument("--keys-inside", action="store_true", help="put the keys into the backup")

    def handle(self, *, place: Path, keys: Path | None, keys_inside: bool, verify: bool, keep: int, scratch_url: str,
               **options: Any) -> None:  # fmt: skip
        began, place = time.monotonic(), place.resolve()
        try:
            made = make_backup(place, at=timezone.now(), keys_file=keys, keys_inside=keys_inside)
        except BackupError as error:
            tell_of_house(HouseEvent.BACKUP_FAILED, {"reason": str(error)})
            raise CommandError(str(error)) from error
        size = sum(path.stat().st_size for path in made.iterdir())
        tell_of_house(HouseEvent.BACKUP_MADE, {"name": made.name, "bytes": size})
        self.stdout.write(f"{made}  {size / 1e6:.1f} MB in {time.monotonic() - began:.1f} s")
        if not keys and not keys_inside:
            self.stdout.write("The keys are not in it: keep them elsewhere (--keys FILE writes them).")
        if verify:
            self.prove(made, scratch_url)
        for name in forget_old(place, keep):
            self.stdout.write(f"Removed {name}.")

    def prove(self, made: Path, scratch_url: str) -> None:
        try:
            seen = verify_backup(made, scratch_url=scratch_url)
        except BackupError as error:
            tell_of_house(HouseEvent.BACKUP_UNSOUND, {"name": made.name, "reason": str(error)})
            raise CommandError(f"{made.name} does not restore: {error}") from error
        tell_of_house(HouseEvent.BACKUP_VERIFIED, {"name": made.name, **seen})
        self.stdout.write(said_of(seen))


def said_of(seen: dict[str, Any]) -> str:
    return (f"Restored and compared. Rows: {seen['rows']}, tables: {seen['tables']}, files: {seen['files']}, "
            f"kinds of stored passwords opened: {seen['secrets']}.")  # fmt: skip
