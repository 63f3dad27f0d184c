"""`manage.py replay_erasures`: after a backup was restored, erases again whoever had been erased since."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from privacy.erasing import marks_path, replay_erasures


class Command(BaseCommand):
    help = "Erase again the customers whose erasure a restored backup does not know of. May run twice."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--file", type=Path, help="the marks (default: erasures.jsonl in the data folder)")

    def handle(self, *args: Any, **options: Any) -> None:
        path = options["file"] or marks_path()
        if not path.exists():
            raise CommandError(f"There is no {path}: nobody was erased here, or the file was not kept.")
        found = replay_erasures(path)
        self.stdout.write(f"Erased again: {found.again}. Nothing to do: {found.clean}.")
        if found.left:
            raise CommandError("Not erased:\n" + "\n".join(found.left))
