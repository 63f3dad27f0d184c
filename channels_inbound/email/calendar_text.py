"""What a calendar invitation says, for mails that say nothing else. Reads the few lines an agent needs."""

import re

_ANSWER = "invitation-answer"
_METHODS = {"REQUEST": "invitation", "CANCEL": "cancelled-invitation", "REPLY": _ANSWER, "COUNTER": _ANSWER}
_ESCAPE = re.compile(r"\\([\\;,nN])")
_WANTED = ("SUMMARY", "DTSTART", "DTEND", "LOCATION", "ORGANIZER", "DESCRIPTION")
_MAX_LINES = 2000


def calendar_name(method: str) -> str:
    """A file name for an invitation nobody named."""
    return f"{_METHODS.get(method.upper(), 'calendar')}.ics"


def calendar_text(source: str) -> str:
    """Summary, time, place and description of the first event, as plain lines; "" where there is no event."""
    found: dict[str, str] = {}
    inside = False
    for line in _unfolded(source):
        name, colon, value = line.partition(":")
        key = name.partition(";")[0].strip().upper()
        if key in ("BEGIN", "END"):
            part = value.strip().upper()
            if part == "VEVENT":
                if key == "END":
                    break
                inside = True
            elif part == "VALARM":
                inside = key == "END"
        elif colon and inside and key in _WANTED and key not in found:
            found[key] = _readable(key, value)
    moments = " - ".join(found[key] for key in ("DTSTART", "DTEND") if found.get(key))
    lines = [found.get("SUMMARY", ""), moments, found.get("LOCATION", ""), found.get("ORGANIZER", "")]
    head = "\n".join(line for line in lines if line)
    return "\n\n".join(part for part in (head, found.get("DESCRIPTION", "").strip()) if part)


def _unfolded(source: str) -> list[str]:
    lines: list[str] = []
    for line in source.split("\n")[:_MAX_LINES]:
        if line[:1] in (" ", "\t") and lines and len(lines[-1]) < 20_000:
            lines[-1] += line[1:]
        else:
            lines.append(line)
    return lines


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
