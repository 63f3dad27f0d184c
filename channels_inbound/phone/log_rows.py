"""The rows of a log, whatever names its columns have, or none. Pure."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from typing import Any

from channels_inbound.hooks.reading import storable
from channels_inbound.phone.log_values import LogHow, Row

MAX_ROWS = 200_000
ASTERISK = (
    "accountcode", "src", "dst", "dcontext", "clid", "channel", "dstchannel", "lastapp", "lastdata", "start", "answer",
    "end", "duration", "billsec", "disposition", "amaflags", "uniqueid", "userfield", "peeraccount", "linkedid",
    "sequence",
)  # fmt: skip
# All its fields in the order its manual has them; who set it up chose some, and another order.
THREE_CX = (
    "historyid", "callid", "duration", "time-start", "time-answered", "time-end", "reason-terminated", "from-no",
    "to-no", "from-dn", "to-dn", "dial-no", "reason-changed", "final-number", "final-dn", "bill-code", "bill-rate",
    "bill-cost", "bill-name", "chain", "from-type", "to-type", "final-type", "from-dispname", "to-dispname",
    "final-dispname", "missed-queue-calls",
)  # fmt: skip
# What a plain table may tell of a call; the first four are needed.
TABLE_COLUMNS = (
    "started_at", "direction", "from", "to", "answered_at", "ended_at", "duration", "outcome", "agent", "external_id",
)  # fmt: skip
# What of each kind's fields is read: which columns these are may be chosen.
WANTED = {
    "asterisk": ("start", "src", "dst", "dcontext", "clid", "channel", "dstchannel", "lastapp", "answer", "end",
                 "billsec", "disposition", "uniqueid", "linkedid", "sequence"),
    "3cx": ("time-start", "from-no", "to-no", "time-answered", "time-end", "dial-no", "to-dn", "from-type", "to-type",
            "from-dispname", "to-dispname", "historyid", "callid"),
    "aircall": ("started_at", "direction", "from", "to", "answered_at", "ended_at", "duration", "raw_digits", "user",
                "call_id"),
    "table": TABLE_COLUMNS,
}  # fmt: skip
_ORDERS = {"asterisk": ASTERISK, "3cx": THREE_CX}
# A column without a name is called by its place.
PLACE = "#"
_MOST_COLUMNS = 100
_SHOWN = 30


class NoTable(Exception):
    """The file is none, from this line on."""

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(reason)
        self.line = line


def rows_of(kind: str, content: bytes, how: LogHow, columns: Mapping[str, str]) -> list[tuple[int, Row]]:
    """Each row with its number, its cells by their names; those in `columns` (what is wanted: a column's name or place)
    by that as well. NoTable."""
    names: list[str] | None = None
    found: list[tuple[int, Row]] = []
    for number, row in enumerate(_whole(_table(_decoded(content))), 1):
        if number > MAX_ROWS:
            raise NoTable(number, f"more than {MAX_ROWS} rows: bring it in in parts")
        cells = [cell.strip() for cell in row]
        if not any(cells):
            continue
        if names is None:
            names = header_of(kind, cells, how)
            if names is not None:
                continue
            names = list(_ORDERS.get(kind, ()))
        found.append((number, _named(cells, names, columns)))
    return found


def header_of(kind: str, cells: list[str], how: LogHow) -> list[str] | None:
    """The names of the columns, if this row holds names; None when it is a call already."""
    heads = [_column(cell) for cell in cells]
    if len(set(heads) & set(WANTED[kind])) >= 2:
        return heads
    return None if kind == "asterisk" or any(how.is_time(cell) for cell in cells) else heads


def columns_of(kind: str, content: bytes, how: LogHow) -> dict[str, str]:
    """What the columns of a log are called: by its first line, else by their places, each with what stands there."""
    text = _decoded(content[:100_000])
    try:
        cells = next((row for row in _whole(_table(text)) if any(cell.strip() for cell in row)), [])
    except NoTable:
        return {}
    cells = [cell.strip() for cell in cells][:_MOST_COLUMNS]
    heads = header_of(kind, cells, how) if cells else []
    if heads is None:
        return {f"{PLACE}{place}": cell[:_SHOWN] for place, cell in enumerate(cells, 1)}
    return {name: "" for name in heads if name}


def _named(cells: list[str], names: list[str], columns: Mapping[str, str]) -> Row:
    row = dict(zip(names, cells, strict=False))
    chosen = {}
    for wanted, name in columns.items():
        place = name.removeprefix(PLACE)
        if name.startswith(PLACE) and place.isdecimal() and name not in row:
            at = int(place[:4]) - 1
            chosen[wanted] = cells[at] if 0 <= at < len(cells) else ""
        else:
            chosen[wanted] = row.get(name, "")
    return row | chosen


def _column(cell: str) -> str:
    return cell.strip().lower().replace(" ", "_")


def _table(text: str) -> Any:
    first = next((line for line in text.splitlines() if line.strip()), "")
    return csv.reader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=first.count))


def _decoded(content: bytes) -> str:
    for encoding in ("utf-8-sig", "cp1251"):
        try:
            return storable(content.decode(encoding))
        except UnicodeDecodeError:
            continue
    return storable(content.decode("utf-8", "replace"))


def _whole(table: Any) -> Iterator[list[str]]:
    try:
        yield from table
    except csv.Error as error:
        raise NoTable(table.line_num, str(error)) from None
