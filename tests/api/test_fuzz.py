"""Calls the API makes possible by its own description, written by nobody: none ends in an error of ours, and every
answer is what the description says.

    HELPDESK_FUZZ_CALLS=20000 .venv/bin/pytest tests/api/test_fuzz.py     in one process: all of them, some minutes

Without the variable it is a few per operation, the same ones each time. Half of the ids given are of things that exist.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from django.conf import settings as django_settings
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from django.test import override_settings
from hypothesis import HealthCheck, Phase, settings
from schemathesis.checks import CHECKS, not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from helpdesk.wsgi import application
from people.tokens import create_token
from tests.security.world import World

assert CHECKS  # loaded with the package
CALLS = int(os.environ.get("HELPDESK_FUZZ_CALLS") or 0)
FEW = 4  # per operation, and as many again asked rightly
IDS = {
    "ticket_id": "ticket", "message_id": "message", "customer_id": "customer", "channel_id": "channel",
    "public_id": "attachment", "id": "ticket",
}  # fmt: skip
schema = schemathesis.openapi.from_wsgi("/api/schema/", application)
rightly = schemathesis.openapi.from_wsgi("/api/schema/", application)
rightly.config.generation.modes = [schemathesis.GenerationMode.POSITIVE]
OPERATIONS = sum(1 for _ in schema.get_all_operations())
PER_OPERATION = max(FEW, -(-CALLS // (2 * OPERATIONS))) if CALLS else FEW
told: Counter[int] = Counter()

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _one_connection() -> Iterator[None]:
    """All calls in one transaction, which the end of a request must not close."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture
def token(world: World) -> str:
    return create_token(world.people["admin"], "fuzz", ("read", "write"), 1)[0]


as_often = settings(
    max_examples=PER_OPERATION,
    deadline=None,
    derandomize=not CALLS,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@schema.parametrize()
@as_often
def test_every_answer_is_what_the_description_says(case: schemathesis.Case, world: World, token: str) -> None:
    """Most of these are made wrong on purpose."""
    if told[0] % 2:
        _name_what_exists(case, world)
    ask(case, token)


@rightly.parametrize()
@as_often
def test_so_it_is_when_asked_rightly(case: schemathesis.Case, world: World, token: str) -> None:
    _name_what_exists(case, world)
    ask(case, token)


def ask(case: schemathesis.Case, token: str) -> Any:
    """Call it as the description says, and hold the answer to the description."""
    told[0] += 1
    with override_settings(API_REQUESTS_PER_MINUTE=10**9, ALLOWED_HOSTS=["*"]):
        response = case.call(headers={"Authorization": f"Bearer {token}"})
    told[response.status_code] += 1
    checks = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
    case.validate_response(response, checks=checks)
    return response


def test_enough_was_called() -> None:
    """Of the calls some found what they named: a fuzzer that only hears 404 proves nothing."""
    calls = told.pop(0)
    print(f"\n{calls} calls of {OPERATIONS} operations: {dict(sorted(told.items()))}")
    assert django_settings.API_REQUESTS_PER_MINUTE == 600
    assert sum(count for status, count in told.items() if status < 300) > max(40, calls // 100)


def _name_what_exists(case: schemathesis.Case, world: World) -> None:
    parameters: Any = case.path_parameters or {}
    for name in parameters:
        if (kind := IDS.get(name)) and kind in world.support.ids:
            parameters[name] = world.support.ids[kind]
