"""The one public port: pages by the WSGI application in lasting threads, webhooks by their own short way, sockets by
Channels."""

from __future__ import annotations

import os

from helpdesk.bridge import WSGIBridge
from helpdesk.wsgi import application as pages  # sets up Django before the imports below need it

# isort: split
from channels.routing import ProtocolTypeRouter

from helpdesk.hook_door import HookDoor
from livechat.live.routing import websocket_urlpatterns as visitors
from tickets.live.routing import sockets_of

THREADS = int(os.environ.get("HELPDESK_WEB_THREADS", "6"))

application = ProtocolTypeRouter(
    {
        "http": HookDoor(WSGIBridge(pages, threads=THREADS)),
        "websocket": sockets_of(*visitors),
    }
)
