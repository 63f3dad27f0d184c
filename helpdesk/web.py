"""`python -m helpdesk.web`: the web process, one uvicorn for pages and sockets."""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
from types import FrameType

import uvicorn

from helpdesk import draining

GRACE_SECONDS = 25
# Seconds a busy page may keep the interpreter from the loop and from the thread that keeps webhooks. With Python's five
# milliseconds a webhook waited half as long again beside two agents who read lists, and pages were no quicker.
TURN = 0.001
log = logging.getLogger("helpdesk.web")


class GracefulServer(uvicorn.Server):
    """On SIGTERM turns /readyz red first, and only `drain` seconds later stops to take connections.

    Balancers need that time to look elsewhere. Ctrl-C, or a second signal, stops at once.
    """

    def __init__(self, config: uvicorn.Config, *, drain: float) -> None:
        super().__init__(config)
        self.drain = drain

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        if sig != signal.SIGTERM or draining.started() or not self.drain:
            draining.start()
            super().handle_exit(sig, frame)
            return
        draining.start()
        timer = threading.Timer(self.drain, super().handle_exit, [sig, None])
        timer.daemon = True
        timer.start()


def configuration(host: str, port: int) -> uvicorn.Config:
    """Uvicorn without its defaults that hurt: endless shutdown, 16 MiB frames, its own log format."""
    return uvicorn.Config(
        "helpdesk.asgi:application",
        host=host,
        port=port,
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
        timeout_keep_alive=30,
        ws="websockets-sansio",
        ws_max_size=65536,
        ws_ping_interval=20,
        ws_ping_timeout=20,
        ws_per_message_deflate=False,
        backlog=2048,
    )


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "helpdesk.settings")
    sys.setswitchinterval(TURN)
    host = os.environ.get("HELPDESK_HTTP_HOST", "127.0.0.1")
    port = int(os.environ.get("HELPDESK_HTTP_PORT", "8000"))
    drain = float(os.environ.get("HELPDESK_DRAIN_SECONDS", "0"))
    GracefulServer(configuration(host, port), drain=drain).run()


if __name__ == "__main__":
    main()
