"""How much of one mail is read. Past a limit the rest is left out and the reason is noted; the raw mail stays whole."""

from dataclasses import dataclass


class Unparseable(ValueError):
    """Nothing of a mail could be read from these bytes (they are not bytes, or there are none)."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Every bound of the reader in one place. The names are also the reasons told in `ParsedEmail.truncated_by`."""

    message_bytes: int = 64 << 20
    header_bytes: int = 256 << 10
    header_value_bytes: int = 16 << 10
    part_header_bytes: int = 64 << 10
    parts: int = 200
    depth: int = 15
    boundary_lookalikes: int = 20_000
    addresses: int = 100
    references: int = 100
    attachments: int = 50
    text_chars: int = 1_000_000
    html_chars: int = 2_000_000
    html_tags: int = 60_000
    html_entities: int = 100_000
    html_depth: int = 500


DEFAULT_LIMITS = Limits()
