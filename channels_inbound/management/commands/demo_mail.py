"""`manage.py demo_mail`: a customer writes to the running helpdesk, by real SMTP."""

from __future__ import annotations

import dataclasses
import random
from email.utils import parseaddr
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from channels_inbound.samples import SAMPLES, SampleMail, write_mail
from channels_inbound.submit import NotTaken, submit_mail
from tickets.models import Channel, ChannelKind


class Command(BaseCommand):
    help = "Sends a believable customer's mail into the running helpdesk."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--from", dest="sender", metavar="ADDRESS", help='"Name <address>" or just an address')
        parser.add_argument("--to", metavar="ADDRESS", help="address of a mail channel; the first one if left out")
        parser.add_argument("--subject")
        parser.add_argument("--text", help="the words of the mail")
        parser.add_argument("--sample", type=int, choices=range(1, len(SAMPLES) + 1), help="which of the samples")
        parser.add_argument("--count", type=int, default=1, help="how many samples, one after another")

    def handle(self, *args: Any, count: int, to: str | None, **options: Any) -> None:
        recipient = to or self._first_channel()
        for number in range(count):
            sample = _choose(options, number, count)
            mail = write_mail(sample, to=recipient)
            try:
                submit_mail(mail.as_bytes(), mail_from=sample.address, rcpt_tos=[recipient])
            except NotTaken as error:
                raise CommandError(f"The mail was not taken: {error}. Is the helpdesk running (make run)?") from None
            self.stdout.write(f"Sent: {sample.name} <{sample.address}> to {recipient}: {sample.subject}")
        self.stdout.write(f"See it arrive at {settings.BASE_URL or 'your helpdesk'}")

    def _first_channel(self) -> str:
        channel = Channel.objects.filter(kind=ChannelKind.EMAIL, is_active=True).order_by("pk").first()
        if channel is None:
            raise CommandError("There is no mail channel yet.")
        return channel.address


def _choose(options: dict[str, Any], number: int, count: int) -> SampleMail:
    wanted = options["sample"]
    sample = SAMPLES[wanted - 1] if wanted else random.choice(SAMPLES)  # noqa: S311 - any of them will do
    if count > 1 and not wanted:
        sample = SAMPLES[number % len(SAMPLES)]
    if options["sender"]:
        name, address = parseaddr(options["sender"])
        sample = dataclasses.replace(sample, name=name or address.partition("@")[0], address=address)
    changes = {field: options[field] for field in ("subject", "text") if options[field]}
    return (
        dataclasses.replace(sample, **changes, html="") if "text" in changes else dataclasses.replace(sample, **changes)
    )
