"""Keeps a set of processes running: starts them, starts again what fell, stops all in order."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from helpdesk.runtime.processes import end, kill_group, spawn

FIRST_DELAY = 0.5
LONGEST_DELAY = 15.0
# Whoever ran this long was well; its next fall is a new story and not the last one going on.
WELL_AFTER = 10.0
LOG_LIMIT = 10 * 1024 * 1024


@dataclass
class Child:
    """One program that must run. `stop_after` is how long it may take to end before it is killed."""

    name: str
    command: Sequence[str | Path]
    environment: Mapping[str, str] = field(default_factory=dict)
    stop_after: float = 35.0
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    delay: float = 0.0
    start_at: float = 0.0
    falls: int = 0

    @property
    def running(self) -> bool:
        return self.process is not None and self.process.poll() is None


class Supervisor:
    """Children are started by `tick`, which is called often and returns at once."""

    def __init__(self, log_dir: Path, say: Callable[[str], None], clock: Callable[[], float] = time.monotonic) -> None:
        self.log_dir = log_dir
        self.say = say
        self.clock = clock
        self.children: list[Child] = []
        log_dir.mkdir(parents=True, exist_ok=True)

    def add(self, child: Child) -> None:
        self.children.append(child)

    def tick(self) -> None:
        for child in self.children:
            if child.process is not None and child.process.poll() is not None:
                self._note_fall(child)
            if child.process is None and self.clock() >= child.start_at:
                self._start(child)
            elif child.running and self.clock() - child.started_at > WELL_AFTER:
                child.delay = 0.0

    def restart(self, child: Child, why: str) -> None:
        """End a child that runs but does no work; the next tick starts it again."""
        self.say(f"{child.name} is restarted: {why}.")
        if child.process:
            end(child.process, patience=5)
            kill_group(child.process)
            child.process = None
        child.start_at = self.clock()

    def stop(self) -> None:
        """Ask all to end at once, then wait for each; what does not end in its time is killed with its children."""
        running = [child for child in self.children if child.process]
        for child in running:
            if child.running and child.process:
                child.process.terminate()
        for child in running:
            if child.process:
                end(child.process, patience=child.stop_after)
                # Pool children that lost their parent would hold the log and the terminal open.
                kill_group(child.process)
                child.process = None

    def trim_logs(self) -> None:
        """Keep each log and its predecessor below the limit; writers append, so cutting in place is safe."""
        for log in self.log_dir.glob("*.log"):
            if log.stat().st_size > LOG_LIMIT:
                shutil.copyfile(log, log.with_suffix(".log.1"))
                os.truncate(log, 0)

    def log_path(self, child: Child) -> Path:
        return self.log_dir / f"{child.name}.log"

    def _start(self, child: Child) -> None:
        with self.log_path(child).open("ab") as log:
            child.process = spawn(child.command, log=log, env=os.environ | dict(child.environment))
        child.started_at = self.clock()

    def _note_fall(self, child: Child) -> None:
        if child.process is None:
            return
        code = child.process.returncode
        kill_group(child.process)
        child.process = None
        child.falls += 1
        child.delay = min(LONGEST_DELAY, child.delay * 2 or FIRST_DELAY)
        child.start_at = self.clock() + child.delay
        how = f"was killed by signal {-code}" if code < 0 else f"ended with {code}"
        self.say(f"{child.name} {how}; starting it again in {child.delay:g} s. Last words: {self._last_words(child)}")

    def _last_words(self, child: Child) -> str:
        lines = self.log_path(child).read_text(errors="replace").strip().splitlines()
        return lines[-1][:300] if lines else "none"
