"""A real Chromium. Where there is none its tests are not run, and that is said loudly."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from playwright.sync_api import Browser, BrowserContext, Frame, Locator, Page, expect, sync_playwright
from playwright.sync_api import TimeoutError as PlaywrightTimeoutError

from people.models import Agent
from people.sessions import SessionStore
from tests.people import freshness
from tests.support import workers
from tests.support.live import LiveStack

# The last: a page a test answers itself counts as one from elsewhere, whose socket to this machine Chromium forbids.
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-dev-shm-usage",
    "--disable-features=LocalNetworkAccessChecks",
]  # fmt: skip
NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
AXE = Path(__file__).resolve().parents[2] / "node_modules" / "axe-core" / "axe.min.js"
# A loaded machine is slow, not wrong: waiting longer costs nothing where the page is right.
PATIENCE = 60_000
expect.set_options(timeout=PATIENCE / 2)
OpenPage = Callable[..., Page]


@cache
def chromium_path() -> str | None:
    """HELPDESK_CHROMIUM, one on PATH, or the one Playwright installed; None when there is none."""
    if named := os.environ.get("HELPDESK_CHROMIUM"):
        return named
    for name in NAMES:
        if found := shutil.which(name):
            return found
    folder = Path(os.environ.get("PLAYWRIGHT_BROWSERS_PATH") or Path.home() / ".cache" / "ms-playwright")
    installed = sorted(folder.glob("chromium*/chrome-*/*chrome*")) + sorted(
        folder.glob("chromium*/chrome-*/headless_shell")
    )
    programs = [path for path in installed if path.is_file() and os.access(path, os.X_OK)]
    return str(programs[-1]) if programs else None


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Started for one test module: Playwright's loop must not run while other modules test async code."""
    # Playwright's loop runs in this thread, which Django would take for async code touching the ORM.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=ARGUMENTS)
        yield browser
        browser.close()
    os.environ.pop("DJANGO_ALLOW_ASYNC_UNSAFE", None)


@pytest.fixture
def open_page(chromium: Browser, live_stack: LiveStack) -> Iterator[OpenPage]:
    """`open_page(agent=None, **context options)`: a page in a browser profile of its own, signed in as that agent.

    Whatever the page complained of (script errors, content policy) fails the test at its end.
    """
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def open_one(agent: Agent | None = None, **options: Any) -> Page:
        options.setdefault("viewport", {"width": 1440, "height": 900})
        context = chromium.new_context(base_url=live_stack.url, **options)
        context.set_default_timeout(PATIENCE)
        contexts.append(context)
        if agent is not None:
            sign_in(context, agent, live_stack.url)
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(f"script error: {error}"))
        page.on("console", lambda said: _note_console(said.type, said.text, complaints))
        return page

    yield open_one
    for context in contexts:
        context.close()
    assert not complaints, "\n".join(complaints)


def _note_console(kind: str, text: str, complaints: list[str]) -> None:
    # An answer of 4xx is often what a test is about; everything else a browser calls an error is one.
    if kind == "error" and "Failed to load resource" not in text:
        complaints.append(f"console: {text}")


@pytest.fixture
def browser_page(open_page: OpenPage) -> Page:
    """One page, signed in as nobody."""
    return open_page()


def sign_in(context: BrowserContext, agent: Agent, url: str) -> None:
    """Give the browser a session of that agent, as if they had logged in."""
    session = SessionStore()
    session[SESSION_KEY] = str(agent.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = agent.get_session_auth_hash()
    session.update(freshness(agent))
    session.save()
    context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": str(session.session_key), "url": url}])


def write(page: Page, words: str) -> None:
    """Fill the composer. The rich editor may take the plain field's place in between: then it is that one's turn."""
    until = time.monotonic() + PATIENCE / 1000
    while True:
        try:
            return page.locator("#words").fill(words, timeout=3_000)
        except PlaywrightTimeoutError:
            if time.monotonic() > until:
                raise


def into_words(page: Page) -> None:
    """Press into the composer, whichever field it is by now."""
    until = time.monotonic() + PATIENCE / 1000
    while True:
        try:
            return page.locator("#words").click(timeout=3_000)
        except PlaywrightTimeoutError:
            if time.monotonic() > until:
                raise


def expect_words(page: Page, words: str) -> None:
    """Wait until the composer holds these words, whether it is the plain field or the editor already."""
    said = "element => (element.value ?? element.innerText).replace(/\\n+$/, '')"
    until = time.monotonic() + PATIENCE / 2000
    while (found := page.locator("#words").evaluate(said)) != words:
        assert time.monotonic() < until, f"the composer holds {found!r}, not {words!r}"
        page.wait_for_timeout(50)


def reach(page: Page, wanted: Locator, key: str = "Tab") -> None:
    """Go there as one without a mouse does, from stop to stop; within a group of radios and in menus by an arrow."""
    for _step in range(300):
        if wanted.evaluate("one => one === document.activeElement"):
            return
        beside = "one => one.type === 'radio' && document.activeElement.name === one.name"
        page.keyboard.press("ArrowDown" if wanted.evaluate(beside) else key)
    expect(wanted).to_be_focused()


# What fades in is measured once it stands: in between its colours are those of nothing anybody reads.
_AT_REST = """Promise.all(document.getAnimations().filter((one) => one.effect.getComputedTiming().endTime < 2000)
    .map((one) => one.finished.catch(() => {}))).then(() => {})"""


def accessibility_violations(page: Page | Frame) -> list[str]:
    """What axe-core finds wrong on the page as it is now, one line each."""
    page.evaluate(AXE.read_text())
    page.evaluate(_AT_REST)
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{violation['id']}: {violation['help']} at {node['target']}"
        for violation in found["violations"]
        for node in violation["nodes"]
    ]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark every test that needs a browser as such; without a Chromium none of them runs."""
    for item in items:
        if "chromium" in getattr(item, "fixturenames", ()):
            item.add_marker("browser")
    if chromium_path():
        return
    left_out = [item for item in items if item.get_closest_marker("browser")]
    if left_out and os.environ.get("HELPDESK_REQUIRE_BROWSER"):
        raise pytest.UsageError("HELPDESK_REQUIRE_BROWSER is set and no Chromium was found.")
    items[:] = [item for item in items if item not in left_out]
    workers.note_left_out(config, "browser", len(left_out))
