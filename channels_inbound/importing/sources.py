"""Mails in files, one after the other and never more than one in memory: mbox, Maildir, folders of .eml, single mails.

An mbox is read as it streams by, whatever its size. Which kind a path is, is read from what lies there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.utils import mktime_tz, parsedate_tz
from pathlib import Path

HEAD_BYTES = 16 << 10
MAIL_ENDINGS = (".eml", ".mbox", ".mbx")
_LINE = 1 << 20
# "From zoe@customer.example Mon Mar  2 09:00:00 2026": the date tells it from a sentence that begins with "From".
_SEPARATOR = re.compile(rb"From \S.*\d{1,2}:\d{2}(?::\d{2})?.* (?:19|20)\d\d\b|From (?:-|\S+@\S+|MAILER-DAEMON)\s")
_NO_MAIL = "not read (no line of it begins a mail as in an mbox)"
_ESCAPED = re.compile(rb">+From ")
_HEADER = re.compile(rb"From |[A-Za-z][A-Za-z0-9-]*:")
_DATE = re.compile(rb"(?im)^date:[ \t]*([^\r\n]+)")


@dataclass(frozen=True, slots=True)
class FoundMail:
    """One mail of a file. With a `problem` there is nothing of it but where it lies."""

    label: str
    content: bytes
    read: int
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Source:
    """A path the operator named: its kind, its files in the order they are read, their size."""

    path: Path
    kind: str
    files: tuple[Path, ...]
    size: int

    @property
    def is_archive(self) -> bool:
        """Whether it is a collection, so history, and not a mail somebody holds in their hand."""
        return self.kind != "mail"


def source_at(path: Path) -> Source:
    """What lies there. Raises OSError when it cannot be read."""
    if path.is_dir():
        boxes = maildirs_in(path)
        files = [file for box in boxes for file in _in_maildir(box)] if boxes else _in_folder(path)
        return Source(path, "Maildir" if boxes else "folder", tuple(files), sum(_size(file) for file in files))
    with path.open("rb") as file:
        kind = "mbox" if file.read(5) == b"From " else "mail"
    return Source(path, kind, (path,), _size(path))


def maildirs_in(path: Path) -> list[Path]:
    """The Maildir at the path and the folders inside of it (Maildir++ and nested), in order."""
    folders = [path, *sorted(found for found in path.rglob("*") if found.is_dir())]
    return [folder for folder in folders if (folder / "cur").is_dir() and (folder / "new").is_dir()]


def _in_maildir(box: Path) -> list[Path]:
    found = [file for part in ("cur", "new") for file in (box / part).iterdir() if file.is_file()]
    # The name begins with the second of its arrival.
    return sorted(
        found, key=lambda file: (int(file.name.partition(".")[0] or 0) if file.name[0].isdigit() else 0, file.name)
    )


def _in_folder(path: Path) -> list[Path]:
    """Mails and mboxes below it; oldest first, so that an answer comes after what it answers."""
    found = [file for file in path.rglob("*") if file.is_file() and _looks_like_mail(file)]
    return sorted(found, key=lambda file: (_written(file), str(file)))


def _looks_like_mail(file: Path) -> bool:
    """By its ending; without one, as many exports have it, by its first line."""
    if file.name.startswith("."):
        return False
    if file.suffix.lower() in MAIL_ENDINGS:
        return True
    try:
        with file.open("rb") as handle:
            return not file.suffix and bool(_HEADER.match(handle.read(200)))
    except OSError:
        return True  # said when its turn comes


def _written(file: Path) -> float:
    try:
        with file.open("rb") as handle:
            said = _DATE.search(handle.read(HEAD_BYTES))
        parsed = parsedate_tz(said[1].decode("ascii", "replace")) if said else None
        return float(mktime_tz(parsed)) if parsed else file.stat().st_mtime
    except (OSError, ValueError, OverflowError):
        return 0.0


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError:
        return 0


def mails_of(source: Source, *, max_size: int) -> Iterator[FoundMail]:
    """Every mail of the source; `read` is how many bytes of it lie behind us."""
    done = 0
    for file in source.files:
        try:
            with file.open("rb") as handle:
                is_mbox = source.kind != "Maildir" and handle.read(5) == b"From "
            if is_mbox:
                for mail in _in_mbox(file, max_size=max_size):
                    yield FoundMail(mail.label, mail.content, done + mail.read, mail.problem)
            else:
                yield _whole(file, done, max_size=max_size)
        except OSError as error:
            yield FoundMail(str(file), b"", done, f"not read ({error.strerror})")
        done += _size(file)


def _whole(file: Path, done: int, *, max_size: int) -> FoundMail:
    size = _size(file)
    if size > max_size:
        return FoundMail(str(file), b"", done + size, too_large(max_size))
    return FoundMail(str(file), file.read_bytes(), done + size)


def too_large(max_size: int) -> str:
    return f"not read (larger than {max_size} bytes)"


def _in_mbox(file: Path, *, max_size: int) -> Iterator[FoundMail]:
    """Split at "From " lines after an empty line; ">From " is put back to what was written."""
    with file.open("rb", buffering=1 << 20) as handle:
        number, content, size, empty_before, line_begins = 0, bytearray(), 0, True, True
        while line := handle.readline(_LINE):
            if line_begins and empty_before and _SEPARATOR.match(line):
                if number:
                    yield _mbox_mail(file, number, content, size, handle.tell() - len(line), max_size)
                elif content.strip():
                    yield FoundMail(f"{file}, before the first mail", b"", handle.tell() - len(line), _NO_MAIL)
                number, content, size = number + 1, bytearray(), 0
                continue
            if line_begins and _ESCAPED.match(line):
                line = line[1:]
            size += len(line)
            if size <= max_size:
                content += line
            empty_before = line_begins and line in (b"\n", b"\r\n")
            line_begins = line.endswith(b"\n")
        if number:
            yield _mbox_mail(file, number, content, size, handle.tell(), max_size)
        else:
            yield FoundMail(str(file), b"", handle.tell(), _NO_MAIL)


def _mbox_mail(file: Path, number: int, content: bytearray, size: int, read: int, max_size: int) -> FoundMail:
    label = f"{file}, mail {number}"
    if size > max_size:
        return FoundMail(label, b"", read, too_large(max_size))
    # The empty line before the next "From " belongs to the separator.
    for ending in (b"\r\n", b"\n"):
        if content.endswith(ending * 2):
            del content[-len(ending) :]
            break
    return FoundMail(label, bytes(content), read)
