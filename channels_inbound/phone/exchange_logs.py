"""Reading the call logs of exchanges: Asterisk, 3CX, Aircall's export, and a plain table. Pure.

A log is read whole before anything is kept: what cannot be read is named by its line, what was read before is known
by the exchange's own id.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Any

from channels_inbound.hooks.facts import CallHeard
from channels_inbound.hooks.reading import digest_of, storable
from channels_inbound.phone.numbers import e164

MAX_ROWS = 200_000
# What lies near the ends of the calendar has no time in every zone.
_YEARS = range(1990, 2100)
_LONGEST_NAME = 200
ASTERISK = (
    "accountcode", "src", "dst", "dcontext", "clid", "channel", "dstchannel", "lastapp", "lastdata", "start", "answer",
    "end", "duration", "billsec", "disposition", "amaflags", "uniqueid", "userfield", "peeraccount", "linkedid",
    "sequence",
)  # fmt: skip
# What a plain table may tell of a call; the first four are needed.
TABLE_COLUMNS = (
    "started_at", "direction", "from", "to", "answered_at", "ended_at", "duration", "outcome", "agent", "external_id",
)  # fmt: skip
_FORMATS = ("%Y-%m-%d %H:%M:%S", "%Y/%m/%d %H:%M:%S", "%d.%m.%Y %H:%M:%S", "%Y-%m-%d %H:%M", "%d.%m.%Y %H:%M")
_CALLER = re.compile(r'\s*"?([^"<]*?)"?\s*<([^>]*)>')
_STATES = {"NO ANSWER": "missed", "BUSY": "busy", "FAILED": "failed", "CONGESTION": "failed"}
_OUTCOMES = {"answered", "missed", "voicemail", "busy", "failed", "abandoned"}

Row = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class LogError:
    line: int
    reason: str


@dataclass(frozen=True, slots=True)
class ReadLog:
    calls: tuple[CallHeard, ...]
    errors: tuple[LogError, ...]


class _Bad(ValueError):
    """A row that is no call."""


class _NoTable(Exception):
    """The file is none, from this line on."""

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(reason)
        self.line = line


def read_log(
    kind: str, content: bytes, *, zone: tzinfo, region: str = "UA", columns: Mapping[str, str] | None = None
) -> ReadLog:
    """The calls of a log. `kind`: asterisk, 3cx, aircall or table; `zone` is the exchange's clock. `columns` says which
    column of a table holds what (TABLE_COLUMNS), where their own names do not."""
    try:
        rows = list(_rows(kind, _decoded(content)))
    except _NoTable as error:
        return ReadLog((), (LogError(error.line, str(error)),))
    if columns:
        rows = [(n, {**row, **{wanted: row.get(named, "") for wanted, named in columns.items()}}) for n, row in rows]
    if kind == "asterisk":
        return _asterisk(rows, zone, region)
    reader = {"3cx": _three_cx, "aircall": _aircall, "table": _table}[kind]
    return _each(rows, lambda row: reader(row, zone, region))


def columns_of(content: bytes) -> list[str]:
    """The names a table's first line gives its columns."""
    first = next(iter(_decoded(content[:100_000]).splitlines()), "")
    if not first.strip():
        return []
    row = next(csv.reader([first], delimiter=_delimiter(first)), [])
    return [name for cell in row if (name := _column(cell))][:100]


def _column(cell: str) -> str:
    return cell.strip().lower().replace(" ", "_")


def _delimiter(first: str) -> str:
    return max(",;\t", key=first.count)


def _decoded(content: bytes) -> str:
    for encoding in ("utf-8-sig", "cp1251"):
        try:
            return storable(content.decode(encoding))
        except UnicodeDecodeError:
            continue
    return storable(content.decode("utf-8", "replace"))


def _rows(kind: str, text: str) -> Iterator[tuple[int, Row]]:
    first = text.partition("\n")[0]
    table = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(first))
    names = list(ASTERISK) if kind == "asterisk" else None
    for number, row in enumerate(_whole(table), 1):
        if number > MAX_ROWS:
            raise _NoTable(number, f"more than {MAX_ROWS} rows: bring it in in parts")
        if not any(cell.strip() for cell in row):
            continue
        heads = [_column(cell) for cell in row]
        if number == 1 and (names is None or "disposition" in heads):
            names = heads
            continue
        yield number, {name: cell.strip() for name, cell in zip(names or heads, row, strict=False)}


def _whole(table: Any) -> Iterator[list[str]]:
    try:
        yield from table
    except csv.Error as error:
        raise _NoTable(table.line_num, str(error)) from None


def _each(rows: Iterable[tuple[int, Row]], read: Callable[[Row], CallHeard]) -> ReadLog:
    calls, errors = [], []
    for number, row in rows:
        try:
            calls.append(read(row))
        except _Bad as error:
            errors.append(LogError(number, str(error)))
    return ReadLog(tuple(calls), tuple(errors))


def _asterisk(rows: list[tuple[int, Row]], zone: tzinfo, region: str) -> ReadLog:
    """One call is several rows (queue, group, transfer): they are told by `linkedid`."""
    groups: dict[str, list[tuple[int, Row]]] = {}
    for number, row in rows:
        key = row.get("linkedid") or row.get("uniqueid") or f"row {number}"
        groups.setdefault(key, []).append((number, row))
    calls, errors = [], []
    for key, group in groups.items():
        try:
            calls.append(_asterisk_call(key, [row for _, row in group], zone, region))
        except _Bad as error:
            errors.append(LogError(group[0][0], str(error)))
    return ReadLog(tuple(calls), tuple(errors))


def _asterisk_call(key: str, rows: list[Row], zone: tzinfo, region: str) -> CallHeard:
    first = rows[0]
    started = _moment(first.get("start", ""), zone)
    # An answer counts only where somebody's telephone was reached; a queue or a menu answers everybody.
    answered = [
        r
        for r in rows
        if r.get("disposition") == "ANSWERED" and r.get("dstchannel") and _seconds(r.get("billsec", "")) > 0
    ]
    inbound = "trunk" in first.get("dcontext", "") or len(first.get("src", "")) > len(first.get("dst", ""))
    outcome = "answered" if answered else _STATES.get(first.get("disposition", ""), "missed")
    ended = _moment(first["end"], zone) if first.get("end") else started
    wait = talk = None
    if answered:
        wait = int((_moment(answered[0].get("answer", ""), zone) - started).total_seconds())
        talk = sum(_seconds(row.get("billsec", "")) for row in answered)
    else:
        wait = int((ended - started).total_seconds())
    name = (_CALLER.match(first.get("clid", "")[:_LONGEST_NAME]) or [None, ""])[1] or ""
    other, line = (
        (first.get("src", ""), first.get("dst", "")) if inbound else (first.get("dst", ""), first.get("src", ""))
    )
    agent = (answered[0].get("dstchannel", "") if inbound and answered else first.get("channel", "")).partition("-")[0]
    return CallHeard(
        f"asterisk:{key}" if not key.startswith("row ") else f"asterisk:{digest_of(sorted(first.items()))}",
        "in" if inbound else "out", outcome, e164(other, region=region), line[:40], started, max(0, wait),
        talk, agent.partition("/")[2] if outcome == "answered" else "", name if inbound else "",
    )  # fmt: skip


def _three_cx(row: Row, zone: tzinfo, region: str) -> CallHeard:
    started = _moment(row.get("time-start", ""), zone)
    answer = row.get("time-answered", "")
    ended = _moment(row["time-end"], zone) if row.get("time-end") else started
    inbound = row.get("from-type", "").lower() in ("lineset", "line", "externalline", "")
    other = row.get("from-no", "") if inbound else row.get("to-no", "") or row.get("dial-no", "")
    picked = _moment(answer, zone) if answer else None
    return CallHeard(
        f"3cx:{row.get('historyid') or row.get('callid') or digest_of(sorted(row.items()))}",
        "in" if inbound else "out", "answered" if picked else "missed", e164(other, region=region),
        (row.get("dial-no") or row.get("to-dn") or "")[:40], started,
        max(0, int(((picked or ended) - started).total_seconds())),
        max(0, int((ended - picked).total_seconds())) if picked else None,
        row.get("to-dispname", "") if picked else "", row.get("from-dispname", "") if inbound else "",
    )  # fmt: skip


def _aircall(row: Row, zone: tzinfo, region: str) -> CallHeard:
    picked = row.get("answered_at", "")
    started = _moment(row.get("started_at", ""), zone)
    ended = _moment(row["ended_at"], zone) if row.get("ended_at") else started
    return _plain("aircall", row, started, _moment(picked, zone) if picked else None, ended, region)


def _table(row: Row, zone: tzinfo, region: str) -> CallHeard:
    for needed in ("started_at", "direction", "from", "to"):
        if needed not in row:
            raise _Bad(f"the column {needed} is missing")
    picked = _moment(row["answered_at"], zone) if row.get("answered_at") else None
    started = _moment(row["started_at"], zone)
    ended = _moment(row["ended_at"], zone) if row.get("ended_at") else None
    return _plain("table", row, started, picked, ended, region)


def _plain(
    kind: str, row: Row, started: datetime, picked: datetime | None, ended: datetime | None, region: str
) -> CallHeard:
    direction = row.get("direction", "").lower()
    if direction not in ("in", "inbound", "incoming", "out", "outbound", "outgoing"):
        raise _Bad(f"the direction is neither in nor out: {direction[:20]!r}")
    inbound = direction.startswith("in")
    said = row.get("outcome", "").lower()
    outcome = said if said in _OUTCOMES else "answered" if picked else "missed"
    talk = (
        int((ended - picked).total_seconds())
        if picked and ended
        else _seconds(row.get("duration", ""))
        if picked
        else None
    )
    wait = int(((picked or ended) - started).total_seconds()) if picked or ended else None  # type: ignore[operator]
    number = row.get("raw_digits") or row.get("from" if inbound else "to", "")
    id = (
        row.get("external_id")
        or row.get("call_id")
        or row.get("id")
        or digest_of(started, row.get("from"), row.get("to"), direction)
    )
    return CallHeard(
        f"{kind}:{id}", "in" if inbound else "out", outcome, e164(number, region=region),
        row.get("to" if inbound else "from", "")[:40], started, None if wait is None else max(0, wait),
        None if talk is None else max(0, talk), row.get("agent") or row.get("user", ""),
    )  # fmt: skip


def _moment(value: str, zone: tzinfo) -> datetime:
    for form in _FORMATS:
        try:
            found = datetime.strptime(value, form)
        except ValueError:
            continue
        return _in_utc(found, value, zone)
    try:
        iso = datetime.fromisoformat(value) if value else None
    except ValueError:
        iso = None
    if value.isdecimal() and len(value) == 10:
        return datetime.fromtimestamp(int(value), UTC)
    if iso is None:
        raise _Bad(f"this is no time: {value[:40]!r}")
    return _in_utc(iso, value, zone)


def _in_utc(found: datetime, value: str, zone: tzinfo) -> datetime:
    if found.year not in _YEARS:
        raise _Bad(f"this is no time: {value[:40]!r}")
    return (found if found.tzinfo else found.replace(tzinfo=zone)).astimezone(UTC)


def _seconds(value: str) -> int:
    """A duration as a number of seconds or as hours:minutes:seconds."""
    parts = value.split(":")
    if not all(part.isdecimal() and len(part) < 7 for part in parts) or len(parts) > 3:
        return 0
    total = 0
    for part in parts:
        total = total * 60 + int(part)
    return total
