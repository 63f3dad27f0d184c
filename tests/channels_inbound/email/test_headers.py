from __future__ import annotations

from datetime import UTC, datetime

import pytest

from channels_inbound.email.headers import Address, decode_header, read_addresses, read_date, read_ids


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"Plain subject", "Plain subject"),
        (b"=?utf-8?B?0J/RgNC40LLRltGC?=", "Привіт"),
        (b"=?UTF-8?Q?Wo_bleibt_meine_Bestellung=3F?=", "Wo bleibt meine Bestellung?"),
        (b"=?utf-8?Q?What now??=", "What now?"),
        # A character cut in two by the encoder: neighbours are joined before they are decoded.
        (b"=?utf-8?B?0J/RgNC40LLR?= =?utf-8?B?ltGC?=", "Привіт"),
        (b"=?utf-8?B?0J/RgA==?=\r\n =?windows-1251?Q?=E8?= tail", "При tail"),
        (b"Re: =?koi8-u?B?8NLJ16bU?= now", "Re: Привіт now"),
        ("Привіт".encode(), "Привіт"),
        ("Де моє замовлення".encode("cp1251"), "Де моє замовлення"),
        ("Де моє замовлення".encode("koi8-u"), "Де моє замовлення"),
        ("Größe".encode("latin-1"), "Größe"),
        (b"=?unknown-charset?B?aGk=?=", "hi"),
        (b"=?utf-8?B?aGk", "=?utf-8?B?aGk"),
        (b"=?utf-8?X?aGk=?=", "=?utf-8?X?aGk=?="),
        (b"nul\x00 and\ttab", "nul and tab"),
        (b"=?utf-8?Q?a=00b=0D=0ABcc:_x?=", "ab Bcc: x"),
        (b"\x1b$B%F%9%H\x1b(B", "テスト"),
    ],
)
def test_header_text(raw: bytes, text: str) -> None:
    assert decode_header(raw) == text


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b"zoe@x.example", [("", "zoe@x.example")]),
        (b"Zoe <zoe@x.example>", [("Zoe", "zoe@x.example")]),
        (b'"Koval, Zoe" <zoe@x.example>, ben@x.example', [("Koval, Zoe", "zoe@x.example"), ("", "ben@x.example")]),
        (b"zoe@x.example (Zoe (at home))", [("Zoe (at home)", "zoe@x.example")]),
        (b"=?utf-8?B?0JfQvtGP?= <zoe@x.example>", [("Зоя", "zoe@x.example")]),
        # An encoded comma separates nobody.
        (b"=?utf-8?Q?Koval=2C_Zoe?= <zoe@x.example>", [("Koval, Zoe", "zoe@x.example")]),
        (b"=?utf-8?Q?Zoe_=3Czoe=40x.example=3E?=", [("Zoe", "zoe@x.example")]),
        ("Зоя <zoe@x.example>".encode("cp1251"), [("Зоя", "zoe@x.example")]),
        (b"undisclosed-recipients:;", []),
        (
            b"Team: a@x.example, b@x.example;, c@x.example",
            [("", "a@x.example"), ("", "b@x.example"), ("", "c@x.example")],
        ),
        (b'"zoe@x.example" <zoe@x.example>', [("zoe@x.example", "zoe@x.example")]),
        (b"Zoe at Home <zoe@x.example", [("Zoe at Home", "zoe@x.example")]),
        (b'"Zoe <zoe@x.example>', [("Zoe", "zoe@x.example")]),
        (b"<>", []),
        (b'"', []),
        (b"a@", [("", "a@")]),
        (b"No Address Here", [("No Address Here", "")]),
        (b"MAILER-DAEMON (Mail Delivery System)", [("MAILER-DAEMON", "")]),
        (b"<mailto:zoe@x.example>", [("", "zoe@x.example")]),
    ],
)
def test_addresses(raw: bytes, expected: list[tuple[str, str]]) -> None:
    found, cut = read_addresses([raw])
    assert found == [Address(*pair) for pair in expected]
    assert not cut


def test_addresses_of_several_lines_are_one_list_with_an_end() -> None:
    lines = [b"a%d@x.example, b%d@x.example" % (n, n) for n in range(80)]
    found, cut = read_addresses(lines, limit=100)
    assert (len(found), cut) == (100, True)
    assert found[2].address == "a1@x.example"


@pytest.mark.parametrize(
    ("raw", "iso"),
    [
        (b"Tue, 03 Nov 2026 12:30:00 +0200", "2026-11-03T10:30:00+00:00"),
        (b"3 Nov 26 12:30 EST", "2026-11-03T17:30:00+00:00"),
        (b"Tue, 3 Nov 2026 12:30:00 -0000 (no zone)", "2026-11-03T12:30:00+00:00"),
        (b"Tue Nov  3 12:30:00 2026", "2026-11-03T12:30:00+00:00"),
        (b"2026-11-03 12:30:00+02:00", "2026-11-03T10:30:00+00:00"),
        (b"Tue, 03 Nov 2026 23:59:60 +0000", "2026-11-03T23:59:59+00:00"),
        (b"Tue, 03 Nov 2026 12:30:00 +9959", "2026-11-03T12:30:00+00:00"),
        (b"Wed, 31 Feb 2026 10:00:00 +0000", None),
        (b"yesterday", None),
        (b"", None),
        (b"\xff\xfe", None),
        (b"Tue, 03 Nov 0000 12:30:00 +0000", None),
        (b"Fri, 31 Dec 9999 23:59:00 -1200", None),
    ],
)
def test_date(raw: bytes, iso: str | None) -> None:
    found = read_date(raw)
    assert (found.isoformat() if found else None) == iso


def test_ids_lose_brackets_folds_and_repeats() -> None:
    assert read_ids([b"<a@x>  <b@x>\t<a@x>", b"c@x (comment)", b"<long\r\n -id@x>"]) == [
        "a@x",
        "b@x",
        "c@x",
        "long-id@x",
    ]


def test_too_many_ids_keep_the_first_and_the_latest() -> None:
    found = read_ids([b" ".join(b"<%d@x>" % n for n in range(500))], limit=10)
    assert found == ["0@x", *(f"{n}@x" for n in range(491, 500))]


@pytest.mark.parametrize("raw", [b"<", b"<>", b"<a@[b>", b"  ", b"<" * 500])
def test_ids_that_are_none(raw: bytes) -> None:
    assert all(found.strip() for found in read_ids([raw]))


@pytest.mark.parametrize(
    "written",
    [
        "Tue,3 Nov 2026 12:30:00 +0200",
        "Tue, 3 Nov 2026 12:30:00 PM +0200",
        "Вт, 3 Nov 2026 12:30:00 +0200",
        "Di, 3. Nov 2026 12:30:00 +0200",
        "Tue, Nov 3, 2026 12:30:00 +0200",
        "Tuesday, November 3, 2026 12:30 PM +0200",
        '"Tue, 3 Nov 2026 12:30:00 +0200"',
        "=?utf-8?q?Tue=2C_3_Nov_2026_12=3A30=3A00_+0200?=",
        "3 Nov 2026 12.30 +0200",
    ],
)
def test_dates_however_they_are_written(written: str) -> None:
    assert read_date(written.encode()) == datetime(2026, 11, 3, 10, 30, tzinfo=UTC)


@pytest.mark.parametrize("written", ["Tue, 3 Nov 2026 12:30:00 AM +0000", "Nov 3, 2026 12:30 am"])
def test_half_past_midnight(written: str) -> None:
    assert read_date(written.encode()) == datetime(2026, 11, 3, 0, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    "written", ["Zoe <zoe@customer.example> <other@customer.example>", "Zoe [zoe@customer.example]"]
)
def test_one_address_where_two_or_brackets_stand(written: str) -> None:
    assert read_addresses([written.encode()])[0] == [Address("Zoe", "zoe@customer.example")]


@pytest.mark.parametrize(
    ("written", "name", "address"),
    [
        ("alice @d.example", "", "alice@d.example"),
        ("alice @ d.example", "", "alice@d.example"),
        ("carol\u00a0@d.example", "", "carol@d.example"),
        ("Bob @ Acme <bob@acme.example>", "Bob @ Acme", "bob@acme.example"),
    ],
)
def test_blanks_around_the_sign_are_no_part_of_an_address(written: str, name: str, address: str) -> None:
    assert read_addresses([written.encode()])[0] == [Address(name, address)]
