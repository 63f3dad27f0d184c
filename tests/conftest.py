"""Starts real PostgreSQL and Redis before Django loads, and stops them at the end."""

from __future__ import annotations

import os
import random
import sys
from collections.abc import Iterator
from typing import Any

import django
import pytest

from helpdesk.runtime.faults import Fault
from tests.support import workers
from tests.support.services import SLOT, name_no_services, start_services, stop_services

FIXTURES = ("smtp_sink", "live", "browser", "dovecot", "made_once", "storefront")
_begun: list[bool] = []


def pytest_plugin_registered(manager: pytest.PytestPluginManager) -> None:
    """Start the servers, once: this is called as soon as this file has been read, when the options are known and no
    folder's conftest has loaded Django yet. pytest-django leaves the settings alone until they are named."""
    if _begun:
        return
    _begun.append(True)
    controls = workers.is_controller(manager.get_plugin("pytestconfig"))
    if controls:
        name_no_services()
    else:
        start_or_exit()
    os.environ["DJANGO_SETTINGS_MODULE"] = "helpdesk.settings"
    django.setup()
    if controls:
        # The workers inherit the environment, and must not load the settings before their servers are up. They must
        # name the tests alike, also those that have a set in their name.
        del os.environ["DJANGO_SETTINGS_MODULE"]
        os.environ.setdefault("PYTHONHASHSEED", str(random.SystemRandom().randrange(1, 2**32)))
    from tests.support.database import empty_quickly

    empty_quickly()
    for name in FIXTURES:
        manager.import_plugin(f"tests.support.{name}")


def start_or_exit() -> None:
    try:
        start_services()
    except Fault as fault:
        print(fault, file=sys.stderr)
        print("  Tests running elsewhere? Use another HELPDESK_TEST_SLOT.", file=sys.stderr)
        pytest.exit("no services to test with", returncode=3)


def pytest_report_header(config: pytest.Config) -> str:
    place = f"var/test-{SLOT}"
    return f"services: PostgreSQL and Redis in {place}{'-gw*' if workers.is_controller(config) else ''}"


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    return workers.number_of_workers()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    return workers.make_scheduler(config, log)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    for item in items:
        # Schemathesis 4.32 gives all calls of one test the same id under pytest 9.2, and workers run one test an id.
        if (label := getattr(item, "operation_label", None)) and item.id.params is None:
            item._id = item.id.with_params(label)
    if not workers.is_worker():
        return
    places = {test: place for place, test in enumerate(workers.heavy_first([item.nodeid for item in items]))}
    items.sort(key=lambda item: places[item.nodeid])


def pytest_sessionfinish(session: pytest.Session) -> None:
    workers.hand_over(session.config)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    workers.take_over(node.config, node)


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    workers.say_what_was_left_out(terminalreporter, config)


def pytest_unconfigure() -> None:
    stop_services()


@pytest.fixture(autouse=True)
def _empty_cache() -> Iterator[None]:
    """Rate limits and other cached state of one test must not reach the next."""
    yield
    from django.core.cache import cache

    cache.clear()
