"""`python -m bench [NAME...] [--million] [--tickets N]`: run the measures and print their tables."""

from __future__ import annotations

import argparse
import importlib
import sys

from bench.stack import Stack

MEASURES = (
    "ingest", "reading", "pages", "memory", "live", "busy", "chat", "serving", "deadlines", "hooks", "reports",
    "recount", "rollups", "paint",
)  # fmt: skip


def main(arguments: list[str]) -> int:
    """Run the measures named, or all of them."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"which measures ({', '.join(MEASURES)}); all if none")
    parser.add_argument("--million", action="store_true", help="pages also at a million tickets (an hour, 30 GB)")
    parser.add_argument("--tickets", type=int, default=1_000_000, help="of the generated year (reports, recount)")
    parser.add_argument("--rounds", type=int, default=3, help="how often each is repeated; medians are shown")
    given = parser.parse_args(arguments)
    if unknown := set(given.names) - set(MEASURES):
        parser.error(f"no such measure: {', '.join(sorted(unknown))}")
    with Stack() as stack:
        for name in given.names or MEASURES:
            options = {"million": given.million} if name == "pages" else {}
            if name in ("reports", "recount"):
                options = {"tickets": given.tickets, "buyers": given.tickets // 5}
            importlib.import_module(f"bench.{name}").run(stack, rounds=given.rounds, **options)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
