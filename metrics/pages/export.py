"""Rows as a file: CSV, streamed, or a workbook."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from tempfile import TemporaryFile
from typing import Any

from django.http import FileResponse, HttpRequest, HttpResponse

from people.csv_files import csv_response

from .workbook import KIND, write_workbook


def download(
    request: HttpRequest, name: str, head: Sequence[str], rows: Iterable[Sequence[Any]]
) -> HttpResponse | FileResponse:
    """CSV whose first line names the columns or, where the address asks for `format=xlsx`, a workbook."""
    if request.GET.get("format") != "xlsx":
        return csv_response(f"{name}.csv", head, rows)
    file = TemporaryFile()  # noqa: SIM115  the response closes it
    write_workbook(file, head, rows)
    file.seek(0)
    return FileResponse(file, as_attachment=True, filename=f"{name}.xlsx", content_type=KIND)
