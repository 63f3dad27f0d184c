"""Writes what readers see of the help centre as HTML files, in one language."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from knowledge.files import export_folder
from people.languages import LANGUAGES


class Command(BaseCommand):
    help = "Export the published articles of a language as HTML files that import_articles reads. Without pictures."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path)
        parser.add_argument("--language", required=True, choices=LANGUAGES)

    def handle(self, *args: Any, **options: Any) -> None:
        count = export_folder(options["folder"], language=options["language"])
        self.stdout.write(f"{count} articles in {options['folder']}.")
