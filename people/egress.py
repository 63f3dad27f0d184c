"""Connections to hosts that somebody typed into a form: never into our own network (threat 29).

The name is resolved once, every address it has is judged, and the connection goes to a judged address, so that a
name which changes its mind between the look and the call gains nothing. The operator may allow networks by
HELPDESK_ALLOWED_NETWORKS; on one machine (local mode) private ones are.
"""

from __future__ import annotations

import ipaddress
import re
import socket
import ssl
from contextlib import suppress
from functools import cache
from pathlib import Path

from django.conf import settings

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_NAME = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(?:\.[A-Za-z0-9_-]{1,63})*\.?")
# IPv6 addresses that carry an IPv4 one, which is where the packets end up.
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_LOCAL_NAT64 = ipaddress.ip_network("64:ff9b:1::/48")
# Site-local (still routed in some houses), for documents, for protocols; and a translator's own prefix, whose packets
# go where it likes.
_NOBODYS = [ipaddress.ip_network(text) for text in ("fec0::/10", "3fff::/20", "192.0.0.0/24", str(_LOCAL_NAT64))]
_COMPATIBLE = ipaddress.ip_network("::/96")


class EgressError(OSError):
    """No connection was made; the text says why, in words an admin understands."""


class NameNotFound(EgressError):
    """The name has no address."""


class AddressRefused(EgressError):
    """The address is one of our own network, or the port is none we call."""


@cache
def tls_context() -> ssl.SSLContext:
    """What certificates are judged by. One for all: each holds every known authority, a megabyte or two."""
    return ssl.create_default_context()


def trusted_authorities() -> list[bytes]:
    """The certificates of the authorities this machine trusts (DER), the same that connections are judged by."""
    found = tls_context().get_ca_certs(binary_form=True)
    folder = ssl.get_default_verify_paths().capath
    if found or not folder:
        return found
    # A machine that keeps them one a file: OpenSSL reads those only when it meets one that names them.
    pems = (path.read_text("ascii", "ignore") for path in sorted(Path(folder).glob("*.pem")))
    return [ssl.PEM_cert_to_DER_cert(pem[pem.index("-----BEGIN") :]) for pem in pems if "-----BEGIN CERT" in pem]


def connect(host: str, port: int, *, timeout: float, ports: frozenset[int]) -> socket.socket:
    """A TCP connection to `host`, to one of `ports` unless the operator allowed its network."""
    addresses = checked_addresses(host, port, ports=ports)
    failed: OSError | None = None
    for address in addresses:
        try:
            return socket.create_connection((str(address), port), timeout=timeout)
        except OSError as error:
            failed = error
    raise failed or NameNotFound(f"{host} has no address")


def checked_addresses(host: str, port: int, *, ports: frozenset[int]) -> list[Address]:
    """The addresses of `host`, all of them allowed; raises EgressError."""
    addresses = _resolve(host)
    for address in addresses:
        if _operator_allows(address):
            continue
        if not _is_public(address):
            raise AddressRefused(f"{host} is an address of a private network ({address}), which is not allowed here")
        if port not in ports:
            raise AddressRefused(f"port {port} is not allowed for this kind of server")
    return addresses


def is_loopback(host: str) -> bool:
    """Whether the host is this machine and nothing else. NameNotFound when it is none at all."""
    return all(_inner(address).is_loopback for address in _resolve(host))


def _resolve(host: str) -> list[Address]:
    with suppress(ValueError):
        return [ipaddress.ip_address(host)]
    if not _NAME.fullmatch(host) or len(host) > 253:
        raise NameNotFound(f"{host[:100]!r} is not the name of a server")
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (socket.gaierror, UnicodeError):
        raise NameNotFound(f"there is no server {host} (its name has no address)") from None
    return list(dict.fromkeys(ipaddress.ip_address(str(entry[4][0]).partition("%")[0]) for entry in found))


def _operator_allows(address: Address) -> bool:
    inner = _inner(address)
    networks = (ipaddress.ip_network(text, strict=False) for text in settings.ALLOWED_NETWORKS)
    return any(inner.version == network.version and inner in network for network in networks)


def _is_public(address: Address) -> bool:
    """Reachable by anybody on the internet, and one machine: only there can nothing of ours be met by accident."""
    inner = _inner(address)
    if any(address.version == network.version and address in network for network in _NOBODYS):
        return False
    return inner.is_global and not inner.is_multicast and not inner.is_reserved and not inner.is_unspecified


def _inner(address: Address) -> Address:
    """The address the packets go to."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if address.teredo is not None:
        return address.teredo[1]
    last = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    if address in _NAT64 or address in _LOCAL_NAT64:
        return last
    if address in _COMPATIBLE and int(address) > 1:
        return last
    return address
