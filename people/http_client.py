"""Asking providers over HTTP: to checked addresses only, within limits, and knowing what is known after a failure.

Before the request is written whole the other side cannot have acted: `Unreachable`. From then on silence means that
nobody knows: `Unanswered`.
"""

from __future__ import annotations

import http.client
import json
import ssl
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import SplitResult, quote, urlencode, urljoin, urlsplit

from people.egress import connect, tls_context

PORTS = frozenset({80, 443, 8443})
CONNECT_SECONDS = 5.0
MAX_REDIRECTS = 3
MAX_ANSWER = 1 << 20
_CHUNK = 1 << 16


class Unreachable(OSError):
    """The request did not get there: it can be made again."""


class Unanswered(OSError):
    """The request may have been acted upon."""


class Elsewhere(OSError):
    """It lies, or a redirect leads, where we do not go for it."""


class TooLarge(OSError):
    """More came than we are willing to take."""


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)

    def header(self, name: str) -> str:
        return self.headers.get(name.lower(), "")

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300

    def json(self) -> dict[str, Any]:
        """The answer as an object; an empty one when it is none."""
        try:
            found = json.loads(self.body)
        except (ValueError, RecursionError):
            return {}
        return found if isinstance(found, dict) else {}


class HttpClient:
    """Asks; holds no connection open, since webhooks and sends of many providers share a worker."""

    def __init__(self, timeout: float = 10.0) -> None:
        self.timeout = timeout

    def request(
        self, method: str, url: str, *, headers: Mapping[str, str] | None = None, body: bytes | None = None,
        limit: int = MAX_ANSWER, timeout: float | None = None,
    ) -> Answer:  # fmt: skip
        """One request, no redirect followed."""
        place = parsed(url)
        deadline = time.monotonic() + (timeout or self.timeout)
        connection = _connection(place, self.timeout)
        try:
            _write(connection, method, place, headers or {}, body)
            try:
                response = connection.getresponse()
                content = _read(response, limit, deadline)
            except TooLarge:
                raise
            except (OSError, http.client.HTTPException) as error:
                raise Unanswered(f"{place.hostname} did not answer ({type(error).__name__})") from None
            return Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, content)
        finally:
            connection.close()

    def post_json(self, url: str, content: Any, *, headers: Mapping[str, str] | None = None) -> Answer:
        body = json.dumps(content, ensure_ascii=False).encode()
        return self.request("POST", url, body=body, headers={"Content-Type": "application/json", **(headers or {})})

    def post_form(
        self, url: str, fields: Sequence[tuple[str, str]], *, headers: Mapping[str, str] | None = None
    ) -> Answer:
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        return self.request("POST", url, body=urlencode(fields).encode(), headers={**kind, **(headers or {})})

    def post_files(
        self, url: str, fields: Mapping[str, str], files: Mapping[str, tuple[str, str, bytes]],
        *, headers: Mapping[str, str] | None = None,
    ) -> Answer:  # fmt: skip
        """multipart/form-data; a file is (name, type, bytes)."""
        edge = uuid.uuid4().hex
        content = _multipart(edge, fields, files)
        kind = {"Content-Type": f"multipart/form-data; boundary={edge}"}
        return self.request("POST", url, body=content, headers={**kind, **(headers or {})}, timeout=60.0)

    def get(self, url: str, *, headers: Mapping[str, str] | None = None) -> Answer:
        return self.request("GET", url, headers=headers)

    def fetch(
        self, url: str, *, headers: Mapping[str, str], limit: int, seconds: float = 60.0,
        allowed: Callable[[str], bool] = lambda url: True,
    ) -> Answer:  # fmt: skip
        """A file: redirects are followed, each to a checked address again, and no secret goes to another host.
        Elsewhere, for an address that is not `allowed`."""
        deadline = time.monotonic() + seconds
        kept = dict(headers)
        for _ in range(MAX_REDIRECTS + 1):
            left = deadline - time.monotonic()
            if left <= 0:
                break
            if not allowed(url):
                raise Elsewhere(f"the file lies at {parsed(url).hostname}, which is not the provider's")
            try:
                answer = self.request("GET", url, headers=kept, limit=limit, timeout=left)
            except Unanswered as error:  # reading changes nothing, so it can be tried again
                raise Unreachable(str(error)) from None
            if answer.status not in (301, 302, 303, 307, 308) or not answer.header("location"):
                return answer
            further = urljoin(url, answer.header("location"))
            if parsed(further).netloc != parsed(url).netloc:
                kept = {}
            if parsed(url).scheme == "https" and parsed(further).scheme != "https":
                raise Unreachable("a redirect leads away from https")
            url = further
        raise Unreachable("too many redirects, or too slow")


def parsed(url: str) -> SplitResult:
    """The parts of an address we are willing to call. Unreachable."""
    try:
        place = urlsplit(url)
        port = place.port
    except ValueError:
        raise Unreachable("this is no address") from None
    if place.scheme not in ("http", "https") or not place.hostname or place.username or port == 0:
        raise Unreachable("only plain http and https addresses can be called")
    return place


def _connection(place: SplitResult, timeout: float) -> http.client.HTTPConnection:
    host = place.hostname or ""
    port = place.port or (443 if place.scheme == "https" else 80)
    connection = http.client.HTTPConnection(host, port, timeout=timeout)
    try:
        plain = connect(host, port, timeout=min(CONNECT_SECONDS, timeout), ports=PORTS)
        plain.settimeout(timeout)
        connection.sock = tls_context().wrap_socket(plain, server_hostname=host) if place.scheme == "https" else plain
    except (OSError, ssl.SSLError) as error:
        raise Unreachable(f"{host} cannot be reached ({error})") from None
    return connection


def _write(
    connection: http.client.HTTPConnection, method: str, place: SplitResult, headers: Mapping[str, str],
    body: bytes | None,
) -> None:  # fmt: skip
    path = quote(place.path or "/", safe="/%:@!$&'()*+,;=~") + (f"?{place.query}" if place.query else "")
    try:
        connection.request(
            method, path, body=body, headers={"User-Agent": "helpdesk", "Connection": "close", **headers}
        )
    except (OSError, http.client.HTTPException, ValueError) as error:
        # Not written whole, so nothing complete can have arrived.
        raise Unreachable(f"{place.hostname} cut the connection ({type(error).__name__})") from None


def _read(response: http.client.HTTPResponse, limit: int, deadline: float) -> bytes:
    declared = response.getheader("Content-Length") or ""
    if declared.isdecimal() and int(declared) > limit:
        raise TooLarge(f"more than {limit} bytes")
    parts, size = [], 0
    while chunk := response.read1(_CHUNK):
        size += len(chunk)
        if size > limit:
            raise TooLarge(f"more than {limit} bytes")
        if time.monotonic() > deadline:
            raise TimeoutError
        parts.append(chunk)
    content = b"".join(parts)
    if declared.isdecimal() and len(content) < int(declared) and response.status != 304:
        raise http.client.IncompleteRead(content)
    return content


def _multipart(edge: str, fields: Mapping[str, str], files: Mapping[str, tuple[str, str, bytes]]) -> bytes:
    lines: list[bytes] = []
    for name, value in fields.items():
        lines += [f'--{edge}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}'.encode()]
    for name, (filename, kind, content) in files.items():
        clean = "".join(c if c not in '"\r\n\\' else "_" for c in filename)
        head = f'--{edge}\r\nContent-Disposition: form-data; name="{name}"; filename="{clean}"\r\nContent-Type: {kind}'
        lines += [head.encode() + b"\r\n\r\n" + content]
    return b"\r\n".join(lines) + f"\r\n--{edge}--\r\n".encode()
