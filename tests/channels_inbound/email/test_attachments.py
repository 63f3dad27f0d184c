"""Names, ids and contents of files, whatever wraps them; invitations and encrypted parts named for what they are."""

from __future__ import annotations

import base64
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels_inbound.email.parse import as_dict, parse_email, with_contents
from channels_inbound.email.pool import ParserPool
from channels_inbound.email.tnef import read_tnef
from channels_inbound.email.wire import from_wire, to_wire
from tests.channels_inbound.email.building import multipart, part, raw_mail
from tests.channels_inbound.email.tnef_building import attribute, properties, tnef, tnef_file, unicode_text

HTML = 0x1013
LONG_NAME, MIME_TAG, CONTENT_ID, DATA = 0x3707, 0x370E, 0x3712, 0x3701
WINMAIL = tnef(
    attribute(
        0x9003, properties((0x8005, 3, b"\1\0\0\0"), (HTML, 0x102, b"<p>Hello <img src='cid:i@x'></p>")), level=1
    ),
    tnef_file(
        b"PICTUR~1.PNG",
        b"\x89PNG",
        (LONG_NAME, 0x1F, unicode_text("Малюнок мій.png")),
        (MIME_TAG, 0x1E, b"image/png\0"),
        (CONTENT_ID, 0x1F, unicode_text("i@x")),
    ),
    tnef_file("рахунок.pdf".encode("cp1251"), b"%PDF-1.7"),
)


def winmail_part(data: bytes = WINMAIL) -> bytes:
    return part(
        base64.encodebytes(data),
        Content_Type='application/ms-tnef; name="winmail.dat"',
        Content_Transfer_Encoding="base64",
        Content_Disposition="attachment; filename=winmail.dat",
    )


def names(raw: bytes) -> list[str]:
    return [file.filename for file in parse_email(raw).attachments]


def test_winmail_dat_is_unpacked() -> None:
    parsed = parse_email(multipart("mixed", part("See the files"), winmail_part()))
    assert [
        (f.filename, f.content_type, f.size, f.content_id, f.content) for f in parsed.attachments
    ] == [
        ("Малюнок мій.png", "image/png", 4, "i@x", b"\x89PNG"),
        ("рахунок.pdf", "application/pdf", 8, "", b"%PDF-1.7"),
    ]  # fmt: skip
    assert parsed.text == "See the files"


def test_winmail_dat_is_the_mail_where_there_is_no_other_text() -> None:
    parsed = parse_email(multipart("mixed", winmail_part()))
    assert parsed.text == "Hello"
    assert 'data-cid="i@x"' in parsed.clean_html
    assert [file.referenced for file in parsed.attachments] == [True, False]


def test_unpacked_files_come_back_from_a_child_with_their_contents() -> None:
    raw = multipart("mixed", part("See the files"), winmail_part())
    pool = ParserPool()
    try:
        assert pool.parse(raw) == parse_email(raw)
    finally:
        pool.close()
    assert with_contents(from_wire(to_wire(parse_email(raw))), raw) == parse_email(raw)


@pytest.mark.parametrize("data", [b"", b"no tnef at all", WINMAIL[:6], tnef()])
def test_a_winmail_dat_with_nothing_inside_stays_a_file(data: bytes) -> None:
    assert names(multipart("mixed", part("Hello"), winmail_part(data or b"x"))) == ["winmail.dat"]


def test_the_bigger_of_object_and_picture_is_the_file() -> None:
    found = read_tnef(tnef(tnef_file(b"obj", b"icon", (DATA, 0x0D, bytes(16) + b"the object itself"))))
    assert found is not None
    (file,) = found.files
    assert file.data[1] - file.data[0] == len(b"the object itself")


@given(st.data())
def test_broken_winmail_dats_are_read_as_far_as_they_go(data: st.DataObject) -> None:
    broken = bytearray(WINMAIL)
    for _ in range(data.draw(st.integers(1, 6))):
        broken[data.draw(st.integers(4, len(broken) - 1))] = data.draw(st.integers(0, 255))
    cut = bytes(broken[: data.draw(st.integers(6, len(broken)))])
    found = read_tnef(cut)
    assert found is not None
    assert all(0 <= start <= end <= len(cut) for start, end in (file.data for file in found.files))


@pytest.mark.parametrize(
    "attributes",
    [
        attribute(0x9002, b"") * 100_000,
        attribute(0x9005, properties((0x3000, 3, b"1234")) * 1000) * 200,
        tnef_file(b"x", b"y", (LONG_NAME, 0x101E, b"\xff\xff\xff\xff")) * 5000,
        attribute(0x9003, b"\xff\xff\xff\xff" + b"\x02\x10\x00\x30\xff\xff\xff\x7f" * 10_000, level=1),
    ],
    ids=range(4),
)
def test_hostile_winmail_dats_take_no_time(attributes: bytes) -> None:
    start = time.process_time()
    parsed = parse_email(multipart("mixed", part("Hello"), winmail_part(tnef(attributes))))
    assert time.process_time() - start < 1
    assert parsed.text == "Hello"
    assert len(parsed.attachments) <= 50


INVITE = (
    "BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nBEGIN:VTIMEZONE\r\nDTSTART:19700101T000000\r\nEND:VTIMEZONE\r\nBEGIN:VEVENT\r\n"
    "BEGIN:VALARM\r\nDESCRIPTION:Ring\r\nEND:VALARM\r\nSUMMARY:Visit of\r\n  the courier\r\n"
    "DTSTART:20261103T103000Z\r\nDTEND;TZID=Europe/Kyiv:20261103T123000\r\nLOCATION:Kyiv\\, Main street 5\r\n"
    "ORGANIZER;CN=Zoe:mailto:zoe@customer.example\r\nDESCRIPTION:Please be there.\\nThank you\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
)


def test_an_invitation_alone_says_what_it_is_about() -> None:
    parsed = parse_email(raw_mail(INVITE, Content_Type="text/calendar; charset=utf-8; method=REQUEST"))
    assert parsed.text == (
        "Visit of the courier\n2026-11-03 10:30 UTC - 2026-11-03 12:30\nKyiv, Main street 5\nzoe@customer.example\n\n"
        "Please be there.\nThank you"
    )
    assert [(f.filename, f.content_type) for f in parsed.attachments] == [("invitation.ics", "text/calendar")]


def test_an_invitation_beside_text_is_a_file() -> None:
    raw = multipart("alternative", part("Come!"), part(INVITE, Content_Type="text/calendar; method=CANCEL"))
    assert parse_email(raw).text == "Come!"
    assert names(raw) == ["cancelled-invitation.ics"]


@pytest.mark.parametrize(
    ("kind", "protocol", "parts", "wanted"),
    [
        ("signed", "application/pgp-signature", [part("Hello"), part("x", Content_Type="application/pgp-signature")], ["signature.asc"]),
        ("signed", "application/pkcs7-signature", [part("Hello"), part("x", Content_Type="application/pkcs7-signature")], ["smime.p7s"]),
        (
            "encrypted",
            "application/pgp-encrypted",
            [part("Version: 1", Content_Type="application/pgp-encrypted"), part("-----BEGIN PGP MESSAGE-----", Content_Type="application/octet-stream")],
            ["pgp-version.asc", "encrypted-message.asc"],
        ),
    ],
)  # fmt: skip
def test_signed_and_encrypted_parts_are_named(kind: str, protocol: str, parts: list[bytes], wanted: list[str]) -> None:
    raw = multipart(kind, *parts)
    assert (
        names(raw.replace(b"multipart/" + kind.encode(), f'multipart/{kind}; protocol="{protocol}"'.encode())) == wanted
    )


def test_a_mail_encrypted_as_a_whole_is_one_named_file() -> None:
    raw = raw_mail(
        "MIIB", Content_Type="application/pkcs7-mime; smime-type=enveloped-data", Content_Transfer_Encoding="base64"
    )
    parsed = parse_email(raw)
    assert (parsed.text, names(raw)) == ("", ["smime.p7m"])


NAMES = {
    'attachment; filename="plain.pdf"': "plain.pdf",
    "attachment; filename=two words.pdf": "two words.pdf",
    "attachment; filename*=utf-8''%D1%80%D0%B0%D1%85.pdf": "рах.pdf",
    "attachment; filename*=UTF-8'uk'%D1%80%D0%B0%D1%85.pdf": "рах.pdf",
    "attachment; filename*0*=utf-8''%D1%80%D0; filename*1*=%B0%D1%85; filename*2=.pdf": "рах.pdf",
    'attachment; filename*0="a long "; filename*1="name.pdf"': "a long name.pdf",
    'attachment; filename="=?utf-8?B?0YDQsNGFLnBkZg==?="': "рах.pdf",
    "attachment; filename==?koi8-u?Q?=D2=C1=C8?=.pdf": "рах.pdf",
    'attachment; filename="=?utf-8?Q?=D1=80=D0?= =?utf-8?Q?=B0=D1=85=2Epdf?="': "рах.pdf",
    "attachment; filename*=windows-1251''%F0%E0%F5.pdf": "рах.pdf",
    'attachment; filename="C:\\\\Users\\\\zoe\\\\scan.pdf"': "scan.pdf",
    'attachment; filename="../../etc/passwd"': "passwd",
    'attachment; filename="a;b.pdf"': "a;b.pdf",
    'attachment; filename="say \\"hi\\".pdf"': 'say "hi".pdf',
    "attachment;\r\n filename=\"folded\r\n name.pdf\"": "folded name.pdf",
    'attachment; filename="fd\u202egpj.exe"': "fdgpj.exe",
    "attachment; FILENAME=loud.pdf; size=3": "loud.pdf",
    "attachment; filename=": "attachment-1.pdf",
}  # fmt: skip


@pytest.mark.parametrize(("disposition", "wanted"), NAMES.items(), ids=range(len(NAMES)))
def test_file_names_however_they_are_written(disposition: str, wanted: str) -> None:
    assert names(
        multipart("mixed", part("Hello"), part("x", Content_Type="application/pdf", Content_Disposition=disposition))
    ) == [wanted]


@pytest.mark.parametrize("charset", ["utf-8", "cp1251", "koi8-u"])
def test_raw_bytes_in_a_file_name(charset: str) -> None:
    disposition = 'attachment; filename="рахунок за листопад.pdf"'.encode(charset)
    assert names(
        multipart("mixed", part("Hello"), part("x", Content_Type="application/pdf", Content_Disposition=disposition))
    ) == ["рахунок за листопад.pdf"]


def test_names_and_ids_in_nested_related_parts() -> None:
    picture = part("x", Content_Type="image/png; name=a.png", Content_ID="<a@x>", Content_Disposition="inline")
    related = multipart("related", part("<img src=cid:a@x>", Content_Type="text/html"), picture, boundary="r")
    inner = related.partition(b"Content-Type: multipart")[2]
    raw = multipart(
        "mixed",
        b"Content-Type: multipart" + inner,
        part("Subject: In here\r\n\r\nold mail", Content_Type="message/rfc822"),
        part("y", Content_Type="application/zip"),
    )
    assert [
        (file["filename"], file["content_id"], file["inline"]) for file in as_dict(parse_email(raw))["attachments"]
    ] == [("a.png", "a@x", True), ("In here.eml", "", False), ("attachment-3.zip", "", False)]
