"""Tests in several processes: nothing is left out silently, and the heavy ones never meet."""

from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.support import workers

ROOT = Path(__file__).resolve().parents[2]
# What starts the helpdesk's processes or kills some: by fixture, by helper, by mark.
STARTS = re.compile(r"\b(live_stack|open_page|browser_page|Launcher|mark\.kill|bench\.stack)\b")
# What measures, ends what others run, or stops the clock of a process.
ALONE = re.compile(r"\b(Launcher|mark\.kill|bench\.stack|pause\(|smtp_sink\.wait_for)")
LIGHT = ("tests/support/", "tests/conftest.py", f"tests/helpdesk/{Path(__file__).name}")


def test_whatever_starts_the_helpdesk_is_in_a_long_lane() -> None:
    modules = {str(path.relative_to(ROOT)): path.read_text() for path in (ROOT / "tests").rglob("*.py")}
    starting = {name for name, text in modules.items() if STARTS.search(text) and not name.startswith(LIGHT)}
    assert len(starting) > 8
    assert [name for name in sorted(starting) if workers.lane(f"{name}::test") not in workers.LONG] == []
    killing = {name for name in starting if ALONE.search(modules[name])}
    assert len(killing) > 8
    assert [name for name in sorted(killing) if workers.lane(f"{name}::test") != "heavy"] == []
    assert [
        place for place in workers.HEAVY + workers.PAGES if not any(name.startswith(place) for name in modules)
    ] == []


def test_heavy_ones_share_a_lane_and_others_their_module() -> None:
    assert workers.lane("tests/chaos/test_kill.py::test_a") == workers.lane("tests/stories/test_spine.py::test_b[x::y]")
    assert workers.lane("tests/browser/test_reports.py::test_a") == workers.lane("tests/browser/test_pages.py::test_b")
    assert workers.lane("tests/api/test_access.py::TestX::test_a[b::c]") == "tests/api/test_access.py"


def test_the_longest_lane_begins_and_no_order_changes_within_a_module() -> None:
    small, large = (
        [f"tests/events/test_a.py::test_{n}" for n in "ba"],
        [f"tests/api/test_b.py::test_{n}" for n in "cab"],
    )
    heavy = ["tests/stories/test_c.py::test_z", "tests/chaos/test_d.py::test_y"]
    pages = ["tests/browser/test_reports.py::test_x"]
    assert workers.heavy_first([*small, *pages, *large, *heavy]) == [*heavy, *pages, *large, *small]


class Terminal:
    def __init__(self) -> None:
        self.said: list[str] = []

    def section(self, title: str, **look: Any) -> None:
        self.said.append(title)

    line = section


def test_what_a_worker_could_not_run_its_controller_tells(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTEST_XDIST_WORKER", "gw1")
    worker: Any = SimpleNamespace(stash=pytest.Stash(), workeroutput={})
    workers.note_left_out(worker, "browser", 31)
    workers.note_left_out(worker, "dovecot", 0)
    workers.hand_over(worker)

    controller: Any = SimpleNamespace(stash=pytest.Stash())
    for _ in range(2):
        workers.take_over(controller, SimpleNamespace(workeroutput=worker.workeroutput))
    # One that crashed says nothing any more.
    workers.take_over(controller, SimpleNamespace())
    terminal = Terminal()
    workers.say_what_was_left_out(terminal, controller)

    assert terminal.said[:2] == [
        "BROWSER TESTS NOT RUN", "31 browser tests were NOT RUN: no Chromium was found.",
    ]  # fmt: skip
    assert len(terminal.said) == 3
