"""`manage.py create_scale_data --tickets N --messages N`: a database as large as wanted, to measure on."""

from __future__ import annotations

import time
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from tickets.models import Ticket
from tickets.scale.load import create_scale_data


class Command(BaseCommand):
    help = "Add made-up tickets and messages, with customers, events and search entries. Same numbers, same data."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--tickets", type=int, required=True, help="how many tickets")
        parser.add_argument("--messages", type=int, help="how many messages in all (default: five a ticket)")
        parser.add_argument("--force", action="store_true", help="also into a production database that has tickets")

    def handle(self, *, tickets: int, messages: int | None, force: bool, verbosity: int, **options: Any) -> None:
        messages = tickets * 5 if messages is None else messages
        if tickets < 1 or messages < tickets:
            raise CommandError("There must be at least one ticket, and at least one message for each.")
        if settings.PRODUCTION and not force and Ticket.objects.exists():
            raise CommandError("This production database holds tickets. With --force made-up ones are added to them.")
        start = time.monotonic()
        loaded = create_scale_data(
            tickets, messages, now=timezone.now(), say=self._say if verbosity else lambda text: None
        )
        planted = ", ".join(f"{word} in {count}" for word, count in loaded.planted.items())
        self.stdout.write(
            f"{tickets} tickets (#{loaded.tickets[0]} to #{loaded.tickets[1]}) with {messages} messages "
            f"in {time.monotonic() - start:.0f} s. Rare words: {planted or 'none'}."
        )

    def _say(self, text: str) -> None:
        self.stdout.write(f"  {text}")
