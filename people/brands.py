"""Whether there are brands to speak of, and what names one in its settings: policies and surveys stand above people, so
whoever keeps them says what there is."""

from __future__ import annotations

from collections.abc import Callable

from .models import Brand

# Names of the settings that name a brand, as their managers know them.
Uses = Callable[[int], list[str]]
_USES: list[Uses] = []


def teach_brand_uses(read: Uses) -> None:
    """Learn what else may name a brand; once, when the app that keeps it is ready."""
    _USES.append(read)


def uses_of(brand_id: int) -> list[str]:
    """What names this brand; a query for each kind of setting."""
    return [name for read in _USES for name in read(brand_id)]


def several_brands() -> bool:
    """Whether brands are to be told apart: a house with one shows none. One query."""
    return len(Brand.objects.order_by().values_list("pk")[:2]) > 1
