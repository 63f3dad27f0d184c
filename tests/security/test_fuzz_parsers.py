"""What strangers bring and a program reads: files of orders, shops' calls, SNS, signed visitors, tokens of sign-in
services, mailboxes in files. Whatever it is, it is read or refused by its own error; nothing else comes out of the reader,
and what is good beside it is read all the same.

    HELPDESK_FUZZ_CALLS=20000 .venv/bin/pytest tests/security/test_fuzz_parsers.py      (`make fuzz` does)

Without the variable it is some hundreds, the same each time. Mails have a fuzz of their own (scripts/mail_fuzz.py).
"""

from __future__ import annotations

import base64
import io
import json
import os
import tempfile
import time
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from channels_inbound.hooks.provider import BadSignature, Unverifiable
from channels_inbound.importing.sources import mails_of, source_at
from channels_inbound.mail_services import sns
from commerce import draining, facts, importing, shopify, woocommerce
from commerce.facts import Unreadable
from livechat.signed import BadToken, SignedIdentity, make_token, read_token
from people.open_id import NotBelieved, _claims

CALLS = int(os.environ.get("HELPDESK_FUZZ_CALLS") or 0)
PAYLOADS = Path(__file__).parents[1] / "commerce" / "payloads"
often = settings(
    max_examples=max(150, CALLS // 10), deadline=None, derandomize=not CALLS, database=None,
    phases=[Phase.explicit, Phase.generate], suppress_health_check=list(HealthCheck),
)  # fmt: skip
# Text with all that JSON can bring: NULs, halves of characters, right-to-left marks.
anything = st.text(st.characters(), max_size=60) | st.sampled_from(
    [
        "\x00",
        "\ud800",
        "\u202e",
        "1e999999999",
        "NaN",
        "-Infinity",
        "9" * 5000,
        "2026-02-30T25:61:61Z",
        "=cmd|' /C calc'!A0",
        "٣",
        "",
    ]
)
scalars = st.none() | st.booleans() | st.integers() | st.floats() | anything
trees = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(anything, inner, max_size=4), max_leaves=12
)


def mutated(tree: Any, data: st.DataObject) -> Any:
    """The same with some of its leaves or branches replaced, left out or made into another kind."""
    if data.draw(st.integers(0, 9)) == 0:
        return data.draw(trees)
    if isinstance(tree, dict):
        return {name: mutated(value, data) for name, value in tree.items() if data.draw(st.integers(0, 19))}
    if isinstance(tree, list):
        return [mutated(value, data) for value in tree]
    return tree


# Files of orders


class Files:
    """A store that holds one file."""

    def __init__(self, content: bytes) -> None:
        self.content = content

    def open(self, _name: str, _mode: str) -> io.BytesIO:
        return io.BytesIO(self.content)


GOOD_ORDER = "kanarek-1,2026-11-01T10:00:00Z,paid,EUR,12.50"
HEAD = "order_id,created_at,status,currency,total"
MAPPING = {name: name for name in importing.REQUIRED}


def read_file(content: bytes) -> list[importing.Line]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(importing, "storages", {"attachments": Files(content)})
        with suppress(Unreadable):
            names = importing.columns_of("x")
            assert all(isinstance(name, str) and "\x00" not in name for name in names)
            importing.guess_mapping(names)
        return list(importing.read_lines("x", MAPPING))


@often
@given(st.binary(max_size=400))
def test_a_file_of_orders_of_any_bytes(content: bytes) -> None:
    try:
        read_file(content)
    except Unreadable:
        return


@often
@given(st.lists(st.lists(anything, min_size=1, max_size=7), max_size=6))
def test_one_good_row_among_nonsense_is_read(rows: list[list[str]]) -> None:
    plain = [[cell.replace('"', "").replace("\r", "").replace("\n", "") for cell in row] for row in rows]
    lines = [HEAD, *(",".join(row) or "x" for row in plain), GOOD_ORDER]
    found = read_file("\n".join(lines).encode("utf-8", "replace"))
    assert len(found) == len(lines) - 1
    last = found[-1].facts
    assert last is not None and (last.external_id, last.total, last.currency) == ("kanarek-1", 1250, "EUR")
    for line in found:
        assert (line.facts is None) == bool(line.problem) or line.problem == ""
        if line.facts:
            assert_storable(line.facts)


def assert_storable(found: Any) -> None:
    """What PostgreSQL takes: no NUL, no half characters, amounts within their column."""
    text = repr(found)
    assert "\\x00" not in text and "\\ud8" not in text
    for name in ("total", "refunded"):
        amount = getattr(found, name, None)
        assert amount is None or abs(amount) <= facts.LARGEST


# Shops' calls


@pytest.mark.parametrize("kind", ["shopify", "woo"])
@often
@given(data=st.data())
def test_a_shops_call_changed_anywhere(kind: str, data: st.DataObject) -> None:
    path = data.draw(st.sampled_from(sorted(PAYLOADS.glob(f"{kind}_*.json"))))
    said = mutated(json.loads(path.read_text()), data)
    # As it arrives: what is no JSON never comes so far.
    said = json.loads(json.dumps(said))
    topics = (*shopify.ORDERS, "refunds/create", "customers/redact", "order.created", "order.updated", "x")
    parse = shopify.parse if kind == "shopify" else woocommerce.parse
    try:
        found = parse(data.draw(st.sampled_from(topics)), said)
    except draining._BROKEN:
        return
    for one in found:
        assert_storable(one)


# SNS


class Nobody:
    """Whom nobody reaches, and who remembers whom it was asked for."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def request(self, _method: str, url: str, **_how: Any) -> Any:
        self.asked.append(url)
        return SimpleNamespace(ok=False, status=404)


NOTICE = {
    "Type": "Notification", "MessageId": "1", "TopicArn": "arn:aws:sns:eu-west-1:1:x", "Message": "m",
    "Timestamp": "2026-11-01T10:00:00.000Z", "SignatureVersion": "1", "Signature": "AAAA",
    "SigningCertURL": "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0123456789abcdef0123456789abcdef.pem",
}  # fmt: skip
ADDRESSES = st.sampled_from([
    "http://sns.eu-west-1.amazonaws.com/SimpleNotificationService-00.pem", "https://evil.example/x.pem",
    "https://sns.eu-west-1.amazonaws.com.evil.example/x.pem", "https://sns.eu-west-1.amazonaws.com@evil.example/x.pem",
    "https://evil.example/sns.eu-west-1.amazonaws.com/x.pem", "https://[::1]/x.pem", "https://[", "file:///etc/passwd",
    "https://sns.eu-west-1.amazonaws.com:8443/SimpleNotificationService-00.pem", "//x", "",
])  # fmt: skip


@often
@given(data=st.data())
def test_what_is_no_notice_of_sns_is_refused_and_nobody_else_is_asked(data: st.DataObject) -> None:
    nobody, notice = Nobody(), mutated(NOTICE, data)
    if isinstance(notice, dict) and data.draw(st.booleans()):
        notice["SigningCertURL"] = data.draw(ADDRESSES)
    body = json.dumps(notice).encode() if data.draw(st.integers(0, 5)) else data.draw(st.binary(max_size=200))
    with pytest.raises((BadSignature, Unverifiable)):
        sns.verify_notice(body, topics=[], http=nobody)  # type: ignore[arg-type]
    assert all(url.startswith("https://sns.eu-west-1.amazonaws.com/") for url in nobody.asked)


# Visitors whom a shop has signed

NOW, SECRET, CHAT = datetime(2026, 11, 1, tzinfo=UTC), "s" * 43, "c" * 32
CLAIMS = {"sub": "u1", "aud": CHAT, "exp": NOW.timestamp() + 300, "jti": "j1", "name": "Zoe", "email": "zoe@c.example",
          "traits": {"plan": "gold", "since": 2020}}  # fmt: skip


@often
@given(data=st.data())
def test_a_signed_visitor_is_whole_or_none(data: st.DataObject) -> None:
    """Signed rightly, by a shop whose program writes nonsense."""
    said = mutated(CLAIMS, data)
    claims = said if isinstance(said, dict) else {"x": said}
    try:
        found = read_token(make_token(SECRET, json.loads(json.dumps(claims))), [SECRET], audience=CHAT, at=NOW)
    except BadToken:
        return
    assert isinstance(found, SignedIdentity) and found.subject and len(found.jti) <= 128
    assert len(found.name) <= 120 and len(found.email) <= 254 and len(found.traits) <= 10
    assert "\x00" not in repr(found)
    repr(found).encode()


@often
@given(data=st.data())
def test_no_changed_token_of_a_visitor_is_believed(data: st.DataObject) -> None:
    token = make_token(SECRET, CLAIMS)
    changed = changed_token(token, data)
    with pytest.raises(BadToken):
        read_token(changed, [SECRET], audience=CHAT, at=NOW)


def changed_token(token: str, data: st.DataObject) -> str:
    """Another token than this one: a byte, a part, the algorithm, the whole."""
    head, body, signature = token.split(".")
    none = (
        base64.urlsafe_b64encode(
            json.dumps({"alg": data.draw(st.sampled_from(["none", "None", "HS512", "RS256", "", None]))}).encode()
        )
        .decode()
        .rstrip("=")
    )
    place = data.draw(st.integers(0, len(body) - 1))
    other = data.draw(st.sampled_from("ABCDabcd0123-_.="))
    return data.draw(
        st.sampled_from([
            f"{none}.{body}.", f"{none}.{body}.{signature}", f"{head}.{body}.", f"{head}..{signature}", f".{body}.{signature}",
            f"{head}.{body[:place]}{other if body[place] != other else '~'}{body[place + 1:]}.{signature}",
            f"{head}.{body}.{signature[:-4]}", f"{token}.{signature}", f"{body}.{head}.{signature}", token.replace(".", "", 1),
            token + "\x00", " " + token, token.swapcase(),
        ])
        | anything
    )  # fmt: skip


# Tokens of sign-in services

KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
JWKS = {"keys": [{**json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(KEY.public_key())), "kid": "k1", "use": "sig"}]}
SERVICE: Any = SimpleNamespace(client_id="desk", issuer="https://issuer.example", name="X", kind="other")
TOLD = {"iss": "https://issuer.example", "aud": "desk", "sub": "u1", "nonce": "n1", "exp": time.time() + 9_000,
        "iat": time.time() - 5, "email": "zoe@c.example", "email_verified": True}  # fmt: skip


@often
@given(data=st.data())
def test_a_sign_in_services_token_is_right_or_not_believed(data: st.DataObject) -> None:
    """Signed rightly by the service: its claims may be anything all the same."""
    said = mutated(TOLD, data)
    claims = json.loads(json.dumps(said if isinstance(said, dict) else {"x": said}))
    try:
        token = jwt.encode(claims, KEY, algorithm="RS256", headers={"kid": "k1"})
    except (TypeError, ValueError):
        return
    try:
        found = _claims(SERVICE, token, JWKS, "n1")
    except NotBelieved:
        return
    assert (found["iss"], str(found["nonce"])) == ("https://issuer.example", "n1") and found["sub"]


@pytest.mark.parametrize("nonce", ["\ud800", "", "n1\x00", ["n1"], {"n1": 1}, 0])
def test_a_nonce_of_any_kind_is_not_ours(nonce: Any) -> None:
    token = jwt.encode(TOLD | {"nonce": nonce}, KEY, algorithm="RS256", headers={"kid": "k1"})
    with pytest.raises(NotBelieved):
        _claims(SERVICE, token, JWKS, "n1")


@often
@given(data=st.data())
def test_no_changed_token_nor_any_keys_are_believed(data: st.DataObject) -> None:
    token = jwt.encode(TOLD, KEY, algorithm="RS256", headers={"kid": "k1"})
    changed = changed_token(token, data)
    with pytest.raises(NotBelieved):
        _claims(SERVICE, changed, JWKS, "n1")
    keys = mutated(JWKS, data)
    with suppress(NotBelieved):
        _claims(SERVICE, token, keys if isinstance(keys, dict) else {"keys": keys}, "n1")


def test_the_tokens_above_are_believed_as_they_are() -> None:
    """Or the two above would prove nothing."""
    assert read_token(make_token(SECRET, CLAIMS), [SECRET], audience=CHAT, at=NOW).email == "zoe@c.example"
    token = jwt.encode(TOLD, KEY, algorithm="RS256", headers={"kid": "k1"})
    assert _claims(SERVICE, token, JWKS, "n1")["sub"] == "u1"


# Mailboxes in files

pieces = st.lists(
    st.sampled_from([
        b"From a@b.example Sun Nov  1 10:00:00 2026\n", b"From \n", b"From a\r\n", b">From x\n", b"\n", b"\r\n", b"\r", b"\x00",
        b"Subject: x\n", b"From: a@b.example\n", b"x" * 70_000, b"\xff\xfe", b"--b\n",
    ])
    | st.binary(max_size=30),
    max_size=14,
)  # fmt: skip


@often
@given(pieces)
def test_a_mailbox_in_a_file_loses_nothing_in_silence(parts: list[bytes]) -> None:
    content = b"".join(parts)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "mails"
        path.write_bytes(content)
        source = source_at(path)
        found = list(mails_of(source, max_size=50_000))
    assert found, "each file is at least one mail, or one problem"
    assert all(len(mail.content) <= 50_000 and not (mail.problem and mail.content) for mail in found)
    told = sum(len(mail.content) for mail in found)
    assert told <= len(content)
    assert [mail.read for mail in found] == sorted(mail.read for mail in found)
    if not source.is_archive and len(content) <= 50_000:
        assert found[0].content == content
