"""`manage.py load_demo_orders`: the demo shop's orders and a survey."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from metrics.demo import load_demo_orders


class Command(BaseCommand):
    help = "Gives the demo shop a year of orders and a survey, once."

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.PRODUCTION:
            raise CommandError("The demo shop is for trying out; it is not loaded in production mode.")
        kept = load_demo_orders(now=timezone.now())
        self.stdout.write(f"Loaded {kept.added} orders." if kept else "Nothing loaded: there is a shop already.")
