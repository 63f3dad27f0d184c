"""Count all days that are over, now: after an import, or for a measurement. Celery does the same by itself."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from metrics.counting import QUIET, count_days


class Command(BaseCommand):
    help = "Counts the days reports are made of, as far as they are over and not counted yet."

    def handle(self, *args: Any, **options: Any) -> None:
        total = 0
        # As if it had been quiet for a while: who counts by hand wants months added up as well.
        while done := count_days(timezone.now() + QUIET):
            total += done
        if options["verbosity"]:
            self.stdout.write(f"{total} days counted.")
