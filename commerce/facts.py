"""An order as any shop tells it, and the rules for reading its values. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from django.utils.dateparse import parse_datetime

# Currencies without, and with three, decimal places (ISO 4217); all others have two.
_NONE = "JPY KRW CLP ISK VND XAF XOF UGX PYG RWF KMF DJF GNF VUV XPF BIF"
_THREE = "KWD BHD OMR JOD TND LYD IQD"
_PLACES = dict.fromkeys(_NONE.split(), 0) | dict.fromkeys(_THREE.split(), 3)
LARGEST = 10**15
# No shop is older, and what lies near the ends of the calendar cannot be read back from the database in every zone.
YEARS = range(1970, 2200)


class Unreadable(Exception):
    """A value that cannot be used; the text says which and why."""


@dataclass(frozen=True, slots=True)
class OrderFacts:
    """What is known of one order; money in minor units. `refunded` None: the shop does not say."""

    external_id: str
    number: str
    status: str
    currency: str
    total: int
    placed_at: datetime
    changed_at: datetime
    email: str = ""
    phone: str = ""
    name: str = ""
    buyer_there: str = ""
    refunded: int | None = None
    items: tuple[dict[str, Any], ...] = ()
    tracking: str = ""


@dataclass(frozen=True, slots=True)
class RefundFacts:
    external_id: str
    order_external_id: str
    amount: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Redaction:
    """A person is to be forgotten: by their address, phone or the shop's number."""

    email: str
    phone: str


def places_of(currency: str) -> int:
    """How many decimal places the currency has."""
    return _PLACES.get(currency, 2)


def minor(text: object, currency: str) -> int:
    """198.90 EUR as 19890. Unreadable for what is no amount of money."""
    try:
        value = Decimal(str(text).strip().replace("\N{NO-BREAK SPACE}", "").replace(" ", ""))
        # Before it is scaled: a huge exponent would be worked out digit by digit.
        if not value.is_finite() or abs(value.adjusted()) > 15:
            raise InvalidOperation
        units = int(value.scaleb(places_of(currency)).to_integral_value())
    except (InvalidOperation, ValueError):
        raise Unreadable(f"{str(text)[:40]!r} is no amount") from None
    if abs(units) > LARGEST:
        raise Unreadable(f"{str(text)[:40]!r} is too much")
    return units


def moment(text: object) -> datetime:
    """A time with its zone; one without is UTC."""
    try:
        found = parse_datetime(str(text).strip().replace("Z", "+00:00"))
    except ValueError:
        found = None
    if found is None or found.year not in YEARS:
        raise Unreadable(f"{str(text)[:40]!r} is no time")
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def currency_code(text: object) -> str:
    code = str(text).strip().upper()
    if len(code) != 3 or not code.isascii() or not code.isalpha():
        raise Unreadable(f"{str(text)[:10]!r} is no currency")
    return code


def clean(text: object, limit: int) -> str:
    """Text as it may be stored: one line, no control characters, cut."""
    raw = "" if text is None else str(text)
    return " ".join(raw.replace("\x00", "").encode("utf-8", "replace").decode().split())[:limit]


def address(text: object) -> str:
    """An e-mail address as identities keep it; nothing for what is none."""
    value = clean(text, 321).lower()
    return value if value.count("@") == 1 and len(value) <= 320 and " " not in value else ""


def phone(text: object) -> str:
    """A number in E.164, if it was written with its country; nothing otherwise."""
    digits = "".join(mark for mark in clean(text, 40) if mark.isascii() and (mark.isdigit() or mark == "+"))
    number = f"+{digits[2:]}" if digits.startswith("00") else digits
    return number if number.startswith("+") and number[1:].isdigit() and 8 <= len(number) <= 16 else ""


def buyer_key(facts: OrderFacts, shop_id: int) -> str:
    """What makes a buyer one. Without any of the three each order is somebody's of its own."""
    if facts.email:
        return f"e:{facts.email}"
    if facts.phone:
        return f"p:{facts.phone}"
    return f"s:{shop_id}:{facts.buyer_there}" if facts.buyer_there else f"o:{shop_id}:{facts.external_id}"
