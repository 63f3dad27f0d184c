"""A browser's own words (User-Agent) as people call it."""

from __future__ import annotations

# The first that stands in the text: browsers name those they descend from as well.
BROWSERS = (
    ("Edg", "Edge"), ("OPR/", "Opera"), ("SamsungBrowser", "Samsung Internet"), ("Firefox/", "Firefox"),
    ("FxiOS", "Firefox"), ("CriOS", "Chrome"), ("Chrome/", "Chrome"), ("Safari/", "Safari"),
)  # fmt: skip
SYSTEMS = (
    ("iPhone", "iPhone"), ("iPad", "iPad"), ("Android", "Android"), ("Windows", "Windows"), ("CrOS", "ChromeOS"),
    ("Mac OS X", "Mac"), ("Linux", "Linux"),
)  # fmt: skip
PHONES = frozenset({"iPhone", "Android"})


def browser_and_system(said: str) -> tuple[str, str]:
    """("Firefox", "Linux"); empty where the words say nothing we know."""
    return _first(BROWSERS, said), _first(SYSTEMS, said)


def _first(names: tuple[tuple[str, str], ...], said: str) -> str:
    return next((name for mark, name in names if mark in said), "")
