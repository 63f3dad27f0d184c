#!/usr/bin/env python3
"""Judges templates: they compile, obey the content policy, and use only what exists.

Rules: no inline script, style or event handler (the browser would refuse them); no `safe` filter or autoescape off;
every {% static %} file is there; a file has at most 400 lines, a fragment (_name.html) 60; images have an alt.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "helpdesk.settings")

import django  # noqa: E402
from django.contrib.staticfiles import finders  # noqa: E402
from django.template import TemplateSyntaxError, engines  # noqa: E402

FRAGMENT_LIMIT = 60
PAGE_LIMIT = 400
FORBIDDEN = [
    (re.compile(r"<script(?![^>]*\bsrc=)(?![^>]*type=\"application/json\")", re.I), "inline script"),
    (re.compile(r"<style\b", re.I), "inline style element"),
    (re.compile(r"<[^>]*\sstyle\s*=", re.I), "style attribute"),
    (re.compile(r"<[^>]*\son[a-z]+\s*=\s*[\"']", re.I), "event handler attribute"),
    (re.compile(r"<[^>]*\shx-on", re.I), "hx-on attribute (needs eval)"),
    (re.compile(r"javascript:", re.I), "javascript: address"),
    (re.compile(r"\|\s*safe\b|\{%\s*autoescape\s+off"), "unescaped output"),
    (re.compile(r"<img(?![^>]*\balt=)[^>]*>", re.I), "image without alt"),
    (re.compile(r"(?:src|href)\s*=\s*[\"'](?:https?:)?//", re.I), "file from another host"),
]
# The frame of a mail is a document of its own under a policy of its own, which allows styles as mails bring them.
ALLOWED = {"channels_inbound/mail_frame.html": {"inline style element"}}
STATIC = re.compile(r"\{%\s*static\s+[\"']([^\"']+)[\"']")
COMMENT = re.compile(r"\{#.*?#\}|\{%\s*comment\s*%\}.*?\{%\s*endcomment\s*%\}|<!--.*?-->", re.S)


def templates() -> Iterator[Path]:
    folders = [ROOT / "templates", *(path for path in ROOT.glob("*/templates") if path.parent.name != "node_modules")]
    for folder in folders:
        yield from sorted(folder.rglob("*.html"))


def faults(path: Path) -> Iterator[str]:
    text = path.read_text()
    lines = text.count("\n")
    limit = FRAGMENT_LIMIT if path.name.startswith("_") else PAGE_LIMIT
    if lines > limit:
        yield f"{lines} lines, {limit} are the limit"
    try:
        engines["django"].from_string(text)
    except TemplateSyntaxError as error:
        yield f"does not compile: {error}"
    visible = COMMENT.sub(lambda match: "\n" * match.group().count("\n"), text)
    for pattern, what in FORBIDDEN:
        # A plain link may lead anywhere; only what the browser loads by itself must be ours.
        if any(what in allowed for name, allowed in ALLOWED.items() if path.as_posix().endswith(f"templates/{name}")):
            continue
        for match in pattern.finditer(visible):
            if what == "file from another host" and re.search(
                r"<a\b[^>]*$", visible[: match.start()].rsplit(">", 1)[-1]
            ):
                continue
            yield f"line {visible.count(chr(10), 0, match.start()) + 1}: {what}"
    for match in STATIC.finditer(visible):
        if not finders.find(match.group(1)):
            yield f"no static file {match.group(1)} (run `make assets`)"


def main() -> int:
    django.setup()
    number = 0
    for path in templates():
        for fault in faults(path):
            number += 1
            print(f"{path.relative_to(ROOT)}: {fault}")
    return 1 if number else 0


if __name__ == "__main__":
    sys.exit(main())
