"""Addresses of sockets, behind the check of which site's page asks. Each consumer admits its own people."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import ParseResult, urlparse

from channels.routing import URLRouter
from channels.security.websocket import AllowedHostsOriginValidator
from django.urls import URLPattern, path, re_path

from .consumers import AgentConsumer

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


async def refuse(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer the handshake with 403."""
    await receive()
    await send({"type": "websocket.close"})


websocket_urlpatterns = [path("ws/agent/", AgentConsumer.as_asgi()), re_path("", refuse)]  # type: ignore[arg-type]  # an ASGI application, which only Channels takes


def sockets_of(*others: URLPattern) -> OwnHostsOnly:
    """All sockets behind the one check: ours and those of apps above."""
    return OwnHostsOnly(URLRouter([*others, *websocket_urlpatterns]))


class OwnHostsOnly:
    """Channels' rule for origins without its refusal: that one is a consumer with a channel of its own in Redis,
    which with channels_redis 4.3 outlives the refused connection, so strangers could pile them up."""

    def __init__(self, application: Callable[[Scope, Receive, Send], Awaitable[None]]) -> None:
        self.application = application
        self.rule = AllowedHostsOriginValidator(application)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        allowed = self.rule.valid_origin(_origin_of(scope))
        await (self.application if allowed else refuse)(scope, receive, send)


def _origin_of(scope: Scope) -> ParseResult | None:
    said = [value.decode("latin-1") for name, value in scope["headers"] if name == b"origin"]
    return urlparse(said[0]) if len(said) == 1 else None


application = OwnHostsOnly(URLRouter(websocket_urlpatterns))
