"""The least that sockets can cost: an echo, and a group of Channels. `python -m bench.bare_sockets PORT`."""

from __future__ import annotations

import sys
from typing import Any

import uvicorn
from channels.generic.websocket import AsyncWebsocketConsumer
from channels.routing import URLRouter
from django.core.asgi import get_asgi_application
from django.urls import path

GROUP = "bench"
django_asgi = get_asgi_application()


class Echo(AsyncWebsocketConsumer):
    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        await self.send(text_data=text_data)


class Listening(AsyncWebsocketConsumer):
    """Hears the group; says nothing."""

    groups = (GROUP,)

    async def told(self, event: dict[str, Any]) -> None:
        await self.send(text_data=event["text"])


class Saying(AsyncWebsocketConsumer):
    """Says into the group, by way of Redis; hears nothing."""

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        await self.channel_layer.group_send(GROUP, {"type": "told", "text": text_data})


async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
    if scope["type"] == "websocket":
        await _sockets(scope, receive, send)
    else:
        await django_asgi(scope, receive, send)


_sockets = URLRouter(
    [path("echo/", Echo.as_asgi()), path("group/", Listening.as_asgi()), path("say/", Saying.as_asgi())]
)

if __name__ == "__main__":
    uvicorn.run(
        "bench.bare_sockets:application", host="localhost", port=int(sys.argv[1]), log_level="warning",
        ws_per_message_deflate=False,
    )  # fmt: skip
