"""Finding what is not for everybody's eyes in a text: cards, accounts, documents, passwords, keys.

Pure and linear in the text, whatever it is: every pattern is bounded, and is run only if a word it needs stands there.
That makes the usual mail, which holds nothing, a few dozen searches for substrings. Numbers count only with the check
digit and the prefix of what they claim to be, and documents only after the word that names them: an order number, a
telephone number or a parcel that were hidden would cost an agent more than they protect.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal

from . import links, numbers
from .evened import Evened, even

Kind = Literal["card", "iban", "document", "password", "key"]


@dataclass(frozen=True, slots=True)
class Found:
    """A stretch [start, end) of the text, in code points, and what it is; `ends` are the characters that may stay."""

    start: int
    end: int
    kind: Kind
    ends: str = ""


def find(text: str) -> list[Found]:
    """Everything of the kind, in order, without overlaps."""
    plain = even(text)
    found = [_lying_in(plain, one) for one in (*_cards(plain.text), *_ibans(plain.text))]
    lowered = text.lower()
    apart = text
    if "://" in lowered:
        found += (Found(start, end, kind) for start, end, kind in links.credentials(text))
        apart = links.without_links(text)  # `/reset-your-password-here/` is an address, and no password is named
    for rule in _RULES:
        if any(word in lowered for word in rule.words):
            found += rule.found(apart if rule.words == _PASSWORD_WORDS else text)
    return _apart(found) if found else found


def _lying_in(plain: Evened, found: Found) -> Found:
    return replace(found, start=(span := plain.span(found.start, found.end))[0], end=span[1]) if plain.places else found


def _apart(found: list[Found]) -> list[Found]:
    """The first and longest where two overlap."""
    kept: list[Found] = []
    for one in sorted(found, key=lambda one: (one.start, -one.end)):
        if not kept or one.start >= kept[-1].end:
            kept.append(one)
    return kept


# Cards. Digits stand together or in groups with a few separators between; the groups are those that are printed.
# Numbers below each other are a list, but for a card that was wrapped in the middle.

_LONG_RUN = re.compile(r"[0-9](?:[ \u00a0\t\r\n._/+-]{0,3}[0-9]){13,}")
_DIGITS = re.compile(r"[0-9]+")
_GROUPS = frozenset({(4, 4, 4, 4), (4, 4, 4, 4, 3), (4, 6, 5), (4, 6, 4), (6, 10), (6, 13), (8, 8)})
_FIRST_GROUPS = frozenset({4, 6, 8}) | numbers.CARD_LENGTHS
_MOST_GROUPS = 5
# What names another kind of number right before it.
_OTHER_NAMES = (
    r"order|invoice|tracking|parcel|article|sku|imei|track|serial|s/n|seriennummer|замовлення|заказа?|накладна|накладної|ттн|"
    r"посилк[аи]|(?<!на )рахунок|артикул|серійний|серийный|bestellung|bestellnummer|sendung|zamówieni[ea]|przesyłk[ai]"
)
_NUMBER = r"(?:\s?(?:number|no|nr|номер|№|n°|#))?[\s:.#№-]{0,3}$"
_NAMED_OTHERWISE = re.compile(rf"(?:{_OTHER_NAMES}|№|#|\+){_NUMBER}", re.IGNORECASE)
_OF_A_THING = re.compile(rf"(?:{_OTHER_NAMES}|товару?|вироб[уі]?|приладу){_NUMBER}", re.IGNORECASE)
_NAMES_A_CARD = re.compile(r"(?<![a-z])(?:card|cc|pan|creditcard)[_-]?(?:number|num|no)?=$", re.IGNORECASE)
_BEFORE = 40


def _cards(text: str) -> Iterator[Found]:
    for stretch in _LONG_RUN.finditer(text):
        run = [group.span() for group in _DIGITS.finditer(text, *stretch.span())]
        first = 0
        while first < len(run):
            taken = _card_at(text, run, first)
            if taken:
                start, end = run[first][0], run[first + taken - 1][1]
                yield Found(start, end, "card", text[end - 4 : end])
            first += taken or 1


def _card_at(text: str, run: Sequence[tuple[int, int]], first: int) -> int:
    """How many groups from this one on are a card; 0 for none."""
    if run[first][1] - run[first][0] not in _FIRST_GROUPS:
        return 0
    for count in range(min(_MOST_GROUPS, len(run) - first), 0, -1):
        groups = run[first : first + count]
        if count > 1 and tuple(end - start for start, end in groups) not in _GROUPS:
            continue
        if count > 1 and all("\n" in text[end:start] for (_, end), (start, _) in pairwise(groups)):
            continue
        digits = "".join(text[start:end] for start, end in groups)
        if len(digits) in numbers.CARD_LENGTHS and numbers.is_card(digits):
            return 0 if _is_named_otherwise(text, groups[0][0], groups[-1][1]) else count
    return 0


def _is_named_otherwise(text: str, start: int, end: int) -> bool:
    before, after = text[start - 1 : start] if start else "", text[end : end + 1]
    if before == "=" and _NAMES_A_CARD.search(text, max(0, start - _BEFORE), start):
        return False
    if before.isalnum() or before in ("_", "/", "=") or after.isalnum() or after == "_":
        return True
    return bool(_NAMED_OTHERWISE.search(text[max(0, start - _BEFORE) : start]))


# Accounts.

_IBAN_BEGINS = re.compile(r"(?<=[A-Za-z][A-Za-z])[0-9]{2}[ \u00a0.-]?[A-Za-z0-9]{4}")
_BETWEEN = frozenset(" \u00a0\t-.")
_LONGEST_IBAN = 34


def _ibans(text: str) -> Iterator[Found]:
    for place in _IBAN_BEGINS.finditer(text):
        start = place.start() - 2
        length = numbers.iban_length(text[start : start + 2])
        if not length or text[start - 1 : start].isalnum():
            continue
        end, value = start, ""
        for index in range(start, min(len(text), start + 2 * _LONGEST_IBAN)):
            one = text[index]
            if one.isascii() and one.isalnum():
                value, end = value + one, index + 1
            elif one not in _BETWEEN:
                break
            if len(value) == length:
                break
        if not text[end : end + 1].isalnum() and numbers.is_iban(value):
            yield Found(start, end, "iban", value[-4:].upper())


# What is named by a word before it, or by its own beginning.


@dataclass(frozen=True, slots=True)
class Rule:
    """One shape, looked for where one of `words` (lower case) stands in the text; group 1 is what is hidden."""

    kind: Kind
    words: tuple[str, ...]
    pattern: re.Pattern[str]
    holds: Callable[[str], bool] = bool

    def found(self, text: str) -> Iterator[Found]:
        for place in self.pattern.finditer(text):
            if self.holds(place.group(1)):
                yield Found(*place.span(1), self.kind)


@dataclass(frozen=True, slots=True)
class Named:
    """A document's number: shortly after the word that names it, with no other number between."""

    words: tuple[str, ...]
    name: re.Pattern[str]
    shape: re.Pattern[str]
    holds: Callable[[str], bool] = bool

    def found(self, text: str) -> Iterator[Found]:
        for name in self.name.finditer(text):
            after = name.end()
            place = self.shape.search(text[after : after + _REACH])
            if place is None or _DIGITS.search(text, after, after + place.start()):
                continue
            if _OF_A_THING.search(text[after : after + place.start()]):
                continue
            if self.holds(numbers.bare(place.group())):
                yield Found(after + place.start(), after + place.end(), "document")


_REACH = 64


def _document(words: str, name: str, shape: str, holds: Callable[[str], bool] = bool) -> Named:
    shaped = re.compile(rf"(?<!\w)(?:{shape})(?!\w)", re.IGNORECASE)
    return Named(tuple(words.split("|")), re.compile(name, re.IGNORECASE), shaped, holds)


def _key(words: str, pattern: str, flags: int = 0) -> Rule:
    return Rule("key", tuple(words.split("|")), re.compile(pattern, flags))


def _looks_chosen(word: str) -> bool:
    """Whether it is rather a password than the next word of a sentence: letters mixed with digits or signs."""
    core = word.rstrip(".,;:!?)\"'»”")
    signs = sum(not one.isalnum() for one in core)
    digits = sum(one.isdigit() for one in core)
    mixed = bool(digits or signs) and not core.startswith(("http", "www.", "•", "<", "[", "{"))
    return 5 <= len(core) <= 128 and mixed and "@" not in core[1:-1].partition(".")[0]


_PASSWORD_WORDS = ("парол", "passwor", "passwd", "pwd", "hasło", "haslo", "passphrase")
_RULES: tuple[Rule | Named, ...] = (
    _document(
        "рнокпп|іпн|ипн|инн|ідентифікаційн|идентификационн|податков",
        r"рнокпп|\bіпн\b|\bипн\b|\bинн\b|ідентифікаційн\w{1,4}|идентификационн\w{1,4}|податков\w{1,4} (?:номер|код)",
        r"\d{10}", numbers.is_rnokpp,
    ),
    _document("унзр|запис", r"унзр|номер\w{0,3} запису", r"(?:19|20)\d{6}-?\d{5}", numbers.is_born),
    _document(
        "паспорт|passport|reisepass|paszport",
        r"паспорт\w{0,3}|passport|reisepass|paszport\w{0,3}", r"[A-ZА-ЯІЇЄҐ]{2} ?(?:№ ?)?\d{6,7}|[A-Z]\d{8}|\d{9}",
    ),
    _document(
        "id-карт|ідентифікаційна карт|посвідчення особи|dowód osob|dowod osob|personalausweis|identity card",
        r"id-карт\w{0,3}|ідентифікаційна карт\w{0,3}|посвідчення особи|dow[oó]d\w{0,2} osobist\w{0,4}|"
        r"personalausweis\w{0,8}|identity card",
        r"\d{9}|[A-Z]{3} ?\d{6}|[CFGHJKLMNPRTVWXYZ][CFGHJKLMNPRTVWXYZ0-9]{8,9}",
    ),
    _document("pesel", r"\bpesel\b", r"\d{11}", numbers.is_pesel),
    _document("dni|nie|nif", r"\b(?:dni|nie|nif)\b", r"(?:\d{8}|[XYZ]\d{7})-?[A-Z]", numbers.is_dni),
    _document(
        "codice fiscale|cod. fisc", r"codice fiscale|cod\. ?fisc\w{0,5}",
        r"[A-Z]{6}\d{2}[A-EHLMPRST]\d{2}[A-Z]\d{3}[A-Z]", numbers.is_codice_fiscale,
    ),
    _document("cnp", r"\bcnp\b", r"[1-9]\d{12}", numbers.is_cnp),
    _document(
        "sécurité sociale|securite sociale|nir", r"s[ée]curit[ée] sociale|\bnir\b",
        r"[12] ?\d{2} ?\d{2} ?(?:\d{2}|2[AB]) ?\d{3} ?\d{3} ?\d{2}", numbers.is_nir,
    ),
    Rule(
        "document", ("<<",), re.compile(r"(?<![A-Z0-9<])([A-Z0-9<]{9}\d[A-Z<]{3}\d{7}[MFX<]\d{7}[A-Z0-9<]{14}[\d<]\d)"),
        numbers.is_mrz,
    ),
    Rule("card", ("cvv", "cvc"), re.compile(r"\b(?:cvv2?|cvc2?)\b[^\d\n]{0,12}?(?<!\d)(\d{3,4})(?!\d)", re.IGNORECASE)),
    Rule(
        "password", _PASSWORD_WORDS,
        re.compile(
            r"(?:парол\w{0,2}|password|passwort|passwd|\bpwd|has[łl]o|passphrase)"
            r"(?: (?:is|є|це|ist|to|такий|такой|(?:до|від|for|от|к)(?: [\w-]{1,20}){1,3}))?[\"']?\s{0,3}"
            r"(?:[:=—–-]|is\b)\s{0,3}[\"'«“]?(\S{4,128})",
            re.IGNORECASE,
        ), _looks_chosen,
    ),
    _key("akia|asia|aroa|aida", r"(?<![A-Za-z0-9])((?:AKIA|ASIA|AROA|AIDA)[A-Z0-9]{16})(?![A-Za-z0-9])"),
    _key("aws", r"aws.{0,20}?(?:secret|key).{0,20}?[\s:=\"']([A-Za-z0-9/+]{40})(?![A-Za-z0-9/+=])", re.IGNORECASE),
    _key("_live_|_test_|whsec_", r"\b((?:sk|rk|pk)_(?:live|test)_[A-Za-z0-9]{16,128}|whsec_[A-Za-z0-9+/=]{24,128})"),
    _key("ghp_|gho_|ghu_|ghs_|ghr_", r"\b(gh[pousr]_[A-Za-z0-9]{36,255})"),
    _key("github_pat_", r"\b(github_pat_[A-Za-z0-9_]{22,255})"),
    _key("glpat-", r"\b(glpat-[A-Za-z0-9_-]{20,64})"),
    _key("xox", r"\b(xox[abeoprs]-[A-Za-z0-9-]{10,255})"),
    _key("aiza", r"\b(AIza[A-Za-z0-9_-]{35})"),
    _key("sg.", r"\b(SG\.[A-Za-z0-9_-]{16,32}\.[A-Za-z0-9_-]{16,64})"),
    _key("shpat_|shpss_|shpca_|shppa_", r"\b(shp(?:at|ss|ca|pa)_[a-fA-F0-9]{32})"),
    _key("npm_", r"\b(npm_[A-Za-z0-9]{36})"),
    _key("sk-", r"(?<![A-Za-z0-9-])(sk-(?:[a-z]{2,6}-)?[A-Za-z0-9_-]{32,200})"),
    _key(":aa", r"(?<!\d)(\d{8,10}:AA[A-Za-z0-9_-]{33})"),
    _key("eyj", r"\b(eyJ[A-Za-z0-9_-]{8,2000}\.eyJ[A-Za-z0-9_-]{8,4000}\.[A-Za-z0-9_-]{8,1000})"),
    _key("bearer", r"\bbearer\s{1,3}([A-Za-z0-9._~+/-]{16,2000}=?=?)", re.IGNORECASE),
    _key(
        "private key-----",
        r"(-----BEGIN (?:[A-Z0-9]{2,10} ){0,2}PRIVATE KEY-----[^-]{1,8000}-----END (?:[A-Z0-9]{2,10} ){0,2}"
        r"PRIVATE KEY-----)",
    ),
)  # fmt: skip
