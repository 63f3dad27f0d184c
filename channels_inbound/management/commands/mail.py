"""`manage.py mail`: all ways of mail that wait for it: the built-in SMTP server, and the mailboxes of others."""

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
from channels_inbound.imap.fetcher import Fetcher

logger = logging.getLogger(__name__)


class Command(BaseCommand):
    help = (
        "Receives mail by SMTP for every mail channel (a mail is committed before it is acknowledged), and fetches "
        "from their IMAP mailboxes. May run several times."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--host", default=settings.SMTP_HOST)
        parser.add_argument("--port", type=int, default=settings.SMTP_PORT)
        parser.add_argument("--no-smtp", action="store_true", help="only fetch from mailboxes")
        parser.add_argument("--no-imap", action="store_true", help="only listen")

    def handle(self, *args: Any, host: str, port: int, no_smtp: bool, no_imap: bool, **options: Any) -> None:
        logging.getLogger("mail.log").setLevel(logging.WARNING)  # aiosmtpd logs every line it hears
        fetcher = None if no_imap else Fetcher()
        try:
            asyncio.run(serve(None if no_smtp else (host, port), fetcher))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise CommandError(f"Port {port} on {host} is taken; set HELPDESK_SMTP_PORT to a free one.") from None
            raise


async def serve(address: tuple[str, int] | None, fetcher: Fetcher | None) -> None:
    """Until SIGTERM or SIGINT, then stop without losing a mail under way."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    listener = await _listen(*address) if address else None
    if fetcher:
        fetcher.start()
    await stop.wait()
    fetched = asyncio.to_thread(fetcher.stop) if fetcher else asyncio.sleep(0)
    await asyncio.gather(fetched, listener.stop() if listener else asyncio.sleep(0))


async def _listen(host: str, port: int) -> Listener:
    settings.DATA_DIR.mkdir(parents=True, exist_ok=True)
    limits = ListenerLimits(max_size=settings.MAX_MAIL_SIZE, max_connections=settings.SMTP_MAX_CONNECTIONS)
    listener = Listener(Handler(Mailboxes(), settings.DATA_DIR), limits, hostname="helpdesk")
    bound = await listener.start(host, port)
    logger.info("listening for mail", extra={"host": host, "port": bound})
    return listener
