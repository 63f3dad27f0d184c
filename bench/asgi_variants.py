"""The same helpdesk behind other ASGI servers' ways, only to be compared: `uvicorn bench.asgi_variants:NAME`."""

from __future__ import annotations

import sys

import uvicorn
from a2wsgi import WSGIMiddleware
from django.core.asgi import get_asgi_application

from helpdesk.web import configuration
from helpdesk.wsgi import application as pages

django_asgi = get_asgi_application()
a2wsgi = WSGIMiddleware(pages, workers=6)


def main(name: str, port: int, deflate: bool) -> None:
    """Serve one of them as `helpdesk.web` is served."""
    config = configuration("127.0.0.1", port)
    config.app = "helpdesk.asgi:application" if name == "bridge" else f"bench.asgi_variants:{name}"
    config.ws_per_message_deflate = deflate
    uvicorn.Server(config).run()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), deflate="--deflate" in sys.argv)
