"""Asterisk's log: one call is several rows. Pure."""

from __future__ import annotations

import re
from datetime import datetime

from channels_inbound.hooks.facts import CallHeard
from channels_inbound.hooks.reading import digest_of
from channels_inbound.phone.log_values import LogHow, Row, seconds_of

_LONGEST_NAME = 200
_CALLER = re.compile(r'\s*"?([^"<]*?)"?\s*<([^>]*)>')
_STATES = {"NO ANSWER": "missed", "BUSY": "busy", "FAILED": "failed", "CONGESTION": "failed"}
# Contexts are named by whoever set the exchange up; these words stand in most of their names.
_INWARDS = ("trunk", "pstn", "did", "incoming", "inbound", "external", "provider")
_OUTWARDS = ("internal", "outbound", "outgoing", "local", "users", "phones", "extensions")
_UNNAMED = "row "
_PEER = re.compile(r"[A-Za-z0-9]{1,20}/([^-@]{1,80})")


def grouped(rows: list[tuple[int, Row]]) -> dict[str, list[tuple[int, Row]]]:
    """The rows of each call (queue, group, transfer), which are told by `linkedid`."""
    groups: dict[str, list[tuple[int, Row]]] = {}
    for number, row in rows:
        groups.setdefault(row.get("linkedid") or row.get("uniqueid") or f"{_UNNAMED}{number}", []).append((number, row))
    return groups


def asterisk_call(key: str, rows: list[Row], how: LogHow) -> CallHeard | None:
    """The call; None for one between people of the house. BadRow."""
    rows = sorted(rows, key=lambda row: _order(row, how))
    first = rows[0]
    inbound = _is_inbound(first, how)
    if inbound is None:
        return None
    started = how.moment(first.get("start", ""))
    outcome, wait, talk, answered = _outcome(rows, started, how)
    name = (_CALLER.match(first.get("clid", "")[:_LONGEST_NAME]) or [None, ""])[1] or ""
    other, line = (first.get("src", ""), first.get("dst", ""))
    if not inbound:
        other, line = line, other
    agent = (answered.get("dstchannel", "") if answered and inbound else first.get("channel", "")).partition("-")[0]
    return CallHeard(
        f"asterisk:{digest_of(sorted(first.items())) if key.startswith(_UNNAMED) else key}",
        "in" if inbound else "out", outcome, how.number(other), line[:40], started, max(0, wait), talk,
        agent.partition("/")[2] if answered else "", name if inbound else "",
    )  # fmt: skip


def _order(row: Row, how: LogHow) -> tuple[datetime, int]:
    """Rows are written when each part ends, so that a transfer may come before what it is of."""
    sequence = row.get("sequence", "")
    return how.moment(row.get("start", "")), int(sequence) if sequence.isdecimal() and len(sequence) < 19 else 0


def _is_inbound(first: Row, how: LogHow) -> bool | None:
    """By whose telephones these are, else by the context's name, else by who called; None when both are ours."""
    source, target = how.is_extension(first.get("src", "")), how.is_extension(first.get("dst", ""))
    outside = _is_trunk(first.get("channel", "")), _is_trunk(first.get("dstchannel", ""))
    context = first.get("dcontext", "").lower()
    inwards = any(word in context for word in _INWARDS)
    if source and target:
        # A hidden or short caller from outside comes by a trunk all the same.
        return True if inwards or outside[0] else None
    if source != target:
        return target
    if inwards != any(word in context for word in _OUTWARDS):
        return inwards
    return outside[0] or not how.number(first.get("src", ""))


def _is_trunk(channel: str) -> bool:
    """Whether a channel is a line to the world and no telephone of the house, which is called by its number."""
    peer = _PEER.match(channel)
    return bool(peer) and not (peer[1].isdecimal() and len(peer[1]) < 6)  # type: ignore[index]


def _outcome(rows: list[Row], started: datetime, how: LogHow) -> tuple[str, int, int | None, Row | None]:
    """What came of it, seconds of waiting and of talk, and the row of whoever took it."""
    picked = [row for row in rows if row.get("disposition") == "ANSWERED" and seconds_of(row.get("billsec", "")) > 0]
    machines = [row for row in picked if row.get("lastapp", "").lower().startswith("voicemail")]
    # An answer counts only where somebody's telephone was reached; a queue or a menu answers everybody.
    answered = [row for row in picked if row.get("dstchannel") and row not in machines]
    if answered:
        taken = answered[0].get("answer", "") or answered[0].get("start", "")
        wait = int((how.moment(taken) - started).total_seconds())
        return "answered", wait, sum(seconds_of(row.get("billsec", "")) for row in answered), answered[0]
    ends = [how.moment(row["end"]) for row in rows if row.get("end")]
    wait = int((max(ends, default=started) - started).total_seconds())
    if machines:
        return "voicemail", wait, None, None
    return _STATES.get(rows[0].get("disposition", ""), "missed"), wait, None, None
