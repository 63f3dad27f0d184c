"""The Graph API as far as we use it: messages to people, numbers and comments, uploads, and who we are."""

from __future__ import annotations

from itertools import count

from tests.providers.server import Reply, Request, Simulator

TOKEN = "graph-token-for-tests"
APP_ID = "298761234567890"
APP_SECRET = "meta-app-secret-for-tests-000000000001"
EXPIRED = Reply(
    401, {"error": {"message": "Error validating access token: Session has expired", "code": 190, "error_subcode": 463}}
)
LIMITED = Reply(400, {"error": {"message": "(#4) Application request limit reached", "code": 4, "is_transient": True}})
WINDOW = Reply(
    400,
    {
        "error": {
            "message": "(#10) This message is sent outside of allowed window.",
            "code": 10,
            "error_subcode": 2018278,
        }
    },
)


TEMPLATES = [
    {"name": "order_news", "language": "en", "status": "APPROVED", "category": "UTILITY", "components": [
        {"type": "HEADER", "format": "TEXT", "text": "Nordvik"},
        {"type": "BODY", "text": "Hello {{1}}, your order {{2}} is on its way."},
        {"type": "FOOTER", "text": "Nordvik Outdoor"}]},
    {"name": "order_news", "language": "uk", "status": "APPROVED", "category": "UTILITY", "components": [
        {"type": "BODY", "text": "Вітаємо, {{name}}! Замовлення {{order}} вже в дорозі."}]},
    {"name": "spring_sale", "language": "en", "status": "REJECTED", "category": "MARKETING", "components": [
        {"type": "BODY", "text": "Everything must go!"}]},
    {"name": "with_picture", "language": "en", "status": "APPROVED", "components": [
        {"type": "HEADER", "format": "IMAGE"}, {"type": "BODY", "text": "Look"}]},
]  # fmt: skip


class GraphServer(Simulator):
    def __init__(self) -> None:
        super().__init__()
        self.numbers = count(1)
        self.templates = list(TEMPLATES)
        self.token = TOKEN
        # What the profiles of people say, by their id.
        self.people: dict[str, dict[str, str]] = {}
        # Seconds since 1970 at which the token ends, as debug_token says it; 0: it does not.
        self.ends = 0
        self.renewals: list[Reply] = []
        # The business-scoped id of whom a number belongs to, if it is told.
        self.scoped = ""
        # Files of customers, by their id.
        self.files: dict[str, bytes] = {}
        # What the app is subscribed to, by the node it happens at.
        self.subscribed: dict[str, list[str]] = {}

    def _renewed(self, request: Request) -> Reply:
        """The next token, good for sixty days; the one before it stays good."""
        if self.renewals:
            return self.renewals.pop(0)
        wanted = {"ig_refresh_token": "access_token", "fb_exchange_token": "fb_exchange_token"}
        shown = request.query.get(wanted.get(request.query.get("grant_type", [""])[0], "?"), [""])[0]
        if shown not in (TOKEN, self.token):
            return EXPIRED
        self.token = f"{TOKEN}-{next(self.numbers)}"
        return Reply(200, {"access_token": self.token, "token_type": "bearer", "expires_in": 60 * 86_400})

    def _subscribed(self, request: Request) -> Reply:
        """Saying some fields takes all others away."""
        node = request.path.rsplit("/", 2)[-2]
        if request.method == "POST":
            self.subscribed[node] = request.query.get("subscribed_fields", [""])[0].split(",")
            return Reply(200, {"success": True})
        fields = self.subscribed.get(node)
        return Reply(200, {"data": [{"id": APP_ID, "name": "Shop", "subscribed_fields": fields}] if fields else []})

    def is_send(self, request: Request) -> bool:
        return request.path.endswith(("/messages", "/comments", "/replies"))

    def answer(self, request: Request) -> Reply:
        if request.path in ("/refresh_access_token", "/oauth/access_token"):
            return self._renewed(request)
        if request.path == "/debug_token":
            if request.query.get("access_token") != [f"{APP_ID}|{APP_SECRET}"]:
                return EXPIRED
            return Reply(200, {"data": {"is_valid": True, "expires_at": self.ends}})
        if request.headers.get("authorization") not in (f"Bearer {TOKEN}", f"Bearer {self.token}"):
            return EXPIRED
        if request.path.endswith("/subscribed_apps"):
            return self._subscribed(request)
        if request.path.endswith("/message_templates"):
            first = "after" not in request.query
            paging = {"cursors": {"after": "p2"}, "next": f"{self.url}/evil"} if first else {}
            return Reply(200, {"data": self.templates[:2] if first else self.templates[2:], "paging": paging})
        if request.path.endswith(("/message_attachments", "/media")):
            return Reply(200, {"attachment_id": "900", "id": "900"})
        if (content := self.files.get(request.path.rpartition("/")[2])) is not None:
            if request.path.startswith("/bytes/"):
                return Reply(200, content, {"Content-Type": "application/octet-stream"})
            return Reply(200, {"url": f"{self.url}/bytes{request.path}", "id": request.path[1:]})
        if (known := self.people.get(request.path.rpartition("/")[2])) is not None:
            return Reply(200, {"id": request.path[1:], **known})
        if not self.is_send(request):
            return Reply(200, {"id": "1", "name": "Lumen & Loom", "success": True})
        fields = request.json
        words = fields.get("message")
        shown = words if isinstance(words, str) else (words or fields.get("text") or {})
        text = shown if isinstance(shown, str) else shown.get("text") or shown.get("body") or ""
        id = f"m_sent{next(self.numbers):04}"
        self.accepted.append(
            {"id": id, "text": text, "path": request.path, **{k: v for k, v in fields.items() if k != "text"}}
        )
        if "messaging_product" in fields:
            contacts = [{"wa_id": fields.get("to", ""), "user_id": self.scoped}] if self.scoped else []
            return Reply(200, {"messaging_product": "whatsapp", "contacts": contacts, "messages": [{"id": id}]})
        return Reply(200, {"id": id} if isinstance(words, str) else {"message_id": id, "recipient_id": "1"})
