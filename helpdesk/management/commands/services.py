"""`manage.py services -- COMMAND`: run one command against private servers of its own."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from helpdesk.environment import ROOT
from helpdesk.runtime.binaries import postgres_bin
from helpdesk.runtime.services import Services, kept_secrets


class Command(BaseCommand):
    help = "Run COMMAND with a private PostgreSQL and Redis (DATABASE_URL, REDIS_URL); stop them, keep the data."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--slot", default="dev", help="which data folder under var/slots/ (made at first use)")
        parser.add_argument("--data-dir", type=Path, help="this data folder instead: var/ while it is stopped")
        parser.add_argument("run", nargs="+", metavar="COMMAND", help="what to run, after --")

    def handle(self, *, slot: str, data_dir: Path | None, run: list[str], **options: Any) -> None:
        data_dir = (data_dir or ROOT / "var" / "slots" / slot).resolve()
        with Services(data_dir) as services:
            environment = os.environ | services.addresses | {
                "HELPDESK_DATA_DIR": str(data_dir), "HELPDESK_SECRET_KEY": kept_secrets(data_dir)["secret_key"],
                # The clients that fit this server: pg_dump of an older PostgreSQL refuses to work.
                "PATH": f"{postgres_bin()}{os.pathsep}{os.environ.get('PATH', '')}",
            }  # fmt: skip
            result = subprocess.run(run, env=environment)
        if result.returncode:
            raise CommandError(f"{run[0]} ended with {result.returncode}", returncode=result.returncode)
