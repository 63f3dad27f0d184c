"""`manage.py import_mail`: mail from files, through the same door as any other."""

from __future__ import annotations

from pathlib import Path
from time import monotonic, sleep
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from channels_inbound.channels import find_channel
from channels_inbound.inbound import drain_inbound
from channels_inbound.models import RawDelivery, RawState
from channels_inbound.raw import store_raw
from events.tracing import new_trace
from tickets.models import Channel

STORED_AT_ONCE = 50
PATIENCE_SECONDS = 90.0


class Command(BaseCommand):
    help = "Brings mails from .eml files in through the one door. The same file again changes nothing."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--channel", required=True, help="name or address of the mail channel")
        parser.add_argument(
            "--historic", action="store_true", help="an archive: mails keep their dates, and nothing is reopened"
        )
        parser.add_argument("files", nargs="+", metavar="FILE", type=Path)

    def handle(self, *args: Any, channel: str, files: list[Path], historic: bool, **options: Any) -> None:
        target = find_channel(channel)
        if target is None:
            known = ", ".join(f"{each.name} <{each.address}>" for each in Channel.objects.all()) or "none yet"
            raise CommandError(f"There is no mail channel {channel!r}. Channels: {known}.")
        failed = 0
        for start in range(0, len(files), STORED_AT_ONCE):
            stored = [(path, self._store(target, path, historic)) for path in files[start : start + STORED_AT_ONCE]]
            _read([found for _, found in stored if isinstance(found, int)])
            for path, delivery in stored:
                line, good = delivery if isinstance(delivery, tuple) else _outcome(delivery)
                failed += not good
                self.stdout.write(f"{path}: {line}")
        if failed:
            raise CommandError(f"{failed} of {len(files)} files were not read.")

    def _store(self, channel: Channel, path: Path, historic: bool) -> int | tuple[str, bool]:
        try:
            content = path.read_bytes()
        except OSError as error:
            return f"not read ({error.strerror})", False
        if len(content) > settings.MAX_MAIL_SIZE:
            return f"not read (larger than {settings.MAX_MAIL_SIZE} bytes)", False
        envelope = {"file": path.name[:255], "historic": historic}
        return store_raw([channel.pk], transport="file", content=content, envelope=envelope, trace_id=new_trace())[0]


def _read(delivery_ids: list[int]) -> None:
    """Read the deliveries, or wait for the worker of the running helpdesk that has them."""
    waiting = RawDelivery.objects.filter(pk__in=delivery_ids, state=RawState.STORED)
    deadline = monotonic() + PATIENCE_SECONDS
    drain_inbound()
    while waiting.exists() and monotonic() < deadline:
        sleep(0.2)
        drain_inbound()


def _outcome(delivery_id: int) -> tuple[str, bool]:
    """What became of a delivery, in words, and whether it was read."""
    delivery = RawDelivery.objects.select_related("message").get(pk=delivery_id)
    ticket = f" #{delivery.message.ticket_id}" if delivery.message else ""
    words = {
        RawState.STORED: "stored; a worker of the running helpdesk is on it",
        RawState.INGESTED: f"ingested, ticket{ticket}",
        RawState.DUPLICATE: f"seen before, ticket{ticket}",
        RawState.IGNORED: f"ignored ({delivery.reason})",
        RawState.QUARANTINED: f"in quarantine ({delivery.reason})",
    }
    return words[RawState(delivery.state)], delivery.state != RawState.QUARANTINED
