"""Public holidays by country and region, from the `holidays` package, a year at a time."""

from __future__ import annotations

from datetime import date
from functools import lru_cache

import holidays

FIRST_YEAR, LAST_YEAR = 1970, 2100


def holiday_name(country: str, region: str, on: date) -> str:
    """The holiday's name in the country's own language; nothing on other days."""
    if not FIRST_YEAR <= on.year <= LAST_YEAR:
        return ""
    return _year(country, region, on.year).get(on, "")


def countries() -> dict[str, list[str]]:
    """Every country whose holidays are known, with its regions."""
    return {code: list(regions) for code, regions in holidays.list_supported_countries(include_aliases=False).items()}


@lru_cache(512)
def _year(country: str, region: str, year: int) -> dict[date, str]:
    # Without a language the names would be those of the process's locale.
    language = getattr(holidays, country).default_language
    found = holidays.country_holidays(country, subdiv=region or None, years=year, expand=False, language=language)
    return {day: str(name) for day, name in found.items()}
