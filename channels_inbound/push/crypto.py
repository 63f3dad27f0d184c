"""The cryptography of Web Push: RFC 8291 (what a browser opens) and RFC 8292 (who sends it). Pure.

Written here on `cryptography`, since it is forty lines of its primitives and holds to the RFC's own example.
"""

from __future__ import annotations

import json
import os
import struct
from base64 import urlsafe_b64decode, urlsafe_b64encode
from urllib.parse import urlsplit

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

RECORD = 4096
LONGEST_PLAIN = 2000
TOKEN_SECONDS = 12 * 3600
_CURVE = ec.SECP256R1()


class BadKey(ValueError):
    """What the browser gave is no key of its curve."""


def b64(raw: bytes) -> str:
    """base64url without padding, as all of Web Push writes it."""
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def unb64(text: str) -> bytes:
    try:
        return urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError as error:
        raise BadKey("not base64url") from error


def new_private_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(_CURVE)


def public_bytes(key: ec.EllipticCurvePrivateKey) -> bytes:
    """The uncompressed point, 65 bytes: what browsers are given and what they give."""
    return key.public_key().public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)


def check_browser_keys(p256dh: str, auth: str) -> None:
    """BadKey unless both are what a browser makes."""
    _point(unb64(p256dh))
    if len(unb64(auth)) != 16:
        raise BadKey("the secret has 16 bytes")


def encrypt(
    plain: bytes, *, p256dh: str, auth: str, own: ec.EllipticCurvePrivateKey | None = None, salt: bytes | None = None
) -> bytes:
    """The body that only this browser opens, in one record of `aes128gcm` (RFC 8188). `own` and `salt` are fresh for
    each message; only the RFC's example gives them."""
    if len(plain) > LONGEST_PLAIN:
        raise ValueError("too long for one record")
    own, salt = own or new_private_key(), salt or os.urandom(16)
    theirs, ours = unb64(p256dh), public_bytes(own)
    shared = own.exchange(ec.ECDH(), _point(theirs))
    secret = _hkdf(shared, salt=unb64(auth), info=b"WebPush: info\0" + theirs + ours, length=32)
    key = _hkdf(secret, salt=salt, info=b"Content-Encoding: aes128gcm\0", length=16)
    nonce = _hkdf(secret, salt=salt, info=b"Content-Encoding: nonce\0", length=12)
    header = salt + struct.pack("!IB", RECORD, len(ours)) + ours
    return header + AESGCM(key).encrypt(nonce, plain + b"\x02", None)


def authorization(endpoint: str, key: ec.EllipticCurvePrivateKey, *, subject: str, at: float) -> str:
    """The header that names us to the push service at this moment (seconds since 1970); good there and for half a
    day only."""
    place = urlsplit(endpoint)
    claims = {"aud": f"{place.scheme}://{place.netloc}", "exp": int(at) + TOKEN_SECONDS, "sub": subject}
    signed = f"{_part({'typ': 'JWT', 'alg': 'ES256'})}.{_part(claims)}"
    r, s = decode_dss_signature(key.sign(signed.encode(), ec.ECDSA(hashes.SHA256())))
    token = f"{signed}.{b64(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}"
    return f"vapid t={token}, k={b64(public_bytes(key))}"


def _point(raw: bytes) -> ec.EllipticCurvePublicKey:
    try:
        if len(raw) != 65:
            raise ValueError("an uncompressed point has 65 bytes")
        return ec.EllipticCurvePublicKey.from_encoded_point(_CURVE, raw)
    except ValueError as error:
        raise BadKey("no point of the curve") from error


def _hkdf(secret: bytes, *, salt: bytes, info: bytes, length: int) -> bytes:
    return HKDF(algorithm=hashes.SHA256(), length=length, salt=salt, info=info).derive(secret)


def _part(facts: dict[str, object]) -> str:
    return b64(json.dumps(facts, separators=(",", ":")).encode())
