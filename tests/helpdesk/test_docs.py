"""The documents say what is there: each variable, each dependency, each file they point to."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml

from helpdesk.runtime import commands

ROOT = Path(__file__).resolve().parents[2]
APPS = (
    "events", "people", "tickets", "knowledge", "channels_inbound", "livechat", "commerce", "metrics", "privacy", "helpdesk",
)  # fmt: skip
# A variable's name as code says it; NAME_FILE and names built of parts are not read by these.
VARIABLE = re.compile(
    r"""["']((?:HELPDESK_[A-Z0-9_]+|DATABASE_(?:REPLICA_)?URL|EMAIL_URL|(?:[A-Z]+_)?REDIS_URL))["']"""
)


def said_in_code() -> set[str]:
    sources = [path for app in APPS for path in (ROOT / app).rglob("*.py")]
    tests = ROOT / "tests"
    sources += [ROOT / "manage.py", *(tests / "support").glob("*.py"), *(tests / "providers" / "demo").glob("*.py")]
    names = {name for path in sources for name in VARIABLE.findall(path.read_text())}
    return {name for name in names if not name.endswith("_FILE")}


def test_every_variable_that_is_read_is_documented_and_no_other() -> None:
    text = (ROOT / "docs" / "operations.md").read_text()
    documented = set(re.findall(r"^\| `([A-Z0-9_]+)`", text, re.M))
    assert said_in_code() - documented == set(), "read and not documented"
    assert documented - said_in_code() == set(), "documented and not read"


def test_operations_tell_the_launchers_commands() -> None:
    text = (ROOT / "docs" / "operations.md").read_text()
    for child in commands.apart().values():
        parts = [
            "python" if index == 0 else str(part).removeprefix(f"{ROOT}/") for index, part in enumerate(child.command)
        ]
        assert f"| `{' '.join(parts)}` |" in text


def test_variables_of_compose_are_documented() -> None:
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    named = {name.removesuffix("_FILE") for child in commands.apart() for name in services[child]["environment"]}
    assert len(named) > 10
    assert named - {"REMAP_SIGTERM"} <= said_in_code()  # that one is Celery's


@pytest.mark.parametrize("name", ["base", "s3", "dev", "node"])
def test_every_direct_python_dependency_has_its_reason(name: str) -> None:
    lines = (ROOT / "requirements" / f"{name}.in").read_text().splitlines()
    wanted = {re.split(r"[<>=;\[ ]", line)[0] for line in lines if line and not line.startswith(("#", "-"))}
    assert wanted
    assert wanted - reasons() == set()


def test_every_direct_javascript_dependency_has_its_reason() -> None:
    package = json.loads((ROOT / "package.json").read_text())
    assert set(package["dependencies"]) | set(package["devDependencies"]) <= reasons()


def test_no_reason_is_given_for_what_is_gone() -> None:
    package = json.loads((ROOT / "package.json").read_text())
    direct = set(package["dependencies"]) | set(package["devDependencies"])
    for path in (ROOT / "requirements").glob("*.in"):
        direct |= {re.split(r"[<>=;\[ ]", line)[0] for line in path.read_text().splitlines() if line}
    assert reasons() - direct == set()


def reasons() -> set[str]:
    """Names that have a row with a reason of more than a word."""
    text = (ROOT / "docs" / "dependencies.md").read_text()
    return {name for name, why in re.findall(r"^\| `([^`]+)` \| (.+?) \|", text, re.M) if len(why.split()) > 3}


DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_and_named_files_exist(path: Path) -> None:
    text = path.read_text()
    missing = []
    for target in re.findall(r"\]\((?!https?:|mailto:|#)([^)#]+)", text):
        if not (path.parent / target).exists():
            missing.append(target)
    known = "|".join((*APPS, "tests", "assets", "scripts", "docs", "bench", "templates", "requirements"))
    for target in re.findall(rf"`((?:{known})/[\w./-]+\.(?:py|js|md|sh|css|mjs|html))(?:::\w+)?`", text):
        if not (ROOT / target).exists():
            missing.append(target)
    assert missing == []


@pytest.mark.parametrize("page", ["security", "reliability"])
def test_every_test_that_it_names_exists(page: str) -> None:
    named = re.findall(r"`(tests/[^`:\s]+)(?:::(\w+))?`", (ROOT / "docs" / f"{page}.md").read_text())
    assert len(named) > 30
    missing = [f"{path}::{name}" for path, name in named if not _holds_test(ROOT / path, name)]
    assert missing == []


@pytest.mark.parametrize(
    ("page", "rows"), [("security", [str(n) for n in range(1, 56)]), ("reliability", [f"R{n}" for n in range(1, 31)])]
)
def test_every_row_has_its_test_or_the_reason_why_not(page: str, rows: list[str]) -> None:
    text = (ROOT / "docs" / f"{page}.md").read_text()
    table = dict(re.findall(r"^\| (R?\d+) \| (.+) \|$", text, re.M))
    assert list(table) == rows
    # What cannot apply has a test too: that what it would need is not there (tests/security/test_what_is_not_there.py).
    without = [row for row, said in table.items() if "::test_" not in said]
    assert without == []


def _holds_test(path: Path, name: str) -> bool:
    """A test, a class of them, or without a name the whole file."""
    if not path.is_file():
        return not name and path.is_dir()
    return not name or re.search(rf"^\s*(?:(?:async )?def {name}\(|class {name}\b)", path.read_text(), re.M) is not None
