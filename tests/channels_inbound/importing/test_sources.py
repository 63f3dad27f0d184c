"""Mails found in files, byte for byte, without holding the files."""

from __future__ import annotations

import mailbox
import os
import tracemalloc
from pathlib import Path

import pytest

from channels_inbound.importing.sources import mails_of, source_at

LIMIT = 64 << 20


def contents(path: Path, limit: int = LIMIT) -> list[bytes]:
    return [mail.content for mail in mails_of(source_at(path), max_size=limit)]


def mail(n: int, body: bytes = b"Hello\n") -> bytes:
    return b"Message-ID: <%d@x.example>\nDate: Mon, %02d Mar 2026 09:00:00 +0000\nSubject: Mail %d\n\n%s" % (
        n,
        n,
        n,
        body,
    )


@pytest.mark.parametrize(
    "body",
    [
        b"Hello\n",
        b"",
        b"From here on it is fine.\n",
        b"\nFrom the shop I got nothing, 10:30 was the time.\n",
        b"From zoe@customer.example Mon Mar  2 09:00:00 2026\nforwarded\n",
        b">From quoted\n",
        b"\n\n\n",
        b"no newline at the end",
        b"x" * 3_000_000 + b"\n",
    ],
    ids=[
        "plain",
        "empty",
        "sentence",
        "sentence after a blank line",
        "envelope",
        "quoted",
        "blanks",
        "cut",
        "long line",
    ],
)
def test_what_the_standard_library_writes_to_an_mbox_comes_back(tmp_path: Path, body: bytes) -> None:
    box = mailbox.mbox(str(tmp_path / "box"))
    for n in (1, 2, 3):
        box.add(mail(n, body))
    box.close()
    found = contents(tmp_path / "box")
    # It escapes "From " and not ">From ", so one quoted by hand loses its sign; and it ends mails with a newline.
    expected = [mail(n, body.replace(b">From ", b"From ")) for n in (1, 2, 3)]
    assert [item.rstrip(b"\n") for item in found] == [item.rstrip(b"\n") for item in expected]


def test_line_ends_stay_as_they_are(tmp_path: Path) -> None:
    path = tmp_path / "box.mbox"
    one = mail(1).replace(b"\n", b"\r\n")
    path.write_bytes(b"From - Mon Mar  2 09:00:00 2026\r\n" + one + b"\r\nFrom - Mon Mar  2 09:00:01 2026\r\n" + one)
    assert contents(path) == [one, one]


def test_a_large_mbox_is_not_held_in_memory(tmp_path: Path) -> None:
    path = tmp_path / "box"
    line = b"From a@b.example Mon Mar  2 09:00:00 2026\n"
    with path.open("wb") as file:
        for n in range(200):
            file.write(line + mail(n % 28, b"y" * 75 + b"\n") + (b"z" * 75 + b"\n") * 13_000 + b"\n")
    assert path.stat().st_size > 180 << 20
    tracemalloc.start()
    number = sum(1 for _ in mails_of(source_at(path), max_size=LIMIT))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert number == 200
    assert peak < 12 << 20


def test_too_large_is_told_and_the_next_ones_come(tmp_path: Path) -> None:
    path = tmp_path / "box"
    line = b"From a@b.example Mon Mar  2 09:00:00 2026\n"
    path.write_bytes(line + mail(1) + b"\n" + line + mail(2, b"x\n" * 5000) + b"\n" + line + mail(3))
    found = list(mails_of(source_at(path), max_size=2000))
    assert [item.problem for item in found] == ["", "not read (larger than 2000 bytes)", ""]
    assert found[1].label == f"{path}, mail 2"
    assert found[-1].read == path.stat().st_size


def test_a_maildir_with_its_folders_in_order_of_arrival(tmp_path: Path) -> None:
    for folder in ("", ".Archive", ".Sent"):
        for part in ("cur", "new", "tmp"):
            (tmp_path / folder / part).mkdir(parents=True)
    (tmp_path / "cur" / "200.b.host:2,S").write_bytes(mail(2))
    (tmp_path / "new" / "1000.a.host").write_bytes(mail(3))
    (tmp_path / "cur" / "100.c.host:2,").write_bytes(b"From a@b Mon Mar  2 09:00:00 2026\nnot an mbox\n")
    (tmp_path / "tmp" / "1.half").write_bytes(mail(9))
    (tmp_path / ".Archive" / "cur" / "50.x").write_bytes(mail(4))
    (tmp_path / "dovecot.index.log").write_bytes(b"no mail")
    source = source_at(tmp_path)
    assert (source.kind, source.is_archive) == ("Maildir", True)
    assert contents(tmp_path) == [b"From a@b Mon Mar  2 09:00:00 2026\nnot an mbox\n", mail(2), mail(3), mail(4)]


def test_a_folder_oldest_first_and_only_mails(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "a.eml").write_bytes(mail(9))
    (tmp_path / "sub" / "b.EML").write_bytes(mail(3))
    (tmp_path / "c").write_bytes(mail(5))
    (tmp_path / "old.mbox").write_bytes(b"From a@b.example Mon Mar  2 09:00:00 2026\n" + mail(1))
    (tmp_path / "LICENSE").write_bytes(b"You may do this and that.\n")
    (tmp_path / "notes.txt").write_bytes(mail(6))
    (tmp_path / ".DS_Store").write_bytes(mail(7))
    assert source_at(tmp_path).kind == "folder"
    assert sorted(contents(tmp_path)) == [mail(1), mail(3), mail(5), mail(9)]
    assert contents(tmp_path)[-2:] == [mail(5), mail(9)]


def test_a_single_mail_is_no_archive(tmp_path: Path) -> None:
    path = tmp_path / "a.eml"
    path.write_bytes(mail(1))
    assert not source_at(path).is_archive
    assert contents(path) == [mail(1)]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_unreadable_files_are_told(tmp_path: Path) -> None:
    (tmp_path / "a.eml").write_bytes(mail(1))
    (tmp_path / "b.eml").write_bytes(mail(2))
    (tmp_path / "a.eml").chmod(0)
    assert [item.problem for item in mails_of(source_at(tmp_path), max_size=LIMIT)] == [
        "not read (Permission denied)",
        "",
    ]


def test_what_vanishes_on_the_way_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.eml").write_bytes(mail(1))
    (tmp_path / "b.eml").write_bytes(mail(2))
    source = source_at(tmp_path)
    (tmp_path / "a.eml").unlink()
    assert [item.problem for item in mails_of(source, max_size=LIMIT)] == ["not read (No such file or directory)", ""]
