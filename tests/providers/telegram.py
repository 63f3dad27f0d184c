"""Telegram's Bot API as far as we use it."""

from __future__ import annotations

from itertools import count

from tests.providers.server import Reply, Request, Simulator

TOKEN = "7100000001:test-token"
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360606060000000050001a5f645400000000049454e44ae426082"
)

TOO_MANY = Reply(
    429,
    {
        "ok": False,
        "error_code": 429,
        "description": "Too Many Requests: retry after 7",
        "parameters": {"retry_after": 7},
    },
)
BLOCKED = Reply(403, {"ok": False, "error_code": 403, "description": "Forbidden: bot was blocked by the user"})
UNAUTHORISED = Reply(401, {"ok": False, "error_code": 401, "description": "Unauthorized"})
BROKEN = Reply(502, b"Bad Gateway")


class TelegramServer(Simulator):
    def __init__(self) -> None:
        super().__init__()
        self.numbers = count(45)
        # Presses of buttons that we said we heard of.
        self.answered: list[str] = []
        self.webhook: dict[str, object] = {}
        self.info: dict[str, object] = {"pending_update_count": 0}

    def answer(self, request: Request) -> Reply:
        if request.path.startswith("/file/"):
            return Reply(200, PNG, {"Content-Type": "application/octet-stream"})
        prefix = f"/bot{TOKEN}/"
        if not request.path.startswith(prefix):
            return UNAUTHORISED
        method = request.path.removeprefix(prefix)
        if method in ("sendMessage", "sendPhoto", "sendDocument"):
            fields = request.json if method == "sendMessage" else {"file": request.body}
            self.accepted.append({"method": method, **fields})
            return Reply(200, {"ok": True, "result": {"message_id": next(self.numbers), "chat": {"id": 551230001}}})
        if method == "setWebhook":
            self.webhook = request.json
            return Reply(200, {"ok": True, "result": True})
        if method == "getWebhookInfo":
            return Reply(200, {"ok": True, "result": {"url": self.webhook.get("url", ""), **self.info}})
        if method == "answerCallbackQuery":
            self.answered.append(str(request.json["callback_query_id"]))
            return Reply(200, {"ok": True, "result": True})
        if method == "getMe":
            return Reply(200, {"ok": True, "result": {"id": 7100000001, "username": "lumenloom_bot"}})
        if method == "getFile":
            return Reply(200, {"ok": True, "result": {"file_path": f"photos/{request.json['file_id']}.png"}})
        return Reply(404, {"ok": False, "error_code": 404, "description": "Not Found"})
