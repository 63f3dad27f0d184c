"""Rows as CSV, streamed; nothing in them starts a program in a spreadsheet."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from django.http import HttpResponse

# What a spreadsheet passes over before it looks, and what it takes for the beginning of a formula.
_PASSED_OVER = " \"'\n"
_BEGINS = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")
# Where spreadsheets of many countries begin a new cell, whatever the quotes say.
_INSIDE = re.compile(r"""([;\t\r\n][ "']*)(?=[=+\-@＝＋－＠])""")


class _Echo:
    def write(self, line: str) -> str:
        return line


def safe_cell(value: Any) -> Any:
    """Text that begins like a formula would be one (threat 26), and so would what follows a semicolon where cells end
    at it; numbers stay numbers."""
    if not isinstance(value, str):
        return value
    value = _INSIDE.sub(r"\1'", value)
    if value.lstrip(_PASSED_OVER)[:1] in _BEGINS:
        return f"'{value}"
    return value


def csv_response(filename: str, head: Sequence[str], rows: Iterable[Sequence[Any]]) -> HttpResponse:
    """A download whose first line names the columns; with a mark that tells spreadsheets its encoding."""
    response = HttpResponse(_lines(head, rows), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{filename}"'
    return response


def _lines(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[str]:
    writer = csv.writer(_Echo())
    yield "\ufeff" + str(writer.writerow(head))
    for row in rows:
        yield str(writer.writerow([safe_cell(value) for value in row]))
