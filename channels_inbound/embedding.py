"""Scripts that stand in other people's pages: small, the same for everybody, at an address that stays."""

from __future__ import annotations

import gzip
from functools import lru_cache

from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_vary_headers

from tickets.built import built_file

# Cached for minutes, so that fixes arrive.
SCRIPT_SECONDS = 300


def embedded_script(request: HttpRequest, name: str) -> HttpResponse:
    """The built script `name` (under static), for pages of any origin."""
    content, packed = _script(name)
    takes_gzip = "gzip" in request.headers.get("Accept-Encoding", "")
    response = HttpResponse(packed if takes_gzip else content, content_type="text/javascript; charset=utf-8")
    if takes_gzip:
        response["Content-Encoding"] = "gzip"
    response["Cache-Control"] = f"public, max-age={SCRIPT_SECONDS}"
    response["Cross-Origin-Resource-Policy"] = "cross-origin"
    response["X-Content-Type-Options"] = "nosniff"
    patch_vary_headers(response, ["Accept-Encoding"])
    return response


@lru_cache(8)
def _script(name: str) -> tuple[bytes, bytes]:
    content = built_file(name)
    return content, gzip.compress(content, 9, mtime=0)
