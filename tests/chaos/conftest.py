from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.services import DATA_DIR


@pytest.fixture
def place() -> Iterator[Path]:
    """An empty folder of this test run. Not pytest's own: another pytest starting on this machine closes those to
    the user PostgreSQL runs as. What a failed test left stays until the next."""
    folder = DATA_DIR / "chaos"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    yield folder
