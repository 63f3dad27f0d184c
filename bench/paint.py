"""What an agent waits for in a real browser: the first words of a page, and a row that answers a key."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from bench.cpu import median
from bench.data import scale_database
from bench.pages import AGENT, cookie_of
from bench.stack import Served, Stack, use_database
from bench.table import show

if TYPE_CHECKING:
    from playwright.sync_api import Page  # there for type checkers only

SIZE = 20_000
WARM_UP = 3
FIRST_WORDS = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? null"
# From the key to the frame after which the list (or the head of the ticket) has changed.
PRESS = """
(key) => new Promise((done) => {
  const seen = new MutationObserver(() => {
    seen.disconnect();
    requestAnimationFrame(() => setTimeout(() => done(performance.now() - began)));
  });
  for (const place of ['#rows', '#thread-head']) {
    const all = { subtree: true, childList: true, attributes: true, characterData: true };
    seen.observe(document.querySelector(place), all);
  }
  const began = performance.now();
  const code = `Key${key.toUpperCase()}`;
  document.dispatchEvent(new KeyboardEvent('keydown', { key, code, bubbles: true, cancelable: true }));
})
"""
KEYS = {"next": "j", "assign": "i", "close and next": "e"}


def run(stack: Stack, *, rounds: int = 3, size: int = SIZE, times: int = 10) -> dict[str, list[float]]:
    """Print the medians of all times of all rounds, with the load of the machine before and after."""
    database = scale_database(stack, size)
    use_database(database, stack)
    before = os.getloadavg()[0]
    with stack.serving(database) as served, _page(served) as page:
        addresses = _addresses()
        names = [*(f"first words, {name}" for name in addresses), *KEYS]
        found: dict[str, list[float]] = {name: [] for name in names}
        for turn in range(WARM_UP + rounds * times):
            for name, address in addresses.items():
                took = _first_words(page, served, address)
                if turn >= WARM_UP:
                    found[f"first words, {name}"].append(took)
        _open_list(page, served)
        for turn in range(WARM_UP + rounds * times):
            for name, key in KEYS.items():
                took = page.evaluate(PRESS, key)
                page.wait_for_timeout(400)  # the answer has come, the next ticket stands there
                if turn >= WARM_UP:
                    found[name].append(took)
    _show(found, before, os.getloadavg()[0])
    return found


def _first_words(page: Page, served: Served, address: str) -> float:
    page.goto(f"http://localhost:{served.port}{address}", wait_until="load")
    for _ in range(100):
        if (took := page.evaluate(FIRST_WORDS)) is not None:
            return float(took)
        page.wait_for_timeout(20)
    raise AssertionError(f"{address} was never painted")


def _open_list(page: Page, served: Served) -> None:
    page.goto(f"http://localhost:{served.port}/inbox/open/", wait_until="load")
    page.keyboard.press("j")
    page.locator("#subject").wait_for()
    page.wait_for_timeout(1_000)


@contextmanager
def _page(served: Served) -> Iterator[Any]:
    """A signed-in page of a browser of its own."""
    from playwright.sync_api import sync_playwright  # noqa: PLC0415

    from people.models import Agent  # noqa: PLC0415
    from tests.support.browser import ARGUMENTS, chromium_path  # noqa: PLC0415

    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"  # its loop runs in this thread
    Agent.objects.filter(email=AGENT).update(role="manager")
    name, _, value = cookie_of(Agent.objects.get(email=AGENT)).partition("=")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=ARGUMENTS)
        context = browser.new_context(viewport={"width": 1440, "height": 900})
        context.add_cookies([{"name": name, "value": value, "url": f"http://localhost:{served.port}"}])
        yield context.new_page()
        browser.close()


def _addresses() -> dict[str, str]:
    from people.models import Agent  # noqa: PLC0415
    from tickets.models import Ticket  # noqa: PLC0415

    seen = Ticket.objects.visible_to(Agent.objects.get(email=AGENT)).filter(status="open").order_by("-last_message_at")
    return {"inbox": "/inbox/open/", "ticket": f"/inbox/open/{seen.values_list('pk', flat=True)[0]}/",
            "search": "/search/?q=parcel"}  # fmt: skip


def _show(found: dict[str, list[float]], before: float, after: float) -> None:
    show(
        f"Paint, in Chromium; load of the machine {before:.1f} before and {after:.1f} after",
        ["", "times", "median ms"],
        [[name, len(took), f"{median(took):.0f}"] for name, took in found.items()],
    )
