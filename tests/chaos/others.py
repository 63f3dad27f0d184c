"""Who else writes during the storm: visitors of a shop by the widget, and a system by its webhook. Each asks again with
the same id until it hears yes, as browsers and providers do; what was said yes to must be there once."""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import http.client
import json
import random
import threading
import time
import urllib.error
import urllib.request
import uuid
from abc import ABC, abstractmethod
from collections import Counter
from typing import Any

from tests.chaos.house import HOOK_SECRET, ChaosHouse

PAUSE = 0.5


class Writer(threading.Thread, ABC):
    """Writes lines until told to stop, each until it was taken. `taken` are those somebody said yes to."""

    def __init__(self, house: ChaosHouse, seed: int, name: str) -> None:
        super().__init__(name=name, daemon=True)
        self.house, self.mark = house, name
        self.chance = random.Random(seed)
        self.over = threading.Event()
        self.taken: list[str] = []
        self.codes: Counter[int] = Counter()

    def run(self) -> None:
        number = 0
        while not self.over.wait(self.chance.uniform(0.5, 1.5) * PAUSE):
            words, number = f"{self.mark} line {number} end", number + 1
            again = str(uuid.UUID(int=self.chance.getrandbits(128), version=4))
            while not self._tell(words, again):
                if self.over.is_set():
                    return
                time.sleep(PAUSE)
            self.taken.append(words)

    @abstractmethod
    def _tell(self, words: str, again: str) -> bool:
        """Say it, as what `again` names; whether somebody said yes."""

    def _post(self, path: str, body: bytes, headers: dict[str, str]) -> bool:
        code = 0
        request = urllib.request.Request(self.house.url + path, body, {"Content-Type": "application/json", **headers})
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                code = answer.status
        except urllib.error.HTTPError as error:
            code = error.code
        except (OSError, http.client.HTTPException):
            pass
        self.codes[code] += 1
        return 200 <= code < 300


class Visitor(Writer):
    """A browser with its own secret, in the frame the helpdesk served."""

    def _tell(self, words: str, again: str) -> bool:
        key, shown = self.house.widget
        body = json.dumps({"text": words, "client": again, "name": self.mark}).encode()
        secret = hashlib.sha256(self.mark.encode()).hexdigest()[:43]
        headers = {"Origin": self.house.url, "X-Chat-Pass": shown, "Authorization": f"Bearer {secret}"}
        return self._post(f"/widget/{key}/message/", body, headers)


class System(Writer):
    """Another system of the shop's that speaks the signed contract of docs/http-channel.md."""

    def _tell(self, words: str, again: str) -> bool:
        item = {"type": "message", "id": again, "sender": {"id": self.mark, "name": self.mark}, "text": words}
        body, stamp = json.dumps(item).encode(), str(int(time.time()))
        signature = hmac.new(HOOK_SECRET.encode(), f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
        return self._post(self.house.hook, body, {"X-Helpdesk-Signature": f"t={stamp},v1={signature}"})


class Friend(Writer):
    """A customer in Telegram: its servers repeat an update until they hear yes. Agents answer there, too."""

    def _tell(self, words: str, again: str) -> bool:
        who, number = 700_000 + int(self.mark.removeprefix("friend")), int(uuid.UUID(again)) % 2_000_000_000
        update = {"update_id": number, "message": {
            "message_id": number, "date": int(time.time()), "text": words, "from": {"id": who, "is_bot": False,
            "first_name": self.mark}, "chat": {"id": who, "type": "private"}}}  # fmt: skip
        path, secret = self.house.telegram
        return self._post(path, json.dumps(update).encode(), {"X-Telegram-Bot-Api-Secret-Token": secret})


def wrong_lines(house: ChaosHouse, writers: list[Writer]) -> list[str]:
    """Lines that were taken and are not there exactly once."""
    found: Counter[str] = Counter()
    with contextlib.suppress(ValueError):
        found = Counter(row["text"].strip() for row in house.rows(LINES))
    wrong = [
        f"{words!r} is there {found[words]} times" for writer in writers for words in writer.taken if found[words] != 1
    ]
    return wrong + [f"{words!r} is there {times} times" for words, times in found.items() if times > 1]


LINES = """
SELECT m.text FROM tickets_message m JOIN tickets_conversation c ON c.id = m.conversation_id
JOIN tickets_channel h ON h.id = c.channel_id WHERE h.kind <> 'email' AND m.kind = 'inbound'
"""


def told_of(writers: list[Writer]) -> dict[str, Any]:
    return {writer.mark: (len(writer.taken), dict(writer.codes)) for writer in writers}
