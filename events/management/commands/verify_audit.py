"""Whether audit and ledger are as they were written: names every row that was changed, removed or put between."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from events.models import AuditSeal
from events.seals import SOURCES, Verification

NAMES = {"entry": "audit entry", "event": "event", "seal": "seal"}
MOST_SHOWN = 200


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--head", action="append", default=[], metavar="SOURCE:NUMBER:MARK",
            help="a head printed by an earlier run and kept elsewhere: it must still be part of the chain",
        )  # fmt: skip

    def handle(self, *args: Any, **options: Any) -> None:
        looked, found = Verification(), 0
        for finding in looked.findings():
            found += 1
            if found <= MOST_SHOWN:
                self.stderr.write(f"{NAMES[finding.source]} {finding.id}: {finding.trouble}")
        for head in options["head"]:
            if not _stands(head):
                found += 1
                self.stderr.write(f"the chain no longer holds {head}: its end was cut off or written anew")
        self.stdout.write(f"{looked.rows} rows in {looked.seals} seals, {looked.unsealed} not sealed yet")
        for source, head in looked.heads.items():
            self.stdout.write(f"head {source}:{head}")
        if looked.unknown_keys:
            self.stdout.write(f"{looked.unknown_keys} marks are of keys that are no longer among the secret keys")
        if found:
            raise CommandError(f"{found} found that are not as they were written")


def _stands(head: str) -> bool:
    source, number, mark = ([*head.split(":"), "", ""])[:3]
    if source not in SOURCES or not number.isdecimal():
        raise CommandError(f"{head!r} is no head: SOURCE:NUMBER:MARK")
    seal = AuditSeal.objects.filter(source=source, number=int(number)).first()
    return (seal is not None and bytes(seal.mark).hex() == mark) or number == "0"
