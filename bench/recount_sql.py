"""What the rows say, by SQL written apart from the reports: no function of theirs is used, and no kept count."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

COUNTED = "c.stopped_at >= %(start)s AND c.stopped_at < %(end)s AND c.seconds > 0"
GIVEN = "c.target = 'first' AND c.state = 'fulfilled'"
WORTH = {
    "csat": "CASE WHEN a.score >= 4 THEN 100 ELSE 0 END", "csat10": "CASE WHEN a.score >= 9 THEN 100 ELSE 0 END",
    "nps": "CASE WHEN a.score >= 9 THEN 100 WHEN a.score <= 6 THEN -100 ELSE 0 END", "ces": "a.score",
}  # fmt: skip


class Recount:
    """Of one scope of somebody who sees everything."""

    def __init__(self, scope: Any) -> None:
        self.scope = scope
        self.seconds = "used_seconds" if scope.open_time else "wall_seconds"
        segment = scope.segment
        self.asked = {
            "start": scope.start, "end": scope.end, "zone": scope.zone, "channel": scope.channel, "team": scope.team,
            "language": scope.language, "ids": list(segment.customers) if segment else [],
            "length": scope.end - scope.start,
        }  # fmt: skip

    def _rows(self, sql: str, **more: Any) -> list[tuple[Any, ...]]:
        from django.db import connection  # noqa: PLC0415

        with connection.cursor() as cursor:
            cursor.execute("SET statement_timeout = 0")
            cursor.execute(sql, self.asked | more)
            return list(cursor.fetchall())

    def _where(self, table: str, language: str) -> str:
        found = ""
        for name in ("channel", "team"):
            if self.asked[name]:
                found += f" AND {table}.{name}_id = %({name})s"
        if self.asked["language"]:
            found += f" AND {language}.language = %(language)s"
        return found + (" AND t.customer_id = ANY(%(ids)s)" if self.scope.segment else "")

    def _clocks(self, what: str, more: str = "", end: str = "") -> list[tuple[Any, ...]]:
        return self._rows(
            f"SELECT {what} FROM metrics_clock c JOIN tickets_ticket t ON t.id = c.ticket_id WHERE {COUNTED}"
            f"{self._where('c', 't')} {more} {end}"
        )

    def _answers(self, what: str, kind: str, end: str = "") -> list[tuple[Any, ...]]:
        return self._rows(
            f"SELECT {what} FROM metrics_surveyanswer a JOIN tickets_ticket t ON t.id = a.ticket_id WHERE "
            f"a.answered_at >= %(start)s AND a.answered_at < %(end)s AND a.kind = %(kind)s"
            f"{self._where('a', 'a')} {end}",
            kind=kind,
        )

    def promises(self, target: str) -> tuple[int, int, int]:
        [(kept, missed, dropped)] = self._clocks(
            "count(*) FILTER (WHERE c.state = 'fulfilled' AND c.breached_at IS NULL), count(c.breached_at), "
            "count(*) FILTER (WHERE c.state = 'cancelled' AND c.breached_at IS NULL)", f"AND c.target = '{target}'",
        )  # fmt: skip
        return kept, missed, dropped

    def length(self, column: str, q: float) -> tuple[int, float | None]:
        what = f"count(c.{column}), percentile_disc({q}) WITHIN GROUP (ORDER BY c.{column})"
        [(n, seconds)] = self._clocks(what, f"AND {GIVEN}")
        return n, seconds

    def slots(self, step: str) -> dict[date, tuple[Any, ...]]:
        given = f"c.state = 'fulfilled' AND c.{self.seconds} IS NOT NULL"
        rows = self._clocks(
            f"date_trunc('{step}', c.stopped_at AT TIME ZONE %(zone)s)::date, "
            "count(*) FILTER (WHERE c.state = 'fulfilled' AND c.breached_at IS NULL), count(c.breached_at), "
            f"count(*) FILTER (WHERE {given}), percentile_disc(0.5) WITHIN GROUP (ORDER BY c.{self.seconds}) "
            f"FILTER (WHERE {given})",
            "AND c.target = 'first'", "GROUP BY 1",
        )  # fmt: skip
        return {day: tuple(rest) for day, *rest in rows}

    def arrivals(self) -> dict[tuple[int, int], int]:
        rows = self._rows(
            "SELECT extract(isodow FROM t.opened_at AT TIME ZONE %(zone)s)::int, "
            "extract(hour FROM t.opened_at AT TIME ZONE %(zone)s)::int, count(*) FROM tickets_ticket t "
            "WHERE t.opened_at >= %(start)s AND t.opened_at < %(end)s AND t.status <> 'spam'"
            f"{self._where('t', 't')} GROUP BY 1, 2"
        )
        return {(weekday, hour): n for weekday, hour, n in rows}

    def scores(self, kind: str) -> dict[int, int]:
        return dict(self._answers("a.score, count(*)", kind, "GROUP BY 1"))

    def weekly(self, kind: str) -> dict[date, tuple[int, float]]:
        rows = self._answers(
            f"date_trunc('week', a.answered_at AT TIME ZONE %(zone)s)::date, count(*), avg({WORTH[kind]})::float8",
            kind,
            "GROUP BY 1",
        )  # fmt: skip
        return {week: (n, value) for week, n, value in rows}

    def work(self, group: str) -> dict[int | None, tuple[Any, ...]]:
        """(opened, first answers, kept, missed, median, p90, ratings) of each channel, team or person."""
        owner = {"channel": "channel_id", "team": "team_id", "agent": "answered_by"}[group]
        opener, rater = ("assignee_id", "agent_id") if group == "agent" else (owner, owner)
        given = f"c.state = 'fulfilled' AND c.{self.seconds} IS NOT NULL"
        lengths = ", ".join(
            f"percentile_disc({q}) WITHIN GROUP (ORDER BY c.{self.seconds}) FILTER (WHERE {given})" for q in (0.5, 0.9)
        )
        firsts = {id: tuple(rest) for id, *rest in self._clocks(
            f"c.{owner}, count(*) FILTER (WHERE {given}), count(*) FILTER (WHERE c.state = 'fulfilled' AND "
            f"c.breached_at IS NULL), count(c.breached_at), {lengths}", "AND c.target = 'first'", "GROUP BY 1",
        )}  # fmt: skip
        opened = dict(self._rows(
            f"SELECT t.{opener}, count(*) FROM tickets_ticket t "
            "WHERE t.opened_at >= %(start)s AND t.opened_at < %(end)s "
            f"AND t.status <> 'spam'{self._where('t', 't')} GROUP BY 1"
        ))  # fmt: skip
        # Satisfaction is that of the scale more people answered on.
        five, ten = (dict(self._answers(f"a.{rater}, count(*)", kind, "GROUP BY 1")) for kind in ("csat", "csat10"))
        rated = ten if sum(ten.values()) > sum(five.values()) else five
        return {
            id: (opened.get(id, 0), *firsts.get(id, (0, 0, 0, None, None)), rated.get(id, 0))
            for id in {*firsts, *opened, *rated}
        }

    def loyalty(self) -> tuple[list[tuple[int, int]], int]:
        """Retention, churn and returning buyers as (hits, of), and how many second purchases."""
        bought = (
            "(SELECT buyer_id, placed_at FROM commerce_order WHERE status IN ('paid', 'shipped', 'completed') "
            "AND (refunded < total OR total = 0) AND placed_at < %(end)s)"
        )
        [(before, stayed, now, known, second)] = self._rows(f"""
            WITH p AS {bought},
            b AS (SELECT DISTINCT buyer_id FROM p WHERE placed_at >= %(start)s - %(length)s AND placed_at < %(start)s),
            n AS (SELECT DISTINCT buyer_id FROM p WHERE placed_at >= %(start)s),
            o AS (SELECT DISTINCT buyer_id FROM p WHERE placed_at < %(start)s)
            SELECT (SELECT count(*) FROM b), (SELECT count(*) FROM b JOIN n USING (buyer_id)), (SELECT count(*) FROM n),
                (SELECT count(*) FROM n JOIN o USING (buyer_id)),
                (SELECT count(*) FROM (SELECT (array_agg(placed_at ORDER BY placed_at))[2] AS second FROM p
                 GROUP BY buyer_id) AS s WHERE second >= %(start)s)
        """)
        return [(stayed, before), (before - stayed, before), (known, now)], second

    def cohorts(self) -> dict[date, int]:
        rows = self._rows("""
            SELECT date_trunc('month', first AT TIME ZONE %(zone)s)::date, count(*) FROM (
                SELECT buyer_id, min(placed_at) AS first FROM commerce_order
                WHERE status IN ('paid', 'shipped', 'completed') AND (refunded < total OR total = 0)
                AND placed_at < %(end)s GROUP BY 1
            ) AS f GROUP BY 1
        """)
        newest = (self.scope.end - timedelta(microseconds=1)).astimezone(self.scope.start.tzinfo).date().replace(day=1)
        oldest = newest.replace(year=newest.year - 1)
        return {month: n for month, n in rows if month > oldest}
