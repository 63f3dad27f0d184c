"""The customer's own clock, where it is certain; nothing is guessed from a language or an address."""

from __future__ import annotations

import zoneinfo
from collections.abc import Iterable
from functools import cache

# Calling codes of countries that lie in one zone, without the codes of countries that lie in several.
ZONES = {
    "30": "Europe/Athens", "31": "Europe/Amsterdam", "32": "Europe/Brussels", "33": "Europe/Paris",
    "36": "Europe/Budapest", "39": "Europe/Rome", "40": "Europe/Bucharest", "41": "Europe/Zurich",
    "43": "Europe/Vienna", "44": "Europe/London", "45": "Europe/Copenhagen", "46": "Europe/Stockholm",
    "47": "Europe/Oslo", "48": "Europe/Warsaw", "49": "Europe/Berlin", "65": "Asia/Singapore", "81": "Asia/Tokyo",
    "82": "Asia/Seoul", "90": "Europe/Istanbul", "91": "Asia/Kolkata", "353": "Europe/Dublin",
    "358": "Europe/Helsinki", "359": "Europe/Sofia", "370": "Europe/Vilnius", "371": "Europe/Riga",
    "372": "Europe/Tallinn", "373": "Europe/Chisinau", "380": "Europe/Kyiv", "381": "Europe/Belgrade",
    "385": "Europe/Zagreb", "386": "Europe/Ljubljana", "387": "Europe/Sarajevo", "389": "Europe/Skopje",
    "420": "Europe/Prague", "421": "Europe/Bratislava", "971": "Asia/Dubai", "972": "Asia/Jerusalem",
    "995": "Asia/Tbilisi",
}  # fmt: skip


def zone_of(stored: str, phones: Iterable[str]) -> str:
    """The zone the shop was told, else that of the countries of their proven numbers if all agree; else ""."""
    if stored in _known_zones():
        return stored
    zones = {_zone(phone) for phone in phones}
    return zones.pop() if len(zones) == 1 else ""


@cache
def _known_zones() -> frozenset[str]:
    """Read once: the library walks through its files each time it is asked."""
    return frozenset(zoneinfo.available_timezones())


def _zone(phone: str) -> str:
    digits = phone.removeprefix("+")
    if digits == phone:  # without its country it says nothing
        return ""
    return next((ZONES[digits[:length]] for length in (3, 2) if digits[:length] in ZONES), "")
