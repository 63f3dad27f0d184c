"""Bytes to text when the label is right, wrong, missing or nonsense. Never raises; the result can always be stored."""

import codecs
import re
from encodings.aliases import aliases
from functools import lru_cache

from channels_inbound.email.word_lists import words

# Python accepts these names, but they are no charsets of mail: punycode decodes in quadratic time, the escapes
# would let a sender smuggle characters past every filter, the rest are byte-to-byte transforms.
_NOT_CHARSETS = frozenset(
    words(
        "punycode idna unicode_escape raw_unicode_escape undefined mbcs oem base64_codec bz2_codec hex_codec "
        "quopri_codec rot_13 uu_codec zlib_codec"
    )
)
_KNOWN = frozenset(aliases.values()) - _NOT_CHARSETS | {
    "cp720",
    "cp737",
    "cp856",
    "cp874",
    "cp875",
    "cp1006",
    "koi8_u",
    "koi8_t",
}

# Names that mailers write and Python does not know, and supersets that decode the same mail better (Microsoft
# mailers send cp1252 characters as iso-8859-1, gbk characters as gb2312, cp949 as ks_c_5601).
_SUPERSETS = {
    "ascii": "ascii",
    "latin_1": "cp1252",
    "iso8859_1": "cp1252",
    "iso8859_9": "cp1254",
    "iso8859_8_i": "iso8859_8",
    "iso8859_8_e": "iso8859_8",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "x_gbk": "gb18030",
    "shift_jis": "cp932",
    "x_sjis": "cp932",
    "windows_31j": "cp932",
    "iso2022_jp": "iso2022_jp_ext",
    "iso_2022_jp_ms": "iso2022_jp_ext",
    "cp50220": "iso2022_jp_ext",
    "euc_kr": "cp949",
    "ks_c_5601_1987": "cp949",
    "ksc5601": "cp949",
    "x_windows_949": "cp949",
    "big5": "cp950",
    "x_euc_jp": "euc_jp",
    "tis_620": "cp874",
    "windows_874": "cp874",
    "koi8_ru": "koi8_u",
    "koi8": "koi8_r",
    "x_mac_cyrillic": "mac_cyrillic",
    "macintosh": "mac_roman",
    "x_mac_roman": "mac_roman",
    "unicode_1_1_utf_7": "utf_7",
    "utf8mb4": "utf_8",
    "utf8_sig": "utf_8",
    "unicode": "utf_8",
    "win_1251": "cp1251",
    "win1251": "cp1251",
    "ansi": "cp1252",
    "x_ansi": "cp1252",
    "x_user_defined": "cp1252",
}
_LABEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:+-]{0,39}")
_CP125X = re.compile(r"(?:x_)?(?:windows|win|cp|microsoft_cp|ms)_?(\d{3,4})")
_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]+")
_NOT_CHARACTERS = re.compile("[\ud800-\udfff\ufffe\uffff]")
_MULTIBYTE = frozenset(
    words("cp932 gb18030 cp949 cp950 euc_jp iso2022_jp_ext johab hz utf_16 utf_16_le utf_16_be utf_32 utf_7")
)


@lru_cache(maxsize=256)
def codec_name(label: str) -> str | None:
    """Python's codec for a charset label, or None when no charset is meant."""
    found = _LABEL.search(label)
    if found is None:
        return None
    name = found.group().lower().replace("-", "_").replace(".", "_").replace(":", "_")
    if name in _SUPERSETS:
        return _SUPERSETS[name]
    windows = _CP125X.fullmatch(name)
    if windows:
        name = "cp" + windows.group(1)
    name = aliases.get(name, name)
    if name not in _KNOWN:
        name = aliases.get(name.replace("_", ""), name)
    return _SUPERSETS.get(name, name) if name in _KNOWN else None


def decode_text(data: bytes, label: str = "") -> str:
    """Text of `data`, believing `label` only as far as the bytes agree with it."""
    name = codec_name(label) if label else None
    if data.isascii():
        if name in _MULTIBYTE:
            return _decode(data, name) or data.decode("ascii")
        if b"\x1b$" in data or b"\x1b(" in data:
            return _decode(data, "iso2022_jp_ext") or data.decode("ascii")
        return data.decode("ascii")
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return data.decode("utf-16", "replace")
    if name not in _MULTIBYTE:
        # Text in another charset is practically never valid UTF-8 by accident, so valid UTF-8 wins over the label.
        as_utf8 = _decode(data, "utf_8")
        if as_utf8 is not None:
            return as_utf8.removeprefix("\ufeff")
        if name == "utf_8":
            return _broken_utf8(data)
    if name == "cp1252" and _is_plainly_cyrillic(data):
        return data.decode(guess_charset(data), "replace")
    if name and name != "ascii":
        return _decode(data, name) or _decode_loosely(data, name)
    return data.decode(guess_charset(data), "replace")


def _decode(data: bytes, name: str | None) -> str | None:
    try:
        return data.decode(name) if name else None
    except (UnicodeError, ValueError):
        return None


def _decode_loosely(data: bytes, name: str) -> str:
    text = data.decode(name, "replace")
    # More than one in ten unreadable: the label is wrong, not the bytes.
    if text.count("\ufffd") * 10 > len(text):
        return data.decode(guess_charset(data), "replace")
    return text


def _broken_utf8(data: bytes) -> str:
    """Labelled UTF-8 and nearly so: keep it (a cut character); otherwise the label is wrong."""
    text = data.decode("utf-8", "replace")
    bad = text.count("\ufffd")
    readable = sum(1 for char in text[:20_000] if char > "\x7f") - min(bad, 20_000)
    return text if readable > bad * 2 else data.decode(guess_charset(data), "replace")


_SIMPLIFIED = frozenset("的一是不了在人有我他这们来你个，。")
_TRADITIONAL = frozenset("的一是不了在人有我他這們來你個，。")
_CYRILLIC_COMMON = frozenset("оаеинтрсвлкдмупзябьгчі")
_CYRILLIC_CHARSETS = ("cp1251", "koi8_u", "cp866", "iso8859_5")
_WORD = re.compile(rb"[A-Za-z\x80-\xff]+")
_NO_PLAIN_LETTER = re.compile(rb"[\x80-\xff]+")
_POLISH = frozenset("ąćęłńóśźżĄĆĘŁŃÓŚŹŻ")
_POLISH_1250 = re.compile(rb"[A-Za-z][\xb3\xb9\xbf\x9f]|[\xb3\xbf\x9c][a-z]")
_POLISH_8859 = re.compile(rb"[A-Za-z][\xb1\xb3\xb6\xbc\xbf]|[\xb3\xb6\xbf][a-z]")


def guess_charset(data: bytes) -> str:
    """The likeliest charset of unlabelled bytes that are not UTF-8: the scripts our shops' customers write in."""
    sample = data[:8000]
    asian = _guess_asian(sample)
    if asian:
        return asian
    # Latin words mix plain and accented letters; a word in Cyrillic has no plain letter at all.
    accented = [word for word in _WORD.findall(sample) if not word.isascii()]
    foreign = [word for word in accented if len(word) > 1 and _NO_PLAIN_LETTER.fullmatch(word)]
    if len(foreign) * 2 <= len(accented):
        return _guess_latin(sample)
    scores = {name: _cyrillic_score(sample.decode(name, "replace")) for name in _CYRILLIC_CHARSETS}
    best = max(scores, key=lambda name: scores[name])
    return best if scores[best] > 0 else _guess_latin(sample)


def _is_plainly_cyrillic(data: bytes) -> bool:
    """Whether text labelled Western is none: word after word without a single plain letter."""
    words_found = [word for word in _WORD.findall(data[:4000]) if not word.isascii()]
    foreign = sum(1 for word in words_found if len(word) > 2 and _NO_PLAIN_LETTER.fullmatch(word))
    return foreign >= 2 and foreign * 3 >= len(words_found) * 2 and guess_charset(data) in _CYRILLIC_CHARSETS


def _cyrillic_score(text: str) -> int:
    score, before = 0, " "
    for char in text:
        if char in _CYRILLIC_COMMON:
            score += 2
        elif "\u0410" <= char <= "\u042f" and before.islower():
            score -= 4  # a capital inside a word: koi8 and cp1251 swap the case of each other's letters
        elif "\u0400" <= char <= "\u04ff":
            score += 1
        elif char > "\x7f" and not char.isspace():
            score -= 2
        before = char
    return score


def _guess_asian(sample: bytes) -> str | None:
    high = sum(1 for byte in sample if byte > 0x7F)
    if high < 4:
        return None
    for name, low, top, share in (
        ("cp932", "\u3040", "\u30ff", 3),
        ("euc_jp", "\u3040", "\u30ff", 3),
        # Korean is nearly all Hangul; Chinese read as Korean is half of it.
        ("cp949", "\uac00", "\ud7a3", 7),
    ):
        text = sample.decode(name, "replace")
        hits = sum(1 for char in text if low <= char <= top)
        wide = sum(1 for char in text if char > "\x7f")
        if hits * 10 >= wide * share and text.count("\ufffd") * 20 <= len(text):
            return name
    for name, common in (("gb18030", _SIMPLIFIED), ("cp950", _TRADITIONAL)):
        text = sample.decode(name, "replace")
        if sum(1 for char in text if char in common) * 10 >= high // 2 and "\ufffd" not in text[:-1]:
            return name
    return None


def _guess_latin(sample: bytes) -> str:
    """Western unless there is nothing but Polish letters and one of them is a sign, not a letter, in the West."""
    for name, marks in (("cp1250", _POLISH_1250), ("iso8859_2", _POLISH_8859)):
        foreign = {char for char in sample.decode(name, "replace") if char > "\x7f" and char.isalpha()}
        if foreign and foreign <= _POLISH and marks.search(sample):
            return name
    return "cp1252"


def storable(text: str) -> str:
    """The same text without what PostgreSQL or JSON refuses: NUL, other controls, lone surrogates. Lines end in LF."""
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    text = _CONTROLS.sub("", text)
    return text if text.isascii() else _NOT_CHARACTERS.sub("\ufffd", text)


def storable_line(text: str) -> str:
    """One line of storable text: every run of white space is one space."""
    return " ".join(storable(text).split())
