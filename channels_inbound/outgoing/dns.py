"""Asking DNS, within seconds: an answer, "there is none", or "nobody could be asked". Never the one for the other."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic

import dns.exception
import dns.resolver

QUESTION_SECONDS = 3.0
ALL_SECONDS = 12.0

Lookup = Callable[[str, str], list[str]]


class DnsUnreachable(Exception):
    """No name server answered: nothing can be said about the domain."""


class Resolver:
    """The system's name servers, with one deadline over all questions of a look."""

    def __init__(self, resolver: dns.resolver.Resolver | None = None) -> None:
        try:
            self._resolver = resolver or dns.resolver.Resolver()
        except dns.resolver.NoResolverConfiguration as error:
            raise DnsUnreachable(str(error)) from None
        self._deadline = monotonic() + ALL_SECONDS

    def __call__(self, name: str, kind: str) -> list[str]:
        """The records as text; none where the name or the kind does not exist. Raises DnsUnreachable."""
        left = min(QUESTION_SECONDS, self._deadline - monotonic())
        if left <= 0:
            raise DnsUnreachable("the name servers are too slow")
        try:
            answer = self._resolver.resolve(name, kind, lifetime=left, search=False)
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            return []
        except (dns.exception.DNSException, OSError, UnicodeError) as error:
            raise DnsUnreachable(type(error).__name__) from None
        if kind == "TXT":
            # A long record travels in pieces that belong together without a space.
            return [b"".join(row.strings).decode("utf-8", "replace") for row in answer]
        return [row.to_text() for row in answer]
