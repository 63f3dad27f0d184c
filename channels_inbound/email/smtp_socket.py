"""An SMTP connection that goes only where it may: the address is judged, then connected to (egress.py)."""

from __future__ import annotations

import smtplib
import socket
from typing import Any, Protocol

from people.egress import connect, tls_context

PORTS = frozenset({25, 465, 587, 2525})


class Place(Protocol):
    """As much of a route as it takes to connect."""

    @property
    def host(self) -> str: ...
    @property
    def port(self) -> int: ...
    @property
    def tls(self) -> bool: ...
    @property
    def timeout(self) -> float: ...
    @property
    def local_name(self) -> str: ...
    @property
    def guarded(self) -> bool: ...


class _Guarded(smtplib.SMTP):
    def _get_socket(self, host: str, port: int, timeout: Any) -> socket.socket:
        return connect(host, port, timeout=timeout, ports=PORTS)


class _GuardedTls(smtplib.SMTP_SSL):
    def _get_socket(self, host: str, port: int, timeout: Any) -> socket.socket:
        plain = connect(host, port, timeout=timeout, ports=PORTS)
        try:
            return self.context.wrap_socket(plain, server_hostname=host)
        except BaseException:
            plain.close()
            raise


def open_smtp(place: Place) -> smtplib.SMTP:
    """Connected, greeted, not signed in. Raises what smtplib and the system raise."""
    name = place.local_name or None
    if place.tls:
        kind = _GuardedTls if place.guarded else smtplib.SMTP_SSL
        return kind(place.host, place.port, name, timeout=place.timeout, context=tls_context())
    plain = _Guarded if place.guarded else smtplib.SMTP
    return plain(place.host, place.port, name, timeout=place.timeout)
