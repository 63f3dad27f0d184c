"""`manage.py load_demo`: an empty helpdesk becomes the demo shop."""

from __future__ import annotations

import logging
from time import monotonic
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from helpdesk.demo import load_whole_demo


class Command(BaseCommand):
    help = "Fills an empty helpdesk with the shop Nordvik Outdoor: people, mailboxes and weeks of mail."

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.PRODUCTION:
            raise CommandError("The demo shop is for trying out; it is not loaded in production mode.")
        # Or each of its mails would be a line in the terminal of who only wants to look.
        logging.getLogger("channels_inbound").setLevel(logging.WARNING)
        began = monotonic()
        loaded = load_whole_demo()
        if loaded is None:
            self.stdout.write("Nothing loaded: this helpdesk is in use already.")
            return
        self.stdout.write(f"Loaded {loaded.tickets} tickets in {monotonic() - began:.1f} s; logins in {loaded.facts}")
