"""What a calendar invitation says. Reads the few lines an agent needs, from whatever program wrote them."""

import re
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from channels_inbound.email.calendar_zones import WINDOWS_ZONES
from channels_inbound.email.word_lists import words

_ANSWER = "invitation-answer"
_METHODS = {"REQUEST": "invitation", "CANCEL": "cancelled-invitation", "REPLY": _ANSWER, "COUNTER": _ANSWER}
_ESCAPE = re.compile(r"\\([\\;,nN])")
_MOMENT = re.compile(r"(\d{4})-?(\d\d)-?(\d\d)(?:T(\d\d):?(\d\d)(?::?\d\d)?(Z?))?")
_DURATION = re.compile(r"P(?:(\d{1,4})W)?(?:(\d{1,4})D)?(?:T(?:(\d{1,4})H)?(?:(\d{1,5})M)?(?:\d{1,6}S)?)?")
_PARAMETER = re.compile(r';([\w-]+)=("[^"]*"|[^;:"]*)')
_HEAD_OF_LINE = re.compile(r'[\w-]+(?:;[\w-]+=(?:"[^"]*"|[^;:",]*)(?:,(?:"[^"]*"|[^;:",]*))*)*:')
_WANTED = frozenset(
    words("SUMMARY DTSTART DTEND DURATION LOCATION ORGANIZER DESCRIPTION STATUS RRULE ATTENDEE COMMENT")
)
_MAX_LINES = 2000
_MAX_TEXT = 500


@dataclass(slots=True)
class _Line:
    value: str
    parameters: dict[str, str]


@dataclass(slots=True)
class _Event:
    """The lines of the first event or task, the method, and the offsets the calendar itself defines."""

    lines: dict[str, _Line] = field(default_factory=dict)
    method: str = ""
    offsets: dict[str, list[str]] = field(default_factory=dict)


def calendar_name(method: str) -> str:
    """A file name for an invitation nobody named."""
    return f"{_METHODS.get(method.upper(), 'calendar')}.ics"


def calendar_text(source: str) -> str:
    """Summary, time, place and description of the first event, as plain lines; "" where there is no event."""
    event = _read(source)
    found = {key: _readable(key, line.value) for key, line in event.lines.items()}
    moments = " - ".join(found[key] for key in ("DTSTART", "DTEND") if found.get(key))
    lines = [found.get("SUMMARY", ""), moments, found.get("LOCATION", ""), found.get("ORGANIZER", "")]
    head = "\n".join(line for line in lines if line)
    return "\n\n".join(part for part in (head, found.get("DESCRIPTION", "").strip()) if part)


def read_invitation(source: str, method: str = "") -> dict[str, Any] | None:
    """The facts of an invitation for a card: moments as ISO, in UTC where the zone is known, else as written with the
    zone's own name beside them. None where there is no event."""
    event = _read(source)
    if not event.lines:
        return None
    text = {key: _readable(key, line.value)[:_MAX_TEXT] for key, line in event.lines.items()}
    start, zone, all_day = _moment(event, "DTSTART")
    end = _end(event, start)
    organiser = event.lines.get("ORGANIZER")
    named = organiser.parameters.get("CN", "") if organiser else ""
    return {
        "kind": "invite",
        "method": _method(event, method),
        "title": text.get("SUMMARY", ""),
        "start": start.isoformat() if start else "",
        "end": end.isoformat() if end else "",
        "all_day": all_day,
        "zone": zone,
        "where": text.get("LOCATION", ""),
        "organiser": named[:_MAX_TEXT] or text.get("ORGANIZER", ""),
        "repeats": "RRULE" in event.lines,
        "answer": event.lines["ATTENDEE"].parameters.get("PARTSTAT", "")[:20] if "ATTENDEE" in event.lines else "",
    }


def _method(event: _Event, declared: str) -> str:
    """invite, cancel, reply, counter or event. A cancelled event is cancelled whatever the method says."""
    method = (event.method or declared).strip().upper()
    status = event.lines.get("STATUS")
    if method == "CANCEL" or (status and status.value.strip().upper() == "CANCELLED"):
        return "cancel"
    return {"REQUEST": "invite", "REPLY": "reply", "COUNTER": "counter"}.get(method, "event")


def _read(source: str) -> _Event:
    event = _Event()
    inside: list[str] = []
    zone = ""
    for line in _unfolded(source):
        key, read = _parse(line)
        if key == "BEGIN":
            inside.append(read.value.strip().upper())
        elif key == "END":
            if inside and inside[-1] in ("VEVENT", "VTODO") and event.lines:
                return event  # further ones are exceptions to a series
            if inside:
                inside.pop()
        elif inside and inside[-1] in ("VEVENT", "VTODO") and key in _WANTED:
            event.lines.setdefault(key, read)
        elif key == "METHOD" and len(inside) <= 1:
            event.method = read.value
        elif key == "TZID" and inside and inside[-1] == "VTIMEZONE":
            zone = read.value.strip()
        elif key == "TZOFFSETTO" and "VTIMEZONE" in inside and len(event.offsets) < 20:
            event.offsets.setdefault(zone, []).append(read.value.strip())
    return event


def _parse(line: str) -> tuple[str, _Line]:
    found = _HEAD_OF_LINE.match(line)
    if found is None:
        name, _, value = line.partition(":")
        return name.partition(";")[0].strip().upper(), _Line(value.rstrip("\r"), {})
    head = found.group()[:-1]
    name = head.partition(";")[0]
    parameters = {key.upper(): value.strip('"') for key, value in _PARAMETER.findall(head[len(name) :])}
    return name.strip().upper(), _Line(line[found.end() :].rstrip("\r"), parameters)


def _unfolded(source: str) -> list[str]:
    lines: list[str] = []
    for line in source.split("\n")[:_MAX_LINES]:
        if line[:1] in (" ", "\t") and lines and len(lines[-1]) < 20_000:
            lines[-1] = lines[-1].rstrip("\r") + line[1:]
        else:
            lines.append(line[:20_000])
    return lines


def _moment(event: _Event, key: str) -> tuple[datetime | date | None, str, bool]:
    """The moment, the zone's name where we do not know what it means, and whether it is a day without a time."""
    line = event.lines.get(key)
    found = _MOMENT.match(line.value.strip()) if line else None
    if line is None or found is None:
        return None, "", False
    year, month, day, hour, minute, utc = found.groups()
    try:
        if hour is None:
            return date(int(year), int(month), int(day)), "", True
        naive = datetime(int(year), int(month), int(day), int(hour) % 24, int(minute) % 60)
    except ValueError:
        return None, "", False
    if utc:
        return naive.replace(tzinfo=UTC), "", False
    name = line.parameters.get("TZID", "").strip()[:100]
    zone = _zone(name, event.offsets)
    try:
        return (naive.replace(tzinfo=zone).astimezone(UTC), "", False) if zone else (naive, name, False)
    except OverflowError:
        return None, "", False


def _end(event: _Event, start: datetime | date | None) -> datetime | date | None:
    end, _, _ = _moment(event, "DTEND")
    if end is not None or start is None or "DURATION" not in event.lines:
        return end if type(end) is type(start) else None
    found = _DURATION.fullmatch(event.lines["DURATION"].value.strip())
    if found is None:
        return None
    weeks, days, hours, minutes = (int(part or 0) for part in found.groups())
    try:
        return start + timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes)
    except OverflowError:
        return None


def _zone(name: str, offsets: dict[str, list[str]]) -> tzinfo | None:
    """The zone of that name: an IANA one, one of Windows, or what the calendar itself says if that never changes."""
    plain = name.strip("/").removeprefix("freeassociation.sourceforge.net/").removeprefix("mozilla.org/")
    for candidate in (WINDOWS_ZONES.get(plain), plain, "/".join(plain.split("/")[-2:])):
        if candidate and re.fullmatch(r"[A-Za-z0-9_+/-]{2,60}", candidate):
            try:
                return ZoneInfo(candidate)
            except (KeyError, ValueError, OSError):
                continue
    known = set(offsets.get(name, ()))
    found = re.fullmatch(r"([+-])(\d\d)(\d\d)(?:\d\d)?", known.pop()) if len(known) == 1 else None
    if found is None:
        return None
    offset = timedelta(hours=int(found.group(2)), minutes=int(found.group(3)))
    if offset >= timedelta(hours=24):
        return None
    return timezone(-offset if found.group(1) == "-" else offset)


def _readable(key: str, value: str) -> str:
    value = _ESCAPE.sub(lambda found: "\n" if found.group(1) in "nN" else found.group(1), value).strip()
    if key == "ORGANIZER":
        return re.sub(r"^mailto:", "", value, flags=re.IGNORECASE)
    if key in ("DTSTART", "DTEND"):
        found = re.fullmatch(r"(\d{4})(\d\d)(\d\d)(?:T(\d\d)(\d\d)\d\d(Z?))?", value)
        if found:
            year, month, day, hour, minute, zone = found.groups()
            return f"{year}-{month}-{day}" + (f" {hour}:{minute}{' UTC' if zone else ''}" if hour else "")
    return value
