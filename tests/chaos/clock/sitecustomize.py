"""Python loads this first when its folder is on PYTHONPATH: the clock of every process of ours can then be moved, as by
a correction over the network, while PostgreSQL's goes on rightly. The seconds stand in the file HELPDESK_TEST_CLOCK."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from datetime import UTC, datetime
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import Any

_true_time = time.time
_file = os.environ.get("HELPDESK_TEST_CLOCK", "")
_known = [0.0, 0.0]  # read at, seconds


def _moved_by() -> float:
    now = time.monotonic()
    if now - _known[0] > 0.2:
        with contextlib.suppress(OSError, ValueError), open(_file) as file:
            _known[:] = [now, float(file.read() or 0)]
    return _known[1]


def _time() -> float:
    return _true_time() + _moved_by()


class _MovesDjango(MetaPathFinder):
    """Once django.utils.timezone is loaded its `now` is ours."""

    def find_spec(self, name: str, path: Any = None, target: ModuleType | None = None) -> ModuleSpec | None:
        if name != "django.utils.timezone":
            return None
        sys.meta_path.remove(self)
        spec = PathFinder.find_spec(name, path, target)
        if spec and spec.loader:
            load = spec.loader.exec_module

            def then_move(module: ModuleType) -> None:
                load(module)
                module.now = lambda: datetime.fromtimestamp(_time(), UTC)  # type: ignore[attr-defined]

            loader: Loader = spec.loader
            loader.exec_module = then_move  # type: ignore[method-assign]
        return spec


if _file:
    time.time = _time
    sys.meta_path.insert(0, _MovesDjango())
