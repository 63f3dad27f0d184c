"""What Meta's refusals mean: for whom we write to, for ourselves, for everybody else who waits. And as what files go."""

from __future__ import annotations

from typing import Any

import pytest

from channels_inbound.hooks.facts import Agreed, Fact, Receipt, Trouble
from channels_inbound.meta.graph import refusal
from channels_inbound.whatsapp.provider import kind_of, webp_size
from people.http_client import Answer
from tests.channels_inbound.hooks.test_variants import facts, wa


def told(code: int, *, subcode: int | None = None, headers: dict[str, str] | None = None) -> dict[str, Any]:
    error = refusal({"code": code, "error_subcode": subcode, "message": "No."}, Answer(400, headers or {}, b""))
    names = ("kind", "wait", "refuses", "stops", "theirs", "alarm")
    return {name: value for name in names if (value := getattr(error, name))}


@pytest.mark.parametrize(
    ("code", "subcode", "means"),
    [
        (551, None, {"kind": "recipient", "refuses": "unreachable"}),
        (131026, None, {"kind": "recipient", "refuses": "unreachable"}),
        (131050, None, {"kind": "policy", "stops": "marketing"}),
        (131047, None, {"kind": "policy"}),
        (10, 2018278, {"kind": "policy"}),
        (10, 1893063, {"kind": "policy", "alarm": True}),
        (131042, None, {"kind": "auth"}), (131031, None, {"kind": "auth"}), (368, None, {"kind": "auth"}),
        (4, None, {"kind": "transient", "wait": 60.0}), (17, None, {"kind": "transient", "wait": 60.0}),
        (32, None, {"kind": "transient", "wait": 60.0}), (613, None, {"kind": "transient", "wait": 60.0}),
        (131056, None, {"kind": "transient", "wait": 6.0, "theirs": True}),
        (131048, None, {"kind": "transient", "wait": 600.0, "alarm": True}),
        (2, None, {"kind": "transient"}),
        (131053, None, {"kind": "permanent"}), (100, None, {"kind": "permanent"}),
    ],
)  # fmt: skip
def test_what_a_code_means(code: int, subcode: int | None, means: dict[str, Any]) -> None:
    assert told(code, subcode=subcode) == means


def test_the_provider_s_own_hint_goes_before_ours() -> None:
    assert told(4, headers={"retry-after": "7"})["wait"] == 7.0


def status(code: int) -> list[Fact]:
    said = {"id": "wamid.1", "status": "failed", "timestamp": "1795256000", "recipient_id": "380671110022",
            "errors": [{"code": code, "title": "No."}]}  # fmt: skip
    return facts("whatsapp", wa({"statuses": [said]}))


def test_what_a_failed_status_says_of_them_and_of_us() -> None:
    for code, refuses in ((131026, "unreachable"), (131047, ""), (131030, "")):
        (receipt,) = status(code)
        assert isinstance(receipt, Receipt) and (receipt.status, receipt.refuses) == ("failed", refuses)
    for code, refused in ((131042, True), (131031, True), (131048, False)):
        receipt, trouble = status(code)
        assert trouble == Trouble("No.", refused=refused)
    receipt, agreed = status(131050)
    assert isinstance(agreed, Agreed)
    assert (agreed.identity_kind, agreed.address, agreed.purpose, agreed.given) == (
        "phone", "+380671110022", "marketing", False,
    )  # fmt: skip


def webp(chunk: bytes, sizes: bytes) -> bytes:
    return b"RIFF\0\0\0\0WEBP" + chunk + sizes


EXTENDED = webp(b"VP8X", bytes(8) + (511).to_bytes(3, "little") * 2)
LOSSLESS = webp(b"VP8L", bytes(4) + b"\x2f" + (511 | 511 << 14).to_bytes(4, "little") + bytes(6))
LOSSY = webp(b"VP8 ", bytes(10) + (512).to_bytes(2, "little") * 2)


@pytest.mark.parametrize(
    ("content_type", "content", "kind"),
    [
        ("image/jpeg", b"x", "image"), ("image/png", b"x", "image"), ("image/png", bytes(5 * 2**20 + 1), "document"),
        ("video/mp4", b"x", "video"), ("video/3gpp", b"x", "video"), ("audio/aac", b"x", "audio"),
        ("audio/amr", b"x", "audio"), ("audio/mpeg", b"x", "audio"), ("audio/mp4", b"x", "audio"),
        ("audio/ogg; codecs=opus", b"x", "audio"), ("application/pdf", b"x", "document"),
        ("image/gif", b"x", "document"), ("image/heic", b"x", "document"), ("audio/wav", b"x", "document"),
        ("video/webm", b"x", "document"), ("image/webp", b"x", "document"), ("image/webp", EXTENDED, "sticker"),
        ("image/webp", LOSSLESS, "sticker"), ("image/webp", LOSSY, "sticker"),
        ("image/webp", EXTENDED + bytes(100 * 1024), "document"),
    ],
)  # fmt: skip
def test_as_what_a_file_goes(content_type: str, content: bytes, kind: str) -> None:
    assert kind_of(content_type, content) == kind


def test_a_head_that_says_no_size() -> None:
    assert [webp_size(content) for content in (b"", b"RIFF", EXTENDED[:29], webp(b"ABCD", bytes(20)))] == [(0, 0)] * 4
