"""The mark on our own mail, by which it is known when it comes back (and nobody else can make).

Only a valid mark counts: a From of ours, or this header with a wrong code, is what any stranger can write.
"""

from __future__ import annotations

import hashlib
import hmac

from django.conf import settings

HEADER = "X-Helpdesk-Loop"
_PURPOSE = b"helpdesk.mail.loop:"


def loop_mark(token: str) -> str:
    """The value of the loop header of the mail with this reply token."""
    return f"{token}.{_code(token, settings.SECRET_KEY)}"


def is_own_mark(value: str) -> bool:
    """Whether this loop header was made by this helpdesk, with its present key or one that was rotated out."""
    token, dot, code = value.strip().partition(".")
    if not dot or not token or not code.isascii():
        return False
    keys = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    return any(hmac.compare_digest(_code(token, key), code) for key in keys)


def _code(token: str, key: str) -> str:
    return hmac.new(hashlib.sha256(key.encode()).digest(), _PURPOSE + token.encode(), hashlib.sha256).hexdigest()[:40]
