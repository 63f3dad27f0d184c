"""Threats 18, 22, 23, 24 and 40: files of strangers are downloads whatever they call themselves, pictures are made
anew, bombs cost nothing, and links end."""

from __future__ import annotations

import io
import struct
import time
import zipfile
import zlib

import psutil
import pytest
from django.test import Client
from PIL import Image

from channels_inbound.inbound import drain_inbound
from channels_inbound.raw import store_raw
from tests.channels_inbound.mails import make_mail
from tests.people import House, make_house, open_ticket
from tests.security.payloads import JS
from tests.security.world import picture, signed_in
from tickets import files
from tickets.files import inline_picture_url
from tickets.models import Attachment, Message, Ticket

pytestmark = pytest.mark.django_db(transaction=True)

HTML = f"<html><script>{JS}</script>".encode()
SVG = f'<svg xmlns="http://www.w3.org/2000/svg" onload="{JS}"><script>{JS}</script></svg>'.encode()
XML = b'<?xml version="1.0"?><?xml-stylesheet href="x.xsl"?>' + SVG
PHP = b"<?php system($_GET['c']); ?>"
EXE = b"MZ\x90\x00" + b"\x00" * 60
POLYGLOT = b"GIF89a/*\x00\x00*/=1;" + JS.encode()
PDF = b"%PDF-1.7\n1 0 obj<</OpenAction<</S/JavaScript/JS(app.alert(1))>>>>"

CONTENTS = {
    "html": HTML, "svg": SVG, "xml": XML, "php": PHP, "exe": EXE, "gif and script": POLYGLOT, "pdf": PDF,
    "js": JS.encode(), "mhtml": b"MIME-Version: 1.0\r\nContent-Type: text/html\r\n\r\n" + HTML,
    "bom html": b"\xef\xbb\xbf" + HTML, "utf-16 html": HTML.decode().encode("utf-16"), "empty": b"",
    "spaces and html": b" " * 2000 + HTML,
}  # fmt: skip
TYPES = ["text/html", "image/svg+xml", "application/xhtml+xml", "text/xml", "image/png", "application/javascript",
         "application/x-shockwave-flash", "text/plain", "multipart/x-mixed-replace", "application/octet-stream"]  # fmt: skip
NAMES = [
    "page.html", "picture.svg", "shell.php", "shell.pht", "shell.phtml", "x.php.png", "x.png.php", "run.exe", "run.bat",
    "a.jsp", "a.aspx", "a.shtml", ".htaccess", "..", ".", "../../../etc/passwd", "..\\..\\windows\\win.ini", "/etc/passwd",
    "C:\\x.txt", "a\x00.png", "a\r\nContent-Type: text/html\r\n\r\n<script>x", 'a".html', "a;filename=b.html", "CON", "NUL.txt",
    "a" * 300 + ".html", "e\u0301.txt", "п\u202eexe.txt", "файл.txt", "%2e%2e%2fx", "%00.html", "a/b/c.txt", "~root",
    "-rf.txt", "$(id).txt", "`id`.txt", "a|b.txt", "<script>.txt", "\ud83d\ude00".encode("utf-16", "surrogatepass").decode("utf-16"),
    " ", "a ", "a.", "a:b.txt", "=cmd|' /C calc'!A0.csv", "desktop.ini", "a.lnk", "a.url", "a.hta", "a.swf", "a.jar", "a.wasm",
]  # fmt: skip
GUARD = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cross-Origin-Resource-Policy": "same-origin",
}


@pytest.fixture
def house() -> House:
    return make_house()


def by_mail(house: House, content: bytes, name: str, media_type: str) -> Attachment:
    """The attachment as a stranger sends it."""
    mail = make_mail(Message_ID=f"<{time.monotonic_ns()}@c.example>")
    maintype, subtype = media_type.split("/")
    safe_name = name.replace("\r", "").replace("\n", " ")
    mail.add_attachment(content, maintype="application", subtype="octet-stream", filename=safe_name)
    raw = mail.as_bytes().replace(b"application/octet-stream", f"{maintype}/{subtype}".encode())
    [pk] = store_raw([house.channel.pk], transport="smtp", content=raw, envelope={})
    drain_inbound()
    return Attachment.objects.get(message__raw_deliveries=pk)


def assert_guarded(response: object, *, content: bytes) -> None:
    headers = response.headers  # type: ignore[attr-defined]
    assert {name: headers[name] for name in GUARD} == GUARD
    assert headers["Content-Disposition"].startswith("attachment")
    assert "\n" not in headers["Content-Disposition"] and "\r" not in headers["Content-Disposition"]
    served = headers["Content-Type"].partition(";")[0]
    assert served in files._KEPT_TYPES | {"application/octet-stream"} or served.startswith(files._KEPT_PREFIXES)
    assert not served.startswith("text/") and "svg" not in served and "xml" not in served.split("-")
    assert response.getvalue() == content  # type: ignore[attr-defined]


@pytest.mark.parametrize("kind", CONTENTS)
def test_whatever_it_is_and_claims_to_be_it_is_a_download(house: House, kind: str) -> None:
    client = signed_in(house.olena)
    for media_type in TYPES if kind in ("html", "svg") else [*TYPES[:2], "image/png"]:
        if media_type.startswith("multipart/"):
            continue
        file = by_mail(house, CONTENTS[kind], f"{kind}.png", media_type)
        assert_guarded(client.get(f"/files/{file.public_id}/"), content=CONTENTS[kind])
        if kind != "gif and script":
            assert client.get(f"/files/{file.public_id}/thumb/").status_code == 404
            assert client.get(inline_picture_url(file.public_id)).status_code == 404


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
def test_a_name_is_only_a_name(house: House, name: str) -> None:
    """It is shown and given to the download, and decides neither type nor place."""
    file = by_mail(house, HTML, name, "text/html")
    assert_guarded(signed_in(house.olena).get(f"/files/{file.public_id}/"), content=HTML)
    assert len(file.filename) <= 255
    assert not any(ord(letter) < 32 or letter in "/\\" for letter in file.filename)
    stored = files.attachments_storage().path("")
    kept = [path for path in __import__("pathlib").Path(stored).rglob("*") if path.is_file()]
    found = [path for path in kept if "imports" not in path.parts]  # put there by others, by names of theirs
    assert found
    assert all(path.name.partition("-")[0].isalnum() for path in found)


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
def test_an_agents_upload_goes_by_the_same_rules(house: House, name: str) -> None:
    from django.core.files.uploadedfile import SimpleUploadedFile

    from tickets import actions

    ticket = open_ticket(house.channel)
    upload = SimpleUploadedFile("x", HTML)
    file = actions.upload_attachment(ticket.pk, by=house.olena, upload=upload, filename=name)
    assert_guarded(signed_in(house.olena).get(f"/files/{file.public_id}/"), content=HTML)


def png_of(width: int, height: int) -> bytes:
    """A few bytes that claim so many pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b"\x00" * 1000))
        + chunk(b"IEND", b"")
    )


def gif_of_frames(number: int) -> bytes:
    frame = b"\x21\xf9\x04\x04\x00\x00\x00\x00\x2c" + struct.pack("<HHHH", 0, 0, 1, 1) + b"\x00\x02\x02\x44\x01\x00"
    return b"GIF89a" + struct.pack("<HH", 1, 1) + b"\x80\x00\x00\x00\x00\x00\xff\xff\xff" + frame * number + b"\x3b"


def zip_bomb() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zeros", b"\x00" * (64 << 20))
    return out.getvalue()


BOMBS = {
    "a gigapixel": (png_of(40_000, 25_000), 404),
    "more pixels than there are": (png_of(2**31 - 1, 2**31 - 1), 404),
    "none": (png_of(0, 0), 404),
    "thin": (png_of(1, 30_000_000), 404),
    "cut off": (picture()[:60], 404),
    "ten thousand frames": (gif_of_frames(10_000), 200),
    "an archive of zeros": (zip_bomb(), 404),
}  # fmt: skip


@pytest.mark.parametrize("bomb", BOMBS)
def test_bombs_cost_nothing(house: House, bomb: str) -> None:
    content, answer = BOMBS[bomb]
    file = by_mail(house, content, "photo.png", "image/png")
    client, process = signed_in(house.olena), psutil.Process()
    memory, began = process.memory_info().rss, time.process_time()
    assert client.get(f"/files/{file.public_id}/thumb/").status_code == answer
    assert client.get(inline_picture_url(file.public_id)).status_code == answer
    assert time.process_time() - began < 1
    assert process.memory_info().rss - memory < 50 << 20


def test_a_picture_is_our_own_encoding(house: House) -> None:
    """What hides behind the picture or in its notes does not come along."""
    out = io.BytesIO()
    exif = Image.Exif()
    exif[0x010E] = "secret place"
    Image.new("RGB", (50, 50), "red").save(out, "JPEG", exif=exif, comment=HTML)
    file = by_mail(house, out.getvalue() + HTML, "a.jpg", "image/jpeg")
    for path in (f"/files/{file.public_id}/thumb/", inline_picture_url(file.public_id)):
        response = signed_in(house.olena).get(path)
        assert (response.status_code, response["Content-Type"]) == (200, "image/jpeg")
        assert {name: response[name] for name in GUARD} == GUARD
        assert b"script" not in response.content and b"secret" not in response.content
        assert Image.open(io.BytesIO(response.content)).size == (50, 50)


@pytest.fixture
def shown(house: House) -> Attachment:
    return by_mail(house, picture(), "a.png", "image/png")


def test_an_inline_link_ends_and_is_for_one_picture(
    house: House, shown: Attachment, monkeypatch: pytest.MonkeyPatch
) -> None:
    client, link = signed_in(house.olena), inline_picture_url(shown.public_id)
    assert client.get(link).status_code == 200
    other = by_mail(house, picture(), "b.png", "image/png")
    assert client.get(link.replace(str(shown.public_id), str(other.public_id))).status_code == 404
    assert Client().get(link).status_code == 302
    assert signed_in(house.mallory).get(link).status_code == 404
    bucket, _, code = link.rstrip("/").rpartition("/")[2].partition("-")
    for forged in (
        f"{int(bucket, 16) + 1:x}-{code}",
        f"{bucket}-{code[:-1]}",
        f"-{code}",
        f"{bucket}-",
        f"{'f' * 400}-{code}",
    ):
        assert client.get(f"/files/{shown.public_id}/inline/{forged}/").status_code == 404, forged
    now = time.time()
    monkeypatch.setattr(files.time, "time", lambda: now + 2 * files.LINK_SECONDS)
    assert client.get(link).status_code == 404


def test_a_kept_copy_is_asked_for_again_once_the_right_is_gone(house: House, shown: Attachment) -> None:
    client = signed_in(house.olena)
    first = client.get(f"/files/{shown.public_id}/")
    assert client.get(f"/files/{shown.public_id}/", headers={"If-None-Match": first["ETag"]}).status_code == 304
    Ticket.objects.filter(pk=shown.ticket_id).update(team=house.returns)
    assert client.get(f"/files/{shown.public_id}/", headers={"If-None-Match": first["ETag"]}).status_code == 404


def test_uploads_need_a_session_a_ticket_and_a_size(house: House, settings: object) -> None:
    from django.core.files.uploadedfile import SimpleUploadedFile

    settings.MAX_UPLOAD_SIZE = 1000  # type: ignore[attr-defined]
    ticket = open_ticket(house.channel)
    path = f"/tickets/{ticket.pk}/uploads/"

    def status(client: Client, size: int = 10) -> int:
        return client.post(path, {"file": SimpleUploadedFile("a.txt", b"x" * size)}).status_code

    assert status(Client()) == 302
    assert status(signed_in(house.mallory)) == 404
    assert status(signed_in(house.vera)) == 403
    assert status(signed_in(house.olena), 1001) == 422
    assert not Attachment.objects.exists()
    assert status(signed_in(house.olena)) == 200
    assert Message.objects.filter(attachments__isnull=False).count() == 0
