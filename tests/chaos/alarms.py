"""A Prometheus of the tests: asks real processes for their figures over HTTP and works out deploy/alerts.yml as it stands.

Only its watch goes faster: what a rule calls a minute (`for: 1m`, `[5m]`) are `MINUTE` seconds here. And `let_pass` ages what
stands still, as that much time would; what works has it done before anybody looks.
"""

from __future__ import annotations

import re
import threading
import time
import urllib.error
import urllib.request
from collections import deque
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import yaml

from tests.support.promql import Sample, rings

RULES: list[dict[str, Any]] = yaml.safe_load(
    (Path(__file__).resolve().parents[2] / "deploy" / "alerts.yml").read_text()
)["groups"][0]["rules"]
MINUTE, PAUSE, WINDOW_MINUTES = 1.5, 0.4, 5
_LINE = re.compile(r"(\w+)(?:\{(.*)\})? (\S+)")
_LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')
Series = tuple[str, tuple[tuple[str, str], ...]]
Scrape = dict[Series, float]


class Watchman(threading.Thread):
    """`ringing` is what rings now, `rung` all that rang since somebody last emptied it."""

    def __init__(self, targets: Mapping[str, str], token: str) -> None:
        super().__init__(name="watchman", daemon=True)
        self.targets, self.token = targets, token
        self.history: deque[tuple[float, Scrape]] = deque()
        self.since: dict[str, float] = {}
        self.ringing: set[str] = set()
        self.rung: set[str] = set()
        self.looks = 0
        self.over = threading.Event()

    def run(self) -> None:
        with ThreadPoolExecutor(len(self.targets)) as pool:
            while not self.over.wait(PAUSE):
                now, found = time.monotonic(), Scrape()
                for part in pool.map(self._scrape, self.targets):
                    found |= part
                self._look(now, found)

    def _scrape(self, name: str) -> Scrape:
        """With the token and from far away: it is not let in for being on this machine."""
        headers = {"Authorization": f"Bearer {self.token}", "X-Forwarded-For": "203.0.113.9", "Host": "localhost"}
        up: Series = ("up", (("job", "helpdesk"), ("instance", name)))
        try:
            with urllib.request.urlopen(
                urllib.request.Request(self.targets[name], headers=headers), timeout=4
            ) as answer:
                said = answer.read().decode()
        except (OSError, urllib.error.URLError):
            return {up: 0.0}
        return {up: 1.0} | {
            (metric, (*_LABEL.findall(labels or ""), ("instance", name))): float(value)
            for metric, labels, value in _LINE.findall(re.sub(r"(?m)^#.*\n", "", said))
        }

    def _look(self, now: float, found: Scrape) -> None:
        self.history.append((now, found))
        while self.history[0][0] < now - WINDOW_MINUTES * MINUTE:
            self.history.popleft()
        samples, before = _samples(found), _samples(self._begun(found))
        ringing = set()
        for rule in RULES:
            name = rule["alert"]
            if not rings(rule["expr"], samples, before=before, now=time.time()):
                self.since.pop(name, None)
                continue
            since = self.since.setdefault(name, now)
            if now - since >= int(rule.get("for", "0m")[:-1]) * MINUTE:
                ringing.add(name)
        self.ringing, self.rung, self.looks = ringing, self.rung | ringing, self.looks + 1

    def _begun(self, found: Scrape) -> Scrape:
        """Where each series stood when the window began, as increase() sees it: what is new has not grown, and what was
        set back began at nothing."""
        begun = {}
        for series, value in found.items():
            first = next(scrape[series] for _, scrape in self.history if series in scrape)
            begun[series] = first if first <= value else 0.0
        return begun


def _samples(scrape: Scrape) -> list[Sample]:
    return [(name, dict(labels), value) for (name, labels), value in scrape.items()]
