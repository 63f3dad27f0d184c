"""`manage.py data_inventory`: the table of docs/privacy.md."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from privacy.inventory import as_table


class Command(BaseCommand):
    help = "Print what is kept of people, table by table, as docs/privacy.md shows it."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(as_table())
