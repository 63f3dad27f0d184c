#!/usr/bin/env python3
"""Lists functions over 40 lines and files over 400; ends with 1 when there is one (tests and migrations aside)."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
APPS = "events people tickets channels_inbound livechat knowledge commerce metrics assistant privacy helpdesk"
FOLDERS = (*APPS.split(), "bench", "scripts")
FUNCTION_LIMIT = 40
FILE_LIMIT = 400


def too_long(root: Path) -> Iterator[str]:
    for folder in FOLDERS:
        for path in sorted((root / folder).rglob("*.py")):
            if "migrations" in path.parts:
                continue
            source = path.read_text()
            name = path.relative_to(root)
            if (lines := source.count("\n")) > FILE_LIMIT:
                yield f"{name}: {lines} lines"
            for node in ast.walk(ast.parse(source)):
                if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                    length = (node.end_lineno or node.lineno) - node.lineno + 1
                    if length > FUNCTION_LIMIT:
                        yield f"{name}:{node.lineno} {node.name}: {length} lines"


def main() -> int:
    found = list(too_long(ROOT))
    for line in found:
        print(line)
    print(f"{len(found)} functions over {FUNCTION_LIMIT} lines or files over {FILE_LIMIT}.")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
