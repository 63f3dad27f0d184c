#!/usr/bin/env python3
"""Collects every string marked for translation into locale/*/LC_MESSAGES/django.po.

    python scripts/collect_messages.py

Agents' languages have all strings, the others those that customers may see (`customers_words.py`). Needs GNU gettext
(xgettext, msgmerge). Run twice it changes nothing: no places, no dates, nothing guessed. (Places were a third of the
Ukrainian catalogue and changed with every file that was moved; `grep` finds them.)
"""

from __future__ import annotations

import os
import re
import sys
from io import BytesIO
from pathlib import Path

sys.path.insert(0, os.getcwd())
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "helpdesk.settings")

import django
from babel.messages.pofile import read_po, write_po
from django.conf import settings
from django.core.management import call_command
from django.core.management.commands import makemessages

from scripts import customers_words

# What is no part of the helpdesk's own words. Management commands speak English to whoever runs the server.
IGNORED = ("node_modules", ".venv", "var", "tests", "bench", "static", "staticfiles", "scripts")
DATE = re.compile(rb'^"POT-Creation-Date: .*\n', re.MULTILINE)
# What the writer says of itself, and nobody needs.
GENERATED = re.compile(
    rb'^"(POT-Creation-Date|PO-Revision-Date|Project-Id-Version|Report-Msgid-Bugs-To|Last-Translator|Language-Team|'
    rb'Generated-By): .*\n', re.MULTILINE,
)  # fmt: skip


class Collect(makemessages.Command):
    # A guessed translation is worse than a missing one: the guess is shown in reviews as if somebody had written it.
    msgmerge_options = ["-q", "--backup=none", "--update", "--previous", "--no-fuzzy-matching"]


def collect() -> None:
    languages = [code for code, _ in settings.LANGUAGES if code != "en"]
    call_command(
        Collect(), locale=languages, no_location=True, no_obsolete=True, ignore_patterns=list(IGNORED), verbosity=0
    )
    for language in languages:
        path = Path("locale") / language / "LC_MESSAGES" / "django.po"
        path.write_bytes(DATE.sub(b"", path.read_bytes()))


def collect_for_customers() -> None:
    """The catalogues of the languages that only customers read; what was translated stays."""
    for language in customers_words.LANGUAGES:
        path = Path("locale") / language / "LC_MESSAGES" / "django.po"
        kept = read_po(path.open("rb"), locale=language)
        fresh = customers_words.collected(language)
        for entry in fresh:
            if entry.id and (known := kept.get(entry.id, entry.context)):
                entry.string = known.string
        fresh.header_comment = kept.header_comment
        written = BytesIO()
        write_po(written, fresh, width=100, no_location=True, omit_header=False, sort_by_file=False,
                 include_lineno=False)  # fmt: skip
        path.write_bytes(GENERATED.sub(b"", written.getvalue()))


if __name__ == "__main__":
    django.setup()
    collect()
    collect_for_customers()
