"""Recount every promise and every answer from the raw events and say what differs."""

from __future__ import annotations

from itertools import chain
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from metrics.surveys.verify import answer_differences
from metrics.verify import differences, ticket_differences


class Command(BaseCommand):
    help = "Works out every clock and answer from the ledger again; lists each difference and fails if there is any."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--ticket", type=int, help="one ticket only")
        parser.add_argument("--after", type=int, default=0, help="only tickets with a higher number")

    def handle(self, *args: Any, **options: Any) -> None:
        everything = chain(differences(after=options["after"]), answer_differences())
        found = ticket_differences(options["ticket"]) if options["ticket"] else everything
        count = 0
        for line in found:
            count += 1
            self.stdout.write(line)
        if count:
            raise CommandError(f"{count} differences between rows and events")
        self.stdout.write("Every clock and every answer is what its events say.")
