"""`manage.py smtp_listener`: the built-in mail server of one machine, or behind a border mail server."""

from __future__ import annotations

import asyncio
import errno
import logging
import signal
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from channels_inbound.email.listener import Handler, Listener, ListenerLimits
from channels_inbound.email.mailboxes import Mailboxes

logger = logging.getLogger(__name__)


class Command(BaseCommand):
    help = "Receives mail by SMTP for every mail channel; a mail is committed before it is acknowledged."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--host", default=settings.SMTP_HOST)
        parser.add_argument("--port", type=int, default=settings.SMTP_PORT)

    def handle(self, *args: Any, host: str, port: int, **options: Any) -> None:
        logging.getLogger("mail.log").setLevel(logging.WARNING)  # aiosmtpd logs every line it hears
        try:
            asyncio.run(serve(host, port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise CommandError(f"Port {port} on {host} is taken; set HELPDESK_SMTP_PORT to a free one.") from None
            raise


async def serve(host: str, port: int) -> None:
    """Listen until SIGTERM or SIGINT, then stop without losing a mail under way."""
    settings.DATA_DIR.mkdir(parents=True, exist_ok=True)
    limits = ListenerLimits(max_size=settings.MAX_MAIL_SIZE, max_connections=settings.SMTP_MAX_CONNECTIONS)
    listener = Listener(Handler(Mailboxes(), settings.DATA_DIR), limits, hostname="helpdesk")
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    bound = await listener.start(host, port)
    logger.info("listening for mail", extra={"host": host, "port": bound})
    await stop.wait()
    await listener.stop()
