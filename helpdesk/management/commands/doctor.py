"""`manage.py doctor`: is this helpdesk set up as one that customers rely on must be?"""

from __future__ import annotations

import json
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils.translation import override

from helpdesk.doctor.checklist import examine
from helpdesk.doctor.lines import Result, State

EXIT = {State.OK: 0, State.WARN: 0, State.FAIL: 1}


class Command(BaseCommand):
    help = "Go through the production checklist: each line ok, warn or fail, with its cure. Ends with 1 if any failed."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", dest="as_json", help="for programs")
        parser.add_argument("--strict", action="store_true", help="end with 1 for warnings too")

    def handle(self, *, as_json: bool, strict: bool, **options: Any) -> None:
        with override("en"):
            results = examine()
            self.stdout.write(_as_json(results) if as_json else "\n".join(_as_text(results)))
        worst = max(EXIT[result.state] or (strict and result.state is State.WARN) for result in results)
        if worst:
            sys.exit(1)


def _as_text(results: list[Result]) -> list[str]:
    lines = []
    for result in results:
        lines.append(f"{result.state:4}  {result.number:2}  {result.title}")
        for problem in result.problems:
            lines += [f"          {problem.said}", f"          Cure: {problem.cure}"]
    counts = {state: sum(result.state is state for result in results) for state in State}
    lines.append(f"\n{counts[State.OK]} ok, {counts[State.WARN]} warn, {counts[State.FAIL]} fail")
    return lines


def _as_json(results: list[Result]) -> str:
    return json.dumps(
        [
            {
                "line": result.number,
                "title": str(result.title),
                "state": result.state,
                "problems": [{"state": p.state, "said": p.said, "cure": p.cure} for p in result.problems],
            }
            for result in results
        ],
        indent=1,
    )
