"""What providers post to us: bodies in their shapes, signed as they sign."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from channels_inbound.hooks.signatures import hmac_hex


@dataclass(frozen=True)
class Webhook:
    """One request to a webhook address."""

    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    content_type: str = "application/json"
    # What the provider adds to the address, as Twilio does with ours.
    query: str = ""


def meta(content: Mapping[str, Any], secret: str) -> Webhook:
    """Any of Meta's products. Their bytes are ASCII with escapes."""
    body = json.dumps(content).encode()
    return Webhook(body, {"X-Hub-Signature-256": f"sha256={hmac_hex(secret, body)}"})


def telegram(content: Mapping[str, Any], secret: str) -> Webhook:
    return Webhook(json.dumps(content).encode(), {"X-Telegram-Bot-Api-Secret-Token": secret})


def basic(user_and_password: str) -> dict[str, str]:
    """The header of HTTP Basic."""
    return {"Authorization": f"Basic {base64.b64encode(user_and_password.encode()).decode()}"}
