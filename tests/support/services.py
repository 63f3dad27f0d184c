"""The PostgreSQL and Redis of one test run: real servers, kept between runs, apart from everyone else's."""

from __future__ import annotations

import os
from pathlib import Path

from helpdesk.runtime.services import Services, kept_secrets

ROOT = Path(__file__).resolve().parents[2]
SLOT = os.environ.get("HELPDESK_TEST_SLOT", "default")
DATA_DIR = ROOT / "var" / f"test-{SLOT}"


def start_services() -> Services:
    """Start them and point the settings, not loaded yet, at them.

    Not durable: a test run has nothing worth keeping after a power cut. Tests that kill servers start
    their own, durable ones. DATABASE_URL of the developer is never used, so no test can touch real data.
    """
    services = Services(DATA_DIR, durable=False)
    services.start()
    os.environ.update(services.addresses)
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
    return services
