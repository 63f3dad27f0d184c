"""Who the shop says a visitor is: JSON web tokens, HS256 only, short-lived, for this channel, used once.

Written out because it is a page long, and the usual mistakes (`none`, another algorithm, no expiry) cannot be set.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

LONGEST = 4096
LONGEST_LIFE = timedelta(hours=1)
LEEWAY = timedelta(seconds=60)
MOST_TRAITS = 10


class BadToken(Exception):
    """The token proves nothing. The reason is for logs, the visitor hears none."""


@dataclass(frozen=True, slots=True)
class SignedIdentity:
    subject: str
    jti: str
    expires_at: datetime
    name: str = ""
    email: str = ""
    traits: Mapping[str, str] = field(default_factory=dict)


def read_token(token: str, secrets: Iterable[str], *, audience: str, at: datetime) -> SignedIdentity:
    """The identity in a token signed with one of these secrets for this channel. BadToken for everything else."""
    if not isinstance(token, str) or len(token) > LONGEST or token.count(".") != 2:
        raise BadToken("not a token")
    head, body, signature = token.split(".")
    if _json(head).get("alg") != "HS256":
        raise BadToken("algorithm")
    given = _bytes(signature)
    # Every secret is tried, so that the time taken does not say which one it was.
    fits = [hmac.compare_digest(given, _sign(f"{head}.{body}", secret)) for secret in secrets if secret]
    if not any(fits):
        raise BadToken("signature")
    return _identity(_json(body), audience=audience, at=at)


def make_token(secret: str, claims: dict[str, Any]) -> str:
    """What a shop's server does, for the demo shop and for tests."""
    head, body = _encoded({"alg": "HS256", "typ": "JWT"}), _encoded(claims)
    return f"{head}.{body}.{_text(_sign(f'{head}.{body}', secret))}"


def _identity(claims: dict[str, Any], *, audience: str, at: datetime) -> SignedIdentity:
    said = claims.get("aud")
    if audience not in (said if isinstance(said, list) else [said]):
        raise BadToken("audience")
    expires, begins = _moment(claims.get("exp")), claims.get("nbf")
    if expires is None or expires + LEEWAY <= at:
        raise BadToken("expired")
    if expires - at > LONGEST_LIFE + LEEWAY:
        raise BadToken("lives too long")
    if begins is not None and ((moment := _moment(begins)) is None or moment > at + LEEWAY):
        raise BadToken("not yet")
    subject, jti = claims.get("sub"), claims.get("jti")
    if not isinstance(subject, str) or not 0 < len(subject) <= 200 or _storable(subject) != subject:
        raise BadToken("subject")
    if not isinstance(jti, str) or not 0 < len(jti) <= 128 or _storable(jti) != jti:
        raise BadToken("jti")
    return SignedIdentity(
        subject, jti, expires, _words(claims.get("name"), 120), _words(claims.get("email"), 254).lower(),
        _traits(claims.get("traits")),
    )  # fmt: skip


def _traits(said: Any) -> dict[str, str]:
    """Up to ten short facts; yes and no become "true" and "false"."""
    if not isinstance(said, dict):
        return {}
    plain = {
        name: json.dumps(value) if isinstance(value, bool | int | float) else value for name, value in said.items()
    }
    found = {_words(name, 40): _words(value, 80) for name, value in plain.items()}
    return {name: value for name, value in list(found.items())[:MOST_TRAITS] if name and value}


def _words(value: Any, longest: int) -> str:
    return " ".join(_storable(value).split())[:longest] if isinstance(value, str) else ""


def _storable(text: str) -> str:
    """Without what no column takes: NULs, and the half of a character that a shop's script leaves of a name it cuts."""
    return text.replace("\x00", "").encode("utf-8", "replace").decode()


def _moment(value: Any) -> datetime | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 10**11:
        return None
    return datetime.fromtimestamp(value, UTC)


def _sign(text: str, secret: str) -> bytes:
    return hmac.new(secret.encode(), text.encode(), hashlib.sha256).digest()


def _json(part: str) -> dict[str, Any]:
    try:
        found = json.loads(_bytes(part))
    except (ValueError, RecursionError):
        raise BadToken("not JSON") from None
    if not isinstance(found, dict):
        raise BadToken("not an object")
    return found


def _bytes(part: str) -> bytes:
    try:
        return base64.b64decode(part.encode("ascii") + b"=" * (-len(part) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, UnicodeEncodeError):
        raise BadToken("encoding") from None


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _encoded(value: dict[str, Any]) -> str:
    return _text(json.dumps(value, separators=(",", ":")).encode())
