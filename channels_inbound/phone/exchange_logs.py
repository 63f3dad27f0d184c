"""Reading the call logs of exchanges: Asterisk, 3CX, Aircall's export, and a plain table. Pure.

A log is read whole before anything is kept: what cannot be read is named by its line, what was read before is known
by the exchange's own id.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from channels_inbound.hooks.facts import CallHeard
from channels_inbound.hooks.reading import digest_of
from channels_inbound.phone.asterisk_log import asterisk_call, grouped
from channels_inbound.phone.log_rows import NoTable, rows_of
from channels_inbound.phone.log_values import BadRow, LogHow, Row, seconds_of

_OUTCOMES = {"answered", "missed", "voicemail", "busy", "failed", "abandoned"}
# What an exchange calls a line to the world, as against a telephone, a queue or a menu of the house.
_LINES = frozenset({"lineset", "line", "externalline"})


@dataclass(frozen=True, slots=True)
class LogError:
    line: int
    reason: str


@dataclass(frozen=True, slots=True)
class ReadLog:
    """What a log holds; `inside` counts calls between people of the house, which are nobody's business here."""

    calls: tuple[CallHeard, ...]
    errors: tuple[LogError, ...]
    inside: int = 0


def read_log(kind: str, content: bytes, how: LogHow, *, columns: Mapping[str, str] | None = None) -> ReadLog:
    """The calls of a log. `kind`: asterisk, 3cx, aircall or table. `columns` says which column, by its name or place,
    holds what (`log_rows.WANTED`), where their own names or the usual order do not."""
    try:
        rows = rows_of(kind, content, how, columns or {})
    except NoTable as error:
        return ReadLog((), (LogError(error.line, str(error)),))
    if kind == "asterisk":
        groups = [(group[0][0], key, [row for _, row in group]) for key, group in grouped(rows).items()]
        return _each((line, partial(asterisk_call, key, group, how)) for line, key, group in groups)
    reader = _READERS[kind]
    return _each((line, partial(reader, row, how)) for line, row in rows)


def _each(readings: Iterable[tuple[int, Callable[[], CallHeard | None]]]) -> ReadLog:
    calls, errors, inside = [], [], 0
    for line, read in readings:
        try:
            call = read()
        except BadRow as error:
            errors.append(LogError(line, str(error)))
            continue
        inside += call is None
        calls += [call] if call is not None else []
    return ReadLog(tuple(calls), tuple(errors), inside)


def _three_cx(row: Row, how: LogHow) -> CallHeard | None:
    started = how.moment(row.get("time-start", ""))
    answer = row.get("time-answered", "")
    ended = how.moment(row["time-end"]) if row.get("time-end") else started
    source, target = row.get("from-no", ""), row.get("to-no", "") or row.get("dial-no", "")
    kind = row.get("from-type", "").lower()
    inbound = kind in _LINES if kind else not how.is_extension(source)
    if not inbound and how.is_extension(target):
        return None
    picked = how.moment(answer) if answer else None
    return CallHeard(
        f"3cx:{row.get('historyid') or row.get('callid') or digest_of(sorted(row.items()))}",
        "in" if inbound else "out", "answered" if picked else "missed", how.number(source if inbound else target),
        how.bare(row.get("dial-no") or row.get("to-dn") or target if inbound else source)[:40], started,
        max(0, int(((picked or ended) - started).total_seconds())),
        max(0, int((ended - picked).total_seconds())) if picked else None,
        _agent(row, how, inbound=inbound) if picked else "", row.get("from-dispname", "") if inbound else "",
    )  # fmt: skip


def _agent(row: Row, how: LogHow, *, inbound: bool) -> str:
    """Whoever of the house talked: by name, else by extension."""
    name, number = ("to-dispname", "to-no") if inbound else ("from-dispname", "from-no")
    return row.get(name, "") or how.bare(row.get(number, ""))


def _aircall(row: Row, how: LogHow) -> CallHeard:
    picked = row.get("answered_at", "")
    started = how.moment(row.get("started_at", ""))
    ended = how.moment(row["ended_at"]) if row.get("ended_at") else started
    return _plain("aircall", row, started, how.moment(picked) if picked else None, ended, how)


def _table(row: Row, how: LogHow) -> CallHeard:
    for needed in ("started_at", "direction", "from", "to"):
        if needed not in row:
            raise BadRow(f"the column {needed} is missing")
    picked = how.moment(row["answered_at"]) if row.get("answered_at") else None
    started = how.moment(row["started_at"])
    ended = how.moment(row["ended_at"]) if row.get("ended_at") else None
    return _plain("table", row, started, picked, ended, how)


def _plain(
    kind: str, row: Row, started: datetime, picked: datetime | None, ended: datetime | None, how: LogHow
) -> CallHeard:
    direction = row.get("direction", "").lower()
    if direction not in ("in", "inbound", "incoming", "out", "outbound", "outgoing"):
        raise BadRow(f"the direction is neither in nor out: {direction[:20]!r}")
    inbound = direction.startswith("in")
    said = row.get("outcome", "").lower()
    outcome = said if said in _OUTCOMES else "answered" if picked else "missed"
    talk = (
        int((ended - picked).total_seconds())
        if picked and ended
        else seconds_of(row.get("duration", ""))
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
        f"{kind}:{id}", "in" if inbound else "out", outcome, how.number(number),
        row.get("to" if inbound else "from", "")[:40], started, None if wait is None else max(0, wait),
        None if talk is None else max(0, talk), row.get("agent") or row.get("user", ""),
    )  # fmt: skip


_READERS: dict[str, Callable[[Row, LogHow], CallHeard | None]] = {
    "3cx": _three_cx, "aircall": _aircall, "table": _table,
}  # fmt: skip
