"""The PostgreSQL and Redis of one test run: real servers, kept between runs, apart from everyone else's."""

from __future__ import annotations

import os
from pathlib import Path

from helpdesk.runtime.services import Services, kept_secrets

ROOT = Path(__file__).resolve().parents[2]
# A worker of `pytest -n` names itself, and gets servers of its own.
SLOT = "-".join(filter(None, [os.environ.get("HELPDESK_TEST_SLOT", "default"), os.environ.get("PYTEST_XDIST_WORKER")]))
DATA_DIR = ROOT / "var" / f"test-{SLOT}"
_running: list[Services] = []


def running_services() -> Services:
    """Those of this process."""
    return _running[-1]


def stop_services() -> None:
    while _running:
        _running.pop().stop()


def start_services() -> Services:
    """Start them and point the settings, not loaded yet, at them.

    Not durable: a test run has nothing worth keeping after a power cut. Tests that kill servers start
    their own, durable ones. DATABASE_URL of the developer is never used, so no test can touch real data.
    """
    services = Services(DATA_DIR, durable=False)
    services.start()
    _running.append(services)
    _point_settings(services.addresses)
    return services


def name_no_services() -> None:
    """For a process that reads the tests and runs none: servers that cannot be there."""
    DATA_DIR.mkdir(parents=True, exist_ok=True)
    _point_settings({"DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none", "REDIS_URL": "redis://127.0.0.1:1/0"})


def _point_settings(addresses: dict[str, str]) -> None:
    os.environ.update(addresses)
    os.environ.update(
        HELPDESK_DATA_DIR=str(DATA_DIR),
        HELPDESK_SECRET_KEY=kept_secrets(DATA_DIR)["secret_key"],
        HELPDESK_ASSETS="plain",
        HELPDESK_LOG_FORMAT="text",
        HELPDESK_MODE="local",
        HELPDESK_UNSAFE_DATABASE="1",
    )
    for name in ("EMAIL_URL", "HELPDESK_DEBUG", "HELPDESK_BASE_URL", "HELPDESK_HTTP_PORT", "HELPDESK_SMTP_PORT"):
        os.environ.pop(name, None)
