#!/usr/bin/env python3
"""Builds locale/*/LC_MESSAGES/django.mo from the .po files beside them. Needs Babel, not gettext's own tools.

    python scripts/compile_messages.py

A mistake in a translation (a lost placeholder, a missing plural form) stops it: nothing half right is built.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

ROOT = Path(__file__).resolve().parent.parent


def mistakes(catalog: Catalog) -> list[str]:
    """What gettext would stumble over at run time."""
    return [f"{message.id!r}: {error}" for message, errors in catalog.check() for error in errors]


def compile_catalog(source: Path) -> list[str]:
    """Writes the .mo beside the .po, all or nothing; returns what is wrong."""
    with source.open("rb") as file:
        catalog = read_po(file, locale=source.parent.parent.name, abort_invalid=True)
    if found := mistakes(catalog):
        return [f"{source.relative_to(ROOT)}: {mistake}" for mistake in found]
    target = source.with_suffix(".mo")
    unfinished = target.with_suffix(".mo.part")
    with unfinished.open("wb") as file:
        write_mo(file, catalog)
    os.replace(unfinished, target)
    return []


def main() -> int:
    sources = sorted(ROOT.glob("locale/*/LC_MESSAGES/*.po"))
    found = [mistake for source in sources for mistake in compile_catalog(source)]
    for mistake in found:
        print(mistake, file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
