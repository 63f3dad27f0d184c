"""Money as people read it."""

from __future__ import annotations

from decimal import Decimal

from django.utils.formats import number_format

from commerce.facts import places_of


def write_money(amount: int, currency: str) -> str:
    """198,90 EUR in the reader's own signs, from minor units."""
    places = places_of(currency)
    value = Decimal(amount).scaleb(-places)
    return f"{number_format(value, decimal_pos=places, force_grouping=True)}\N{NO-BREAK SPACE}{currency}"
