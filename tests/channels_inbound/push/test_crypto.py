"""Web Push's cryptography, held to the example of RFC 8291 (section 5 and appendix A) and to what a browser opens."""

from __future__ import annotations

import json
import os
import struct

import pytest
from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from channels_inbound.push.crypto import (
    BadKey,
    authorization,
    b64,
    check_browser_keys,
    encrypt,
    new_private_key,
    public_bytes,
    unb64,
)

CURVE = ec.SECP256R1()
# RFC 8291, section 5
PLAIN = "When I grow up, I want to be a watermelon"
SALT = "DGv6ra1nlYgDCS1FRnbzlw"
AS_PRIVATE = "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"
UA_PRIVATE = "q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94"
UA_PUBLIC = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
AUTH = "BTBZMqHH6r4Tts7J_aSIgg"
BODY = (
    "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6Tlz"
    "AC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
)


def private(text: str) -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(int.from_bytes(unb64(text), "big"), CURVE)


def hkdf(secret: bytes, salt: bytes, info: bytes, length: int) -> bytes:
    return HKDF(algorithm=hashes.SHA256(), length=length, salt=salt, info=info).derive(secret)


def opened(body: bytes, browser: ec.EllipticCurvePrivateKey, auth: bytes) -> bytes:
    """What the browser makes of it, by RFC 8188 and 8291 from its side."""
    salt, (_size, length) = body[:16], struct.unpack("!IB", body[16:21])
    sender, record = body[21 : 21 + length], body[21 + length :]
    shared = browser.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(CURVE, sender))
    secret = hkdf(shared, auth, b"WebPush: info\0" + public_bytes(browser) + sender, 32)
    key, nonce = (hkdf(secret, salt, f"Content-Encoding: {name}\0".encode(), n) for name, n in
                  (("aes128gcm", 16), ("nonce", 12)))  # fmt: skip
    plain = AESGCM(key).decrypt(nonce, record, None)
    assert plain.endswith(b"\x02"), "the last record"
    return plain[:-1]


def test_the_example_of_the_rfc() -> None:
    body = encrypt(PLAIN.encode(), p256dh=UA_PUBLIC, auth=AUTH, own=private(AS_PRIVATE), salt=unb64(SALT))
    assert b64(body) == BODY
    assert opened(body, private(UA_PRIVATE), unb64(AUTH)).decode() == PLAIN


def test_only_this_browser_opens_it_and_no_two_are_alike() -> None:
    browser, auth = new_private_key(), os.urandom(16)
    keys = {"p256dh": b64(public_bytes(browser)), "auth": b64(auth)}
    one, two = encrypt(b"same", **keys), encrypt(b"same", **keys)
    assert one != two
    assert opened(one, browser, auth) == opened(two, browser, auth) == b"same"
    for other, secret in ((new_private_key(), auth), (browser, os.urandom(16))):
        with pytest.raises(InvalidTag):
            opened(one, other, secret)


@pytest.mark.parametrize(
    ("p256dh", "auth"),
    [("", AUTH), ("AAAA", AUTH), ("B" + "A" * 86, AUTH), (UA_PUBLIC[:-2], AUTH), (UA_PUBLIC, ""), (UA_PUBLIC, "AAAA"),
     ("ж", AUTH), (UA_PUBLIC, "…")],
)  # fmt: skip
def test_what_is_no_key(p256dh: str, auth: str) -> None:
    with pytest.raises(BadKey):
        check_browser_keys(p256dh, auth)
    check_browser_keys(UA_PUBLIC, AUTH)


def test_the_header_names_us_to_that_service_for_half_a_day() -> None:
    key = new_private_key()
    header = authorization("https://push.example:8443/send/1", key, subject="mailto:a@b.example", at=1000.5)
    token, _sep, public = header.removeprefix("vapid t=").partition(", k=")
    head, claims, signature = token.split(".")
    assert json.loads(unb64(head)) == {"typ": "JWT", "alg": "ES256"}
    said = {"aud": "https://push.example:8443", "exp": 1000 + 12 * 3600, "sub": "mailto:a@b.example"}
    assert json.loads(unb64(claims)) == said
    raw = unb64(signature)
    der = encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
    known = ec.EllipticCurvePublicKey.from_encoded_point(CURVE, unb64(public))
    known.verify(der, f"{head}.{claims}".encode(), ec.ECDSA(hashes.SHA256()))
    with pytest.raises(InvalidSignature):
        known.verify(der, f"{head}.{claims}x".encode(), ec.ECDSA(hashes.SHA256()))
