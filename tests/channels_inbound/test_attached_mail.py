"""Mails inside mails as pages: read like any mail, nested to a bound, seen by nobody who may not see the ticket."""

from __future__ import annotations

from email import message_from_bytes
from email.message import EmailMessage

import pytest
from django.test import Client

from channels_inbound.attached_mail import MAX_DEPTH
from channels_inbound.email.headers_out import POLICY
from channels_inbound.inbound import drain_inbound
from channels_inbound.raw import store_raw
from tests.channels_inbound.email.tnef_building import attribute, properties, tnef, tnef_file, unicode_text
from tests.channels_inbound.mails import make_mail
from tests.people import House, make_house
from tests.security.world import picture, signed_in
from tickets.models import Attachment

pytestmark = pytest.mark.django_db
EVIL = (
    '<p onclick="x()">Look <b>here</b> <img src="cid:cup"><img src="https://tracker.example/p.gif"></p>'
    "<script>alert(1)</script><style>body{display:none}</style>"
)


@pytest.fixture
def house() -> House:
    return make_house()


def inner_mail(**fields: object) -> EmailMessage:
    mail = make_mail(
        **({"From": "Ivo <ivo@carrier.example>", "Subject": "Your <claim>", "Message_ID": "<in@x.example>"} | fields)
    )
    mail.add_attachment(picture(), maintype="image", subtype="png", filename="cup.png", cid="<cup>")
    mail.add_attachment(b"scanned", maintype="text", subtype="plain", filename="claim.txt")
    return mail


def nested(depth: int) -> EmailMessage:
    mail = inner_mail(html=EVIL, Subject="Level 0")
    for level in range(1, depth + 1):
        outer = make_mail(Subject=f"Level {level}", Message_ID=f"<l{level}@x.example>")
        outer.add_attachment(message_from_bytes(mail.as_bytes(), policy=POLICY))
        mail = outer
    return mail


def arrive(house: House, mail: EmailMessage) -> Attachment:
    store_raw(
        [house.channel.pk], transport="smtp", content=mail.as_bytes(), envelope={"mail_from": "zoe@customer.example"}
    )
    drain_inbound()
    return Attachment.objects.earliest("pk")


def test_the_card_in_the_thread_opens_it(house: House) -> None:
    file = arrive(house, nested(1))

    thread = signed_in(house.olena).get(f"/tickets/{file.ticket_id}/pane/").json()["thread"]

    assert f'href="/files/{file.public_id}/mail/top/"' in thread
    assert "Level 0" in thread
    assert "Ivo" in thread


def test_it_reads_like_any_mail(house: House) -> None:
    file = arrive(house, nested(1))
    client = signed_in(house.olena)

    body = client.get(f"/files/{file.public_id}/mail/top/").content.decode()
    framed = client.get(f"/files/{file.public_id}/mail/top/frame/")
    html = framed.content.decode()

    assert "Ivo &lt;ivo@carrier.example&gt;" in body
    assert "claim.txt" in body
    assert "cup.png" not in body  # it stands in the text
    assert f'src="/files/{file.public_id}/mail/top/frame/"' in body
    assert 'sandbox="allow-same-origin allow-popups allow-popups-to-escape-sandbox"' in body
    assert "<b>here</b>" in html
    assert "<script" not in html
    assert "onclick" not in html
    assert f' src="/files/{file.public_id}/mail/top-0/picture/"' in html
    assert ' src="https://tracker.example' not in html
    policy = framed["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; img-src testserver/files/ data:; ")
    assert "allow-scripts" not in policy


def test_its_files_are_downloads_and_its_pictures_ours(house: House) -> None:
    file = arrive(house, nested(1))
    client = signed_in(house.olena)

    scanned = client.get(f"/files/{file.public_id}/mail/top-1/file/")
    cup = client.get(f"/files/{file.public_id}/mail/top-0/picture/")

    assert b"".join(scanned.streaming_content) == b"scanned"
    assert scanned["Content-Disposition"] == 'attachment; filename="claim.txt"'
    assert scanned["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert scanned["X-Content-Type-Options"] == "nosniff"
    assert cup["Content-Type"] == "image/jpeg"  # our own encoding, not the sender's
    assert client.get(f"/files/{file.public_id}/mail/top-1/picture/").status_code == 404


def test_mails_in_mails_open_down_to_a_bound(house: House) -> None:
    file = arrive(house, nested(MAX_DEPTH + 2))
    client = signed_in(house.olena)
    deepest = "-".join(["top"] + ["0"] * MAX_DEPTH)

    shown = client.get(f"/files/{file.public_id}/mail/{deepest}/").content.decode()

    assert "Level 1" in shown
    assert f"/mail/{deepest}-0/file/" in shown  # further down it is a file
    assert f'/mail/{deepest}-0/"' not in shown
    assert client.get(f"/files/{file.public_id}/mail/{deepest}-0/").status_code == 422


def test_an_outlook_item_from_a_winmail_dat_opens_too(house: House) -> None:
    message = properties(
        (0x0037, 0x1F, unicode_text("Kaputte Tasse")), (0x0C1A, 0x1F, unicode_text('Zoe "Z" Bauer')),
        (0x0C1F, 0x1F, unicode_text("zoe@customer.example")), (0x1000, 0x1F, unicode_text("Sie ist zerbrochen.")),
    )  # fmt: skip
    item = tnef(attribute(0x9003, message, level=1), tnef_file(b"bill.txt", b"12 euro"))
    mail = make_mail()
    wrapped = tnef(tnef_file(b"item", b"x", (0x3701, 0x0D, bytes(16) + item)))
    mail.add_attachment(wrapped, maintype="application", subtype="ms-tnef", filename="winmail.dat")
    file = arrive(house, mail)
    client = signed_in(house.olena)

    body = client.get(f"/files/{file.public_id}/mail/top/").content.decode()

    assert "Kaputte Tasse" in body
    assert "&lt;zoe@customer.example&gt;" in body
    assert "Sie ist zerbrochen." in body
    assert b"".join(client.get(f"/files/{file.public_id}/mail/top-0/file/").streaming_content) == b"12 euro"


def test_what_is_no_mail_says_so_and_stays_a_download(house: House) -> None:
    mail = make_mail()
    mail.add_attachment(b" \r\n", maintype="application", subtype="octet-stream", filename="empty.bin")
    file = arrive(house, mail)

    answer = signed_in(house.olena).get(f"/files/{file.public_id}/mail/top/")

    assert answer.status_code == 422
    assert "This file cannot be read as a mail" in answer.content.decode()


@pytest.mark.parametrize("path", ["top/", "top/frame/", "top-0/picture/", "top-1/file/"])
def test_outsiders_and_strangers_see_nothing(house: House, path: str) -> None:
    file = arrive(house, nested(1))

    assert signed_in(house.olena).get(f"/files/{file.public_id}/mail/{path}").status_code == 200
    assert signed_in(house.mallory).get(f"/files/{file.public_id}/mail/{path}").status_code == 404
    assert Client().get(f"/files/{file.public_id}/mail/{path}").status_code == 302


@pytest.mark.parametrize("place", ["bottom", "top-", "top-x", "top-0000", "top-0-0-0-0-0-0", "top-77"])
def test_places_that_are_none(house: House, place: str) -> None:
    file = arrive(house, nested(1))
    client = signed_in(house.olena)

    assert client.get(f"/files/{file.public_id}/mail/{place}/frame/").status_code == 404
    assert client.get(f"/files/{file.public_id}/mail/{place}/file/").status_code == 404


def test_an_invitation_stands_in_the_thread_in_the_agents_zone(house: House) -> None:
    mail = make_mail()
    lines = ["BEGIN:VCALENDAR", "METHOD:CANCEL", "BEGIN:VEVENT", "SUMMARY:Look at <b>it</b>", "LOCATION:Gartenweg 5",
             "DTSTART;TZID=Europe/Berlin:20260703T100000", "DTEND;TZID=Europe/Berlin:20260703T113000",
             "ORGANIZER;CN=Zoe:mailto:z@customer.example", "RRULE:FREQ=DAILY", "END:VEVENT", "END:VCALENDAR"]  # fmt: skip
    mail.add_attachment("\r\n".join(lines), subtype="calendar", filename="invite.ics")
    file = arrive(house, mail)
    house.olena.time_zone = "Asia/Tokyo"
    house.olena.save()

    thread = signed_in(house.olena).get(f"/tickets/{file.ticket_id}/pane/").json()["thread"]

    assert '<span class="pill">Cancelled</span><b>Look at &lt;b&gt;it&lt;/b&gt;</b>' in thread
    assert "3 July 2026, 17:00–18:30 · repeats" in thread
    assert "Gartenweg 5" in thread
    assert "<dd>Zoe</dd>" in thread
    assert f'href="/files/{file.public_id}/" download' in thread


def test_what_a_program_calls_inline_but_nothing_shows_is_listed(house: House) -> None:
    mail = make_mail(text="See the bill.")
    mail.add_attachment(b"%PDF-1.7", maintype="application", subtype="pdf", filename="bill.pdf", disposition="inline")
    file = arrive(house, mail)

    thread = signed_in(house.olena).get(f"/tickets/{file.ticket_id}/pane/").json()["thread"]

    assert "bill.pdf" in thread
