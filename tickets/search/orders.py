"""Numbers of orders in a search: whose they are. The app above that knows orders teaches it."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

# As shops write them: 1042, #1042, DE-20417, 2026/1042.
_NUMBER = re.compile(r"#?(?=[^\s]*\d)([^\W_][\w./-]{1,39})")
Buyers = Callable[[Sequence[str]], list[int]]
_taught: list[Buyers] = []


def teach_buyers(buyers: Buyers) -> None:
    """Learn how to find the customers whose orders have these numbers; called once, when the app is ready."""
    _taught[:] = [buyers]


def buyers_of(typed: Sequence[str]) -> list[int]:
    """Customers whose order is named; no query where nothing typed could be the number of one."""
    numbers = [found[1] for one in typed if (found := _NUMBER.fullmatch(one.strip()))]
    return _taught[0](numbers) if numbers and _taught else []
