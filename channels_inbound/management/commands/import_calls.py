"""`manage.py import_calls`: the call log of an exchange, as often as you like."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone

from channels_inbound.phone.calls import call_heard
from channels_inbound.phone.exchange_logs import read_log
from channels_inbound.phone.log import KIND
from channels_inbound.phone.log_values import DATES, LogHow
from tickets.models import Channel


class Command(BaseCommand):
    help = "Import calls from a log of Asterisk (Master.csv), 3CX, Aircall, or a table. What is known is left alone."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--kind", choices=["asterisk", "3cx", "aircall", "table"], required=True)
        parser.add_argument("--line", required=True, help="name or number of the phone channel")
        parser.add_argument("--zone", default=settings.TIME_ZONE, help="time zone of the exchange's clock")
        parser.add_argument("--region", default="UA", help="country of numbers without a country code")
        parser.add_argument("--dates", choices=list(DATES), default="", help="how days are written")
        parser.add_argument("--prefix", default="Ext.", help="what stands before an extension")
        parser.add_argument("--preview", action="store_true", help="say what would be imported, and keep nothing")

    def handle(
        self, *, file: Path, kind: str, line: str, zone: str, region: str, dates: str, prefix: str, preview: bool,
        **_: Any,
    ) -> None:  # fmt: skip
        phones = Channel.objects.filter(kind=KIND)
        channel = phones.filter(name=line).first() or phones.filter(address=line).first()
        if channel is None:
            raise CommandError(f"There is no phone channel called {line}.")
        log = read_log(kind, file.read_bytes(), LogHow(ZoneInfo(zone), region, dates, prefix))
        for error in log.errors:
            self.stderr.write(f"line {error.line}: {error.reason}")
        if preview:
            for call in log.calls[:50]:
                self.stdout.write(
                    f"{call.started_at:%Y-%m-%d %H:%M} {call.direction} {call.number or '-'} {call.outcome}"
                )
            self.stdout.write(f"{len(log.calls)} calls, {len(log.errors)} lines that are none. Nothing was kept.")
            return
        new = 0
        for call in log.calls:
            with transaction.atomic():
                new += call_heard(channel.pk, call, at=timezone.now()) == "applied"
        self.stdout.write(f"{new} new or changed of {len(log.calls)} calls; {len(log.errors)} lines are none.")
