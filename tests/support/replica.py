"""A real streaming replica of a PostgreSQL of ours."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import psycopg

from helpdesk.runtime import binaries
from helpdesk.runtime.postgres import Postgres
from helpdesk.runtime.processes import spawn


class Replica:
    def __init__(self, home: Path, primary: Postgres) -> None:
        self.primary = primary
        self.server = Postgres(home, password=primary.password, durable=False)

    def start(self) -> None:
        """A base copy, which says itself whom it follows, and then the stream."""
        self.server._prepare_folders()
        where = self.primary.url_for("postgres", "postgres")
        copy = spawn(
            [binaries.postgres_bin() / "pg_basebackup", "-D", self.server.data, "-d", where, "-R", "-c", "fast", "-X",
             "stream", "--no-sync"],
            env={"PATH": os.environ["PATH"]}, user=self.server.user, cwd=self.server.home,
        )  # fmt: skip
        assert copy.wait(120) == 0
        self.server.start()

    def ask(self, statement: str) -> Any:
        with psycopg.connect(self.server.url_for("postgres", "postgres"), autocommit=True) as database:
            found = database.execute(statement.encode()).fetchone()
        return found[0] if found else None
