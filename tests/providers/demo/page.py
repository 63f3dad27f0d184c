"""The page of the simulators: what customers wrote and got, and a form to write as one of them."""

from __future__ import annotations

from html import escape
from typing import Any
from urllib.parse import urlsplit

from tests.providers.demo.house import ProviderHouse
from tests.providers.server import Reply, Request

LABELS = {
    "messenger": "Messenger", "instagram": "Instagram", "whatsapp": "WhatsApp", "telegram": "Telegram", "x": "X",
    "sms": "SMS", "fb_comments": "Facebook comment", "ig_comments": "Instagram comment", "http": "Marketplace",
    "phone": "Phone",
}  # fmt: skip
HTML = {"Content-Type": "text/html; charset=utf-8", "Cache-Control": "no-store",
        "Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; form-action 'self'"}  # fmt: skip
STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 44rem; padding: 1.5rem; color: #1b2130; background: #f6f7f9 }
h1 { font-size: 1.3rem; margin: 0 0 .3rem } p { margin: .2rem 0 1rem; color: #4d566b }
.flag { display: inline-block; background: #7a4b00; color: #fff; border-radius: 4px; padding: 0 .5em; font-size: .8rem }
form { display: grid; grid-template-columns: 11rem 10rem 1fr auto; gap: .5rem; background: #fff; border: 1px solid #d9dde5; border-radius: 8px; padding: .8rem }
label { display: grid; font-size: .8rem; color: #4d566b } input, select, button { font: inherit; padding: .4rem .5rem; border: 1px solid #9aa3b5; border-radius: 6px; background: #fff; color: inherit; min-width: 0 }
button { background: #1f57d6; border-color: #1f57d6; color: #fff; align-self: end }
ol { list-style: none; padding: 0; display: grid; gap: .5rem } li { background: #fff; border: 1px solid #d9dde5; border-radius: 8px; padding: .5rem .8rem; max-width: 80% }
li.ours { justify-self: end; background: #e8effd; border-color: #b9cdf6 } small { display: block; color: #4d566b } li span { white-space: pre-wrap; overflow-wrap: anywhere }
@media (max-width: 40rem) { form { grid-template-columns: 1fr 1fr } form label:nth-of-type(3) { grid-column: 1 / -1 } }
@media (prefers-color-scheme: dark) { body { background: #12161f; color: #e6e9f0 } form, li, input, select { background: #1b2130; border-color: #39435a } li.ours { background: #1c2d52; border-color: #37549a } p, label, small { color: #aab3c5 } }
"""
SCRIPT = """
const list = document.querySelector("ol");
async function look() {
  const answer = await fetch("/log");
  const found = await answer.json();
  if (String(found.length) + (found[0]?.at ?? "") === list.dataset.seen) return;
  list.dataset.seen = String(found.length) + (found[0]?.at ?? "");
  list.replaceChildren(...found.map((one) => {
    const item = document.createElement("li");
    item.className = one.ours ? "ours" : "";
    const head = document.createElement("small");
    head.textContent = one.ours ? `${one.label}, the shop to ${one.who}` : `${one.label}, ${one.who}`;
    const words = document.createElement("span");
    words.textContent = one.text;
    item.append(head, words);
    return item;
  }));
}
look();
setInterval(look, 1500);
"""


def page(house: ProviderHouse, request: Request) -> Reply:
    """The page and what it loads; nothing of it knows a real provider."""
    if request.method == "POST":
        return _say(house, request)
    if request.path == "/log":
        return Reply(200, _log(house), {"Cache-Control": "no-store"})
    if request.path == "/style.css":
        return Reply(200, STYLE.encode(), {"Content-Type": "text/css"})
    if request.path == "/script.js":
        return Reply(200, SCRIPT.encode(), {"Content-Type": "text/javascript"})
    if request.path != "/":
        return Reply(404, b"There is nothing here.", {"Content-Type": "text/plain"})
    return Reply(200, _html(house).encode(), HTML)


def _log(house: ProviderHouse) -> list[dict[str, Any]]:
    return [
        {"label": LABELS[one.provider], "who": one.who, "text": one.text, "ours": one.ours, "at": one.at}
        for one in reversed(house.heard)
    ]


def _say(house: ProviderHouse, request: Request) -> Reply:
    """Only from this very page, so that no other site can speak here."""
    if urlsplit(request.headers.get("origin", "")).netloc != request.headers.get("host"):
        return Reply(403, b"Only from the page itself.", {"Content-Type": "text/plain"})
    fields = request.form
    provider, text = fields.get("provider", ""), fields.get("text", "").strip()[:2000]
    if provider in house.lines and provider != "phone" and text:
        name = fields.get("name", "").strip()[:60] or "A visitor"
        who = 100_000 + sum(ord(c) * (i + 7) for i, c in enumerate(name)) % 800_000
        house.later(provider, who, name, text)
    return Reply(303, b"", {"Location": "/"})


def _html(house: ProviderHouse) -> str:
    options = "".join(
        f'<option value="{name}">{escape(LABELS[name])}</option>' for name in LABELS if name in house.lines
        and name != "phone"
    )  # fmt: skip
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        '<title>Provider simulators (demonstration)</title><link rel="stylesheet" href="/style.css">'
        '<main><h1>Provider simulators</h1><p><span class="flag">Demonstration</span> No real provider is behind this.'
        " What customers write here arrives in the inbox; what the shop answers there arrives here.</p>"
        f'<form method="post"><label>Channel<select name="provider">{options}</select></label>'
        '<label>Your name<input name="name" value="Zoe Bauer" maxlength="60" required></label>'
        '<label>Message<input name="text" maxlength="2000" required autocomplete="off"></label>'
        '<button>Write</button></form><ol aria-live="polite"></ol></main><script src="/script.js"></script></html>'
    )
