"""What is found in a text, and what is not: tables of both, properties, and that no text makes it slow."""

from __future__ import annotations

import string
import sys
from html import unescape
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.people import NOW
from tickets.inbound import Address, InboundMessage
from tickets.sensitive import numbers
from tickets.sensitive.arriving import hide_secrets
from tickets.sensitive.evened import even
from tickets.sensitive.finding import find
from tickets.sensitive.masking import (
    DOTS,
    FoundSecret,
    masked,
    masked_html,
    moved,
    pattern_of,
    secrets_in,
    secrets_in_html,
    visible_text,
    without,
)

MRZ = "L898902C36UTO7408122F1204159ZE184226B<<<<<10"
FOUND = [
    ("My card is 4242 4242 4242 4242, thanks", "card", "4242 4242 4242 4242"),
    ("4111-1111-1111-1111", "card", "4111-1111-1111-1111"),
    ("4242424242424242", "card", "4242424242424242"),
    ("карта 5375\u00a04141\u00a00000\u00a00008", "card", "5375\u00a04141\u00a00000\u00a00008"),
    ("Amex 3782 822463 10005.", "card", "3782 822463 10005"),
    ("2223000048400011", "card", "2223000048400011"),
    ("Prostir 9804 0200 0000 0007", "card", "9804 0200 0000 0007"),
    ("call +380671234567 or 4111 1111 1111 1111", "card", "4111 1111 1111 1111"),
    ("4111–1111–1111–1111", "card", "4111–1111–1111–1111"),
    ("4111‑1111—1111−1111", "card", "4111‑1111—1111−1111"),
    ("4111  1111\t1111 - 1111", "card", "4111  1111\t1111 - 1111"),
    ("4111 1111\n1111 1111", "card", "4111 1111\n1111 1111"),
    ("41\u200b11 11\u00ad11 1111 1111!", "card", "41\u200b11 11\u00ad11 1111 1111"),
    ("4111/1111/1111/1111 or 1", "card", "4111/1111/1111/1111"),
    ("4111_1111_1111_1111", "card", "4111_1111_1111_1111"),
    ("картка ４１１１ １１１１ １１１１ １１１１", "card", "４１１１ １１１１ １１１１ １１１１"),
    ("بطاقة ٤١١١ ١١١١ ١١١١ ١١١١", "card", "٤١١١ ١١١١ ١١١١ ١١١١"),
    ("https://shop.example/pay?card=4111111111111111&x=1", "card", "4111111111111111"),
    ("IBAN DE89–3704–0044–0532–0130–00", "iban", "DE89–3704–0044–0532–0130–00"),
    ("CVV: 123", "card", "123"),
    ("IBAN UA21 3223 1300 0002 6007 2335 6600 1", "iban", "UA21 3223 1300 0002 6007 2335 6600 1"),
    ("UA213223130000026007233566001", "iban", "UA213223130000026007233566001"),
    ("ua213223130000026007233566001", "iban", "ua213223130000026007233566001"),
    ("DE89 3704 0044 0532 0130 00", "iban", "DE89 3704 0044 0532 0130 00"),
    ("to NL91ABNA0417164300 please", "iban", "NL91ABNA0417164300"),
    ("Мій ІПН 3184710691", "document", "3184710691"),
    ("РНОКПП: 3184710691", "document", "3184710691"),
    ("паспорт серія АВ 123456", "document", "АВ 123456"),
    ("УНЗР 19870314-01234", "document", "19870314-01234"),
    ("ID-картка № 001234567", "document", "001234567"),
    ("Passport No. FA123456", "document", "FA123456"),
    (f"P<UTOERIKSSON<<ANNA<MARIA\n{MRZ}", "document", MRZ),
    ("PESEL 44051401359", "document", "44051401359"),
    ("mi DNI es 12345678Z", "document", "12345678Z"),
    ("NIE X1234567L", "document", "X1234567L"),
    ("codice fiscale: RSSMRA85T10A562S", "document", "RSSMRA85T10A562S"),
    ("CNP 1800101221144", "document", "1800101221144"),
    ("sécurité sociale 2 55 08 14 168 025 38", "document", "2 55 08 14 168 025 38"),
    ("login: zoe password: hunter2!", "password", "hunter2!"),
    ("Пароль до кабінету: Qwerty12345", "password", "Qwerty12345"),
    ("Пароль до Wi-Fi камери: admin123", "password", "admin123"),
    ("пароль такий: S3cret99", "password", "S3cret99"),
    ("поверніть на рахунок 4149 4993 1234 5679", "card", "4149 4993 1234 5679"),
    ("поверніть за товар 4242 4242 4242 4242", "card", "4242 4242 4242 4242"),
    ("hasło = Zamek#77", "password", "Zamek#77"),
    ("AKIAIOSFODNN7EXAMPLE", "key", "AKIAIOSFODNN7EXAMPLE"),
    ("aws_secret_access_key = " + "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "key",
     "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
    ("key sk_" + "live_4eC39HqLyjWDarjtT1zdp7dc", "key", "sk_" + "live_4eC39HqLyjWDarjtT1zdp7dc"),
    ("ghp_" + "a1B2" * 9, "key", "ghp_" + "a1B2" * 9),
    ("github_pat_" + "11ABCDEFG0abcdefghijkl", "key", "github_pat_" + "11ABCDEFG0abcdefghijkl"),
    ("xoxb-" + "123456789012-abcdefghij", "key", "xoxb-" + "123456789012-abcdefghij"),
    ("Authorization: Bearer abcdefghijklmnop0123", "key", "abcdefghijklmnop0123"),
    ("see https://shop.example/in?user=zoe&password=zimorodek7&x=1", "password", "zimorodek7"),
    ("https://zoe:Kite-77@files.example/a", "password", "Kite-77"),
    ("https://shop.example/cb#access_token=Ab3xyz99", "key", "Ab3xyz99"),
    ("https://shop.example/account/reset?token=9f8e7d6c5b4a3f2e1d.", "key", "9f8e7d6c5b4a3f2e1d"),
    ("https://shop.example/accounts/password/reset/key/1a-c9f8e7d6c5b4a3f2e1d/", "key", "1a-c9f8e7d6c5b4a3f2e1d"),
    ("https://shop.example/verify-email?code=Zx81Qp27Lm55", "key", "Zx81Qp27Lm55"),
    ("-----BEGIN RSA PRIVATE KEY-----\nMIIE\nab=\n-----END RSA PRIVATE KEY-----", "key",
     "-----BEGIN RSA PRIVATE KEY-----\nMIIE\nab=\n-----END RSA PRIVATE KEY-----"),
]  # fmt: skip
# What a shop's customers write all day, and is left as it stands.
NOT_FOUND = [
    "orders below each other:\n4111\n1111\n1111\n1111",
    "https://shop.example/?order=4111111111111111",
    "order 4242424242424242",
    "Замовлення № 4242424242424242",
    "Bestellnummer: 4242424242424242",
    "ТТН 4242 4242 4242 4242",
    "tracking number 4242424242424242",
    "4242424242424241",  # the check digit is wrong
    "be39b61a-2085-4a21-a424-1b5295ac9121",  # begins as Belgian numbers do, which have no letters
    "1234567812345670",  # right by Luhn, of no brand
    "0000000000000000",
    "ТТН 20450012345678 і 59000123456789",
    "+380 67 123 45 67, +49 30 1234567890",
    "EAN 4006381333931",
    "sizes 41 42 43 44 45 46 47 48",
    "https://shop.example/?order=4242424242424242",
    "uuid 4242424242424242ab",
    "UA21 3223 1300 0002 6007 2335 6600 2",
    "1Z999AA10123456784",
    "RR123456785UA",
    "LK123456789CN and 00340434161094042557",
    "3184710691",  # a taxpayer's number, but nobody says so
    "ІПН 3184710692",
    "Телефон 0671234567, ІПН не маю",
    "паспорт не потрібен, замовлення 100234567",
    "Паспорт товару 123456789 додається",
    "технічний паспорт, серійний номер AB123456",
    "S/N 4242424242424242",
    "Рахунок № 4242424242424242",
    "12345678Z",
    "2026-11-30 12:30, 30.11.2026",
    "password is wrong",
    "Пароль: не підходить",
    "I forgot my password: please help",
    "reset your password: https://shop.example/reset?x=1",
    "Password: zoe@example.com",
    "eyJust kidding",
    "The bearer of this letter",
    "sk-100234",
    "https://novaposhta.ua/tracking/?cargo_number=20450012345678",
    "https://storage.example/photo.jpg?alt=media&token=9f8e7d6c-5b4a-3f2e-1d0c-9f8e7d6c5b4a",
    "https://shop.example/orders/9f8e7d6c5b4a3f2e1d?key=wc_order_Ab12Cd34Ef56",
    "https://shop.example/?pass=true and https://shop.example/reset-your-password-in-three-steps",
    "https://shop.example/login?next=/cart/&id=77",
    "https://me@shop.example:8443/x",
]


@pytest.mark.parametrize(("text", "kind", "value"), FOUND, ids=[value[:24] for _text, _kind, value in FOUND])
def test_what_is_found(text: str, kind: str, value: str) -> None:
    [one] = find(text)
    assert (one.kind, text[one.start : one.end]) == (kind, value)
    assert one.ends == (
        "".join(filter(str.isalnum, even(value).text)).upper()[-4:]
        if kind in ("card", "iban") and len(value) > 4
        else ""
    )
    assert value not in masked(text, [one])


@pytest.mark.parametrize("text", NOT_FOUND)
def test_what_is_left_as_it_stands(text: str) -> None:
    assert find(text) == []


@pytest.mark.parametrize(
    ("holds", "right", "wrong"),
    [
        (numbers.luhn, "79927398713", "79927398710"),
        (numbers.is_iban, "GB29NWBK60161331926819", "GB29NWBK60161331926818"),
        (numbers.is_rnokpp, "3184710691", "3184710690"),
        (numbers.is_pesel, "44051401359", "44051401358"),
        (numbers.is_dni, "12345678Z", "12345678A"),
        (numbers.is_codice_fiscale, "RSSMRA85T10A562S", "RSSMRA85T10A562T"),
        (numbers.is_cnp, "1800101221144", "1800101221145"),
        (numbers.is_nir, "255081416802538", "255081416802539"),
        (numbers.is_mrz, MRZ, MRZ.replace("C36", "C37")),
        (numbers.is_born, "1987031401234", "1987023001234"),
    ],
)
def test_check_digits(holds: object, right: str, wrong: str) -> None:
    assert callable(holds)
    assert (holds(right), holds(wrong)) == (True, False)


@given(st.text(alphabet=string.printable + "іїєґ№•\u00a0"))
def test_places_are_in_order_within_the_text_and_apart(text: str) -> None:
    found = find(text)
    places = [place for one in found for place in (one.start, one.end)]
    assert places == sorted(places)
    assert all(0 <= one.start < one.end <= len(text) for one in found)


@given(
    st.lists(st.integers(0, 9), min_size=15, max_size=15).map(lambda them: "4" + "".join(map(str, them))[:14]),
    st.sampled_from(["", " ", "-", "\u00a0"]),
    st.text(alphabet="abc .,\n", max_size=20),
)
def test_every_card_is_found_however_it_is_grouped_and_nothing_is_left_of_it(
    fifteen: str, between: str, around: str
) -> None:
    digits = next(fifteen + last for last in string.digits if numbers.luhn(fifteen + last))
    written = between.join(digits[at : at + 4] for at in range(0, 16, 4))
    text = f"{around} {written} {around}"
    [one] = find(text)
    assert (text[one.start : one.end], one.ends) == (written, digits[-4:])
    assert find(masked(text, [one])) == []


@given(st.integers(0, 10**14))
def test_hiding_is_done_once(number: int) -> None:
    text = f"card {number:016d} password: a1b2c3! iban DE89370400440532013000"
    hidden = masked(text, find(text))
    assert masked(hidden, find(hidden)) == hidden


def test_spans_follow_their_words() -> None:
    text = "Card 4242 4242 4242 4242 now\n> quoted\nend"
    found = find(text)
    start, end = text.index("> quoted"), text.index("\nend")
    ((a, b),) = moved([(start, end)], found)
    assert masked(text, found)[a:b] == "> quoted"
    ((a, b),) = moved([(7, 40)], found)  # begins within the card, and takes the mask whole
    assert masked(text, found)[a:b].startswith(f"{DOTS} 4242")


def test_what_tags_and_entities_cut_in_two_is_found_in_html() -> None:
    html = "<p>4242&nbsp;4242 <b>42</b>42&nbsp;4242 <a href='x?q=4242424242424242'>x</a> a&amp;b</p>"
    [card] = secrets_in_html(html)
    clean = masked_html(html, [card])
    assert visible_text(clean).split() == [DOTS, "4242", "x", "a&b"]
    assert "42424242" not in clean.replace(" ", "")


def test_html_that_cannot_be_cleaned_goes() -> None:
    html = "<p>4242 4242 4242 4242</p>"
    assert masked_html(html, [FoundSecret("password", "•••• 4242", "")]) == ""


def test_words_are_taken_out_over_line_ends_and_quote_marks() -> None:
    text = "> meet me at Baker\n> Street 221b tonight\nBakerStreet221bis"
    chosen = FoundSecret("chosen", "Baker Street 221b")
    assert without(text, [chosen], whole=True) == f"> meet me at {DOTS} tonight\nBakerStreet221bis"
    assert without("Tom&#x27;s &amp; Ann", [FoundSecret("chosen", "Tom's & Ann")]) == DOTS


EVIL = [
    "4", "4 ", "4242 ", "UA21 ", "UA21", "password: ", "паспорт ", "паспорт\n", "-----BEGIN PRIVATE KEY-----",
    "eyJ" + "a" * 40 + ".", "<<A", "bearer ", "aws key ", "ідентифікаційний код ", "dni 1 ", "cvv ", "sk-", " ", "<b ",
    "&", "codice fiscale A", "123456789:AA",
]  # fmt: skip


@pytest.mark.parametrize("piece", EVIL)
def test_work_grows_with_the_text_and_no_faster(piece: str) -> None:
    """Counted in steps of the interpreter, and by what it takes to come to an end at all: a megabyte of each."""
    text = piece * (1_000_000 // len(piece))
    assert isinstance(find(text), list)
    assert isinstance(visible_text(text), str)
    small, large = _steps(text[:4_000]), _steps(text[:16_000])
    assert large <= 6 * small + 2_000


def _steps(text: str) -> int:
    steps = 0

    def count(*_: object) -> object:
        nonlocal steps
        steps += 1
        return count

    sys.settrace(count)  # type: ignore[arg-type]
    try:
        find(text)
    finally:
        sys.settrace(None)
    return steps


def test_what_was_found_is_named_once() -> None:
    text = "4242 4242 4242 4242 and again 4242 4242 4242 4242"
    assert secrets_in(text, find(text)) == [FoundSecret("card", "4242 4242 4242 4242", "4242")]


def written_by(sender: Address, html: str = "") -> InboundMessage:
    return InboundMessage(1, uuid4(), "", NOW, NOW, sender, "", "See below.", html=html)


@pytest.mark.parametrize("html", [
    "<p>4111–1111–1111–1111</p>", '<p title="4111 1111 1111 1111">x</p>', '<img alt="4111-1111-1111-1111">',
    '<a href="https://shop.example/pay?card=4111111111111111">pay</a>', "<p>4111&shy;1111&shy;1111&shy;1111</p>",
    "<p>4111&#8209;1111&#8209;1111&#8209;1111</p>", "<p>4111 1111<br>1111 1111</p>",
])  # fmt: skip
def test_a_card_in_html_is_masked_however_it_is_written(html: str) -> None:
    hidden = hide_secrets(written_by(Address("", "zoe@customer.example"), html), "mask")
    assert [one.kind for one in hidden.secrets] == ["card"]
    assert "".join(one for one in unescape(hidden.html) if one.isdigit()) in ("", "1111")


def test_a_card_in_the_name_of_a_sender_is_masked() -> None:
    sender = Address("Zoe 4111–1111–1111–1111", "zoe@customer.example")
    hidden = hide_secrets(written_by(sender), "mask")
    assert hidden.sender.name == f"Zoe {DOTS} 1111"


@given(st.text(alphabet="41–‑\u200b\u00ad٤ 5\n-", max_size=60))
def test_places_in_the_evened_text_are_those_of_the_text(text: str) -> None:
    plain = even(text)
    for start in range(len(plain.text)):
        begin, end = plain.span(start, start + 1)
        assert end == begin + 1
        assert even(text[begin:end]).text == plain.text[start]


@pytest.mark.parametrize("piece", [".-", "-", ".", ">", "–", "<b>", "&nbsp;", "a", "a<b>", "a.", " \u200b"])
@pytest.mark.parametrize("value", [".-.-.-.-.-.-x1", "......", "a.b.c.d.e.f.g-h", "----<b>----&--x1!", "a" * 127 + "1"])
def test_no_html_makes_the_search_for_a_secret_long(piece: str, value: str) -> None:
    """One mail of 300 bytes stopped the intake: what stands between two characters was divided in ever more ways."""
    for count in (40, 10_000):
        html = f"<p>{piece * count} q</p>"
        assert isinstance(masked_html(html, [FoundSecret("password", value)]), str)
        assert (pattern_of(value).search(html) is not None) == (value == "......" and piece == ".")


def test_html_too_large_for_what_is_to_be_found_in_it_is_left_out() -> None:
    secrets = [FoundSecret("password", f"{'a' * 120}{number}") for number in range(100)]
    assert masked_html("a" * 1_000_000, secrets) == ""


@given(st.text(alphabet="a1.-<>& x", min_size=1, max_size=20), st.text(alphabet="a1.-<>& xbp/", max_size=120))
def test_any_secret_is_looked_for_in_any_html_in_no_time(value: str, html: str) -> None:
    clean = masked_html(html, [FoundSecret("password", value)])
    assert pattern_of(value, whole=len(value) < 8).search(visible_text(clean)) is None or value == ""
