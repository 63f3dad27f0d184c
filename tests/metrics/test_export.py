"""Downloads: the same rows as CSV and as a workbook, and nothing in them that a spreadsheet would run."""

from __future__ import annotations

import csv
import io
from typing import Any
from xml.etree import ElementTree
from zipfile import ZipFile

import pytest
from django.http import HttpResponseBase
from django.urls import reverse

from metrics.pages.workbook import LONGEST_TEXT, write_workbook
from metrics.surveys.answers import Said, record_answer
from people.csv_files import safe_cell
from tests.metrics.shop import lead
from tests.metrics.surveys.asked import asked, make_survey
from tests.people import make_agent, make_house, row_counts, signed_in

MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
EVIL = ('=HYPERLINK("http://x.example")', "+1", "-1+2", "@SUM(1)", "\t=1", ' "=1')


def rows_of(data: bytes) -> list[list[str | float]]:
    """The cells of a workbook as a spreadsheet takes them: text, or a number. A formula would be an error here."""
    with ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        for name in archive.namelist():
            ElementTree.fromstring(archive.read(name))
        sheet = ElementTree.fromstring(archive.read("xl/worksheets/sheet1.xml"))
    assert sheet.find(f".//{MAIN}f") is None
    return [[_cell(cell) for cell in row] for row in sheet.iter(f"{MAIN}row")]


def _cell(cell: ElementTree.Element) -> str | float:
    text, number = cell.find(f".//{MAIN}t"), cell.find(f"{MAIN}v")
    return (text.text or "") if text is not None else float(str(number.text)) if number is not None else ""


def test_a_workbook_holds_text_as_text_and_numbers_as_numbers() -> None:
    file = io.BytesIO()
    odd = ["<&\"'>", " spaces ", "two\nlines", "\x00\x0b\ufffe bad", "Київ 😀", "x" * (LONGEST_TEXT + 5)]
    given: list[list[Any]] = [[*EVIL], odd, [1, 2.5, None, True, float("inf")], []]
    write_workbook(file, ["a", "b"], iter(given))
    rows = rows_of(file.getvalue())
    assert rows[0] == ["a", "b"] and rows[1] == list(EVIL)
    assert (
        rows[2][:5] == ["<&\"'>", " spaces ", "two\nlines", " bad", "Київ 😀"] and len(str(rows[2][5])) == LONGEST_TEXT
    )
    assert rows[3] == [1.0, 2.5, "", 1.0, "inf"] and rows[4] == []


@pytest.mark.parametrize("text", EVIL)
def test_a_formula_is_no_formula_in_csv_either(text: str) -> None:
    assert safe_cell(text) == "'" + text.replace("\t=", "\t'=") and safe_cell(-5) == -5


@pytest.mark.django_db
def test_the_two_say_the_same_and_only_to_who_may_export() -> None:
    house = make_house()
    make_survey()
    record_answer(asked(house).pk, Said(2, comment='=cmd|"/c calc"!A1'))
    client, path = signed_in(lead(house.ben)), reverse("satisfaction_csv")
    text = _body(client.get(path)).decode("utf-8-sig")
    lines = list(csv.reader(io.StringIO(text)))
    response = client.get(path, {"format": "xlsx"})
    assert response["Content-Disposition"] == 'attachment; filename="satisfaction.xlsx"'
    sheet = rows_of(_body(response))
    assert sheet[0] == lines[0] and len(sheet) == len(lines) == 2
    assert sheet[1][lines[0].index("score")] == 2 and sheet[1][lines[0].index("comment")] == '=cmd|"/c calc"!A1'
    assert lines[1][lines[0].index("comment")].startswith("'=")
    for name in ("sla_csv", "work_csv", "retention_csv"):
        assert rows_of(_body(client.get(reverse(name), {"format": "xlsx"})))
    outsider = signed_in(make_agent("Nina", team=house.support))
    before = row_counts()
    assert outsider.get(path, {"format": "xlsx"}).status_code == 403
    assert row_counts() == before


def _body(response: HttpResponseBase) -> bytes:
    return b"".join(response) if response.streaming else response.content  # type: ignore[attr-defined]
