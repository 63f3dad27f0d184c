from __future__ import annotations

import pytest

from channels_inbound.email.parse import parse_email
from tests.channels_inbound.email.building import raw_mail


def fingerprint(raw: bytes) -> str:
    return parse_email(raw).fingerprint


MAIL = raw_mail("First\r\nsecond\r\n")


@pytest.mark.parametrize(
    "copy",
    [
        b"Received: from elsewhere\r\nDelivered-To: other@shop.example\r\nX-Spam: no\r\n" + MAIL,
        MAIL.replace(b"\r\n", b"\n"),
        MAIL + b"\r\n\r\n",
        MAIL.replace(b"Subject: Where is", b"Subject: Where\r\n  is"),
    ],
)
def test_copies_of_one_mail_have_one(copy: bytes) -> None:
    assert fingerprint(copy) == fingerprint(MAIL)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"zoe@", b"eve@"),
        (b"Where is", b"Who is"),
        (b"03 Nov", b"04 Nov"),
        (b"second", b"third"),
        (b"First\r\n", b"First\r\n\r\n"),
    ],
)
def test_another_mail_has_another(old: bytes, new: bytes) -> None:
    assert fingerprint(MAIL.replace(old, new)) != fingerprint(MAIL)


def test_blank_lines_across_the_pieces_that_are_hashed() -> None:
    body = "x" * ((1 << 20) - 3) + "\n\n\n\n\nend"
    assert fingerprint(raw_mail(body)) == fingerprint(raw_mail(body.replace("\n", "\r\n")))
    assert fingerprint(raw_mail(body)) != fingerprint(raw_mail(body.replace("\n\nend", "\nend")))
