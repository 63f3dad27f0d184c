"""Brings a folder of Markdown or HTML files in as articles, in one language."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from knowledge.files import import_folder
from people.languages import LANGUAGES
from people.models import Agent
from people.permissions import Permission


class Command(BaseCommand):
    help = "Import articles from Markdown or HTML files; a folder is a category. Again, it changes what changed."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path)
        parser.add_argument("--language", required=True, choices=LANGUAGES)
        parser.add_argument("--publish", action="store_true", help="also show them to readers")
        parser.add_argument("--by", help="e-mail of the agent who brings them in; the first who may, if left out")

    def handle(self, *args: Any, **options: Any) -> None:
        folder: Path = options["folder"]
        if not folder.is_dir():
            raise CommandError(f"{folder} is no folder.")
        may = Agent.objects.who_may(Permission.MANAGE_ARTICLES).order_by("pk")
        by = (may.filter(email=options["by"].lower()) if options["by"] else may).first()
        if by is None:
            raise CommandError("No agent who may publish articles: create an admin first, or say another --by.")
        done = import_folder(folder, language=options["language"], by=by, and_publish=options["publish"])
        for line in done.refused:
            self.stderr.write(line)
        self.stdout.write(f"{done.created} new, {done.changed} changed, {done.same} as they were.")
        if done.refused:
            raise CommandError(f"{len(done.refused)} files did not come in.")
