#!/usr/bin/env python3
"""Collects every string marked for translation into locale/*/LC_MESSAGES/django.po.

    python scripts/collect_messages.py

Needs GNU gettext (xgettext, msgmerge). Run twice it changes nothing: no line numbers, no dates, nothing guessed.
"""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

sys.path.insert(0, os.getcwd())
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "helpdesk.settings")

import django
from django.conf import settings
from django.core.management import call_command
from django.core.management.commands import makemessages

# What is no part of the helpdesk's own words. Management commands speak English to whoever runs the server.
IGNORED = ("node_modules", ".venv", "var", "tests", "bench", "static", "staticfiles", "scripts")
DATE = re.compile(rb'^"POT-Creation-Date: .*\n', re.MULTILINE)


class Collect(makemessages.Command):
    # A guessed translation is worse than a missing one: the guess is shown in reviews as if somebody had written it.
    msgmerge_options = ["-q", "--backup=none", "--update", "--previous", "--no-fuzzy-matching"]


def collect() -> None:
    languages = [code for code, _ in settings.LANGUAGES if code != "en"]
    call_command(
        Collect(), locale=languages, add_location="file", no_obsolete=True, ignore_patterns=list(IGNORED), verbosity=0
    )
    for language in languages:
        path = Path("locale") / language / "LC_MESSAGES" / "django.po"
        path.write_bytes(DATE.sub(b"", path.read_bytes()))


if __name__ == "__main__":
    django.setup()
    collect()
