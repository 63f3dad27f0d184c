"""What the whole helpdesk takes of memory when nobody uses it: every process that `manage.py up` starts."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from bench.cpu import family, memory_of
from bench.stack import ROOT, Stack
from bench.table import show
from helpdesk.runtime.redis import free_port

GOAL_MIB = 400
MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class Idle:
    """Proportional set size by kind of process, in MiB."""

    by_kind: dict[str, float]
    processes: dict[str, int]

    @property
    def total(self) -> float:
        return sum(self.by_kind.values())


def run(_stack: Stack, *, rounds: int = 1, settle_seconds: float = 15.0) -> Idle:
    """Start the helpdesk on a data folder of its own with the demo shop, let it rest, and weigh it."""
    del rounds  # memory does not wander as time does
    with tempfile.TemporaryDirectory(prefix="helpdesk-idle-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        ports = {"HELPDESK_HTTP_PORT": str(free_port()), "HELPDESK_SMTP_PORT": str(free_port())}
        kept = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "REDIS_URL")}
        process = subprocess.Popen(
            [sys.executable, str(ROOT / "manage.py"), "up"], stdout=subprocess.DEVNULL, cwd=ROOT,
            env=kept | ports | {"HELPDESK_DATA_DIR": folder},
        )  # fmt: skip
        try:
            _wait(process, f"http://localhost:{ports['HELPDESK_HTTP_PORT']}/readyz")
            time.sleep(settle_seconds)
            idle = weigh(process.pid)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(60)
    _show(idle)
    return idle


def weigh(pid: int) -> Idle:
    """The memory of a process and its descendants, by kind."""
    by_kind: dict[str, float] = {}
    processes: dict[str, int] = {}
    for member in family(pid):
        kind = _kind(member)
        by_kind[kind] = by_kind.get(kind, 0.0) + memory_of(member) / MIB
        processes[kind] = processes.get(kind, 0) + 1
    return Idle(by_kind, processes)


def _kind(pid: int) -> str:
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return "ended"
    kinds = {"postgres": "PostgreSQL", "redis": "Redis", "valkey": "Redis", "helpdesk.web": "web", "celery": "worker",
             "smtp_listener": "mail listener", "pool_child": "mail reader", "manage.py up": "launcher"}  # fmt: skip
    return next((kind for part, kind in kinds.items() if part in command), "other")


def _wait(process: subprocess.Popen[bytes], url: str, seconds: float = 300) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                if answer.status == 200:
                    return
        except OSError:
            time.sleep(0.3)
    raise RuntimeError("the helpdesk did not become ready")


def _show(idle: Idle) -> None:
    rows = [
        (kind, idle.processes[kind], size) for kind, size in sorted(idle.by_kind.items(), key=lambda item: -item[1])
    ]
    rows.append(("all", sum(idle.processes.values()), idle.total))
    show("Idle memory of the whole helpdesk (proportional set size)", ("", "processes", "MiB"), rows,
         f"Goal: {GOAL_MIB} MiB.")  # fmt: skip
