"""The same calls the API makes possible, made by people who have no business with a team: another team's agent, somebody
to whom nothing is assigned. Whatever they ask and send, nothing of the team is told, and no row of it becomes another.

    HELPDESK_FUZZ_CALLS=20000 .venv/bin/pytest tests/api/test_fuzz_outside.py     in one process: all of them

Three of four calls name what exists, in the address and in what they send; one of those sends it by way of the outsider's
own ticket.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
import schemathesis
from django.db import connection
from hypothesis import HealthCheck, Phase, settings

from helpdesk.wsgi import application
from people.tokens import create_token
from tests.api.test_fuzz import CALLS, FEW, ask
from tests.api.test_fuzz import _one_connection as _one_connection
from tests.security.world import SUPPORT_WORD, Corner, World

WHO = ("outsider", "outside manager", "contractor", "own contractor", "limited agent")
# The shop's own directory, and names of tags: the same for everybody.
TOLD_TO_ALL = tuple(
    f"/api/v1/{name}/" for name in ("tags", "teams", "channels", "agents", "brands", "fields", "statuses")
)
# Of the team, and so they see what is made for it.
TOLD_TO_THE_TEAM = {"own contractor": "/api/v1/macros/", "limited agent": "/api/v1/macros/"}
IN_ADDRESSES = {
    "ticket_id": "ticket", "message_id": "message", "customer_id": "customer", "channel_id": "channel",
    "public_id": "file", "relocation_id": "relocation",
    "brand_id": "brand", "annotation_id": "annotation",
}  # fmt: skip
IN_BODIES = {
    "customer": "customer", "into": "twin", "other": "twin", "agent": "agent", "messages": "message",
    "attachments": "upload", "in_reply_to": "message", "message": "message", "channel": "channel",
}  # fmt: skip
schema = schemathesis.openapi.from_wsgi("/api/schema/", application)
# What is made wrong is refused for that, whoever asks.
schema.config.generation.modes = [schemathesis.GenerationMode.POSITIVE]
OPERATIONS = sum(1 for _ in schema.get_all_operations())
PER_OPERATION = max(2 * FEW, -(-CALLS // OPERATIONS)) if CALLS else 2 * FEW
told: Counter[str] = Counter()

pytestmark = pytest.mark.django_db


@pytest.fixture
def tokens(world: World) -> dict[str, str]:
    return {who: create_token(world.people[who], "fuzz", ("read", "write"), 1)[0] for who in WHO}


@pytest.fixture
def before(world: World) -> list[tuple[str, str]]:
    return of_the_team(world.support)


@schema.parametrize()
@settings(
    max_examples=PER_OPERATION,
    deadline=None,
    derandomize=not CALLS,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_outsiders_are_told_and_change_nothing(
    case: schemathesis.Case, world: World, tokens: dict[str, str], before: list[tuple[str, str]]
) -> None:
    number = told["calls"]
    told["calls"] += 1
    who = WHO[number // 4 % len(WHO)]
    if number % 4:
        _name_what_exists(case, world.returns if number % 4 == 3 else world.support, world.support)
    response = ask(case, tokens[who])
    told[str(response.status_code)] += 1
    if not case.formatted_path.startswith((*TOLD_TO_ALL, TOLD_TO_THE_TEAM.get(who, "-"))):
        assert SUPPORT_WORD.encode() not in response.content, who
    assert of_the_team(world.support) == before, who


def test_enough_was_called() -> None:
    """Of the calls some were answered, and some refused for what they named."""
    print(f"\n{dict(sorted(told.items()))} of {OPERATIONS} operations")
    assert told["calls"] >= PER_OPERATION * OPERATIONS // 2
    assert told["200"] > 20 and told["404"] > 20


_TICKETS = "SELECT id FROM tickets_ticket WHERE team_id = {team}"
_THEIRS = {
    "tickets_ticket": "t.team_id = {team}",
    "tickets_message": "t.ticket_id IN ({tickets})",
    "tickets_conversation": "t.ticket_id IN ({tickets})",
    "tickets_attachment": "t.ticket_id IN ({tickets})",
    "tickets_tagging": "t.ticket_id IN ({tickets})",
    "tickets_ticketlink": "t.ticket_id IN ({tickets}) OR t.other_id IN ({tickets})",
    "tickets_relocation": "t.source_id IN ({tickets}) OR t.target_id IN ({tickets})",
    "tickets_macro": "t.team_id = {team}",
    "tickets_savedview": "t.team_id = {team}",
    "metrics_annotation": "t.team_id = {team}",
    "people_brand": "true",
    "people_customer": "t.id IN (SELECT customer_id FROM tickets_ticket WHERE team_id = {team})",
    "people_identity": "t.customer_id IN (SELECT customer_id FROM tickets_ticket WHERE team_id = {team})",
    "events_event": "t.stream_type = 'ticket' AND t.stream_id IN ({tickets})",
}


def of_the_team(corner: Corner) -> list[tuple[str, str]]:
    """A digest of each table's rows that belong to the team."""
    team = corner.team.pk
    asked = " UNION ALL ".join(
        f"SELECT '{table}', md5(coalesce(string_agg(t::text, chr(10) ORDER BY t::text), '')) FROM {table} t "
        f"WHERE {where.format(team=team, tickets=_TICKETS.format(team=team))}"
        for table, where in _THEIRS.items()
    )
    with connection.cursor() as cursor:
        cursor.execute(asked)
        return list(cursor.fetchall())


def _name_what_exists(case: schemathesis.Case, corner: Corner, theirs: Corner) -> None:
    """Addresses name things of the corner; what is sent names theirs."""
    parameters: Any = case.path_parameters or {}
    for name in parameters:
        if kind := IN_ADDRESSES.get(name):
            parameters[name] = corner.ids[kind]
    if isinstance(case.query, dict) and "customer" in case.query:
        case.query["customer"] = theirs.ids["customer"]
    if isinstance(case.body, dict):
        for name in case.body.keys() & IN_BODIES.keys():
            named = theirs.ids[IN_BODIES[name]]
            named = named if isinstance(named, int) else str(named)
            case.body[name] = [named] if isinstance(case.body[name], list) else named
