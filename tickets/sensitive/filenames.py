"""Names of files: `card_4242424242424242.pdf` is read as the words it stands for."""

from __future__ import annotations

from pathlib import PurePosixPath

from .finding import find
from .masking import FoundSecret, masked, secrets_in


def hide_in_filename(name: str) -> tuple[str, list[FoundSecret]]:
    """The name with masks, its ending kept, and what stood there."""
    suffix = PurePosixPath(name).suffix
    suffix = suffix if 0 < len(suffix) < len(name) and len(suffix) <= 6 else ""
    stem = name[: len(name) - len(suffix)]
    found = find(stem.replace("_", " "))  # as long as it was, so that places are the same
    return (masked(stem, found) + suffix, secrets_in(stem, found)) if found else (name, [])
