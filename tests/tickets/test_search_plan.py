"""Searching reads the inverted index, not the messages: with the planner's own choice, on enough made-up data."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from people.models import Agent
from tests.people import make_agent
from tickets.scale.load import create_scale_data
from tickets.search.finder import search_tickets


@pytest.fixture
def admin(db: None) -> Agent:
    create_scale_data(400, 4000, now=timezone.now())
    return make_agent("Adam", role="admin")


@pytest.mark.parametrize(("word", "most"), [("zirconium", 7), ("kaleidoscope", 40), ("перламутр", 25)])
def test_a_rare_word_is_found_through_the_index(admin: Agent, word: str, most: int) -> None:
    with CaptureQueriesContext(connection) as queries:
        found = search_tickets(admin, word, limit=2 * most)
    assert most * 0.7 <= len(found.ids) <= most
    asked = [query["sql"] for query in queries.captured_queries if " @@ " in query["sql"] and "SELECT" in query["sql"]]
    plans = [plan for sql in asked for plan in [_plan(sql)] if "tickets_searchentry" in plan]
    assert any("search_vector" in plan for plan in plans), plans or asked
    assert not any("Seq Scan on tickets_searchentry" in plan for plan in plans), plans


def _plan(sql: str) -> str:
    sql = sql if not sql.upper().startswith("EXPLAIN") else "SELECT 1"
    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN " + sql.replace("%", "%%"), [])
        return "\n".join(row[0] for row in cursor.fetchall())
