"""`manage.py up` as a person runs it: its own process, its own data folder and ports."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import psutil

from helpdesk.runtime.redis import free_port

ROOT = Path(__file__).resolve().parents[2]


class Launcher:
    """One terminal in which `manage.py up` was typed; `output` is what it printed so far."""

    def __init__(self, data_dir: Path, **environment: str) -> None:
        self.data_dir = data_dir
        kept = {name: value for name, value in os.environ.items() if not name.startswith("HELPDESK_")}
        for name in ("DATABASE_URL", "REDIS_URL", "EMAIL_URL"):
            kept.pop(name, None)
        self.environment = kept | {
            "HELPDESK_DATA_DIR": str(data_dir),
            "HELPDESK_HTTP_PORT": str(free_port()),
            "HELPDESK_SMTP_PORT": str(free_port()),
            "HELPDESK_ASSETS": "plain",
            **environment,
        }
        self.log = data_dir.with_name(f"{data_dir.name}.terminal")
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://localhost:{self.environment['HELPDESK_HTTP_PORT']}"

    @property
    def output(self) -> str:
        return self.log.read_text()

    def start(self) -> Launcher:
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "manage.py", "up"],
                cwd=ROOT,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        return self

    def manage(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """A command in a second terminal."""
        return subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=600,
        )

    def ready(self) -> dict[str, Any]:
        try:
            with urllib.request.urlopen(f"{self.url}/readyz", timeout=5) as answer:
                return dict(json.load(answer))
        except urllib.error.HTTPError as error:
            return dict(json.load(error))
        except (OSError, ValueError):
            return {}

    def wait_until_ready(self, timeout: float = 90, *, said: bool = False) -> None:
        """Until /readyz is green; with `said`, until it also told the person so."""
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            assert self.process
            assert self.process.poll() is None, f"up ended with {self.process.returncode}:\n{self.output}"
            if self.ready().get("ready") and (not said or "Stop            Ctrl-C" in self.output):
                return
            time.sleep(0.1)
        raise AssertionError(f"not ready after {timeout} s: {self.ready()}\n{self.output}")

    def wait_for_output(self, text: str, timeout: float = 30) -> None:
        deadline = time.monotonic() + timeout
        while text not in self.output:
            assert time.monotonic() < deadline, f"{text!r} was not said:\n{self.output}"
            time.sleep(0.1)

    def end(self, number: int = signal.SIGTERM, timeout: float = 45) -> int:
        """Send the signal and return the exit code."""
        if self.process and self.process.poll() is None:
            self.process.send_signal(number)
            self.process.wait(timeout)
        return self.process.returncode if self.process else 0

    def family(self) -> list[psutil.Process]:
        """Every process that `up` started, at any depth."""
        try:
            return psutil.Process(self.process.pid).children(recursive=True) if self.process else []
        except psutil.NoSuchProcess:
            return []

    def child(self, *words: str) -> psutil.Process:
        """The child of `up` whose command line holds all the words."""
        assert self.process
        children = psutil.Process(self.process.pid).children()
        return next(child for child in children if all(word in _command(child) for word in words))


def _command(process: psutil.Process) -> str:
    """Its command line; empty when it has just ended."""
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""
