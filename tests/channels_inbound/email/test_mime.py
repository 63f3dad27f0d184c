from __future__ import annotations

import pytest

from channels_inbound.email.limits import DEFAULT_LIMITS
from channels_inbound.email.mime import MimeReader, Part, decode_transfer
from channels_inbound.email.parameters import read_parameters
from tests.channels_inbound.email.building import multipart, part, raw_mail


def tree(raw: bytes) -> Part:
    return MimeReader(raw, DEFAULT_LIMITS, set()).read()


def outline(node: Part) -> object:
    return (node.media_type, [outline(child) for child in node.children]) if node.children else node.media_type


def test_parts_of_a_usual_mail() -> None:
    inner = part(
        b"--in\n\nplain\n--in\nContent-Type: text/html\n\n<p>rich\n--in--\n",
        Content_Type="multipart/alternative; boundary=in",
    )
    raw = multipart("mixed", inner, part("x", Content_Type="application/pdf"))
    assert outline(tree(raw)) == (
        "multipart/mixed",
        [("multipart/alternative", ["text/plain", "text/html"]), "application/pdf"],
    )


def test_one_boundary_beginning_like_the_other() -> None:
    inner = part(
        b"--frontier2\n\na\n--frontier2\n\nb\n--frontier2--\n", Content_Type="multipart/alternative; boundary=frontier2"
    )
    assert outline(tree(multipart("mixed", inner))) == (
        "multipart/mixed",
        [("multipart/alternative", ["text/plain", "text/plain"])],
    )


@pytest.mark.parametrize("newline", [b"\n", b"\r\n"])
def test_content_ends_before_the_line_end_of_the_boundary(newline: bytes) -> None:
    raw = multipart("mixed", "X-A: b\n\ncontent").replace(b"\r\n", b"\n").replace(b"\n", newline)
    node = tree(raw).children[0]
    assert raw[node.start : node.end] == b"content"


def test_missing_last_boundary_and_missing_boundary_name() -> None:
    cut = multipart("mixed", "\nfirst", "\nsecond").replace(b"--frontier--", b"")
    assert len(tree(cut).children) == 2
    nameless = multipart("mixed", "Content-Type: text/plain\n\nfirst", "Content-Type: text/html\n\nsecond").replace(
        b'; boundary="frontier"', b""
    )
    assert outline(tree(nameless)) == ("multipart/mixed", ["text/plain", "text/html"])


@pytest.mark.parametrize(
    ("header", "media_type"),
    [
        ("text/plain", "text/plain"),
        ("TEXT/HTML; charset=x", "text/html"),
        ("text", "text/plain"),
        ("text/plain charset=utf-8", "text/plain"),
        ("/", "text/plain"),
        ("", "text/plain"),
        ("application/octet-stream/x", "text/plain"),
    ],
)
def test_media_type(header: str, media_type: str) -> None:
    assert tree(raw_mail(Content_Type=header)).media_type == media_type


def test_folded_headers_are_one_line_and_odd_lines_do_not_end_the_headers() -> None:
    raw = b"Subject: one\r\n two\r\n\tthree\r\nbroken continuation\r\nTo: a@x\r\n\r\nbody"
    node = tree(raw)
    assert node.first("subject") == b"one two three broken continuation"
    assert node.first("to") == b"a@x"
    assert raw[node.start :] == b"body"


def test_a_body_without_the_blank_line_before_it() -> None:
    raw = b"From: a@x\nTo: b@x\nDear shop, where is it?\nRegards: me\n\nmore\n"
    node = tree(raw)
    assert raw[node.start :].startswith(b"Dear shop")


def test_mbox_line_and_blank_lines_before_the_headers() -> None:
    node = tree(b"\r\n\nFrom a@x Tue Nov  3 12:30:00 2026\nSubject: hi\n\nbody")
    assert node.first("subject") == b"hi"


def test_the_first_filled_header_of_a_name_counts() -> None:
    node = tree(b"Subject:\nSubject: second\nSubject: third\n\n")
    assert node.first("subject") == b"second"
    assert node.all("subject") == [b"", b"second", b"third"]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b'attachment; filename="a;b.pdf"', {"filename": "a;b.pdf"}),
        (b"attachment; filename=a b.pdf", {"filename": "a b.pdf"}),
        (rb'attachment; filename="C:\dir\x.pdf"', {"filename": r"C:\dir\x.pdf"}),
        (rb'attachment; filename="say \"hi\".pdf"', {"filename": 'say "hi".pdf'}),
        (b"attachment; filename*=utf-8''%D0%A0%D0%B0.pdf", {"filename": "Ра.pdf"}),
        (b"attachment; filename*0*=utf-8''%D0; filename*1*=%A0; filename*2=.pdf", {"filename": "Р.pdf"}),
        (b"attachment; filename*1=b; filename*0=a", {"filename": "ab"}),
        (b"attachment; filename*=windows-1251''%D0%E0.pdf", {"filename": "Ра.pdf"}),
        (b"attachment; filename*=%D0%A0.pdf", {"filename": "Р.pdf"}),
        ("attachment; filename=Рахунок.pdf".encode("cp1251"), {"filename": "Рахунок.pdf"}),
        (b'attachment; filename="never closed; size=3', {"filename": "never closed", "size": "3"}),
        (b"attachment; filename", {}),
        (b"attachment; =x; ;;", {}),
        (b"attachment; filename*x=y; filename*99999=z", {}),
    ],
)
def test_parameters(value: bytes, expected: dict[str, str]) -> None:
    assert read_parameters(value) == ("attachment", expected)


@pytest.mark.parametrize(
    ("encoding", "data", "expected"),
    [
        (b"base64", b"aGVs\r\nbG8=", b"hello"),
        (b"base64", b"aGVsbG8", b"hello"),
        (b"base64", b"aG!!Vs bG8=\x00", b"hello"),
        (b"base64", b"a", b""),
        (b"quoted-printable", b"h=C3=A9llo=\r\n!", "héllo!".encode()),
        (b"quoted-printable", b"100%=ZZ", b"100%=ZZ"),
        (b"x-uuencode", b"begin 644 a\n%:&5L;&\\\n`\nend\n", b"hello"),
        (b"8bit", b"as is", b"as is"),
        (b"nonsense", b"as is", b"as is"),
    ],
)
def test_transfer_encodings(encoding: bytes, data: bytes, expected: bytes) -> None:
    assert decode_transfer(data, 0, len(data), encoding) == expected


def test_text_that_is_only_labelled_base64_stays_text() -> None:
    plain = b"Hello, this was never encoded. It is plain text!"
    assert decode_transfer(plain, 0, len(plain), b"base64") == plain
    for broken in (b"SGVs*bG8=", b"SGVsbG8", b"SGVs\r\n bG8=\r\n", b"SGVsbG8=\r\n--\r\n"):
        assert decode_transfer(broken, 0, len(broken), b"base64") == b"Hello"
