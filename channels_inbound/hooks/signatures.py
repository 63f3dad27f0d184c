"""Comparing what a request shows with what it should: over raw bytes, in constant time, and never with nothing."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterable

from channels_inbound.hooks.provider import BadSignature


def same(shown: str, wanted: str) -> bool:
    """Whether two texts are the same. An empty one is the same as nothing."""
    if not shown or not wanted:
        return False
    return hmac.compare_digest(shown.encode("utf-8", "surrogatepass"), wanted.encode("utf-8", "surrogatepass"))


def require_any(shown: str, wanted: Iterable[str]) -> None:
    """Raise BadSignature unless `shown` is one of those. All are looked at, whichever fits."""
    fits = [same(shown, one) for one in wanted]
    if not any(fits):
        raise BadSignature


def hmac_hex(secret: str, content: bytes, digest: str = "sha256") -> str:
    return hmac.new(secret.encode(), content, getattr(hashlib, digest)).hexdigest()


def hmac_base64(secret: str, content: bytes, digest: str = "sha256") -> str:
    return base64.b64encode(hmac.new(secret.encode(), content, getattr(hashlib, digest)).digest()).decode()


def own_signature(secret: str, body: bytes, *, at: float) -> dict[str, str]:
    """The header by which others know a request of ours (docs/http-channel.md)."""
    stamp = str(int(at))
    return {"X-Helpdesk-Signature": f"t={stamp},v1={hmac_hex(secret, stamp.encode() + b'.' + body)}"}


def require_basic(header: str, wanted: Iterable[str]) -> None:
    """HTTP Basic: `wanted` are user:password pairs."""
    kind, _, value = header.partition(" ")
    try:
        shown = base64.b64decode(value, validate=True).decode() if kind.lower() == "basic" else ""
    except ValueError:
        raise BadSignature from None
    require_any(shown, wanted)
