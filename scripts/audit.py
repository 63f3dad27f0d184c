"""`scripts/audit.py [--advisories FILE] [--strict]`: which locked packages have known holes.

The advisories come from OSV (https://osv.dev), asked for exactly the locked versions. Without a network the last answer
in `var/advisories.json` is used and its age told; with none at all only the locks themselves are judged, and that is
said. Ends with 1 when a hole is known or a lock is loose, 0 otherwise; `--strict` also when nobody could be asked.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from scripts.sbom import ROOT, bill

ASK = "https://api.osv.dev/v1/querybatch"
KEPT = ROOT / "var" / "advisories.json"
Holes = dict[str, list[str]]


def loose_locks() -> list[str]:
    """Entries of the Python locks without a version or without a hash: whoever holds the index could change them."""
    loose = []
    for path in sorted((ROOT / "requirements").glob("*.txt")):
        for block in re.split(r"(?m)^(?=[A-Za-z0-9])", path.read_text()):
            name = re.match(r"[A-Za-z0-9._-]+", block)
            if name and ("==" not in block or "--hash=sha256:" not in block):
                loose.append(f"{path.name}: {name[0]}")
    return loose


def ask_osv(purls: list[str]) -> Holes:
    """Ids of advisories by package, as OSV knows them now."""
    question = json.dumps({"queries": [{"package": {"purl": purl}} for purl in purls]}).encode()
    request = urllib.request.Request(ASK, question, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=20) as answer:  # noqa: S310  a constant https address
        results: list[dict[str, Any]] = json.load(answer)["results"]
    return {
        purl: [hole["id"] for hole in result["vulns"]]
        for purl, result in zip(purls, results, strict=True)
        if result.get("vulns")
    }


def known_holes(purls: list[str], kept: Path) -> tuple[Holes | None, str]:
    """The holes of these packages (None: nobody could be asked), and where the knowledge comes from."""
    try:
        found = ask_osv(purls)
    except (OSError, ValueError, KeyError) as error:
        if not kept.exists():
            return None, f"nobody could be asked ({type(error).__name__}), and no earlier answer is kept"
        days = (time.time() - kept.stat().st_mtime) / 86400
        kept_holes: Holes = json.loads(kept.read_text())
        return {purl: ids for purl, ids in kept_holes.items() if purl in purls}, f"an answer {days:.0f} days old"
    kept.parent.mkdir(parents=True, exist_ok=True)
    kept.write_text(json.dumps(found, indent=1))
    return found, "OSV, asked now"


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--advisories", type=Path, default=KEPT, help="where the last answer is kept")
    parser.add_argument("--strict", action="store_true", help="fail when nobody could be asked")
    given = parser.parse_args(arguments)
    loose, purls = loose_locks(), [component["purl"] for component in bill()["components"]]
    holes, source = known_holes(purls, given.advisories)
    for entry in loose:
        print(f"loose: {entry}")
    for purl, ids in (holes or {}).items():
        print(f"hole: {purl}: {', '.join(ids)}")
    print(f"{len(purls)} packages, {len(loose)} loose, {len(holes or {})} with known holes ({source})")
    return int(bool(loose or holes) or (given.strict and holes is None))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
