"""Addresses of visitors' sockets."""

from __future__ import annotations

from django.urls import path

from .consumers import VisitorConsumer

websocket_urlpatterns = [path("ws/chat/", VisitorConsumer.as_asgi())]
