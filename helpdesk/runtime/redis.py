"""A private Redis: loopback port, generated password, append-only file, never evicting."""

from __future__ import annotations

import contextlib
import signal
import socket
import subprocess
import time
from pathlib import Path

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from helpdesk.runtime import binaries
from helpdesk.runtime.faults import Fault, full_disk
from helpdesk.runtime.processes import end, end_leftover, spawn

CONFIG = """\
bind 127.0.0.1
port {port}
requirepass {password}
dir {home}
pidfile {home}/redis.pid
daemonize no
appendonly yes
appendfsync everysec
save ""
maxmemory 256mb
maxmemory-policy noeviction
databases 16
tcp-keepalive 60
"""


class Redis:
    """One server under `home`; keeps its port between starts while it is free."""

    def __init__(self, home: Path, *, password: str) -> None:
        self.home = home
        self.password = password
        self.log_path = home / "redis.log"
        self.port_path = home / "port"
        self.port = 0
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://:{self.password}@127.0.0.1:{self.port}/0"

    @property
    def running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def start(self) -> None:
        """Return when the server answers."""
        program = binaries.redis_server()
        self.home.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._clear_leftover()
        self.port = self._choose_port()
        config = self.home / "redis.conf"
        config.touch(mode=0o600)
        config.write_text(CONFIG.format(port=self.port, password=self.password, home=self.home.resolve()))
        with self.log_path.open("ab") as log:
            self.process = spawn([program, config.resolve()], log=log, cwd=self.home)
        self._wait_until_ready()
        (self.home / "process").write_text(str(self.process.pid))

    def stop(self) -> None:
        if self.process:
            end(self.process, patience=15)
            self.process = None

    def _choose_port(self) -> int:
        """The port of the last start while it is free: other terminals and children remember it."""
        with contextlib.suppress(FileNotFoundError, ValueError):
            port = int(self.port_path.read_text())
            if port_is_free("127.0.0.1", port):
                return port
        port = free_port()
        self.port_path.write_text(str(port))
        return port

    def _clear_leftover(self) -> None:
        """Redis rewrites its command line to its address, so the remembered port identifies ours."""
        with contextlib.suppress(FileNotFoundError, ValueError):
            pid, port = int((self.home / "process").read_text()), self.port_path.read_text().strip()
            end_leftover(pid, "", stop_signal=signal.SIGTERM, argument=f":{port}")
        (self.home / "process").unlink(missing_ok=True)

    def _wait_until_ready(self, patience: float = 60) -> None:
        client = redis.Redis.from_url(self.url, socket_timeout=2, socket_connect_timeout=1, retry=Retry(NoBackoff(), 0))
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline:
            if self.process is None or self.process.poll() is not None:
                raise self._explain("Redis did not start")
            # While it reads its append-only file it answers LOADING, an error of the same family.
            with contextlib.suppress(redis.RedisError):
                client.ping()
                client.close()
                return
            time.sleep(0.03)
        self.stop()
        raise self._explain(f"Redis did not answer within {patience:.0f} s")

    def _explain(self, what: str) -> Fault:
        said = self.log_path.read_text(errors="replace").strip().splitlines()[-5:]
        if any("No space left" in line for line in said):
            return full_disk(self.home)
        return Fault(f"{what}: {said[-1] if said else 'it said nothing'}", f"see {self.log_path}")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def port_is_free(host: str, port: int) -> bool:
    """Whether a server could listen there now (connections that linger in TIME_WAIT do not count)."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True
