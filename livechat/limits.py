"""How much one visitor, one address and one channel may do. Counted in Redis; without it nobody is refused."""

from __future__ import annotations

from events import rates

MAX_TEXT = 5000
MAX_FILES = 4
MAX_FILE = 10 * 1024 * 1024
# (what, by whom) -> so many in so many seconds.
RATES: dict[tuple[str, str], tuple[int, int]] = {
    ("say", "visitor"): (20, 60),
    ("say", "address"): (60, 60),
    ("say", "channel"): (1200, 60),
    ("begin", "address"): (30, 600),
    ("begin", "channel"): (300, 60),
    ("upload", "visitor"): (10, 60),
    ("upload", "address"): (30, 60),
    ("identify", "address"): (30, 60),
    ("sync", "visitor"): (120, 60),
    ("sync", "address"): (1200, 60),
    ("socket", "address"): (120, 60),
    ("mail", "address"): (6, 86_400),
    ("mail_signed", "address"): (48, 86_400),
    ("end", "visitor"): (20, 60),
    ("end", "address"): (60, 60),
    ("transcript", "visitor"): (3, 3600),
    ("transcript", "address"): (10, 3600),
}


class TooMuch(Exception):
    """Slower, please; `wait` seconds."""

    def __init__(self, wait: int) -> None:
        super().__init__("too much")
        self.wait = wait


def spend(what: str, **by: str) -> None:
    """Count one of `what` for each of `by` (visitor=..., address=..., channel=...). TooMuch over any limit."""
    rules = [(f"chat:{what}:{who}:{name}", *RATES[(what, who)]) for who, name in by.items() if (what, who) in RATES]
    if wait := rates.spend(rules):
        raise TooMuch(wait)
