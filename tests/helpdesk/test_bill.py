"""The list of what the system is made of, and the audit of it, from the locks alone."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from scripts import audit, sbom


def test_it_holds_every_locked_package_with_its_hashes() -> None:
    listed = {(component["name"], component["version"]) for component in sbom.bill()["components"]}
    for lock in ("base", "s3"):
        for name, version in re.findall(
            r"(?m)^([A-Za-z0-9._-]+)==([^\s;\\]+)", (sbom.ROOT / f"requirements/{lock}.txt").read_text()
        ):
            assert (re.sub(r"[-_.]+", "-", name).lower(), version) in listed
    django = next(component for component in sbom.bill()["components"] if component["name"] == "django")
    assert django["purl"] == f"pkg:pypi/django@{django['version']}"
    assert len(django["hashes"]) >= 2


def test_what_is_bundled_into_pages_is_in_it_and_tools_are_not() -> None:
    names = {component["name"] for component in sbom.bill()["components"]}
    bundled = json.loads((sbom.ROOT / "package.json").read_text())["dependencies"]
    assert set(bundled) <= names
    assert {"esbuild", "axe-core", "pytest"} & names == set()


def test_it_is_cyclonedx_and_the_same_each_time() -> None:
    made = sbom.bill()
    assert (made["bomFormat"], made["specVersion"]) == ("CycloneDX", "1.5")
    assert re.fullmatch(r"urn:uuid:[0-9a-f-]{36}", made["serialNumber"])
    refs = [component["bom-ref"] for component in made["components"]]
    assert refs == sorted(set(refs))
    assert made == sbom.bill()


def test_the_locks_are_tight() -> None:
    assert audit.loose_locks() == []


def judged(monkeypatch: pytest.MonkeyPatch, answer: Any, kept: Path, *options: str) -> int:
    def ask(purls: list[str]) -> audit.Holes:
        if isinstance(answer, Exception):
            raise answer
        return dict(answer)

    monkeypatch.setattr(audit, "ask_osv", ask)
    return audit.main(["--advisories", str(kept), *options])


def test_a_known_hole_fails_and_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    purl = sbom.bill()["components"][0]["purl"]
    assert judged(monkeypatch, {purl: ["GHSA-test"]}, tmp_path / "kept.json") == 1
    assert f"hole: {purl}: GHSA-test" in capsys.readouterr().out
    # Without a network the last answer counts.
    assert judged(monkeypatch, OSError(), tmp_path / "kept.json") == 1
    assert "an answer 0 days old" in capsys.readouterr().out
    assert judged(monkeypatch, {}, tmp_path / "kept.json") == 0


def test_without_network_and_memory_it_says_so(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert judged(monkeypatch, OSError(), tmp_path / "kept.json") == 0
    assert "nobody could be asked" in capsys.readouterr().out
    assert judged(monkeypatch, OSError(), tmp_path / "kept.json", "--strict") == 1


def test_both_run_as_commands(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "scripts/sbom.py", str(tmp_path / "bom.json")], cwd=sbom.ROOT)
    assert done.returncode == 0
    assert json.loads((tmp_path / "bom.json").read_text())["components"]
