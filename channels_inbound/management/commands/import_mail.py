"""`manage.py import_mail`: mail from files, through the same door as any other."""

from __future__ import annotations

import sys
from pathlib import Path
from time import monotonic
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from channels_inbound.channels import find_channel
from channels_inbound.importing.archive import Report, Tally, import_mails
from channels_inbound.importing.sources import Source, mails_of, source_at
from tickets.models import Channel

BAR = 30


class Command(BaseCommand):
    help = (
        "Brings mail in from .eml files, mbox files, Maildirs and folders of .eml files. Collections are history: "
        "mails keep their own dates, their tickets are solved, nothing is reopened and nobody is notified. Single "
        "mails are taken as if they came today. May be cut off and run again: nothing comes twice."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--channel", required=True, help="name or address of the mail channel")
        which = parser.add_mutually_exclusive_group()
        which.add_argument("--historic", action="store_true", help="single mails are history, too")
        which.add_argument("--live", action="store_true", help="collections are mail of today: open tickets")
        parser.add_argument("paths", nargs="+", metavar="PATH", type=Path)

    def handle(
        self, *args: Any, channel: str, paths: list[Path], historic: bool, live: bool, verbosity: int, **options: Any
    ) -> None:
        target = find_channel(channel)
        if target is None:
            known = ", ".join(f"{each.name} <{each.address}>" for each in Channel.objects.all()) or "none yet"
            raise CommandError(f"There is no mail channel {channel!r}. Channels: {known}.")
        tally, failed = Tally(), 0
        sources = [self._source(path, tally) for path in paths]
        bar = Bar(sum(source.size for source in sources if source), tally)
        for source in sources:
            if source:
                past = historic or (source.is_archive and not live)
                failed += self._import(target, source, historic=past, tally=tally, bar=bar, talkative=verbosity > 1)
        bar.end()
        missing = sources.count(None)
        if any(source and source.is_archive for source in sources):
            self.stdout.write(f"{tally.sentence()}.")
        if failed or missing:
            raise CommandError(f"{failed + missing} of {tally.mails} mails were not read.")

    def _source(self, path: Path, tally: Tally) -> Source | None:
        try:
            return source_at(path)
        except OSError as error:
            tally.counts["not read"] += 1
            self.stdout.write(f"{path}: not read ({error.strerror})")
            return None

    def _import(
        self, channel: Channel, source: Source, *, historic: bool, tally: Tally, bar: Bar, talkative: bool
    ) -> int:
        """How many were not read. Of a collection only those are named."""
        failed = 0
        mails = mails_of(source, max_size=settings.MAX_MAIL_SIZE)
        for report in import_mails(channel, mails, historic=historic, tally=tally, moved=bar.show):
            failed += not report.good
            if talkative or not source.is_archive or not report.good:
                self._say(bar, report)
        bar.passed(source.size)
        return failed

    def _say(self, bar: Bar, report: Report) -> None:
        bar.clear()
        self.stdout.write(f"{report.label}: {report.line}")


class Bar:
    """How far we are, on a terminal; elsewhere a line each half minute."""

    def __init__(self, total: int, tally: Tally) -> None:
        self.total = total
        self.tally = tally
        self.before = 0
        self.began = self.said_at = monotonic()
        self.terminal = sys.stderr.isatty()

    def show(self, read: int) -> None:
        now = monotonic()
        share = min(1.0, (self.before + read) / self.total) if self.total else 1.0
        text = f"{share:6.1%}  {self.tally.sentence()}  ({self.tally.mails / max(now - self.began, 0.001):.0f} mails/s)"
        if self.terminal:
            filled = round(share * BAR)
            sys.stderr.write(f"\r\x1b[K[{'#' * filled}{'.' * (BAR - filled)}] {text}")
            sys.stderr.flush()
        elif now - self.said_at > 30:
            self.said_at = now
            sys.stderr.write(f"{text}\n")

    def passed(self, size: int) -> None:
        self.before += size

    def clear(self) -> None:
        if self.terminal:
            sys.stderr.write("\r\x1b[K")

    def end(self) -> None:
        self.clear()
