"""PgBouncer in transaction mode before a PostgreSQL of ours; None where it is not installed."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import time
from pathlib import Path
from urllib.parse import quote

import pytest

from helpdesk.runtime.postgres import DATABASE, ROLE, Postgres
from helpdesk.runtime.processes import end, spawn
from helpdesk.runtime.redis import free_port

PROGRAM = shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin:/usr/local/sbin")
POOL = 16
if not PROGRAM and os.environ.get("HELPDESK_REQUIRE_PGBOUNCER"):
    raise pytest.UsageError("HELPDESK_REQUIRE_PGBOUNCER is set and no PgBouncer was found.")


class PgBouncer:
    """Runs as PostgreSQL's user, whose socket is nobody else's."""

    def __init__(self, home: Path, server: Postgres) -> None:
        self.home, self.server, self.port = home, server, free_port()
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"postgresql://{ROLE}:{quote(self.server.password)}@127.0.0.1:{self.port}/{DATABASE}"

    def start(self) -> None:
        self.home.mkdir(parents=True, exist_ok=True)
        (self.home / "users").write_text(f'"{ROLE}" "{self.server.password}"\n')
        (self.home / "pgbouncer.ini").write_text(
            f"[databases]\n{DATABASE} = host={self.server.socket_dir} dbname={DATABASE}\n"
            f"[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {self.port}\nunix_socket_dir =\n"
            f"auth_type = scram-sha-256\nauth_file = {self.home}/users\npool_mode = transaction\n"
            f"default_pool_size = {POOL}\nmax_client_conn = 200\nignore_startup_parameters = extra_float_digits\n"
            f"logfile = {self.home}/pgbouncer.log\n"
        )
        if self.server.user:
            owner = pwd.getpwnam(self.server.user)
            for path in (self.home, *self.home.iterdir()):
                os.chown(path, owner.pw_uid, owner.pw_gid)
        log = (self.home / "said").open("wb")
        self.process = spawn([str(PROGRAM), self.home / "pgbouncer.ini"], log=log.fileno(), user=self.server.user)
        deadline = time.monotonic() + 15
        while time.monotonic() < deadline:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            except OSError:
                assert self.process.poll() is None, (self.home / "said").read_text()
                time.sleep(0.05)
            else:
                return
        raise AssertionError("PgBouncer does not answer")

    def stop(self) -> None:
        if self.process:
            end(self.process, patience=10)
