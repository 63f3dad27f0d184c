"""The databases measured on: an empty one, and made-up ones of several sizes that are kept between runs."""

from __future__ import annotations

import time

from bench.stack import Stack

EMPTY = "bench_empty"
MESSAGES_A_TICKET = 5


def empty_database(stack: Stack) -> str:
    """A migrated database without rows, to copy."""
    if not stack.has_database(EMPTY):
        stack.make_database(EMPTY)
    stack.manage(EMPTY, "migrate", "-v", "0")
    return EMPTY


def scale_database(stack: Stack, tickets: int) -> str:
    """A database with so many tickets and five times as many messages; made at the first run, then kept."""
    name = f"bench_{tickets}"
    if not stack.has_database(name):
        unfinished = f"{name}_unfinished"
        stack.make_database(unfinished, template=empty_database(stack))
        began = time.monotonic()
        messages = str(tickets * MESSAGES_A_TICKET)
        said = stack.manage(
            unfinished, "create_scale_data", "-v", "0", "--tickets", str(tickets), "--messages", messages
        )
        stack.rename_database(unfinished, name)
        print(f"made once ({time.monotonic() - began:.0f} s): {said.strip()}", flush=True)
    stack.manage(name, "migrate", "-v", "0")
    return name
