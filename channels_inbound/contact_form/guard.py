"""What keeps robots out of the form without asking a third party: a field nobody sees, the time a person needs, and a
little work for their browser. Pure but for the site's key.

Each page that is shown carries a token of ours; it is good once (the message is known by it), not before a person
could have written anything, and not for ever. The work is a number which makes the token's hash begin with zero bits:
a moment for one message, too much for thousands.
"""

from __future__ import annotations

import hashlib
import secrets
from enum import StrEnum

from django.core.signing import BadSignature, TimestampSigner, b62_decode

BITS = 15
SOONEST, LATEST = 3.0, 12 * 3600.0
TRAP = "website"
_SIGNER = TimestampSigner(salt="channels_inbound.contact_form", sep=".")


class Refusal(StrEnum):
    TRAPPED = "trapped"
    FORGED = "forged"
    HASTY = "hasty"
    STALE = "stale"
    IDLE = "idle"


def new_token(key: str) -> str:
    """For one showing of the form `key`."""
    return _SIGNER.sign(f"{key}-{secrets.token_hex(8)}")


def judge(key: str, token: str, answer: str, trap: str, *, at: float) -> Refusal | None:
    """Why what was posted at `at` (unix time) is not taken; None when it is."""
    if trap:
        return Refusal.TRAPPED
    try:
        value = _SIGNER.unsign(token[:200])
        shown = float(b62_decode(token.rsplit(".", 2)[1]))
    except (BadSignature, ValueError):
        return Refusal.FORGED
    if value.rpartition("-")[0] != key:
        return Refusal.FORGED
    age = at - shown
    if age < SOONEST - 1:  # the token counts whole seconds
        return Refusal.HASTY
    if age > LATEST:
        return Refusal.STALE
    return None if is_worked(token, answer) else Refusal.IDLE


def is_worked(token: str, answer: str, bits: int = BITS) -> bool:
    """Whether the answer makes the token's hash begin with that many zero bits."""
    if not answer.isascii() or not answer.isdigit() or len(answer) > 12:
        return False
    digest = hashlib.sha256(f"{token}:{answer}".encode("utf-8", "replace")).digest()
    return int.from_bytes(digest[:4]) >> (32 - bits) == 0


def work(token: str, bits: int = BITS) -> str:
    """What a browser does."""
    number = 0
    while not is_worked(token, str(number), bits):
        number += 1
    return str(number)
