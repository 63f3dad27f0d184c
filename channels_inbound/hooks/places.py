"""Where a provider's files may lie, and which of those hosts may see its credentials.

A webhook is signed, but what it names may be a stranger's: nothing is fetched from a host that is not the provider's,
and the token goes to the provider's own hosts alone, whatever an address or a redirect says.
"""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urlsplit

from django.conf import settings

from channels_inbound.hooks.endpoints import endpoint
from channels_inbound.hooks.provider import Provider

ANY = "*"


def may_hold_files(url: str, handler: Provider) -> bool:
    """Whether a file may be fetched from there."""
    named = (*handler.apis, handler.name)
    added = [host for name in named for host in settings.PROVIDER_ENDPOINTS.get(f"{name}_files", "").split()]
    return ANY in handler.file_hosts or may_see_secrets(url, handler) or _is_of(url, [*handler.file_hosts, *added])


def may_see_secrets(url: str, handler: Provider) -> bool:
    """Whether the credentials may go there."""
    return _origin(url) in {_origin(endpoint(api)) for api in handler.apis} or _is_of(url, handler.secret_hosts)


def _is_of(url: str, patterns: Iterable[str]) -> bool:
    """Whether it is https at one of these hosts; "*.name" stands for all below that name."""
    try:
        place = urlsplit(url)
        host, port = (place.hostname or "").rstrip("."), place.port
    except ValueError:
        return False
    if place.scheme != "https" or port not in (None, 443) or not host:
        return False
    return any(host == one or (one.startswith("*.") and host.endswith(one[1:])) for one in patterns)


def _origin(url: str) -> tuple[str, str]:
    place = urlsplit(url)
    return place.scheme, place.netloc.lower()
