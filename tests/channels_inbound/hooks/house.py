"""Connected channels for tests, and webhooks as their providers would make them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from cryptography.fernet import Fernet
from django.test import Client

from channels_inbound.hooks.connections import add_connection
from channels_inbound.models import Connection
from tests.people import House
from tests.providers.webhooks import Webhook

PAYLOADS = Path(__file__).parents[1] / "payloads"
KEY = Fernet.generate_key().decode()


def payload(name: str) -> bytes:
    return (PAYLOADS / name).read_bytes()


def payload_json(name: str) -> Any:
    return json.loads(payload(name))


def connect(house: House, provider: str, values: dict[str, Any], name: str = "") -> Connection:
    return add_connection(provider, values, by=house.adam, name=name or provider.title(), team=house.support)


def post(connection: Connection, body: bytes | str | dict[str, Any], **headers: str) -> Any:
    """One webhook; headers by their name with underscores."""
    content = json.dumps(body).encode() if isinstance(body, dict) else body
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    kind = named.pop("Content-Type", "application/json")
    path = f"/hooks/{connection.provider}/{connection.key}/"
    return Client().post(path, content, content_type=kind, headers=named)


def hook_path(connection: Connection) -> str:
    return f"/hooks/{connection.provider}/{connection.key}/"


def deliver(connection: Connection, webhook: Webhook) -> Any:
    """One webhook as its provider posts it."""
    path = hook_path(connection) + (f"?{webhook.query}" if webhook.query else "")
    return Client().post(path, webhook.body, content_type=webhook.content_type, headers=dict(webhook.headers))
