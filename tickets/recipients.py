"""Who a reply goes to. Pure: everything is read from the message answered."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from .inbound import Address

MAX_RECIPIENTS = 50
# One "@", no white space, no control or quoting characters: what we are willing to send to, not all RFC 5322 allows.
_ADDRESS = re.compile(r"[^\s@<>()\[\],;:\\\"\x00-\x1f\x7f]{1,64}@[^\s@<>()\[\],;:\\\"\x00-\x1f\x7f]{1,255}")


@dataclass(frozen=True, slots=True)
class Recipients:
    """`differs` says that Reply-To leads elsewhere than From, which an agent confirms once (threat 3)."""

    to: tuple[Address, ...]
    cc: tuple[Address, ...] = ()
    bcc: tuple[Address, ...] = ()
    differs: bool = False

    def everyone(self) -> tuple[Address, ...]:
        return (*self.to, *self.cc, *self.bcc)


def reply_recipients(
    envelope: Mapping[str, Any], own_addresses: Collection[str], *, reply_all: bool = False
) -> Recipients:
    """To whom an answer to a message with this envelope goes; never to an address of ours.

    To is Reply-To, else From (else, for a message of our own, its To). With `reply_all` the others on To and Cc are
    copied. Bcc is never taken over.
    """
    sender = addresses_of([envelope["from"]] if envelope.get("from") else [])
    answer_to = addresses_of(envelope.get("reply_to", ())) or sender
    to = _without(answer_to, own_addresses) or _without(addresses_of(envelope.get("to", ())), own_addresses)
    differs = bool(sender) and {a.address for a in answer_to} != {sender[0].address}
    cc: list[Address] = []
    if reply_all:
        taken = {entry.address for entry in to}
        others = addresses_of([*envelope.get("to", ()), *envelope.get("cc", ())])
        cc = _without(others, {*own_addresses, *taken})
    return Recipients(tuple(to), tuple(cc), (), differs)


def addresses_of(entries: Iterable[Mapping[str, str]]) -> list[Address]:
    """Addresses out of an envelope, lower-cased, each once, unusable ones left out."""
    found: dict[str, Address] = {}
    for entry in entries:
        address = (entry.get("address") or "").strip().lower()
        if is_address(address):
            found.setdefault(address, Address((entry.get("name") or "").strip(), address))
    return list(found.values())


def is_address(value: str) -> bool:
    """Whether we would send a mail to this."""
    return _ADDRESS.fullmatch(value) is not None


def _without(addresses: Iterable[Address], unwanted: Collection[str]) -> list[Address]:
    """The addresses that are none of these, our +token forms included."""
    return [entry for entry in addresses if entry.address not in unwanted and plain(entry.address) not in unwanted]


def plain(address: str) -> str:
    """An address without its +tag."""
    local, at, domain = address.rpartition("@")
    return f"{local.partition('+')[0]}{at}{domain}"
