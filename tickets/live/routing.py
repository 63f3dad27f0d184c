"""Addresses of sockets. Each consumer admits its own; what wraps them all is the check of where a page came from."""

from __future__ import annotations

from channels.routing import URLRouter
from channels.security.websocket import AllowedHostsOriginValidator
from django.urls import path

from .consumers import AgentConsumer

websocket_urlpatterns = [path("ws/agent/", AgentConsumer.as_asgi())]
application = AllowedHostsOriginValidator(URLRouter(websocket_urlpatterns))
