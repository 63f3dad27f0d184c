"""Counting again: every answer from the events that tell of it."""

from __future__ import annotations

from collections.abc import Iterator

from django.db import connection

from metrics.events import SurveyEvent

# The last event of each answer beside its row; both sides may miss one.
_COMPARE = """
WITH told AS (
    SELECT DISTINCT ON ((data->>'answer')::bigint) (data->>'answer')::bigint AS answer, stream_type, stream_id,
           (data->>'score')::int AS score, data->>'kind' AS kind, data->'reasons' AS reasons,
           (data->>'commented')::boolean AS commented,
           min(at) OVER (PARTITION BY (data->>'answer')::bigint) AS first_at
    FROM events_event WHERE kind = ANY(%s)
    ORDER BY (data->>'answer')::bigint, id DESC
)
SELECT COALESCE(a.id, t.answer), a.id IS NULL, t.answer IS NULL, a.kind, a.score, a.reasons, a.comment <> '',
       a.ticket_id, a.answered_at, t.kind, t.score, t.reasons, t.commented,
       CASE WHEN t.stream_type = 'ticket' THEN t.stream_id END, t.first_at
FROM metrics_surveyanswer a FULL JOIN told t ON t.answer = a.id
WHERE a.id IS NULL OR t.answer IS NULL
   OR (a.kind, a.score, a.reasons, a.comment <> '', a.answered_at)
      IS DISTINCT FROM (t.kind, t.score, t.reasons, t.commented, t.first_at)
   OR a.ticket_id IS DISTINCT FROM CASE WHEN t.stream_type = 'ticket' THEN t.stream_id END
ORDER BY 1
"""
_NAMES = ("kind", "score", "reasons", "commented", "ticket", "answered_at")


def answer_differences() -> Iterator[str]:
    """One line for each answer that is not what its events say. Reads only, in one statement."""
    with connection.cursor() as cursor:
        cursor.execute(_COMPARE, [[SurveyEvent.ANSWERED.value, SurveyEvent.CHANGED.value]])
        for id, no_row, no_event, *values in cursor.fetchall():
            if no_row or no_event:
                yield f"answer {id}: {'its row is missing' if no_row else 'no event tells of it'}"
                continue
            for name, kept, told in zip(_NAMES, values[:6], values[6:], strict=True):
                if kept != told:
                    yield f"answer {id}: {name} is {kept!r}, the events say {told!r}"
