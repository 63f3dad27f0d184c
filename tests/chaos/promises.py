"""What the database says afterwards: the promises, counted."""

from __future__ import annotations

import json
import time
from collections import Counter
from pathlib import Path
from typing import Any

import psycopg

# Time passes: what waits for a later try, or for a dead worker's claim to run out, is due now.
_LATER = (
    "UPDATE tickets_message SET not_before = now() WHERE outbox = 'queued' AND not_before > now()",
    "UPDATE tickets_message SET lease_until = now() WHERE outbox = 'sending' AND lease_until > now()",
    "UPDATE events_eventdelivery SET next_try_at = now() WHERE state = 'due' AND next_try_at > now()",
)
_UNFINISHED = """
SELECT (SELECT count(*) FROM channels_inbound_rawdelivery WHERE state = 'stored'),
       (SELECT count(*) FROM tickets_message WHERE outbox IN ('queued', 'sending')),
       (SELECT count(*) FROM events_eventdelivery WHERE state = 'due')
"""
_GAPS = """
SELECT stream_type, stream_id FROM events_event GROUP BY 1, 2
HAVING min(sequence) <> 1 OR max(sequence) <> count(*)
"""
_MESSAGE_GAPS = """
SELECT t.id FROM tickets_ticket t LEFT JOIN tickets_message m ON m.ticket_id = t.id
GROUP BY t.id HAVING count(m.id) <> t.message_sequence OR max(m.sequence) <> t.message_sequence
"""
_TALLY_DRIFT = """
WITH both_ways AS (
    SELECT status, team_id, assignee_id, channel_id, needs_attention AS attention, 1 AS n FROM tickets_ticket
    UNION ALL
    SELECT status, team_id, assignee_id, channel_id, attention, -n FROM tickets_tally
)
SELECT status, team_id, assignee_id, channel_id, attention, sum(n) FROM both_ways
GROUP BY 1, 2, 3, 4, 5 HAVING sum(n) <> 0
"""


class Ledger:
    """The database of one `manage.py up`, read from outside."""

    def __init__(self, data_dir: Path) -> None:
        self.url = json.loads((data_dir / "services.json").read_text())["DATABASE_URL"]

    def query(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.url, connect_timeout=5) as connection:
            return connection.execute(statement, values).fetchall()  # type: ignore[arg-type]

    def let_time_pass(self) -> None:
        with psycopg.connect(self.url, connect_timeout=5) as connection:
            for statement in _LATER:
                connection.execute(statement)

    def wait_until_settled(self, patience: float) -> None:
        """Until nothing waits to be read, sent or told; a claim is only ended once its worker had time to finish."""
        deadline = time.monotonic() + patience
        began = last_push = time.monotonic()
        left: tuple[Any, ...] = ()
        while time.monotonic() < deadline:
            try:
                left = self.query(_UNFINISHED)[0]
                if not any(left):
                    return
                if time.monotonic() - began > 8 and time.monotonic() - last_push > 4:
                    self.let_time_pass()
                    last_push = time.monotonic()
            except psycopg.Error:
                pass  # it is just being started again
            time.sleep(0.3)
        raise AssertionError(f"still unread, unsent, untold: {left}")

    def messages_by_id(self) -> Counter[str]:
        return Counter(id for (id,) in self.query("SELECT external_id FROM tickets_message WHERE kind = 'inbound'"))

    def replies(self) -> dict[int, tuple[str, str]]:
        """message -> (state of its delivery, text)."""
        return {id: (state, text) for id, state, text in self.query(
            "SELECT id, outbox, text FROM tickets_message WHERE kind = 'outbound'"
        )}  # fmt: skip

    def faults(self) -> dict[str, list[Any]]:
        """Every promise that does not hold, by name; empty when all do."""
        checks = {
            "event sequences with gaps": _GAPS,
            "message sequences with gaps": _MESSAGE_GAPS,
            "tallies that differ from a recount": _TALLY_DRIFT,
            "pairs given up": "SELECT id, error FROM events_eventdelivery WHERE state = 'failed'",
            "pairs missing": (
                "SELECT e.id FROM events_event e WHERE e.kind = 'message.received' AND NOT EXISTS"
                " (SELECT 1 FROM events_eventdelivery d WHERE d.event_id = e.id AND d.state = 'done')"
            ),
            "mails without an outcome": (
                "SELECT id, state, reason FROM channels_inbound_rawdelivery"
                " WHERE state NOT IN ('ingested', 'duplicate', 'ignored')"
            ),
            "messages that cannot be found": (
                "SELECT m.id FROM tickets_message m LEFT JOIN tickets_searchentry s ON s.message_id = m.id"
                " WHERE s.message_id IS NULL"
            ),
        }
        return {name: rows for name, statement in checks.items() if (rows := self.query(statement))}
