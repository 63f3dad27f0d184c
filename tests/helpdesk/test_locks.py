"""What is installed is pinned by hash, and no file says where from."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LOCKS = sorted((ROOT / "requirements").glob("*.txt"))
ADDRESS = re.compile(r"https?://|--(?:extra-)?index-url|--find-links|--trusted-host|file:/")


@pytest.mark.parametrize("lock", [*LOCKS, ROOT / "package-lock.json", ROOT / ".npmrc"], ids=lambda path: path.name)
def test_locks_name_no_address(lock: Path) -> None:
    assert [line for line in lock.read_text().splitlines() if ADDRESS.search(line)] == []


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
def test_every_python_package_has_a_version_and_hashes(lock: Path) -> None:
    text = "\n".join(line for line in lock.read_text().splitlines() if not line.lstrip().startswith("#"))
    packages = re.split(r"\n(?=\S)", text.replace("\\\n", " ").strip())
    assert packages
    for package in packages:
        assert re.match(r"[a-z0-9][a-z0-9._-]*==\S+", package), package
        assert "--hash=sha256:" in package, package


def test_every_npm_package_has_a_hash_and_no_address() -> None:
    packages = json.loads((ROOT / "package-lock.json").read_text())["packages"]
    assert len(packages) > 3
    for name, package in packages.items():
        assert "resolved" not in package, name
        assert name == "" or package["integrity"].startswith("sha512-"), name


def test_npm_is_told_to_leave_addresses_out() -> None:
    assert "omit-lockfile-registry-resolved=true" in (ROOT / ".npmrc").read_text().splitlines()


def test_what_is_asked_for_is_locked() -> None:
    for wanted in (ROOT / "requirements").glob("*.in"):
        locked = wanted.with_suffix(".txt").read_text().lower()
        for line in wanted.read_text().splitlines():
            if not line or line.startswith(("#", "-")):
                continue
            name = re.split(r"[\[<>=; ]", line)[0].lower().replace("_", "-")
            assert re.search(rf"(?m)^{re.escape(name)}==", locked), (
                f"{name} is not in {wanted.with_suffix('.txt').name}"
            )
