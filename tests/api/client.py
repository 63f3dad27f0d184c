"""A small client that speaks to the API as a program would: a token, JSON, and the answer's status and body."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from people.models import Agent
from people.tokens import create_token

PROBLEM = "application/problem+json"


@dataclass
class Answer:
    status: int
    body: Any
    headers: dict[str, str]
    raw: bytes

    @property
    def code(self) -> str:
        """The problem's code; fails if this is no proper problem document."""
        assert self.headers["Content-Type"] == PROBLEM
        assert self.body["status"] == self.status
        assert self.body["request_id"] == self.headers["X-Request-Id"]
        assert self.body["type"] == f"urn:helpdesk:problem:{self.body['code']}"
        assert self.body["title"] and self.body["detail"]
        return self.body["code"]

    @property
    def wrong_fields(self) -> set[str]:
        assert self.code == "invalid", self.body
        return {error["field"] for error in self.body["errors"]}

    @property
    def ids(self) -> list[int]:
        return [row["id"] for row in self.body["results"]]


@dataclass
class Api:
    """Requests of one token."""

    token: str | None = None
    headers: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, agent: Agent, scopes: tuple[str, ...] = ("read", "write")) -> Api:
        return cls(create_token(agent, "test", scopes, 30)[0])

    def get(self, path: str, **query: Any) -> Answer:
        return self.send("GET", path, query=query)

    def post(self, path: str, body: Any = None, **headers: str) -> Answer:
        return self.send("POST", path, body=body, headers=headers)

    def patch(self, path: str, body: Any = None, **headers: str) -> Answer:
        return self.send("PATCH", path, body=body, headers=headers)

    def upload(self, ticket_id: int, name: str = "a.txt", content: bytes = b"hello", **headers: str) -> Answer:
        file = SimpleUploadedFile(name, content)
        path = f"/api/v1/tickets/{ticket_id}/attachments/"
        return _answer(Client().post(path, {"file": file}, headers=self._headers(headers)))

    def send(
        self, method: str, path: str, *, query: Any = None, body: Any = None, headers: dict[str, str] | None = None
    ) -> Answer:
        address = path if path.startswith(("/", "http")) else f"/api/v1/{path}"
        sent = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        response = Client().generic(
            method, address, sent, content_type="application/json",
            query_params=query or {}, headers=self._headers(headers or {}),
        )  # fmt: skip
        return _answer(response)

    def _headers(self, more: dict[str, str]) -> dict[str, str]:
        own = {"Authorization": f"Token {self.token}"} if self.token is not None else {}
        return own | self.headers | {name.replace("_", "-"): value for name, value in more.items()}


def _answer(response: Any) -> Answer:
    raw = response.getvalue()
    is_json = "json" in response.headers.get("Content-Type", "")
    return Answer(response.status_code, json.loads(raw) if is_json and raw else None, dict(response.headers), raw)
