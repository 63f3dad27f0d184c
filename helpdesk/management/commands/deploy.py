"""`manage.py deploy`: what runs once before the processes of a new version start."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand

from helpdesk.two_roles import limit_application
from helpdesk.upgrade import migrate_patiently


class Command(BaseCommand):
    help = "Check settings and servers (errors stop, warnings are told), then migrate. Safe to run twice."
    requires_system_checks: list[str] = []

    def handle(self, **options: Any) -> None:
        call_command("check", deploy=True, databases=["default"], fail_level="ERROR", stdout=self.stdout)
        migrate_patiently(verbosity=1)
        if settings.APPLICATION_ROLE:
            limit_application(settings.APPLICATION_ROLE)
            self.stdout.write(f"{settings.APPLICATION_ROLE} may add to the audit, and change nothing in it.")
