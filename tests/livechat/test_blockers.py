"""Blockers of ads and annoyances leave the chat alone: all it loads and all that stands on the pages, held against real
lists by the engine of a real blocker.

Lists have licences of their own and are no part of the product. Where they lie says HELPDESK_FILTER_LISTS (a folder of
*.txt), where the engine lies HELPDESK_BLOCKER_ENGINE (a node_modules with @ghostery/adblocker); without both this is
passed over.
"""

from __future__ import annotations

import json
import os
import subprocess
from typing import Any

import pytest
from django.conf import settings
from playwright.sync_api import Frame, Page, expect

from tests.livechat.shop import Shop, make_chat
from tests.livechat.test_stories import OPEN_ROOTS, answer, at_desk, open_ticket
from tests.livechat.test_story import PATIENCE, say, visit
from tests.people import House, make_house
from tests.support.browser import OpenPage
from tests.support.live import LiveStack

LISTS, ENGINE = os.environ.get("HELPDESK_FILTER_LISTS", ""), os.environ.get("HELPDESK_BLOCKER_ENGINE", "")
# A shop, and the helpdesk on a host of the shop's and on one of its own.
SHOP = "https://www.nordvik-goods.example"
HOSTS = ("https://help.nordvik-goods.example", "https://help.nordvik-desk.example")
CONTROL = "https://securepubads.g.doubleclick.net/tag/js/gpt.js"
KINDS = {"document": "sub_frame", "fetch": "xmlhttprequest"}

TOKENS = """() => {
  const found = {classes: new Set(), ids: new Set(), links: new Set()};
  const walk = (root) => {
    for (const one of root.querySelectorAll('*')) {
      one.classList.forEach((name) => found.classes.add(name));
      if (one.id) found.ids.add(one.id);
      if (one.href) found.links.add(String(one.href));
    }
  };
  walk(document);
  return Object.fromEntries(Object.entries(found).map(([name, some]) => [name, [...some]]));
}"""
HITS = """(selectors) => selectors.filter(({selector}) => {
  try { return document.querySelector(selector) !== null; } catch { return false; }
})"""

pytestmark = pytest.mark.skipif(not (LISTS and ENGINE), reason="no lists of blockers are given")


@pytest.fixture
def house(live_stack: LiveStack) -> House:
    return make_house()


def loaded_by(page: Page) -> list[tuple[str, str]]:
    """What the page will load from now on: kind and address."""
    heard: list[tuple[str, str]] = []
    page.on("request", lambda request: heard.append((request.resource_type, request.url)))
    page.on("websocket", lambda socket: heard.append(("websocket", socket.url)))
    return heard


def use_all_of_it(frame: Frame, desk: Page) -> None:
    say(frame, "Are the boots warm?")
    open_ticket(desk, "Are the boots warm?")
    answer(desk, "They are.")
    expect(frame.locator(".log .them")).to_contain_text("They are.", timeout=PATIENCE)
    frame.locator("input[type=file]").set_input_files(
        {"name": "boots.txt", "mimeType": "text/plain", "buffer": b"These ones"}
    )
    expect(frame.locator(".chosen li:not(.busy)")).to_have_count(1, timeout=PATIENCE)
    frame.get_by_role("button", name="Emoji").click()
    frame.locator(".emoji [data-emoji]").first.click()
    frame.locator("#text").press("Enter")
    expect(frame.locator(".log .me .file")).to_be_visible(timeout=PATIENCE)


def ask(told: dict[str, Any]) -> dict[str, Any]:
    done = subprocess.run(
        ["sh", "scripts/node.sh", "node", "scripts/against_blockers.mjs", LISTS, ENGINE], input=json.dumps(told),
        cwd=settings.BASE_DIR, capture_output=True, text=True, check=True,
    )  # fmt: skip
    said: dict[str, Any] = json.loads(done.stdout)
    return said


def test_nothing_of_the_chat_is_stopped_or_hidden(
    live_stack: LiveStack, house: House, shop: Shop, open_page: OpenPage
) -> None:
    connection, _ = make_chat(house, shop.url)
    shop.embed(live_stack.url, connection.key)
    desk, visitor = at_desk(open_page, house.olena), open_page()
    visitor.add_init_script(OPEN_ROOTS)
    heard = loaded_by(visitor)
    frame = visit(visitor, shop)
    use_all_of_it(frame, desk)

    def elsewhere(url: str, host: str) -> str:
        for ours, theirs in ((live_stack.url, host), (shop.url, SHOP)):
            url = url.replace(ours, theirs).replace(ours.replace("http", "ws", 1), theirs.replace("http", "ws", 1))
        return url

    of_ours = [(kind, url) for kind, url in heard if not url.startswith((shop.url, "blob:", "data:"))]
    for part in ("/widget.js", "/facts/", "/frame/", "/sync/", "/message/", "/upload/", "/ws/chat/", "/dist/emoji"):
        assert any(part in url for _kind, url in of_ours), part
    requests = [
        {"url": elsewhere(url, host), "type": KINDS.get(kind, kind),
         "page": SHOP if kind == "script" and url.endswith(("/widget.js", "/widget-more.js")) else f"{host}/widget/{connection.key}/frame/"}
        for host in HOSTS for kind, url in of_ours
    ]  # fmt: skip
    requests.append({"url": CONTROL, "type": "script", "page": SHOP})
    places: list[Page | Frame] = [visitor, frame]
    pages = [{"url": SHOP, **visitor.evaluate(TOKENS)}]
    pages.append({"url": f"{HOSTS[1]}/widget/{connection.key}/frame/", **frame.evaluate(TOKENS)})
    pages.append({"url": SHOP, "classes": ["ad-banner"], "ids": ["ad_banner"], "links": []})

    said = ask({"requests": requests, "pages": pages})
    print(json.dumps({"lists": said["lists"], "addresses": len(requests)}, ensure_ascii=False))

    assert {one["url"] for one in said["stopped"]} == {CONTROL}, said["stopped"]
    shown = [{one["selector"] for one in some} for some in said["selectors"]]
    assert {".ad-banner", "#ad_banner"} & shown[2], "the lists hide nothing, so this says nothing"
    for place, selectors in zip(places, said["selectors"], strict=False):
        assert place.evaluate(HITS, selectors) == []
