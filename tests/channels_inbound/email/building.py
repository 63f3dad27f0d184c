"""Raw mails for the tests of the mail reader, written out so that a test shows what it feeds in."""

from __future__ import annotations

HEADERS = {
    "From": "Zoe Koval <zoe@customer.example>",
    "To": "Shop <support@shop.example>",
    "Subject": "Where is my order",
    "Date": "Tue, 03 Nov 2026 12:30:00 +0200",
    "Message-ID": "<m1@customer.example>",
}


def raw_mail(body: str | bytes = "Hello\n", charset: str = "utf-8", **headers: str | bytes | None) -> bytes:
    """A mail with the usual headers; `X_Y="z"` adds or replaces X-Y, None removes it."""
    wanted: dict[str, str | bytes] = dict(HEADERS)
    for name, value in headers.items():
        key = name.replace("_", "-")
        for known in list(wanted):
            if known.lower() == key.lower():
                del wanted[known]
        if value is not None:
            wanted[key] = value
    lines = [
        name.encode() + b": " + (value if isinstance(value, bytes) else value.encode())
        for name, value in wanted.items()
    ]
    return b"\r\n".join(lines) + b"\r\n\r\n" + (body if isinstance(body, bytes) else body.encode(charset))


def html_mail(html: str, **headers: str | bytes | None) -> bytes:
    return raw_mail(html, Content_Type="text/html; charset=utf-8", **headers)


def multipart(kind: str, *parts: str | bytes, boundary: str = "frontier", **headers: str | bytes | None) -> bytes:
    """A multipart mail of parts that begin with their own headers."""
    return raw_mail(
        multipart_body(*parts, boundary=boundary), Content_Type=f'multipart/{kind}; boundary="{boundary}"', **headers
    )


def multipart_body(*parts: str | bytes, boundary: str = "frontier") -> bytes:
    encoded = [part if isinstance(part, bytes) else part.encode() for part in parts]
    mark = b"--" + boundary.encode()
    return b"".join(mark + b"\r\n" + part + b"\r\n" for part in encoded) + mark + b"--\r\n"


def part(content: str | bytes, **headers: str | bytes) -> bytes:
    """One part for `multipart`."""
    data = content if isinstance(content, bytes) else content.encode()
    lines = [
        name.replace("_", "-").encode() + b": " + (value if isinstance(value, bytes) else value.encode())
        for name, value in headers.items()
    ]
    return b"\r\n".join([*lines, b"", data])
