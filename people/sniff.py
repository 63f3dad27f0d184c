"""What a file is, judged by its bytes. The sender's word only chooses within the family the bytes belong to."""

from __future__ import annotations

from pathlib import PurePosixPath

HEAD_BYTES = 4096
UNKNOWN = "application/octet-stream"

# (offset, bytes, type); the first match wins
_MAGIC: tuple[tuple[int, bytes, str], ...] = (
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"GIF87a", "image/gif"),
    (0, b"GIF89a", "image/gif"),
    (8, b"WEBP", "image/webp"),
    (8, b"WAVE", "audio/wav"),
    (8, b"AVI ", "video/x-msvideo"),
    (4, b"ftypheic", "image/heic"),
    (4, b"ftypmif1", "image/heif"),
    (4, b"ftypavif", "image/avif"),
    (4, b"ftypM4A", "audio/mp4"),
    (4, b"ftypqt", "video/quicktime"),
    (4, b"ftyp", "video/mp4"),
    (0, b"BM", "image/bmp"),
    (0, b"II*\x00", "image/tiff"),
    (0, b"MM\x00*", "image/tiff"),
    (0, b"%PDF-", "application/pdf"),
    (0, b"PK\x03\x04", "application/zip"),
    (0, b"PK\x05\x06", "application/zip"),
    (0, b"Rar!\x1a\x07", "application/vnd.rar"),
    (0, b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (0, b"\x1f\x8b", "application/gzip"),
    (0, b"BZh", "application/x-bzip2"),
    (0, b"\xfd7zXZ\x00", "application/x-xz"),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/x-ole-storage"),
    (0, b"{\\rtf", "application/rtf"),
    (0, b"ID3", "audio/mpeg"),
    (0, b"\xff\xfb", "audio/mpeg"),
    (0, b"OggS", "audio/ogg"),
    (0, b"#!AMR", "audio/amr"),
    (0, b"\x1aE\xdf\xa3", "video/webm"),
    (0, b"MZ", "application/x-msdownload"),
    (0, b"\x7fELF", "application/x-executable"),
    (0, b"BEGIN:VCALENDAR", "text/calendar"),
    (0, b"BEGIN:VCARD", "text/vcard"),
)

# Containers whose content only the name tells; nothing here is ever rendered, so a lie harms nobody.
_BY_NAME: dict[str, dict[str, str]] = {
    "application/zip": {
        ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        ".pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
        ".odt": "application/vnd.oasis.opendocument.text",
        ".ods": "application/vnd.oasis.opendocument.spreadsheet",
        ".epub": "application/epub+zip",
    },
    "application/x-ole-storage": {
        ".doc": "application/msword",
        ".xls": "application/vnd.ms-excel",
        ".ppt": "application/vnd.ms-powerpoint",
        ".msg": "application/vnd.ms-outlook",
    },
    "text/plain": {
        ".csv": "text/csv",
        ".json": "application/json",
        ".md": "text/markdown",
        ".eml": "message/rfc822",
    },
}
_MARKUP = ((b"<svg", "image/svg+xml"), (b"<!doctype html", "text/html"), (b"<html", "text/html"),
           (b"<script", "text/html"), (b"<body", "text/html"), (b"<head", "text/html"))  # fmt: skip


def sniff(head: bytes, filename: str = "") -> str:
    """The media type the first bytes show; `filename` refines a container or plain text, never overrules."""
    head = head[:HEAD_BYTES]
    found = _magic(head) or _markup(head) or ("text/plain" if _is_text(head) else UNKNOWN)
    suffix = PurePosixPath(filename.lower()).suffix
    return _BY_NAME.get(found, {}).get(suffix, found)


def _magic(head: bytes) -> str:
    for offset, mark, media_type in _MAGIC:
        if head.startswith(mark, offset):
            return media_type
    return ""


def _markup(head: bytes) -> str:
    """Markup anywhere near the start counts: browsers look past comments and white space too."""
    lowered = head.replace(b"\x00", b"").lower()
    for mark, media_type in _MARKUP:
        if mark in lowered[:1024]:
            return media_type
    return "text/xml" if lowered.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<?xml") else ""


def _is_text(head: bytes) -> bool:
    if b"\x00" in head:
        return False
    try:
        head.decode("utf-8")
    except UnicodeDecodeError as error:
        return error.start >= len(head) - 3 and len(head) == HEAD_BYTES  # cut inside a character
    return True
