"""Threats 26 and 28: a cell that a spreadsheet would run, and a sign-in that leads elsewhere."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from django.test import Client

from people.csv_files import safe_cell
from tests.people import PASSWORD, make_house


@pytest.mark.parametrize("begin", ["=", "+", "-", "@", "\t=", "\r=", " =", "\n@", "＝"])
def test_what_begins_like_a_formula_is_text_in_every_csv(begin: str) -> None:
    cell = safe_cell(f"{begin}cmd|' /C calc'!A0")
    assert str(cell).startswith("'")


@pytest.mark.parametrize("apart", [";", "; ", ';"', "\t", "\n", "\r\n", ";\t "])
@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "＝"])
def test_nothing_begins_like_a_formula_where_cells_end_at_semicolons(apart: str, sign: str) -> None:
    """Ukrainian, German, French and Polish spreadsheets split there, whatever the quotes of a file with commas say."""
    cell = str(safe_cell(f"fine{apart}{sign}1+1;x"))
    assert cell == f"fine{apart}'{sign}1+1;x"


@pytest.mark.parametrize("value", [-5, 3.5, 0, "Zoe Bauer", "", "a=b", "a; b", "1 - 2"])
def test_numbers_and_words_stay_what_they_are(value: object) -> None:
    assert safe_cell(value) == value


@pytest.mark.django_db
@pytest.mark.parametrize(
    "address",
    [
        "https://evil.example/", "//evil.example/", "///evil.example", "/\\evil.example", "\\\\evil.example", "https:evil.example",
        "/\t/evil.example", "http:///evil.example", "javascript:alert(1)", "data:text/html,x", "//localhost@evil.example",
        "https://localhost.evil.example", "/%09//evil.example", "//evil%E3%80%82example", "////evil.example/%2f..", " //evil.example",
        "\x00//evil.example", "http:\\\\evil.example", "//[::ffff:127.0.0.1]/", "ftp://evil.example",
    ],
)  # fmt: skip
def test_signing_in_leads_nowhere_else(client: Client, address: str) -> None:
    make_house()
    form = {"login": "olena@shop.example", "password": PASSWORD, "next": address}
    answer = client.post("/accounts/login/", form)
    location = answer.headers.get("Location", "")
    led = urlsplit(location.replace("\\", "/"))
    assert answer.status_code in (200, 302, 400)
    assert (led.scheme, led.netloc) == ("", "")
    assert not location.startswith("//")
