"""`manage.py restore DIR`: put a backup in place; with --verify only show that it could be."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import Error as DatabaseError

from helpdesk.backup.archive import BackupError, newest
from helpdesk.backup.keys import Keys, read_keys
from helpdesk.backup.restoring import restore_backup
from helpdesk.backup.verifying import verify_backup
from helpdesk.events import HouseEvent, tell_of_house
from helpdesk.management.commands.backup import said_of
from privacy.marks import marks


class Command(BaseCommand):
    help = "Restore the backup in DIR (or the newest of those in it) into this helpdesk, whose processes are stopped."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("place", metavar="DIR", type=Path)
        parser.add_argument("--keys", type=Path, help="the file of keys that `manage.py backup --keys` wrote")
        parser.add_argument(
            "--verify", action="store_true", help="into a scratch database only; this one stays as it is"
        )
        parser.add_argument("--scratch-url", default="", help="an empty database for that, if not a server of our own")
        parser.add_argument("--replace", action="store_true", help="although the database is not empty")

    def handle(self, *, place: Path, keys: Path | None, verify: bool, scratch_url: str, replace: bool,
               **options: Any) -> None:  # fmt: skip
        try:
            folder = newest(place.resolve())
            inside = folder / "keys.json"
            given = read_keys(keys or inside) if keys or inside.exists() else None
            if verify:
                self.prove(folder, given, scratch_url)
                return
            manifest = restore_backup(folder, given=given, replace=replace)
        except BackupError as error:
            raise CommandError(str(error)) from error
        tell_of_house(HouseEvent.BACKUP_RESTORED, {"name": folder.name, "taken_at": manifest.taken_at})
        self.stdout.write(f"Restored {folder.name}, taken at {manifest.taken_at}: {sum(manifest.rows.values())} rows, "
                          f"{manifest.files} files. What came in since then is not in it.")  # fmt: skip
        self._erase_again()

    def _erase_again(self) -> None:
        """Whoever was erased since the backup came back with it; marks beside the database and among files say who."""
        if next(marks(), None):
            call_command("replay_erasures", stdout=self.stdout)

    def prove(self, folder: Path, given: Keys | None, scratch_url: str) -> None:
        try:
            seen = verify_backup(folder, keys=given, scratch_url=scratch_url)
        except BackupError as error:
            self._note(HouseEvent.BACKUP_UNSOUND, {"name": folder.name, "reason": str(error)})
            raise
        self._note(HouseEvent.BACKUP_VERIFIED, {"name": folder.name, **seen})
        self.stdout.write(said_of(seen))

    def _note(self, kind: HouseEvent, data: dict[str, Any]) -> None:
        """A drill on another machine has no helpdesk to tell of it."""
        try:
            tell_of_house(kind, data)
        except DatabaseError:
            self.stderr.write("No database answers here, so the result is not noted down.")
