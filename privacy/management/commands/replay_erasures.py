"""`manage.py replay_erasures`: after a backup was restored, erases again whoever had been erased since."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from privacy.erasing import replay_erasures
from privacy.marks import keep_known, marks


class Command(BaseCommand):
    help = "Erase again the customers whose erasure a restored backup does not know of. May run twice."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--file", type=Path, help="the marks (default: all that we keep)")

    def handle(self, *args: Any, **options: Any) -> None:
        path = options["file"]
        if path and not path.exists():
            raise CommandError(f"There is no {path}.")
        keep_known()
        if next(marks(path), None) is None:
            raise CommandError("There is no mark: nobody was erased here, or the marks were not kept.")
        found = replay_erasures(path)
        self.stdout.write(f"Erased again: {found.again}. Nothing to do: {found.clean}.")
        if found.left:
            raise CommandError("Not erased:\n" + "\n".join(found.left))
