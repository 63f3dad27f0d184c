"""A private PostgreSQL: real server, own data folder, Unix socket only, generated password."""

from __future__ import annotations

import contextlib
import hashlib
import locale
import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg import sql

from helpdesk.runtime import binaries
from helpdesk.runtime.faults import Fault, full_disk
from helpdesk.runtime.processes import end, end_leftover, end_processes_in, spawn

VERSION = "18"
ROLE = "helpdesk"
DATABASE = "helpdesk"
# sockaddr_un holds 108 bytes on Linux and 104 on macOS, with the file name in it.
MAX_SOCKET_DIR = 80

SETTINGS = {
    "listen_addresses": "",
    "max_connections": "60",
    # A small house: what one shop's working set needs, with the page cache behind it.
    "shared_buffers": "48MB",
    "effective_cache_size": "1GB",
    "work_mem": "8MB",
    "maintenance_work_mem": "64MB",
    "wal_compression": "on",
    "max_wal_size": "512MB",
    "jit": "off",
    "io_method": "sync",
    "max_parallel_workers_per_gather": "0",
    "random_page_cost": "1.1",
    "log_line_prefix": "%m [%p] ",
    "log_min_duration_statement": "2s",
    "timezone": "UTC",
    "log_timezone": "UTC",
}
# What a crash must never cost. Tests may run without it; everything else, never.
DURABLE = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}
if sys.platform.startswith("linux"):
    # After a crash one call for the file system instead of one for each of a thousand files.
    DURABLE["recovery_init_sync_method"] = "syncfs"
FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


class Postgres:
    """One cluster under `home`. `start` makes it on first use; `stop` keeps its data."""

    def __init__(self, home: Path, *, password: str, durable: bool = True) -> None:
        self.home = home
        self.data = home / "data"
        self.log_path = home / "postgres.log"
        self.password = password
        self.durable = durable
        self.process: subprocess.Popen[bytes] | None = None
        self.user = _unprivileged_user(self.data)
        self.socket_dir = _socket_dir(home)

    @property
    def url(self) -> str:
        return self.url_for(DATABASE)

    def url_for(self, database: str, role: str = ROLE) -> str:
        return f"postgresql://{role}:{self.password}@/{database}?host={quote(str(self.socket_dir))}"

    @property
    def running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def start(self) -> None:
        """Return when the server answers and our role and database exist."""
        self._prepare_folders()
        if not (self.data / "PG_VERSION").exists():
            self._initialise()
        self._refuse_other_version()
        self._clear_leftover()
        settings = SETTINGS | (DURABLE if self.durable else FAST) | {"unix_socket_directories": str(self.socket_dir)}
        arguments = [f"--{name}={value}" for name, value in settings.items()]
        with self.log_path.open("ab") as log:
            self.process = spawn(
                [binaries.postgres_bin() / "postgres", "-D", self.data, *arguments],
                log=log,
                user=self.user,
                cwd=self.home,
                parent_death_signal=signal.SIGINT,
            )
        self._wait_until_ready()
        try:
            self._ensure_role_and_database()
        except psycopg.OperationalError as error:  # it fell again, right after it had answered
            self.stop()
            raise self._explain(str(error), "PostgreSQL fell while it started") from error

    def stop(self) -> None:
        """Fast shutdown: open transactions are rolled back, data is kept."""
        if self.process:
            end(self.process, stop_signal=signal.SIGINT, patience=30)
            self.process = None

    def _prepare_folders(self) -> None:
        for folder in (self.home, self.socket_dir):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._own(folder)
        self.log_path.touch(mode=0o600)
        if self.user:
            _open_the_way(self.home.resolve(), self.user)
            _open_the_way(binaries.postgres_bin().resolve(), self.user)

    def _own(self, path: Path) -> None:
        if self.user:
            identity = pwd.getpwnam(self.user)
            os.chown(path, identity.pw_uid, identity.pw_gid)

    def _initialise(self) -> None:
        """initdb in a side folder, then one rename: a broken first start leaves no half-made cluster."""
        fresh = self.home / "data.new"
        shutil.rmtree(fresh, ignore_errors=True)
        password_file = self.home / ".initial-password"
        password_file.write_text(self.password + "\n")
        password_file.chmod(0o600)
        self._own(password_file)
        try:
            self._run_initdb(fresh, password_file)
        finally:
            password_file.unlink(missing_ok=True)
        fresh.rename(self.data)

    def _run_initdb(self, folder: Path, password_file: Path) -> None:
        command: list[str | Path] = [
            binaries.postgres_bin() / "initdb", "-D", folder, "-U", "postgres", "--pwfile", password_file,
            "--auth=scram-sha-256", "--encoding=UTF8", "--data-checksums", "--no-instructions",
            "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C", f"--lc-ctype={_utf8_ctype()}",
        ]  # fmt: skip
        if not self.durable:
            command.append("--no-sync")
        with tempfile.TemporaryFile() as output:
            process = spawn(command, log=output, user=self.user, cwd=self.home)
            if process.wait() == 0:
                return
            output.seek(0)
            said = output.read().decode(errors="replace").strip()
        shutil.rmtree(folder, ignore_errors=True)
        raise self._explain(said, "PostgreSQL could not create its data folder")

    def _refuse_other_version(self) -> None:
        found = (self.data / "PG_VERSION").read_text().strip()
        if found != VERSION:
            raise Fault(
                f"{self.data} was made by PostgreSQL {found}; this program brings {VERSION}.",
                f"move that folder away to start empty, or dump it with PostgreSQL {found} and load it again",
            )

    def _clear_leftover(self) -> None:
        """End a server that a killed run left on our data; forget a pid file whose pid is someone else's now.

        PostgreSQL alone would refuse to start when the pid was reused, which happens at once in containers, and while
        backends of a killed server still hold its shared memory.
        The caller holds the lock of the data folder, so no other supervisor is using this server.
        """
        pid_file = self.data / "postmaster.pid"
        try:
            pid = int(pid_file.read_text().splitlines()[0])
        except (FileNotFoundError, IndexError, ValueError):
            return
        end_leftover(pid, "postgres", stop_signal=signal.SIGINT, argument=str(self.data))
        end_processes_in(self.data.resolve(), "postgres")
        pid_file.unlink(missing_ok=True)

    def _wait_until_ready(self, patience: float = 60) -> None:
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline:
            if self.process is None or self.process.poll() is not None:
                raise self._explain(self._log_tail(), "PostgreSQL did not start")
            with contextlib.suppress(psycopg.OperationalError):
                psycopg.connect(self.url_for("postgres", "postgres"), connect_timeout=5).close()
                return
            time.sleep(0.05)
        self.stop()
        raise self._explain(self._log_tail(), f"PostgreSQL did not answer within {patience:.0f} s")

    def _ensure_role_and_database(self) -> None:
        with psycopg.connect(self.url_for("postgres", "postgres"), autocommit=True) as connection:
            if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [ROLE]).fetchone():
                connection.execute(
                    sql.SQL("CREATE ROLE {} LOGIN CREATEDB PASSWORD {}").format(
                        sql.Identifier(ROLE), sql.Literal(self.password)
                    )
                )
            if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone():
                connection.execute(
                    sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(DATABASE), sql.Identifier(ROLE))
                )

    def _log_tail(self, lines: int = 5) -> str:
        return "\n".join(self.log_path.read_text(errors="replace").splitlines()[-lines:])

    def _explain(self, said: str, what: str) -> Fault:
        if "No space left on device" in said:
            return full_disk(self.home)
        lines = said.splitlines() or ["it said nothing"]
        telling = [line for line in lines if "FATAL" in line or "error:" in line] or lines
        return Fault(f"{what}: {telling[-1]}", f"see {self.log_path}")


def _unprivileged_user(data: Path) -> str | None:
    """PostgreSQL refuses to run as root; then it runs as the data's owner, `postgres` or `nobody`."""
    if os.geteuid() != 0:
        return None
    if data.exists() and data.stat().st_uid != 0:
        return pwd.getpwuid(data.stat().st_uid).pw_name
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name).pw_name
    raise Fault(
        "PostgreSQL does not run as root, and there is no user `postgres` or `nobody`.", "start as another user"
    )


def _open_the_way(path: Path, user: str) -> None:
    """Let `user` pass through the folders above `path` (search permission only, nothing becomes readable)."""
    identity = pwd.getpwnam(user)
    for folder in reversed([path, *path.parents]):
        status = folder.stat()
        if status.st_uid == identity.pw_uid or status.st_mode & stat.S_IXOTH:
            continue
        print(f"Letting {user} pass through {folder} (chmod o+x), since PostgreSQL does not run as root.", flush=True)
        folder.chmod(stat.S_IMODE(status.st_mode) | stat.S_IXOTH)


def _socket_dir(home: Path) -> Path:
    """Beside the data; in the system's temporary folder where that path is too long for a socket."""
    near = home.resolve() / "socket"
    if len(os.fsencode(near)) <= MAX_SOCKET_DIR:
        return near
    name = hashlib.sha256(os.fsencode(near)).hexdigest()[:16]
    return Path(tempfile.gettempdir()).resolve() / f"helpdesk-{os.geteuid()}-{name}"


def _utf8_ctype() -> str:
    """A UTF-8 LC_CTYPE of this system: text search asks the C library what a letter is."""
    kept = locale.setlocale(locale.LC_CTYPE)
    try:
        for name in ("C.UTF-8", "C.utf8", "en_US.UTF-8", "UTF-8"):
            with contextlib.suppress(locale.Error):
                locale.setlocale(locale.LC_CTYPE, name)
                return name
    finally:
        locale.setlocale(locale.LC_CTYPE, kept)
    raise Fault("This system has no UTF-8 locale.", "generate one, for example en_US.UTF-8")
