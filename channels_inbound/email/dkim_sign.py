"""Signing what leaves, so that receivers can tell it from forged mail (RFC 6376). Pure.

Signed is everything a reader or a mail program acts on; a header that may stand but once is signed once more than it
stands there, so that nobody can add another. Relaxed forms, since servers on the way fold headers anew.
"""

from __future__ import annotations

import base64
from collections import Counter
from dataclasses import dataclass, field

import dkim
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

# Receivers must take 2048 bits; longer ones do not fit into an answer of DNS by UDP.
BITS = 2048
SIGNED = (
    "from", "to", "cc", "reply-to", "subject", "date", "message-id", "in-reply-to", "references", "mime-version",
    "content-type", "content-transfer-encoding", "content-language", "auto-submitted", "list-unsubscribe",
    "list-unsubscribe-post",
)  # fmt: skip
# RFC 6376 8.15: programs show the first, or the last, of two.
ONCE = (
    "from", "to", "cc", "reply-to", "subject", "date", "message-id", "in-reply-to", "references", "mime-version",
    "content-type", "content-transfer-encoding", "list-unsubscribe", "list-unsubscribe-post",
)  # fmt: skip
_RELAXED = (b"relaxed", b"relaxed")


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A private key (PEM) and where its public half is published."""

    domain: str
    selector: str
    private_key: str = field(repr=False)


def new_private_key() -> str:
    """A fresh key as PEM, in the form the signing library reads (PKCS #1)."""
    key = generate_private_key(public_exponent=65537, key_size=BITS)
    return key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()).decode()


def record_of(private_key: str) -> str:
    """The value of the TXT record that publishes the public half."""
    key = load_pem_private_key(private_key.encode(), None)
    assert isinstance(key, RSAPrivateKey)
    public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return f"v=DKIM1; k=rsa; p={base64.b64encode(public).decode()}"


def public_part(record: str) -> str | None:
    """The key in a published record; "" where it was revoked, None where the text is no DKIM key."""
    tags = dict(part.strip().partition("=")[::2] for part in record.split(";") if "=" in part)
    names = {name.strip().lower(): value for name, value in tags.items()}
    if names.get("v", "DKIM1").strip() != "DKIM1" or "p" not in names:
        return None
    return "".join(names["p"].split())


def signed(content: bytes, key: SigningKey) -> bytes:
    """The mail with its signature in front."""
    signer = dkim.DKIM(content)
    there = Counter(name.decode("ascii", "replace").lower() for name, _value in signer.headers)
    names = [name for name in SIGNED for _ in range(there[name] + (name in ONCE))]
    header: bytes = signer.sign(
        key.selector.encode(), key.domain.encode(), key.private_key.encode(),
        canonicalize=_RELAXED, include_headers=[name.encode() for name in names],
    )  # fmt: skip
    return header + content
