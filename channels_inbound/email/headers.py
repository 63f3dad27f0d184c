"""What the headers of a mail say: texts, addresses, ids and dates, however badly they are written."""

import binascii
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone

from channels_inbound.email.charset import decode_text, storable_line
from channels_inbound.email.word_lists import words

_MONTHS = {name: number for number, name in enumerate(words("jan feb mar apr may jun jul aug sep oct nov dec"), 1)}
_ZONES = {
    "ut": 0,
    "utc": 0,
    "gmt": 0,
    "z": 0,
    "est": -300,
    "edt": -240,
    "cst": -360,
    "cdt": -300,
    "mst": -420,
    "mdt": -360,
}
_ZONES |= {"pst": -480, "pdt": -420, "cet": 60, "cest": 120, "eet": 120, "eest": 180, "msk": 180, "bst": 60, "jst": 540}
_DATE = re.compile(
    r"(?:[^\W\d_]{1,12}\.?(?:,\s{0,9}|\s{1,9}))?(\d{1,2})\.?[\s-]{1,9}([a-z]{3})[a-z]{0,6}[\s,-]{1,9}(\d{2,4})"
    r"[\s,]{1,9}(\d{1,2})[:.](\d{2})(?:[:.](\d{2}))?(?:\.\d{1,9})?\s{0,9}"
    r"([ap]m\b)?\s{0,9}([+-]\d{1,2}:?\d{2}|[a-z]{1,5})?"
)
_MONTH_FIRST = re.compile(
    r"(?:[^\W\d_]{1,12}\.?(?:,\s{0,9}|\s{1,9}))?([a-z]{3})[a-z]{0,6}\.?\s{1,9}(\d{1,2}),?\s{1,9}(\d{4})(?:,| at)?"
    r"\s{1,9}(\d{1,2}):(\d{2})(?::(\d{2}))?\s{0,9}([ap]m\b)?\s{0,9}([+-]\d{1,2}:?\d{2}|[a-z]{1,5})?"
)
_ASCTIME = re.compile(
    r"(?:[a-z]{3,9},?\s{1,9})?([a-z]{3})[a-z]{0,6}\s{1,9}(\d{1,2}),?\s{1,9}(\d{1,2}):(\d{2})(?::(\d{2}))?\s{1,9}"
    r"(?:([+-]\d{4}|[a-z]{2,5})\s{1,9})?(\d{4})"
)
_ISO_DATE = re.compile(
    r"(\d{4})-(\d{1,2})-(\d{1,2})[t\s](\d{1,2}):(\d{2})(?::(\d{2}))?(?:\.\d{1,9})?\s?([+-]\d{1,2}:?\d{2}|z)?"
)
_MAX_ID = 998


@dataclass(frozen=True, slots=True)
class Address:
    """A name and an e-mail address as written, either may be empty."""

    name: str
    address: str


def decode_header(value: bytes, charset: str = "") -> str:
    """A header's text: encoded words decoded, raw 8-bit bytes guessed, one storable line."""
    if value.isascii() and b"=?" not in value:
        return storable_line(decode_text(value) if b"\x1b" in value else value.decode("ascii"))
    return storable_line(_decode_words(decode_text(value, charset)))


def _decode_words(text: str) -> str:
    """Encoded words decoded; neighbours of one charset are joined first, since mailers cut characters in two."""
    out: list[str] = []
    run: list[bytes] = []
    run_charset, position = "", 0
    while True:
        word = _next_word(text, position)
        between = text[position : word[0]] if word else text[position:]
        if run and (word is None or between.strip() or word[2] != run_charset):
            out.append(decode_text(b"".join(run), run_charset))
            run = []
            between = "" if word and not between.strip() else between
        elif run:
            between = ""
        out.append(between)
        if word is None:
            return "".join(out)
        _start, position, run_charset, data = word
        run.append(data)


def _next_word(text: str, position: int) -> tuple[int, int, str, bytes] | None:
    """Start, end, charset and bytes of the next encoded word."""
    while True:
        start = text.find("=?", position)
        if start < 0:
            return None
        mark = text.find("?", start + 2, start + 60)
        kind = text[mark + 1 : mark + 2].lower() if mark > start + 2 else ""
        if kind in ("b", "q") and text[mark + 2 : mark + 3] == "?":
            end = text.find("?=", mark + 3)
            if end < 0:
                return None
            charset = text[start + 2 : mark].partition("*")[0]
            return start, end + 2, charset, _word_bytes(kind, text[mark + 3 : end])
        position = start + 2


def _word_bytes(kind: str, text: str) -> bytes:
    data = text.encode("utf-8", "replace")
    if kind == "q":
        return binascii.a2b_qp(data.replace(b" ", b"_"), header=True)
    clean = re.sub(rb"[^A-Za-z0-9+/]", b"", data)
    if len(clean) % 4 == 1:
        clean = clean[:-1]
    return binascii.a2b_base64(clean + b"==")


def read_addresses(values: list[bytes], charset: str = "", limit: int = 100) -> tuple[list[Address], bool]:
    """The addresses of all lines of one header in order, and whether more than `limit` were there."""
    found: list[Address] = []
    for value in values:
        text = decode_text(value, charset)
        if "@" not in text and "=?" in text:
            text = _decode_words(text)
        found.extend(_split_addresses(text, limit + 1 - len(found)))
        if len(found) > limit:
            return found[:limit], True
    return found, False


_TOKEN = re.compile(r'[^"(<>,;:\\)]+|.', re.DOTALL)


def _split_addresses(text: str, limit: int) -> list[Address]:
    """One pass over the characters that mean something; comments may nest, nothing recurses."""
    found: list[Address] = []
    name: list[str] = []
    angle: list[str] | None = None
    comment: list[str] = []
    depth, quoted = 0, False
    marks = iter(_TOKEN.findall(text))
    for mark in marks:
        if mark == "\\":
            mark = next(marks, "")
            (comment if depth else name if angle is None else angle).append(mark)
        elif depth:
            depth += (mark == "(") - (mark == ")")
            if depth:
                comment.append(mark)
        elif mark == '"':
            quoted = not quoted
            if angle is not None:
                angle.append(mark)
        elif quoted:
            (name if angle is None else angle).append(mark)
        elif mark == "(":
            depth, comment = 1, [*comment, " "] if comment else []
        elif mark == "<" and angle is None:
            angle = []
        elif mark in (",", ";"):
            _add_address(found, name, angle, comment)
            name, angle, comment = [], None, []
            if len(found) >= limit:
                return found
        elif mark == ":" and angle is None and "@" not in "".join(name):
            name = []  # the name of a group: its members follow
        elif mark != ">":
            (name if angle is None else angle).append(mark)
    if quoted and angle is None and len(name) > 1:
        stray = text.rindex('"')
        return _split_addresses(f"{text[:stray]} {text[stray + 1 :]}", limit)
    _add_address(found, name, angle, comment)
    return found[:limit]


_AROUND_AT = re.compile(r"\s*@\s*")


def _whole(word: str) -> bool:
    """Whether something stands on both sides of its @."""
    local, _, domain = word.strip("<>,;").rpartition("@")
    return bool(local and domain)


def _add_address(found: list[Address], name: list[str], angle: list[str] | None, comment: list[str]) -> None:
    label = storable_line(_decode_words("".join(name)))
    if angle is None:
        words = label.split()
        if "@" in label and not any(map(_whole, words)):  # blanks around the sign are no part of it (RFC 5322, 4.4)
            words = _AROUND_AT.sub("@", label).split()
        bare = next((word for word in words if "@" in word), "")
        rest = [word for word in words if word != bare]
        address, label = bare, " ".join(rest)
    else:
        address = storable_line("".join(angle)).replace(" ", "").partition("<")[0]
    if not label and comment:
        label = storable_line(_decode_words("".join(comment)))
    address = address.removeprefix("mailto:").strip(".,<>[]'") if "@" in address else address
    if label or address:
        found.append(Address(label.strip("'\" ")[:1000], address[:_MAX_ID]))


def read_ids(values: list[bytes], limit: int = 100) -> list[str]:
    """Message ids in order without their brackets; when there are too many, the first and the latest ones."""
    found: dict[str, None] = {}
    for value in values:
        text = decode_text(value)
        if "<" in text:
            candidates = [piece.partition(">")[0] for piece in text.split("<")[1:]]
        else:
            candidates = [word for word in text.split() if "@" in word] or text.split()[:1]
        for candidate in candidates:
            wanted = "".join(storable_line(candidate).split()).strip("<>,;")
            if wanted and len(wanted) <= _MAX_ID:
                found[wanted] = None
    ids = list(found)
    return ids if len(ids) <= limit else ids[:1] + ids[1 - limit :]


def read_date(value: bytes) -> datetime | None:
    """The moment in UTC, or None when it is no date that a calendar has."""
    text = decode_header(value[:200]).strip("\"' ").lower()
    try:
        return _read_rfc_date(text) or _read_month_first(text) or _read_asctime(text) or _read_iso_date(text)
    except (ValueError, OverflowError):
        return None


def _read_rfc_date(text: str) -> datetime | None:
    found = _DATE.match(text)
    if found is None or found.group(2) not in _MONTHS:
        return None
    day, month, year, hour, minute, second, half, zone = found.groups()
    return _moment(_full_year(year), _MONTHS[month], int(day), (_of_day(hour, half), minute, second), zone)


def _read_month_first(text: str) -> datetime | None:
    found = _MONTH_FIRST.match(text)
    if found is None or found.group(1) not in _MONTHS:
        return None
    month, day, year, hour, minute, second, half, zone = found.groups()
    return _moment(int(year), _MONTHS[month], int(day), (_of_day(hour, half), minute, second), zone)


def _of_day(hour: str, half: str | None) -> str:
    """The hour of 24. Some programs write "15:04 PM"."""
    if half is None or int(hour) > 12:
        return hour
    return str(int(hour) % 12 + (12 if half == "pm" else 0))


def _read_asctime(text: str) -> datetime | None:
    found = _ASCTIME.match(text)
    if found is None or found.group(1) not in _MONTHS:
        return None
    month, day, hour, minute, second, zone, year = found.groups()
    return _moment(int(year), _MONTHS[month], int(day), (hour, minute, second), zone)


def _read_iso_date(text: str) -> datetime | None:
    found = _ISO_DATE.match(text)
    if found is None:
        return None
    year, month, day, hour, minute, second, zone = found.groups()
    return _moment(int(year), int(month), int(day), (hour, minute, second), zone)


def _full_year(text: str) -> int:
    year = int(text)
    return year if len(text) == 4 else year + (2000 if year < 50 else 1900)


def _moment(year: int, month: int, day: int, clock: tuple[str, str, str | None], zone: str | None) -> datetime:
    hour, minute, second = int(clock[0]), int(clock[1]), min(int(clock[2] or 0), 59)
    if zone and zone[0] in "+-":
        digits = zone[1:].replace(":", "").zfill(4)
        offset = (int(digits[:2]) * 60 + int(digits[2:])) * (-1 if zone[0] == "-" else 1)
    else:
        offset = _ZONES.get(zone or "", 0)
    if abs(offset) >= 24 * 60:
        offset = 0
    return datetime(year, month, day, hour, minute, second, tzinfo=timezone(timedelta(minutes=offset))).astimezone(UTC)
