"""What is measured on: real, durable PostgreSQL and Redis in var/bench, a database a purpose, the real web process."""

from __future__ import annotations

import contextlib
import http.client
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import LiteralString

import psycopg
from psycopg import sql

from bench.cpu import cpu_of, own_cpu
from helpdesk.runtime.redis import free_port
from helpdesk.runtime.services import Services, kept_secrets

ROOT = Path(__file__).resolve().parents[1]
DATA_DIR = ROOT / "var" / "bench"


class Stack:
    """The servers of one run. Django is set up against them when the first measure asks for it."""

    def __init__(self, data_dir: Path = DATA_DIR) -> None:
        self.data_dir = data_dir
        self.services = Services(data_dir)

    def __enter__(self) -> Stack:
        self.services.start()
        os.environ.update(self.environment())
        return self

    def __exit__(self, *_: object) -> None:
        self.services.stop()

    def environment(self, database: str = "helpdesk") -> dict[str, str]:
        """What a process of the helpdesk needs to use `database`."""
        assert self.services.postgres and self.services.redis
        return {
            "DATABASE_URL": self.services.postgres.url_for(database),
            "REDIS_URL": self.services.redis.url,
            "HELPDESK_DATA_DIR": str(self.data_dir),
            "HELPDESK_SECRET_KEY": kept_secrets(self.data_dir)["secret_key"],
            "HELPDESK_MODE": "local",
            "HELPDESK_LOG_LEVEL": "WARNING",
            "DJANGO_SETTINGS_MODULE": "helpdesk.settings",
            "MALLOC_ARENA_MAX": "2",
        }

    def postgres_cpu(self) -> float:
        """CPU seconds of the server: its backends, also those that have ended, its writers, and checkpoints."""
        assert self.services.postgres and self.services.postgres.process
        return cpu_of(self.services.postgres.process.pid)

    def own_cpu(self) -> float:
        """CPU seconds of this process and of its helpers, without the servers, which are its children too."""
        assert self.services.postgres and self.services.redis
        servers = (self.services.postgres.process, self.services.redis.process)
        return own_cpu(without=[server.pid for server in servers if server])

    def has_database(self, name: str) -> bool:
        with self._admin() as connection:
            return bool(connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone())

    def drop_database(self, name: str) -> None:
        with self._admin() as connection:
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    def make_database(self, name: str, template: str = "template0") -> None:
        """A new database, a copy of `template`."""
        self.drop_database(name)
        with self._admin() as connection:
            connection.execute(
                sql.SQL("CREATE DATABASE {} OWNER helpdesk TEMPLATE {}").format(
                    sql.Identifier(name), sql.Identifier(template)
                )
            )

    def rename_database(self, old: str, new: str) -> None:
        with self._admin() as connection:
            connection.execute(
                sql.SQL("ALTER DATABASE {} RENAME TO {}").format(sql.Identifier(old), sql.Identifier(new))
            )

    def settle(self) -> None:
        """Write out what earlier work left, so that the next measurement does not pay for it."""
        with self._admin() as connection:
            connection.execute("CHECKPOINT")

    @contextlib.contextmanager
    def without_autovacuum(self) -> Iterator[None]:
        """For pages, which write next to nothing: a vacuum of another database of the server would be counted."""
        self._configure("ALTER SYSTEM SET autovacuum = off")
        try:
            yield
        finally:
            self._configure("ALTER SYSTEM RESET autovacuum")

    def _configure(self, change: LiteralString) -> None:
        with self._admin() as connection:
            connection.execute(change)
            connection.execute("SELECT pg_reload_conf()")
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type = 'autovacuum worker'"
            )

    def manage(self, database: str, *arguments: str) -> str:
        """Run a management command against `database`; its output."""
        return self.run(database, str(ROOT / "manage.py"), *arguments)

    def run(self, database: str, *arguments: str) -> str:
        result = subprocess.run(
            [sys.executable, *arguments], env=os.environ | self.environment(database), cwd=ROOT,
            stdout=subprocess.PIPE, text=True, check=True,
        )  # fmt: skip
        return result.stdout

    def _admin(self) -> psycopg.Connection[tuple[object, ...]]:
        assert self.services.postgres
        return psycopg.connect(self.services.postgres.url_for("postgres", "postgres"), autocommit=True)

    @contextlib.contextmanager
    def serving(
        self, database: str, command: Callable[[int], list[str]] | None = None, ready: str = "/healthz", **more: str
    ) -> Iterator[Served]:
        """A web process on a free port, the product's own unless `command` gives another."""
        port = free_port()
        arguments = command(port) if command else [sys.executable, "-m", "helpdesk.web"]
        environment = os.environ | self.environment(database) | {"HELPDESK_HTTP_PORT": str(port)} | more
        process = subprocess.Popen(arguments, env=environment, cwd=ROOT)
        try:
            served = Served(process.pid, port)
            served.wait(ready, lambda: process.poll() is None)
            yield served
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


class Served:
    """A running web process and a client that keeps its connection, as a browser or a proxy does."""

    def __init__(self, pid: int, port: int) -> None:
        self.pid = pid
        self.port = port
        self.headers: dict[str, str] = {}
        self._link: http.client.HTTPConnection | None = None

    def get(self, path: str) -> tuple[int, bytes]:
        self._link = self._link or http.client.HTTPConnection("localhost", self.port, timeout=120)
        self._link.request("GET", path, headers=self.headers)
        answer = self._link.getresponse()
        return answer.status, answer.read()

    def cpu(self) -> float:
        return cpu_of(self.pid)

    def wait(self, path: str, alive: Callable[[], bool], seconds: float = 60) -> None:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and alive():
            try:
                if self.get(path)[0] == 200:
                    return
            except (OSError, http.client.HTTPException):
                pass
            self._link = None
            time.sleep(0.1)
        raise RuntimeError(f"the web process did not answer {path}")


def use_database(name: str, stack: Stack) -> None:
    """Let this process's Django use `name` from now on."""
    import django  # noqa: PLC0415  settings read the environment, so they load only when the servers are up
    from django.db import connections  # noqa: PLC0415

    os.environ.update(stack.environment(name))
    django.setup()
    connections["default"].close()
    connections["default"].settings_dict["NAME"] = name
