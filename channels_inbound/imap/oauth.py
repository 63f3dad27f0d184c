"""Access tokens for mailboxes that take no passwords (XOAUTH2): asked for, kept until they end, asked for again."""

from __future__ import annotations

import http.client
import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol
from urllib.parse import urlencode, urlsplit

from people.egress import connect, is_loopback, tls_context

PORTS = frozenset({443})
SECONDS = 15.0
MAX_ANSWER = 64 << 10
# A token is replaced before it ends, so that none ends under way.
EARLY = timedelta(minutes=3)
_DEFAULT_LIFE, _LONGEST_LIFE = 3000, 365 * 86_400


class TokenRefused(Exception):
    """The sign-in service says no: somebody has to grant the access again."""


class TokenUnavailable(Exception):
    """The sign-in service cannot be asked just now."""


@dataclass(frozen=True, slots=True)
class TokenClient:
    """Where and as whom to ask."""

    url: str
    client_id: str
    scope: str


def is_fresh(secret: dict[str, str], *, at: datetime) -> bool:
    """Whether the access token in `secret` still holds for a while."""
    ends = secret.get("expires_at", "")
    return bool(secret.get("access_token")) and bool(ends) and datetime.fromisoformat(ends) > at + EARLY


def refresh(client: TokenClient, secret: dict[str, str], *, at: datetime) -> dict[str, str]:
    """The secret with a fresh access token, and with the new refresh token if the service changed it.

    Without a refresh token the helpdesk asks in its own name (client credentials, as Microsoft 365 has it for
    services). Raises TokenRefused or TokenUnavailable.
    """
    asked = {"client_id": client.client_id, "client_secret": secret.get("client_secret", "")}
    if not (secret.get("refresh_token") or secret.get("client_secret")):
        raise TokenRefused("nobody has signed in yet")
    if secret.get("refresh_token"):
        asked |= {"grant_type": "refresh_token", "refresh_token": secret["refresh_token"]}
    else:
        asked |= {"grant_type": "client_credentials"}
    if client.scope:
        asked["scope"] = client.scope
    return secret | _tokens(_ask(client.url, {name: value for name, value in asked.items() if value}), at=at)


def exchange(
    client: TokenClient, code: str, *, verifier: str, redirect_uri: str, client_secret: str, at: datetime
) -> dict[str, str]:
    """The tokens for a code that the sign-in page gave (RFC 6749 4.1.3, RFC 7636). Raises as `refresh` does, and
    TokenRefused when they would not last."""
    asked = {
        "grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri, "code_verifier": verifier,
        "client_id": client.client_id, "client_secret": client_secret,
    }  # fmt: skip
    tokens = _tokens(_ask(client.url, {name: value for name, value in asked.items() if value}), at=at)
    if "refresh_token" not in tokens:
        raise TokenRefused("no_refresh_token")
    return tokens


class SignsIn(Protocol):
    """A mailbox or an outgoing server."""

    authorize_url: str
    token_url: str
    client_id: str


def sign_in_place(row: SignsIn) -> tuple[str, str, str]:
    """Where, and as which client, its owner lets us in."""
    return row.authorize_url, row.token_url, row.client_id


def _tokens(answer: dict[str, object], *, at: datetime) -> dict[str, str]:
    token, lasting = answer.get("access_token"), answer.get("refresh_token")
    if not isinstance(token, str) or not token:
        raise TokenUnavailable("the sign-in service answered without an access token")
    try:
        life = min(max(int(str(answer.get("expires_in") or _DEFAULT_LIFE)), 0), _LONGEST_LIFE)
    except ValueError:
        life = _DEFAULT_LIFE
    fresh = {"access_token": token, "expires_at": (at + timedelta(seconds=life)).isoformat()}
    return fresh | ({"refresh_token": lasting} if isinstance(lasting, str) and lasting else {})


class _Connection(http.client.HTTPSConnection):
    """To an address that was judged; plain HTTP only to this machine."""

    def __init__(self, host: str, port: int, *, encrypted: bool) -> None:
        super().__init__(host, port, timeout=SECONDS, context=tls_context())
        self._encrypted = encrypted

    def connect(self) -> None:
        self.sock = connect(self.host, self.port, timeout=SECONDS, ports=PORTS)
        if self._encrypted:
            self.sock = tls_context().wrap_socket(self.sock, server_hostname=self.host)


def _ask(url: str, form: dict[str, str]) -> dict[str, object]:
    parts = urlsplit(url)
    host = parts.hostname or ""
    encrypted = parts.scheme == "https"
    if not encrypted and not (parts.scheme == "http" and is_loopback(host)):
        raise TokenRefused("the token address must start with https://")
    connection = _Connection(host, parts.port or (443 if encrypted else 80), encrypted=encrypted)
    try:
        connection.request(
            "POST", f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}", urlencode(form),
            {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"},
        )  # fmt: skip
        response = connection.getresponse()
        status, body = response.status, response.read(MAX_ANSWER)
    except http.client.HTTPException as error:
        raise TokenUnavailable(f"the sign-in service answered strangely ({type(error).__name__})") from None
    finally:
        connection.close()
    return _understood(status, body)


def _understood(status: int, body: bytes) -> dict[str, object]:
    """The answer's fields. Of a refusal only the code is told on: its text may carry what nobody should read."""
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        answer = None
    answer = answer if isinstance(answer, dict) else {}
    if status == 200:
        return answer
    code = answer.get("error")
    told = code if isinstance(code, str) and code.replace("_", "").isalnum() and len(code) < 60 else f"HTTP {status}"
    if status in (400, 401, 403) and told != "temporarily_unavailable":
        raise TokenRefused(told)
    raise TokenUnavailable(told)
