"""Starts real PostgreSQL and Redis before Django loads, and stops them at the end."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from helpdesk.runtime.faults import Fault
from tests.support.services import SLOT, start_services

# pytest-django leaves the settings alone until they are named, so the servers are up before they load.
try:
    SERVICES = start_services()
except Fault as fault:
    print(fault, file=sys.stderr)
    print("  Tests running elsewhere? Use another HELPDESK_TEST_SLOT.", file=sys.stderr)
    pytest.exit("no services to test with", returncode=3)
os.environ["DJANGO_SETTINGS_MODULE"] = "helpdesk.settings"

import django

django.setup()

from django.core.cache import cache  # noqa: E402

from tests.support.browser import browser_page, chromium, leave_out_without_chromium, open_page, say_what_was_not_run  # noqa: E402, F401  # noqa: E402
from tests.support.dovecot import dovecot, dovecot_server, leave_out_without_dovecot, say_that_dovecot_is_missing  # noqa: E402, F401
from tests.support.live import live_processes, live_stack  # noqa: E402, F401
from tests.support.smtp_sink import smtp_sink, smtp_sink_server  # noqa: E402, F401


def pytest_report_header() -> str:
    return f"services: PostgreSQL and Redis in var/test-{SLOT}"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    leave_out_without_chromium(config, items)
    leave_out_without_dovecot(config, items)


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    say_what_was_not_run(terminalreporter, config)
    say_that_dovecot_is_missing(terminalreporter, config)


def pytest_unconfigure() -> None:
    SERVICES.stop()


@pytest.fixture(autouse=True)
def _empty_cache() -> Iterator[None]:
    """Rate limits and other cached state of one test must not reach the next."""
    yield
    cache.clear()
