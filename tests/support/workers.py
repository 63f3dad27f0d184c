"""Tests in several processes at once (`pytest -n`): who runs what, and what they have to tell at the end.

Each worker has its own PostgreSQL and Redis (tests/support/services.py). A module stays in one worker, for what its
tests share. Those that start the whole helpdesk, or kill it, run one after the other in one worker: two at once would
only measure how slow this machine is. Those that only look at page after page, and wait for each as long as it takes,
have a lane of their own beside it, so that both cores are busy to the end.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import pytest

# More would not be quicker: the heavy ones go one by one anyway, and each worker needs some 300 MB.
MOST_WORKERS = 4
HEAVY = (
    "tests/assistant/test_story.py",
    "tests/bench/",
    "tests/browser/",
    "tests/channels_inbound/imap/test_kill.py",
    "tests/channels_inbound/importing/test_import_mail.py",
    "tests/chaos/",
    "tests/helpdesk/test_checks.py",
    "tests/helpdesk/test_live_stack.py",
    "tests/helpdesk/test_up.py",
    "tests/livechat/test_asks_story.py",
    "tests/livechat/test_blockers.py",
    "tests/livechat/test_demo_shop_story.py",
    "tests/livechat/test_emoji_story.py",
    "tests/livechat/test_forged_story.py",
    "tests/livechat/test_help_story.py",
    "tests/livechat/test_order_story.py",
    "tests/livechat/test_rich_story.py",
    "tests/livechat/test_side_by_side.py",
    "tests/livechat/test_stories.py",
    "tests/livechat/test_story.py",
    "tests/livechat/test_two_windows_story.py",
    "tests/livechat/test_waiting_files_story.py",
    "tests/livechat/test_widget_page_story.py",
    "tests/livechat/test_widget_story.py",
    "tests/metrics/surveys/test_story.py",
    "tests/security/test_evil_customer.py",
    "tests/security/test_payload_everywhere.py",
    "tests/stories/",
)
# Of those, the ones that kill nothing, measure nothing and have no moment to meet.
PAGES = (
    "tests/browser/test_access_pages.py",
    "tests/browser/test_channels_of_providers.py",
    "tests/browser/test_contact_form.py",
    "tests/browser/test_customer_page.py",
    "tests/browser/test_help_centre.py",
    "tests/browser/test_own_words.py",
    "tests/browser/test_pages.py",
    "tests/browser/test_privacy_pages.py",
    "tests/browser/test_reports.py",
    "tests/security/test_evil_customer.py",
    "tests/security/test_payload_everywhere.py",
)
LONG = ("heavy", "pages")
TOLD = {
    "browser": (
        "BROWSER TESTS NOT RUN", "browser tests", "Chromium",
        "install chromium, or run .venv/bin/playwright install chromium, or set HELPDESK_CHROMIUM.",
    ),
    "dovecot": (
        "IMAP TESTS NOT RUN", "tests of IMAP mailboxes", "Dovecot",
        "install dovecot-imapd (Debian, Ubuntu) or dovecot.",
    ),
}  # fmt: skip
LEFT_OUT = pytest.StashKey[dict[str, int]]()


def is_worker() -> bool:
    return "PYTEST_XDIST_WORKER" in os.environ


def is_controller(config: pytest.Config) -> bool:
    """Whether this process only hands out tests to workers. Known as soon as any conftest is read."""
    given = config.known_args_namespace
    many = getattr(given, "numprocesses", None) or getattr(given, "tx", None)
    return bool(many) and not is_worker()


def number_of_workers() -> int:
    """As many as this process may use cores, within reason."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(usable, MOST_WORKERS)


def lane(test: str) -> str:
    """What a test must share a worker with: the heavy ones each other, the pages each other, any other its module."""
    module = test.split("::", 1)[0]
    if module.startswith(PAGES):
        return "pages"
    return "heavy" if module.startswith(HEAVY) else module


def heavy_first(tests: Sequence[str]) -> list[str]:
    """The lanes that cannot be shared out begin first, then the modules with the most tests; each in its own order."""
    sizes: dict[str, int] = {}
    for test in tests:
        sizes[lane(test)] = sizes.get(lane(test), 0) + 1
    return sorted(tests, key=lambda test: (place_of(lane(test)), -sizes[lane(test)]))


def place_of(name: str) -> int:
    return LONG.index(name) if name in LONG else len(LONG)


def make_scheduler(config: pytest.Config, log: Any) -> Any:
    # Only xdist calls this, so only then is it there.
    from xdist.scheduler.loadscope import LoadScopeScheduling

    class Lanes(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return lane(nodeid)

    config.option.loadscopereorder = False
    return Lanes(config, log)


def note_left_out(config: pytest.Config, what: str, number: int) -> None:
    """Tests of this kind cannot run here; it is told at the end, by whichever process speaks to people."""
    config.stash.setdefault(LEFT_OUT, {})[what] = number


def hand_over(config: pytest.Config) -> None:
    """A worker's last words to its controller."""
    if is_worker():
        config.workeroutput["left_out"] = config.stash.get(LEFT_OUT, {})  # type: ignore[attr-defined]


def take_over(config: pytest.Config, node: Any) -> None:
    """Every worker collects everything, so that each one's number is the whole number."""
    told = (getattr(node, "workeroutput", None) or {}).get("left_out", {})
    config.stash.setdefault(LEFT_OUT, {}).update(told)


def say_what_was_left_out(terminal: Any, config: pytest.Config) -> None:
    for what, number in config.stash.get(LEFT_OUT, {}).items():
        title, tests, missing, cure = TOLD[what]
        if number:
            terminal.section(title, sep="!", red=True, bold=True)
            terminal.line(f"{number} {tests} were NOT RUN: no {missing} was found.", red=True, bold=True)
            terminal.line(f"  Cure: {cure}")
