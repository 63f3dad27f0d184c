"""Check digits: whether a number can be what it looks like. Pure; every function takes what was written, cleaned of
its separators, and says yes or no."""

from __future__ import annotations

import re
from datetime import date

# Prefixes, as ranges of the same length, and the lengths of the brands that are in use. Lengths that no brand gives
# out any more (13 digits) are left out: parcels and barcodes have them.
_BRANDS: tuple[tuple[str, str, frozenset[int]], ...] = (
    ("4", "4", frozenset({16, 19})),  # Visa
    ("51", "55", frozenset({16})), ("2221", "2720", frozenset({16})),  # Mastercard
    ("34", "34", frozenset({15})), ("37", "37", frozenset({15})),  # American Express
    ("300", "305", frozenset({14})), ("36", "36", frozenset({14})), ("38", "39", frozenset({14})),  # Diners
    ("6011", "6011", frozenset({16, 19})), ("644", "659", frozenset({16, 19})),  # Discover
    ("3528", "3589", frozenset({16, 19})),  # JCB
    ("62", "62", frozenset({16, 17, 18, 19})),  # UnionPay
    ("5018", "5018", frozenset({16, 19})), ("5020", "5020", frozenset({16, 19})),  # Maestro
    ("5038", "5038", frozenset({16, 19})), ("5893", "5893", frozenset({16, 19})),
    ("6304", "6304", frozenset({16, 19})), ("6759", "6759", frozenset({16, 19})),
    ("6761", "6763", frozenset({16, 19})),
    ("9804", "9804", frozenset({16})),  # Prostir
    ("2200", "2204", frozenset({16})),  # Mir
)  # fmt: skip
CARD_LENGTHS = frozenset(length for *_prefixes, lengths in _BRANDS for length in lengths)

# How long an account number is in each country that has them (ISO 13616).
_IBAN_LENGTHS = {
    "AD": 24, "AE": 23, "AL": 28, "AT": 20, "AZ": 28, "BA": 20, "BE": 16, "BG": 22, "BH": 22, "BR": 29, "BY": 28,
    "CH": 21, "CR": 22, "CY": 28, "CZ": 24, "DE": 22, "DK": 18, "DO": 28, "EE": 20, "EG": 29, "ES": 24, "FI": 18,
    "FO": 18, "FR": 27, "GB": 22, "GE": 22, "GI": 23, "GL": 18, "GR": 27, "GT": 28, "HR": 21, "HU": 28, "IE": 22,
    "IL": 23, "IQ": 23, "IS": 26, "IT": 27, "JO": 30, "KW": 30, "KZ": 20, "LB": 28, "LC": 32, "LI": 21, "LT": 20,
    "LU": 20, "LV": 21, "MC": 27, "MD": 24, "ME": 22, "MK": 19, "MR": 27, "MT": 31, "MU": 30, "NL": 18, "NO": 15,
    "PK": 24, "PL": 28, "PS": 29, "PT": 25, "QA": 29, "RO": 24, "RS": 22, "SA": 24, "SC": 31, "SE": 24, "SI": 19,
    "SK": 24, "SM": 27, "ST": 25, "SV": 28, "TL": 23, "TN": 24, "TR": 26, "UA": 29, "VA": 22, "VG": 24, "XK": 20,
}  # fmt: skip

# Of these all that follows the country is digits; the others have letters too.
_IBANS_OF_DIGITS = {
    "AE", "AT", "BA", "BE", "CR", "CZ", "DE", "DK", "EE", "EG", "ES", "FI", "FO", "GL", "HR", "HU", "IL", "IS", "LT",
    "ME", "MR", "NO", "PL", "PT", "RS", "SE", "SI", "SK", "ST", "TL", "TN", "XK",
}  # fmt: skip


def is_card(digits: str) -> bool:
    """Whether a brand gives out numbers that begin and are as long as this, and its last digit is right (Luhn)."""
    return any(
        first <= digits[: len(first)] <= last and len(digits) in lengths for first, last, lengths in _BRANDS
    ) and luhn(digits)


def luhn(digits: str) -> bool:
    """The check digit of cards."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 + place % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0 and bool(digits.strip("0"))


def iban_length(country: str) -> int:
    """How many characters an account number of this country has; 0 where there are none."""
    return _IBAN_LENGTHS.get(country.upper(), 0)


def is_iban(text: str) -> bool:
    """Country, length, digits where its numbers have nothing else, and the remainder of 97."""
    value = text.upper()
    if len(value) != iban_length(value[:2]) or not value.isascii() or not value.isalnum():
        return False
    if value[:2] in _IBANS_OF_DIGITS and not value[2:].isdecimal():
        return False
    turned = value[4:] + value[:4]
    return int("".join(str(int(one, 36)) for one in turned)) % 97 == 1


def is_rnokpp(digits: str) -> bool:
    """The number of a taxpayer in Ukraine: days since 1899, a running number, a check digit."""
    weights = (-1, 5, 7, 9, 4, 6, 10, 5, 7)
    total = sum(int(digit) * weight for digit, weight in zip(digits, weights, strict=False))
    return len(digits) == 10 and total % 11 % 10 == int(digits[9])


def is_born(digits: str) -> bool:
    """Whether the first eight digits are a day on which somebody who writes may be born (the Ukrainian register)."""
    return _is_day(int(digits[:4]), int(digits[4:6]), int(digits[6:8])) and 1900 <= int(digits[:4]) <= 2100


def is_pesel(digits: str) -> bool:
    """Poland: the day of birth, with the century in the month, and a check digit."""
    weights = (1, 3, 7, 9, 1, 3, 7, 9, 1, 3)
    total = sum(int(digit) * weight for digit, weight in zip(digits, weights, strict=False))
    year, month = divmod(int(digits[2:4]), 20)
    century = {0: 1900, 1: 2000, 2: 2100, 3: 2200, 4: 1800}[year]
    return (total + int(digits[10])) % 10 == 0 and _is_day(century + int(digits[:2]), month, int(digits[4:6]))


def is_dni(text: str) -> bool:
    """Spain: seven or eight digits and the letter they give; X, Y and Z stand for 0, 1 and 2."""
    number = text[:-1].upper().translate(str.maketrans("XYZ", "012"))
    return number.isdigit() and "TRWAGMYFPDXBNJZSQVHLCKE"[int(number) % 23] == text[-1].upper()


def is_codice_fiscale(text: str) -> bool:
    """Italy: sixteen characters of which the last follows from the others."""
    odd = (1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23)
    value, total = text.upper(), 0
    for place, one in enumerate(value[:15]):
        number = int(one) if one.isdigit() else ord(one) - 65
        total += number if place % 2 else odd[number]
    return len(value) == 16 and chr(65 + total % 26) == value[15]


def is_cnp(digits: str) -> bool:
    """Romania: sex, day of birth, county, and a check digit."""
    total = sum(int(digit) * int(weight) for digit, weight in zip(digits, "279146358279", strict=False))
    remainder = total % 11
    return len(digits) == 13 and (1 if remainder == 10 else remainder) == int(digits[12])


def is_nir(text: str) -> bool:
    """France: thirteen characters (Corsica has letters) and what is missing to 97."""
    value = text.upper().replace("2A", "19").replace("2B", "18")
    return len(value) == 15 and value.isdigit() and 97 - int(value[:13]) % 97 == int(value[13:])


def is_mrz(line: str) -> bool:
    """The second machine readable line of a passport: number, birth and expiry with their check digits."""
    fields = ((0, 9), (13, 19), (21, 27))
    return len(line) == 44 and all(_mrz_digit(line[start:end]) == line[end] for start, end in fields)


def _mrz_digit(text: str) -> str:
    total = 0
    for place, one in enumerate(text):
        total += (0 if one == "<" else int(one, 36)) * (7, 3, 1)[place % 3]
    return str(total % 10)


def _is_day(year: int, month: int, day: int) -> bool:
    try:
        date(year, month, day)
    except ValueError:
        return False
    return True


def bare(text: str) -> str:
    """What was written, without what people put between."""
    return re.sub(r"[\s.\-–/\u00a0]+", "", text)
