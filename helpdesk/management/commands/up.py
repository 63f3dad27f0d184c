"""`manage.py up`: see helpdesk/runtime/up.py, which manage.py calls without loading Django."""

from __future__ import annotations

import os
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from helpdesk.runtime.up import run


class Command(BaseCommand):
    help = "Start PostgreSQL, Redis, web, worker, beat and mail listener; Ctrl-C or SIGTERM stops them all."
    requires_system_checks: list[str] = []

    def handle(self, **options: Any) -> None:
        if code := run(dict(os.environ)):
            raise CommandError("not started", returncode=code)
