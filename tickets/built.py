"""Files the assets' build made, for addresses that are not below /static/."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from django.contrib.staticfiles import finders
from django.contrib.staticfiles.storage import staticfiles_storage


@lru_cache(8)
def built_file(name: str) -> bytes:
    """The file under this name, as built or as collected."""
    found = finders.find(name)
    if found:
        return Path(str(found)).read_bytes()
    with staticfiles_storage.open(name) as file:
        content: bytes = file.read()
    return content
