"""Every process of a production apart, several of each, on durable servers of its own: for tests that stop and renew them."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import psycopg

from helpdesk.runtime import commands
from helpdesk.runtime.processes import kill_group
from helpdesk.runtime.redis import free_port
from helpdesk.runtime.services import Services, kept_secrets
from helpdesk.runtime.supervisor import Child, Supervisor
from tests.support import pgbouncer
from tests.support.smtp_sink import SmtpSink

LIMITS = "ALTER ROLE helpdesk SET statement_timeout = '15s'; ALTER ROLE helpdesk SET lock_timeout = '3s'; ALTER ROLE helpdesk SET idle_in_transaction_session_timeout = '30s'"
OUR_OWN = ("HELPDESK_", "DATABASE_", "REDIS_", "EMAIL_", "PATH")


class Machine:
    """All processes by the commands of `apart()`. Nothing starts again by itself what a test has stopped."""

    def __init__(
        self, place: Path, sink: SmtpSink, *, webs: int = 1, lives: int = 1, listeners: int = 1,
        workers: Mapping[str, str] | None = None,
    ) -> None:  # fmt: skip
        self.place, self.sink = place, sink
        self.services = Services(place / "data")
        self.pool: pgbouncer.PgBouncer | None = None
        self.webs = [free_port() for _ in range(webs)]
        self.lives = [free_port() for _ in range(lives)]
        self.listeners = [free_port() for _ in range(listeners)]
        self.workers = workers or {"worker": commands.PROMPT, "bulk": commands.BULK}
        self.children: dict[str, Child] = {}
        self.supervisor = Supervisor(place / "log", say=lambda text: None)
        self.smtp_port = self.listeners[0]
        self.environment: dict[str, str] = {}
        self.said: dict[str, str] = {}

    def prepare(self, **environment: str) -> None:
        """Servers, and an empty helpdesk in them."""
        self.services.start()
        secrets = kept_secrets(self.services.data_dir)
        given = {
            **os.environ, **self.services.addresses, "HELPDESK_DATA_DIR": str(self.services.data_dir), "EMAIL_URL": self.sink.url,
            "HELPDESK_SECRET_KEY": secrets["secret_key"], "HELPDESK_METRICS_TOKEN": secrets["metrics_token"],
            "HELPDESK_ASSETS": "plain", "HELPDESK_UNSAFE_DATABASE": "0", "HELPDESK_API_REQUESTS_PER_MINUTE": "1000000",
            "HELPDESK_INBOUND_LEASE_SECONDS": "20", **environment,
        }  # fmt: skip
        self.environment = {name: value for name, value in given.items() if name.startswith(OUR_OWN)}
        made = self.manage("deploy")
        assert made.returncode == 0, made.stderr

    def pool_connections(self) -> None:
        """From now on everybody comes by PgBouncer, where it is installed."""
        assert self.services.postgres
        if not pgbouncer.PROGRAM:
            return
        with psycopg.connect(self.services.postgres.url_for("helpdesk", "postgres"), autocommit=True) as database:
            for statement in LIMITS.split(";"):
                database.execute(statement.encode())
        self.pool = pgbouncer.PgBouncer(self.place / "pgbouncer", self.services.postgres)
        self.pool.start()
        self.environment |= {"DATABASE_URL": self.pool.url, "HELPDESK_PGBOUNCER": "1"}

    def settle(self, script: str) -> dict[str, str]:
        """Runs it in the helpdesk; the lines it printed, by their first word."""
        said = self.manage("shell", "-v", "0", "-c", script)
        assert said.returncode == 0, said.stderr
        return dict(line.split(maxsplit=1) for line in said.stdout.splitlines() if " " in line)

    def start(self) -> None:
        for kind, child, ports in (("web", commands.web, self.webs), ("live", commands.live, self.lives)):
            for number, port in enumerate(ports):
                # Where /readyz looks for a listener.
                where = {"HELPDESK_HTTP_PORT": str(port), "HELPDESK_SMTP_PORT": str(self.listeners[0])}
                self._add(f"{kind}{number}", child(), HELPDESK_DRAIN_SECONDS="2", **where)
        for name, queues in self.workers.items():
            self._add(name, commands.worker(processes=1, with_beat=False, queues=queues, name=name))
        self._add("beat", commands.beat())
        for number, port in enumerate(self.listeners):
            self._add(f"mail{number}", commands.mail(), HELPDESK_SMTP_PORT=str(port))
        self.supervisor.tick()

    def manage(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, str(commands.MANAGE), *arguments]
        return subprocess.run(command, env=self.environment, capture_output=True, text=True, timeout=300)

    def _add(self, name: str, child: Child, **environment: str) -> None:
        child.name = name
        child.environment = {**self.environment, **child.environment, **environment}
        self.children[name] = child
        self.supervisor.add(child)

    def kill(self, name: str) -> None:
        """SIGKILL of a process and its children."""
        child = self.children[name]
        assert child.process
        kill_group(child.process)

    def signal(self, name: str, number: int) -> None:
        """To a process and its children."""
        child = self.children[name]
        assert child.process
        os.killpg(child.process.pid, number)

    def revive(self) -> None:
        """Starts at once what fell."""
        for _ in range(3):
            self.supervisor.tick()
            for child in self.children.values():
                child.start_at = 0

    def roll(self, name: str) -> None:
        """Stop it as a deploy does, and start the next one."""
        child = self.children[name]
        assert child.process
        child.process.send_signal(signal.SIGTERM)
        child.process.wait(60)
        self.revive()

    def stop(self) -> None:
        for name in self.children:
            with contextlib.suppress(AssertionError, ProcessLookupError):
                self.signal(name, signal.SIGCONT)
        self.supervisor.stop()
        if self.pool:
            self.pool.stop()
        self.services.stop()

    def rows(self, query: str) -> list[tuple]:
        with psycopg.connect(self.services.addresses["DATABASE_URL"], autocommit=True) as database:
            cursor = database.execute(query.encode())
            return cursor.fetchall() if cursor.description else []


def wait(until: Callable[[], bool], seconds: float, about: object = "it took too long") -> None:
    deadline = time.monotonic() + seconds
    while not until():
        assert time.monotonic() < deadline, about() if callable(about) else about
        time.sleep(0.2)
