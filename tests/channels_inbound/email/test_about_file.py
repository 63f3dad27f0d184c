"""What files of a mail are said to be: mails, invitations, signatures, secrets."""

from __future__ import annotations

import time

import pytest

from channels_inbound.email.about_file import about_file
from channels_inbound.email.calendar_text import calendar_text, read_invitation
from channels_inbound.email.parse import parse_email
from channels_inbound.email.wire import from_wire, to_wire
from tests.channels_inbound.email.building import multipart, raw_mail
from tests.channels_inbound.email.tnef_building import attribute, properties, tnef, tnef_file, unicode_text

INNER = "From: =?utf-8?B?0JfQvtGP?= <zoe@customer.example>\r\nSubject: Broken cup\r\nDate: Tue, 3 Nov 2026 12:30:00 +0200\r\n\r\nHi"
GOOGLE = """BEGIN:VCALENDAR
PRODID:-//Google Inc//Google Calendar 70.9054//EN
VERSION:2.0
METHOD:REQUEST
BEGIN:VEVENT
DTSTART;TZID=Europe/Kyiv:20261103T100000
DTEND;TZID=Europe/Kyiv:20261103T110000
ORGANIZER;CN="Zoe; Bauer: shop":mailto:zoe@customer.example
ATTENDEE;CUTYPE=INDIVIDUAL;PARTSTAT=NEEDS-ACTION;RSVP=TRUE:mailto:support@shop.example
SUMMARY:Look at the chair\\, together
LOCATION:Gartenweg 5\\, Berlin
DESCRIPTION:Bring
  the receipt
BEGIN:VALARM
DESCRIPTION:not this
END:VALARM
END:VEVENT
END:VCALENDAR
"""
OUTLOOK = """BEGIN:VCALENDAR
METHOD:CANCEL
BEGIN:VTIMEZONE
TZID:W. Europe Standard Time
BEGIN:STANDARD
DTSTART:16010101T030000
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
END:STANDARD
BEGIN:DAYLIGHT
DTSTART:16010101T020000
TZOFFSETFROM:+0100
TZOFFSETTO:+0200
END:DAYLIGHT
END:VTIMEZONE
BEGIN:VEVENT
ORGANIZER;CN=Zoe Bauer:MAILTO:zoe@customer.example
SUMMARY;LANGUAGE=de-DE:Abgesagt: Abholung
DTSTART;TZID=W. Europe Standard Time:20260703T100000
DURATION:PT45M
RRULE:FREQ=WEEKLY
END:VEVENT
END:VCALENDAR
"""


def event(*lines: str, head: str = "") -> str:
    return "\r\n".join(
        ["BEGIN:VCALENDAR", *([head] if head else []), "BEGIN:VEVENT", *lines, "END:VEVENT", "END:VCALENDAR"]
    )


def test_an_attached_mail_says_whose_it_is() -> None:
    raw = multipart(
        "mixed", "Content-Type: text/plain\r\n\r\nSee below", f"Content-Type: message/rfc822\r\n\r\n{INNER}"
    )

    [file] = parse_email(raw).attachments

    assert file.about == {"kind": "mail", "subject": "Broken cup", "from": "Зоя", "date": "2026-11-03T10:30:00+00:00"}
    assert from_wire(to_wire(parse_email(raw, keep_content=False))).attachments[0].about == file.about


@pytest.mark.parametrize(("name", "content", "kind"), [
    ("a.eml", b"Received: by x\r\nSubject: s\r\n\r\n", "mail"),
    ("a.eml", b"just words", None),
    ("a.txt", b"Subject: s\r\n\r\n", None),
    ("a.eml", b"", None),
])  # fmt: skip
def test_a_file_called_eml_is_a_mail_if_it_reads_like_one(name: str, content: bytes, kind: str | None) -> None:
    about = about_file("application/octet-stream", name, content, {})

    assert (about or {}).get("kind") == kind


def test_an_outlook_item_in_a_winmail_dat_is_a_mail() -> None:
    item = tnef(
        attribute_of(0x0037, "Kaputte Tasse"), attribute_of(0x0C1A, "Zoe Bauer"), attribute_of(0x0C1F, "/o=x/cn=zoe")
    )
    outer = tnef(tnef_file(b"item", b"x", (0x3701, 0x0D, bytes(16) + item)))

    [file] = parse_email(raw_mail(outer, Content_Type="application/ms-tnef; name=winmail.dat")).attachments

    assert file.about == {"kind": "mail", "subject": "Kaputte Tasse", "from": "Zoe Bauer", "date": ""}


def attribute_of(name: int, text: str) -> bytes:
    return attribute(0x9003, properties((name, 0x1F, unicode_text(text))), level=1)


def test_an_invitation_in_the_zone_of_its_place() -> None:
    assert read_invitation(GOOGLE) == {
        "kind": "invite", "method": "invite", "title": "Look at the chair, together", "start": "2026-11-03T08:00:00+00:00",
        "end": "2026-11-03T09:00:00+00:00", "all_day": False, "zone": "", "where": "Gartenweg 5, Berlin",
        "organiser": "Zoe; Bauer: shop", "repeats": False, "answer": "NEEDS-ACTION",
    }  # fmt: skip


def test_a_cancelled_meeting_of_outlook_in_summer_time() -> None:
    assert read_invitation(OUTLOOK) == {
        "kind": "invite", "method": "cancel", "title": "Abgesagt: Abholung", "start": "2026-07-03T08:00:00+00:00",
        "end": "2026-07-03T08:45:00+00:00", "all_day": False, "zone": "", "where": "", "organiser": "Zoe Bauer",
        "repeats": True, "answer": "",
    }  # fmt: skip


@pytest.mark.parametrize(("line", "start", "zone", "all_day"), [
    ("DTSTART;VALUE=DATE:20261224", "2026-12-24", "", True),
    ("DTSTART:20261224T100000Z", "2026-12-24T10:00:00+00:00", "", False),
    ("DTSTART:20261224T100000", "2026-12-24T10:00:00", "", False),
    ("DTSTART;TZID=Shop Time:20261224T100000", "2026-12-24T10:00:00", "Shop Time", False),
    ('DTSTART;TZID="FLE Standard Time":20261224T100000', "2026-12-24T08:00:00+00:00", "", False),
    ("DTSTART;TZID=/freeassociation.sourceforge.net/Europe/Paris:20261224T100000", "2026-12-24T09:00:00+00:00", "", False),
    ("DTSTART;TZID=../../etc/passwd:20261224T100000", "2026-12-24T10:00:00", "../../etc/passwd", False),
    ("DTSTART:20261324T100000", "", "", False),
    ("DTSTART:00010101T000000", "0001-01-01T00:00:00", "", False),
    ("DTSTART;TZID=Asia/Tokyo:00010101T000000", "", "", False),
    ("DTSTART:soon", "", "", False),
])  # fmt: skip
def test_moments_however_written(line: str, start: str, zone: str, all_day: bool) -> None:
    found = read_invitation(event("SUMMARY:x", line))

    assert found is not None
    assert (found["start"], found["zone"], found["all_day"]) == (start, zone, all_day)


def test_a_calendar_that_defines_its_own_zone_without_summer() -> None:
    zone = "BEGIN:VTIMEZONE\nTZID:Ours\nBEGIN:STANDARD\nTZOFFSETTO:+0530\nEND:STANDARD\nEND:VTIMEZONE"
    found = read_invitation(event("DTSTART;TZID=Ours:20261224T100000", head=zone))

    assert found is not None
    assert found["start"] == "2026-12-24T04:30:00+00:00"


@pytest.mark.parametrize(("lines", "declared", "method"), [
    (("SUMMARY:x",), "", "event"),
    (("SUMMARY:x",), "REQUEST", "invite"),
    (("SUMMARY:x", "STATUS:CANCELLED"), "REQUEST", "cancel"),
    (("SUMMARY:x", "ATTENDEE;PARTSTAT=ACCEPTED:mailto:z@customer.example"), "REPLY", "reply"),
    (("SUMMARY:x",), "COUNTER", "counter"),
])  # fmt: skip
def test_what_the_sender_wants(lines: tuple[str, ...], declared: str, method: str) -> None:
    found = read_invitation(event(*lines), declared)

    assert found is not None
    assert found["method"] == method


@pytest.mark.parametrize("source", ["", "BEGIN:VCALENDAR", "END:VEVENT", "BEGIN:VEVENT\nEND:VEVENT", "\x00" * 50])
def test_no_event_is_no_invitation(source: str) -> None:
    assert read_invitation(source) is None
    assert calendar_text(source) == ""


@pytest.mark.parametrize(
    "unit", [";A=b,c", ',"', ';X="', "BEGIN:VEVENT\n", "BEGIN:VTIMEZONE\nTZOFFSETTO:+0100\n", "\n "]
)
def test_hostile_calendars_take_no_time(unit: str) -> None:
    source = "BEGIN:VCALENDAR\nBEGIN:VEVENT\nSUMMARY" + unit * 60_000
    started = time.process_time()

    read_invitation(source)

    assert time.process_time() - started < 1


SIGNED_DER = bytes.fromhex("3080 0609 2a864886f70d010702 a080".replace(" ", ""))
SEALED_DER = bytes.fromhex("3080 0609 2a864886f70d010703 a080".replace(" ", ""))


@pytest.mark.parametrize(("media_type", "name", "content", "parameters", "about"), [
    ("application/pkcs7-signature", "smime.p7s", b"", {}, ("signed", "smime")),
    ("application/pgp-signature", "signature.asc", b"", {}, ("signed", "pgp")),
    ("application/octet-stream", "smime.p7s", b"", {}, ("signed", "smime")),
    ("application/pkcs7-mime", "smime.p7m", SIGNED_DER, {"smime-type": "enveloped-data"}, ("signed", "smime")),
    ("application/pkcs7-mime", "smime.p7m", SEALED_DER, {"smime-type": "signed-data"}, ("encrypted", "smime")),
    ("application/x-pkcs7-mime", "smime.p7m", b"?", {"smime-type": "signed-data"}, ("signed", "smime")),
    ("application/x-pkcs7-mime", "smime.p7m", b"?", {}, ("encrypted", "smime")),
    ("application/pgp-encrypted", "pgp-version.asc", b"Version: 1", {}, ("encrypted", "pgp")),
    ("application/octet-stream", "encrypted.asc", b"-----BEGIN PGP MESSAGE-----\n", {}, ("encrypted", "pgp")),
    ("application/octet-stream", "letter.pdf.gpg", b"\x85", {}, ("encrypted", "pgp")),
])  # fmt: skip
def test_secrets_are_named(
    media_type: str, name: str, content: bytes, parameters: dict[str, str], about: tuple[str, str]
) -> None:
    found = about_file(media_type, name, content, parameters)

    assert found is not None
    assert (found["kind"], found["how"]) == about


@pytest.mark.parametrize(("media_type", "name"), [("application/pdf", "a.pdf"), ("application/pgp-keys", "key.asc")])
def test_ordinary_files_are_nothing_more(media_type: str, name: str) -> None:
    assert about_file(media_type, name, b"-----BEGIN PGP PUBLIC KEY BLOCK-----", {}) is None
