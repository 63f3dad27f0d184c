"""All simulators behind one address, and what customers say and hear there."""

from __future__ import annotations

import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.providers import http_system, twilio, x
from tests.providers.customers import Line, now_said, written
from tests.providers.graph import APP_SECRET, GraphServer
from tests.providers.http_system import HttpSystem
from tests.providers.server import Reply, Request, Simulator
from tests.providers.telegram import TelegramServer
from tests.providers.twilio import TwilioServer
from tests.providers.webhooks import Webhook, meta
from tests.providers.x import XServer

KEPT = 200


@dataclass(frozen=True)
class Heard:
    """One line of the page: who said what to whom, and where."""

    provider: str
    who: str
    text: str
    ours: bool
    at: float = field(default_factory=time.time)


class ProviderHouse(Simulator):
    """`/graph/...`, `/telegram/...` and so on go to that provider; everything else is the page."""

    def __init__(self, page: Callable[[ProviderHouse, Request], Reply]) -> None:
        super().__init__()
        self.page = page
        self.parts: dict[str, Simulator] = {
            "graph": GraphServer(), "telegram": TelegramServer(), "x": XServer(), "twilio": TwilioServer(),
            "http": HttpSystem(),
        }  # fmt: skip
        self.lines: dict[str, Line] = {}
        self.people: dict[tuple[str, int], str] = {}
        self.heard: list[Heard] = []

    def is_send(self, request: Request) -> bool:
        return False

    def answer(self, request: Request) -> Reply:
        del self.requests[:-KEPT]
        _, first, *rest = request.path.split("/", 2)
        part = self.parts.get(first)
        if part is None:
            return self.page(self, request)
        before = len(part.accepted)
        reply = part.answer(Request(request.method, f"/{rest[0] if rest else ''}", request.query, request.headers,
                                    request.body))  # fmt: skip
        for taken in part.accepted[before:]:
            provider = provider_of(first, taken, self.lines)
            self.note(Heard(provider, self.name_of(provider, taken), str(taken.get("text") or "a file"), True))
            # Not within the answer: the helpdesk has to know the id first.
            threading.Timer(1.0, self._tell_delivered, [provider, taken]).start()
        return reply

    def note(self, heard: Heard) -> None:
        self.heard.append(heard)
        del self.heard[:-KEPT]

    def name_of(self, provider: str, taken: dict[str, Any]) -> str:
        to = str(addressee(taken))
        for (where, who), name in self.people.items():
            if where == provider and to.endswith(str(who)):
                return name
        return to

    def say(self, provider: str, who: int, name: str, text: str) -> int:
        """A customer writes; the status the helpdesk answered with."""
        self.people[(provider, who)] = name
        said = now_said(who, name, text)
        line = self.lines[provider]
        if provider == "x" and "@" in text:
            webhook = x.mention(said.id, text, author=str(who), name=name)
        else:
            webhook = written(line, said)
        status = post(line.url, webhook)
        self.note(Heard(provider, name, text, False))
        return status

    def later(self, provider: str, who: int, name: str, text: str) -> None:
        """The same, beside the request that asks for it: this server must go on answering meanwhile."""
        threading.Thread(target=self.say, args=[provider, who, name, text], daemon=True).start()

    def call(self, who: int, name: str, *, rings: float) -> None:
        """Somebody calls and gives up after a while."""
        line, number, id = self.lines["phone"], f"+380500{who}", f"CA{int(time.time() * 1000):032}"
        self.note(Heard("phone", name, "calls, and it rings", False))
        post(line.url, twilio.call(line.url, id, "ringing", caller=number, to=line.account, CallerName=name))
        time.sleep(rings)
        post(line.url, twilio.call(line.url, id, "no-answer", caller=number, to=line.account, CallerName=name))
        self.note(Heard("phone", name, "has hung up", False))

    def _tell_delivered(self, provider: str, taken: dict[str, Any]) -> None:
        for webhook in receipts(self.lines[provider], provider, taken):
            url = taken.get("callback") or self.lines[provider].url
            post(str(url), webhook)


def provider_of(part: str, taken: dict[str, Any], lines: dict[str, Line]) -> str:
    """Whose channel it was sent by: Meta's share one API."""
    if part == "twilio":
        return "sms"
    if part != "graph":
        return part
    if taken["path"].endswith("/comments"):
        return "fb_comments"
    if taken["path"].endswith("/replies"):
        return "ig_comments"
    found = [name for name, line in lines.items() if line.account and f"/{line.account}/" in taken["path"]]
    return found[0] if found else "messenger"


def addressee(taken: dict[str, Any]) -> Any:
    recipient = taken.get("recipient")
    if isinstance(recipient, dict):
        return recipient.get("id") or recipient.get("comment_id") or ""
    return taken.get("to") or taken.get("chat_id") or recipient or ""


def receipts(line: Line, provider: str, taken: dict[str, Any]) -> Iterator[Webhook]:
    """What the provider tells of a sending it took."""
    now = time.time()
    if provider == "messenger":
        item = {"sender": {"id": addressee(taken)}, "recipient": {"id": line.account}, "timestamp": int(now * 1000)}
        entry = {"id": line.account, "messaging": [{**item, "delivery": {"mids": [taken["id"]], "watermark": 1}}]}
        yield meta({"object": "page", "entry": [entry]}, APP_SECRET)
    elif provider == "whatsapp":
        for word in ("delivered", "read"):
            status = {
                "id": taken["id"],
                "status": word,
                "timestamp": str(int(now)),
                "recipient_id": str(taken.get("to")),
            }
            value = {"messaging_product": "whatsapp", "metadata": {"phone_number_id": line.account},
                     "statuses": [status]}  # fmt: skip
            yield meta({"object": "whatsapp_business_account",
                        "entry": [{"id": "9", "changes": [{"field": "messages", "value": value}]}]}, APP_SECRET)  # fmt: skip
    elif provider == "sms":
        yield twilio.status(taken["callback"], taken["id"], "delivered", sender=taken["from"], to=taken["to"])
    elif provider == "http":
        yield http_system.item(type="delivered", id=taken["tag"])


def post(url: str, webhook: Webhook) -> int:
    """Over real HTTP; the status, or 0 when nobody answered."""
    target = url if "?" in url or not webhook.query else f"{url}?{webhook.query}"
    request = urllib.request.Request(target, webhook.body, {"Content-Type": webhook.content_type, **webhook.headers})
    try:
        with urllib.request.urlopen(request, timeout=15) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0
