"""PostgreSQL and Redis together, and the file that tells other terminals where they are."""

from __future__ import annotations

import base64
import fcntl
import json
import os
import secrets
from pathlib import Path
from types import TracebackType
from typing import IO

from helpdesk.runtime.faults import Fault, prepare_data_dir
from helpdesk.runtime.postgres import Postgres
from helpdesk.runtime.redis import Redis

ADDRESSES = "services.json"
SECRETS = "secrets.json"


class Services:
    """The private servers of one data folder; those that `environment` names already are left alone."""

    def __init__(self, data_dir: Path, *, durable: bool = True, environment: dict[str, str] | None = None) -> None:
        self.data_dir = data_dir
        self.durable = durable
        self.given = environment or {}
        self.postgres: Postgres | None = None
        self.redis: Redis | None = None
        self._lock: IO[str] | None = None

    @property
    def addresses(self) -> dict[str, str]:
        """DATABASE_URL and REDIS_URL for those who use these services."""
        found = {name: self.given[name] for name in ("DATABASE_URL", "REDIS_URL") if self.given.get(name)}
        if self.postgres:
            found["DATABASE_URL"] = self.postgres.url
        if self.redis:
            found["REDIS_URL"] = self.redis.url
        return found

    def claim(self) -> None:
        """Make the data folder ours alone, or raise the Fault that says whose it is."""
        prepare_data_dir(self.data_dir)
        self._lock = self._lock or hold_lock(self.data_dir)

    def start(self) -> None:
        """Start what is not given; raises a Fault, and then leaves nothing running."""
        self.claim()
        try:
            self._start_servers()
        except BaseException:
            self.stop()
            raise
        write_private(self.data_dir / ADDRESSES, json.dumps(self.addresses, indent=1))

    def _start_servers(self) -> None:
        keys = kept_secrets(self.data_dir)
        if not self.given.get("REDIS_URL"):
            self.redis = Redis(self.data_dir / "redis", password=keys["redis_password"])
            self.redis.start()
        if not self.given.get("DATABASE_URL"):
            self.postgres = Postgres(
                self.data_dir / "postgres", password=keys["postgres_password"], durable=self.durable
            )
            self.postgres.start()

    def stop(self) -> None:
        """Stop both, keep their data, forget their addresses."""
        if self._lock:
            (self.data_dir / ADDRESSES).unlink(missing_ok=True)
        for server in (self.redis, self.postgres):
            if server:
                server.stop()
        if self._lock:
            self._lock.close()
            self._lock = None

    def __enter__(self) -> Services:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def hold_lock(data_dir: Path) -> IO[str]:
    """Only one supervisor per data folder. The kernel drops the lock with the process, so it is never stale."""
    handle = (data_dir / "up.pid").open("a+")
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        handle.seek(0)
        pid = handle.read().strip() or "unknown"
        handle.close()
        raise Fault(
            f"The helpdesk already runs on {data_dir} (process {pid}).",
            f"use that one, stop it (Ctrl-C in its terminal or `kill {pid}`), or set HELPDESK_DATA_DIR and the ports",
        ) from None
    handle.truncate(0)
    handle.write(str(os.getpid()))
    handle.flush()
    return handle


def kept_secrets(data_dir: Path) -> dict[str, str]:
    """Passwords and keys of this data folder, generated once."""
    path = data_dir / SECRETS
    known: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
    made = {
        "postgres_password": secrets.token_urlsafe(24),
        "redis_password": secrets.token_urlsafe(24),
        "secret_key": secrets.token_urlsafe(48),
        "metrics_token": secrets.token_urlsafe(24),
        # As Fernet wants its keys.
        "credentials_key": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
    }
    if missing := made.keys() - known.keys():
        known |= {name: made[name] for name in missing}
        write_private(path, json.dumps(known, indent=1))
    return known


def write_private(path: Path, text: str) -> None:
    """Replace a file in one step, readable by its owner only."""
    fresh = path.with_name(f"{path.name}.{os.getpid()}.new")
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w") as file:
        file.write(text)
    fresh.replace(path)
