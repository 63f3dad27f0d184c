"""`manage.py prepare`: migrate, and fill an empty database with the demo shop."""

from __future__ import annotations

import os
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandParser

from helpdesk.upgrade import migrate_patiently
from people.models import Agent


class Command(BaseCommand):
    help = "Bring the database up to date; an empty one gets the demo shop (HELPDESK_DEMO=0: it stays empty)."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--no-demo", action="store_true", help="leave an empty database empty")

    def handle(self, *, no_demo: bool, **options: Any) -> None:
        migrate_patiently()
        wanted = not no_demo and os.environ.get("HELPDESK_DEMO", "1") != "0"
        if wanted and not settings.PRODUCTION and not Agent.objects.exists():
            self.stdout.write("Loading the demo shop...")
            call_command("load_demo")
