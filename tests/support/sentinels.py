"""A Redis with a replica, and three Sentinels that watch over them: real processes, which can be killed."""

from __future__ import annotations

import time
from pathlib import Path
from subprocess import Popen

import redis

from helpdesk.runtime import binaries
from helpdesk.runtime.processes import end, spawn
from helpdesk.runtime.redis import free_port

PASSWORD, ASKING = "secret-of-redis", "secret-of-sentinels"
MASTER = "shop"
NOTICED_MS = 1000
_SERVER = """\
bind 127.0.0.1
port {port}
dir {home}
requirepass {password}
masterauth {password}
appendonly yes
save ""
maxmemory-policy noeviction
replica-serve-stale-data yes
repl-diskless-sync-delay 0
{more}
"""
_SENTINEL = """\
bind 127.0.0.1
port {port}
dir {home}
requirepass {asking}
sentinel sentinel-pass {asking}
sentinel monitor {name} 127.0.0.1 {master} 2
sentinel auth-pass {name} {password}
sentinel down-after-milliseconds {name} {noticed}
sentinel failover-timeout {name} 10000
sentinel parallel-syncs {name} 1
"""


class Sentinels:
    """`url` is what REDIS_URL is set to."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.servers = [free_port(), free_port()]
        self.sentinels = [free_port() for _ in range(3)]
        self.processes: dict[int, Popen[bytes]] = {}

    @property
    def url(self) -> str:
        hosts = ",".join(f"127.0.0.1:{port}" for port in self.sentinels)
        return f"redis+sentinel://:{PASSWORD}@{hosts}/0?master={MASTER}&sentinel_password={ASKING}"

    def start(self) -> None:
        first, second = self.servers
        for port, more in ((first, ""), (second, f"replicaof 127.0.0.1 {first}")):
            self._spawn(port, _SERVER, more=more, password=PASSWORD)
        _wait(lambda: self._info(second).get("master_link_status") == "up")
        for port in self.sentinels:
            self._spawn(port, _SENTINEL, "--sentinel", name=MASTER, master=first, noticed=NOTICED_MS,
                        password=PASSWORD, asking=ASKING)  # fmt: skip
        _wait(lambda: all(self._knows_everybody(port) for port in self.sentinels))

    def _spawn(self, port: int, config: str, *more: str, **values: object) -> None:
        home = self.home / str(port)
        home.mkdir(parents=True, exist_ok=True)
        (home / "redis.conf").write_text(config.format(port=port, home=home.resolve(), **values))
        with (home / "log").open("ab") as log:
            self.processes[port] = spawn([binaries.redis_server(), home / "redis.conf", *more], log=log, cwd=home)

    def master(self) -> int:
        """The port of the one the Sentinels call master."""
        found = self._ask(self.sentinels[0], ASKING).sentinel_get_master_addr_by_name(MASTER)
        return int(found[1])

    def kill_master(self) -> int:
        """kill -9; the port of the other, once it has taken over."""
        fallen = self.master()
        self.processes[fallen].kill()
        self.processes[fallen].wait()
        _wait(lambda: self.master() != fallen and self._info(self.master())["role"] == "master")
        return self.master()

    def _info(self, port: int) -> dict[str, str]:
        try:
            return dict(self._ask(port, PASSWORD).info("replication"))
        except redis.RedisError:
            return {}

    def _knows_everybody(self, port: int) -> bool:
        try:
            said = self._ask(port, ASKING).sentinel_master(MASTER)
        except redis.RedisError:
            return False
        return int(said["num-other-sentinels"]) == 2 and int(said["num-slaves"]) == 1

    def _ask(self, port: int, password: str) -> redis.Redis:
        return redis.Redis(port=port, password=password, decode_responses=True, socket_timeout=2)

    def stop(self) -> None:
        for process in self.processes.values():
            end(process, patience=5)


def _wait(until: object, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not until():  # type: ignore[operator]
        assert time.monotonic() < deadline, "the Sentinels do not agree"
        time.sleep(0.1)
