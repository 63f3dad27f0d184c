"""Secrets that prove somebody held a mail of ours: 128 random bits, 26 letters, nothing to forge or to guess."""

from __future__ import annotations

import base64
import re
import secrets

TOKEN = re.compile(r"[a-z2-7]{26}")


def new_token() -> str:
    """A fresh token: 128 bits in lower-case base32, safe in addresses, ids and running text."""
    return base64.b32encode(secrets.token_bytes(16)).decode().rstrip("=").lower()
