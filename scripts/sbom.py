"""`scripts/sbom.py [FILE]`: what the running system is made of, as CycloneDX 1.5, from the locks alone.

No network and no installed package is needed, so the list says what was locked and not what lies there by chance.
"""

from __future__ import annotations

import json
import re
import sys
import tomllib
import uuid
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
PYTHON_LOCKS = ("base", "s3")


def python_components(lock: str) -> list[dict[str, Any]]:
    """The packages of a lock, each with the hashes pip accepts."""
    text = (ROOT / "requirements" / f"{lock}.txt").read_text()
    found = []
    for block in re.split(r"(?m)^(?=[A-Za-z0-9])", text):
        named = re.match(r"([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==([^\s;\\]+)", block)
        if not named:
            continue
        name, version = re.sub(r"[-_.]+", "-", named[1]).lower(), named[2]
        hashes = [{"alg": "SHA-256", "content": digest} for digest in re.findall(r"sha256:([0-9a-f]{64})", block)]
        found.append(_component(name, version, f"pkg:pypi/{name}@{version}", hashes))
    return found


def browser_components() -> list[dict[str, Any]]:
    """What is bundled into the pages: packages of the browser's lock that are not for development only."""
    packages = json.loads((ROOT / "package-lock.json").read_text())["packages"]
    found = []
    for path, facts in sorted(packages.items()):
        if not path or facts.get("dev"):
            continue
        name, version = path.rpartition("node_modules/")[2], facts["version"]
        found.append(_component(name, version, f"pkg:npm/{name.replace('@', '%40')}@{version}", []))
    return found


def bill() -> dict[str, Any]:
    """The whole list; the same locks give the same list."""
    by_purl = {}
    for component in [*[c for lock in PYTHON_LOCKS for c in python_components(lock)], *browser_components()]:
        by_purl[component["purl"]] = component
    components = [by_purl[purl] for purl in sorted(by_purl)]
    with (ROOT / "pyproject.toml").open("rb") as file:
        project = tomllib.load(file)["project"]
    serial = uuid.uuid5(uuid.NAMESPACE_URL, json.dumps(components))
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "serialNumber": f"urn:uuid:{serial}",
        "version": 1,
        "metadata": {"component": {"type": "application", "name": project["name"], "version": project["version"]}},
        "components": components,
    }


def _component(name: str, version: str, purl: str, hashes: list[dict[str, str]]) -> dict[str, Any]:
    known: dict[str, Any] = {"type": "library", "bom-ref": purl, "name": name, "version": version, "purl": purl}
    return known | ({"hashes": hashes} if hashes else {})


def main(arguments: list[str]) -> int:
    text = json.dumps(bill(), indent=1) + "\n"
    if arguments:
        Path(arguments[0]).write_text(text)
    else:
        sys.stdout.write(text)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
