"""What is installed is pinned by hash, and no file says where from."""

from __future__ import annotations

import ast
import json
import re
import sys
from collections.abc import Iterator
from importlib.metadata import packages_distributions
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


OURS = {
    path.name.removesuffix(".py") for path in ROOT.iterdir() if (path / "__init__.py").exists() or path.suffix == ".py"
}
RUNS = ("events", "people", "tickets", "channels_inbound", "helpdesk", "manage.py")


def sources(*places: str) -> Iterator[Path]:
    """Every Python file below these, or of the whole tree, without what is installed or made."""
    for top in [ROOT / place for place in places] or ROOT.iterdir():
        if top.suffix == ".py":
            yield top
        elif top.is_dir() and top.name not in ("node_modules", "var", "staticfiles") and not top.name.startswith("."):
            yield from top.rglob("*.py")


def third_party(path: Path) -> set[str]:
    """Top-level names of what a file imports, at any depth of its code, that is neither ours nor Python's."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module.split(".")[0])
    return names - OURS - sys.stdlib_module_names


def pinned(*locks: str) -> set[str]:
    text = "\n".join((ROOT / "requirements" / f"{lock}.txt").read_text() for lock in locks)
    return {canonical(name) for name in re.findall(r"(?m)^([A-Za-z0-9._-]+)==", text)}


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def unpinned(paths: Iterator[Path], locks: set[str]) -> list[str]:
    """What is imported and would not be there after an installation from the locks; one line each."""
    provided = packages_distributions()
    return sorted(
        f"{path.relative_to(ROOT)}: {name}"
        for path in paths
        for name in third_party(path)
        if not locks & {canonical(distribution) for distribution in provided.get(name, [])}
    )


def test_everything_imported_comes_with_the_locks() -> None:
    # Fonts are cut in an environment of their own, which their script names with its versions.
    assert unpinned(sources(), pinned("base", "dev") | {"fonttools"}) == ["scripts/make_fonts.py: fontTools"]


def test_what_runs_needs_nothing_of_the_developers() -> None:
    """But for the object store's package, which is asked for only where there is one."""
    assert unpinned(sources(*RUNS), pinned("base", "s3")) == []


def test_the_eye_for_imports_sees() -> None:
    assert f"tests/helpdesk/{Path(__file__).name}: pytest" in unpinned(sources("tests"), pinned("base"))
    assert "bench/bare.py: fast_mail_parser" in unpinned(sources("bench"), pinned("base"))
