"""Recount every promise and every answer from the raw events, every kept count from those, and say what differs."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from metrics.surveys.verify import answer_differences
from metrics.verify import differences, ticket_differences
from metrics.verify_tallies import tally_differences


class Command(BaseCommand):
    help = (
        "Works out every clock and answer from the ledger again, and every kept count from those; lists each "
        "difference and fails if there is any."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--ticket", type=int, help="one ticket only")
        parser.add_argument("--tallies", action="store_true", help="the kept counts only")
        parser.add_argument("--after", type=int, default=0, help="only tickets with a higher number")

    def handle(self, *args: Any, **options: Any) -> None:
        found: Iterable[str] = chain(differences(after=options["after"]), answer_differences(), tally_differences())
        if options["ticket"]:
            found = ticket_differences(options["ticket"])
        elif options["tallies"]:
            found = tally_differences()
        count = 0
        for line in found:
            count += 1
            self.stdout.write(line)
        if count:
            raise CommandError(f"{count} differences between rows, events and counts")
        if options["tallies"]:
            self.stdout.write("Every kept count is what its rows say.")
        else:
            self.stdout.write(
                "Every clock and every answer is what its events say, every kept count what its rows say."
            )
