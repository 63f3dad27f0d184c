"""Header values that cannot break a mail, whatever a customer calls themselves."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from email import policy
from email.header import Header
from email.headerregistry import Address as HeaderAddress
from email.headerregistry import HeaderRegistry, UniqueAddressHeader, UniqueUnstructuredHeader, UnstructuredHeader
from pathlib import PurePosixPath
from typing import Any

from tickets.inbound import Address

MAX_NAME = 100
MAX_SUBJECT = 500
MAX_FILENAME = 150
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\u200e\u200f\u202a-\u202e\u2066-\u2069]+")
_ADDRESS = re.compile(r"[^\s@<>()\[\],;:\\\"\x00-\x1f\x7f]{1,64}@(?:[\w-]{1,63}\.)*[\w-]{1,63}\Z")


class MessageIds(UnstructuredHeader):
    """Ids, or links, one a line. The standard folding turns a long one into an encoded word, and it is lost."""

    name: str

    def fold(self, *, policy: Any) -> str:
        return f"{self.name}: " + f"{policy.linesep} ".join(str(self).split()) + policy.linesep


class Text(UniqueUnstructuredHeader):
    """A text header. The standard folding loses spaces between encoded words (seen in Python 3.11)."""

    name: str

    def fold(self, *, policy: Any) -> str:
        if str(self).isascii() or policy.utf8:
            return super().fold(policy=policy)  # type: ignore[misc]  # BaseHeader, which Django mixes in, has it
        return f"{self.name}: {_encoded(str(self), len(self.name) + 2, policy.linesep)}{policy.linesep}"


class AddressLines(UniqueAddressHeader):
    """Addresses one a line, for the same reason."""

    name: str

    def fold(self, *, policy: Any) -> str:
        lines = f",{policy.linesep} ".join(_address(entry, policy) for entry in self.addresses)
        return f"{self.name}: {lines}{policy.linesep}"


def _address(entry: HeaderAddress, policy: Any) -> str:
    if entry.display_name.isascii() or policy.utf8:
        return str(entry)
    return f"{_encoded(entry.display_name, 12, policy.linesep)}{policy.linesep} <{entry.addr_spec}>"


def _encoded(text: str, used: int, linesep: str) -> str:
    """Encoded words of whole characters, each on its line; `used` characters of the first are taken."""
    return Header(text, "utf-8", maxlinelen=76, header_name="x" * max(used - 2, 1)).encode(linesep=linesep)


_registry = HeaderRegistry()
for _name, _kind in (
    *((each, MessageIds) for each in ("message-id", "in-reply-to", "references", "list-unsubscribe")),
    *((each, AddressLines) for each in ("from", "to", "cc", "reply-to")),
    ("subject", Text),
):
    _registry.map_to_type(_name, _kind)  # type: ignore[arg-type]  # mixed into a BaseHeader by the registry

# 7-bit, since not every server on the way takes more.
POLICY = policy.SMTP.clone(header_factory=_registry, cte_type="7bit")
UTF8_POLICY = POLICY.clone(utf8=True)


def one_line(text: str, limit: int) -> str:
    """The text on one line, without control characters or ones that turn the direction of writing."""
    return " ".join(_CONTROL.sub(" ", text).split())[:limit].rstrip()


def safe_filename(name: str) -> str:
    """A file name without a path that every mail program takes; the ending survives a cut."""
    name = one_line(unicodedata.normalize("NFC", name), 1000).replace("/", "_").replace("\\", "_").strip(" .") or "file"
    if len(name) > MAX_FILENAME:
        suffix = PurePosixPath(name).suffix[:16]
        name = name[: MAX_FILENAME - len(suffix)] + suffix
    return name


def usable(address: str) -> bool:
    """Whether mail can be sent there; quoted local parts and address literals are not supported."""
    return bool(_ADDRESS.match(address)) and len(address) <= 254


def wire_address(address: str) -> str:
    """The address as SMTP and headers take it: an international domain in its ASCII form."""
    local, _, domain = address.rpartition("@")
    if domain.isascii():
        return address
    try:
        return f"{local}@{domain.encode('idna').decode()}"
    except UnicodeError:
        return address


def header_addresses(addresses: Iterable[Address]) -> tuple[HeaderAddress, ...]:
    """The usable ones for a header, exactly one recipient each, whatever stands in the names."""
    found = []
    for item in addresses:
        if usable(item.address):
            local, _, domain = wire_address(item.address).rpartition("@")
            found.append(HeaderAddress(one_line(item.name, MAX_NAME), local, domain))
    return tuple(found)
