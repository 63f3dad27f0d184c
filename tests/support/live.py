"""The real processes of the helpdesk against the test database, for tests that need what threads cannot show."""

from __future__ import annotations

import json
import os
import signal
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test.utils import override_settings

from helpdesk.runtime import commands
from helpdesk.runtime.processes import kill_group
from helpdesk.runtime.redis import free_port
from helpdesk.runtime.supervisor import Child, Supervisor
from tests.support.services import DATA_DIR, running_services
from tests.support.smtp_sink import SmtpSink


class LiveStack:
    """web, worker (with beat) and mail listener as `manage.py up` starts them, on free ports.

    Outgoing mail goes to the SMTP sink. Data made by the test is seen by the processes and the other way round.
    """

    def __init__(self, environment: dict[str, str]) -> None:
        self.http_port = free_port()
        self.smtp_port = free_port()
        self.log_dir = DATA_DIR / "log"
        self.supervisor = Supervisor(self.log_dir, say=lambda text: None)
        ports = {"HELPDESK_HTTP_PORT": str(self.http_port), "HELPDESK_SMTP_PORT": str(self.smtp_port)}
        self.children: dict[str, Child] = {}
        for child in (commands.web(), commands.worker(), commands.mail()):
            child.environment = {**os.environ, **environment, **ports, **child.environment}
            child.stop_after = 10
            self.children[child.name] = child
            self.supervisor.add(child)

    @property
    def url(self) -> str:
        return f"http://localhost:{self.http_port}"

    @property
    def smtp_address(self) -> tuple[str, int]:
        return "127.0.0.1", self.smtp_port

    def start(self) -> None:
        self.supervisor.tick()
        self.wait_until_ready()

    def stop(self) -> None:
        self.supervisor.stop()

    def kill(self, name: str) -> None:
        """kill -9 of a process and its children; `revive` (or a supervisor's tick) starts it again."""
        child = self.children[name]
        if child.process:
            kill_group(child.process)

    def pause(self, name: str) -> None:
        self._signal(name, signal.SIGSTOP)

    def resume(self, name: str) -> None:
        self._signal(name, signal.SIGCONT)

    def revive(self) -> None:
        """Start what fell, at once, as the supervisor would after its delay."""
        for child in self.children.values():
            child.start_at = 0
        self.supervisor.tick()
        for child in self.children.values():
            child.start_at = 0
        self.supervisor.tick()

    def ready(self) -> dict[str, Any]:
        """What /readyz says; empty when nobody answers."""
        try:
            with urllib.request.urlopen(f"{self.url}/readyz", timeout=5) as answer:
                return dict(json.load(answer))
        except urllib.error.HTTPError as error:
            return dict(json.load(error))
        except (OSError, ValueError):
            return {}

    def wait_until_ready(self, timeout: float = 60) -> None:
        deadline = time.monotonic() + timeout
        said: dict[str, Any] = {}
        while time.monotonic() < deadline:
            self.supervisor.tick()
            said = self.ready()
            if said.get("ready"):
                return
            time.sleep(0.1)
        raise AssertionError(f"not ready after {timeout} s: {said or 'no answer'}\n{self.last_words()}")

    def last_words(self, lines: int = 15) -> str:
        """The end of each log, for a failing test's message."""
        parts = []
        for child in self.children.values():
            path = self.supervisor.log_path(child)
            tail = path.read_text(errors="replace").splitlines()[-lines:] if path.exists() else []
            parts.append(f"--- {child.name}\n" + "\n".join(tail))
        return "\n".join(parts)

    def _signal(self, name: str, number: int) -> None:
        process = self.children[name].process
        if process:
            os.killpg(process.pid, number)


def test_database_url() -> str:
    """The database this test run uses, as DATABASE_URL."""
    postgres = running_services().postgres
    assert postgres
    return postgres.url_for(str(connection.settings_dict["NAME"]))


test_database_url.__test__ = False  # type: ignore[attr-defined]


@pytest.fixture(scope="module")
def live_processes(django_db_setup: None, django_db_blocker: Any, smtp_sink_server: SmtpSink) -> Iterator[LiveStack]:
    """Started for one test module and stopped after it, or they would work on other modules' rows."""
    for log in Path(DATA_DIR / "log").glob("*.log"):
        log.unlink()
    environment = {
        "DATABASE_URL": test_database_url(),
        "EMAIL_URL": smtp_sink_server.url,
        "HELPDESK_LOG_FORMAT": "json",
    }
    stack = LiveStack(environment)
    try:
        stack.start()
        yield stack
    finally:
        stack.stop()


@pytest.fixture
def live_stack(transactional_db: None, live_processes: LiveStack, smtp_sink: SmtpSink) -> Iterator[LiveStack]:
    """The running processes, an empty database and an empty sink."""
    live_processes.revive()
    live_processes.wait_until_ready()
    with override_settings(EMAIL_URL=smtp_sink.url, BASE_URL=live_processes.url):
        yield live_processes
