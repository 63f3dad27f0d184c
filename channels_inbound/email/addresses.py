"""Mail addresses of ours: `local+TOKEN@domain`, taken apart and put together."""

from __future__ import annotations

import re

# 26 characters of base32 are 128 bits and a little. Mailers may lower-case a local part, so tokens are lower case.
TOKEN = re.compile(r"[a-z2-7]{26}\Z")


def normal(address: str) -> str:
    """How addresses are compared: without brackets and blanks, in lower case."""
    return address.strip().strip("<>").strip().lower()


def split_plus(address: str) -> tuple[str, str]:
    """(`local@domain`, what stood behind the first plus) in lower case; the second is empty without a plus."""
    local, at, domain = normal(address).rpartition("@")
    base, _, detail = local.partition("+")
    return f"{base}{at}{domain}", detail


def token_of(address: str, own: frozenset[str]) -> str:
    """The reply token of an address of ours, or an empty string."""
    base, detail = split_plus(address)
    return detail if base in own and TOKEN.match(detail) else ""
