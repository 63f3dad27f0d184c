"""Access tokens for mailboxes that take no passwords (XOAUTH2): asked for, kept until they end, asked for again."""

from __future__ import annotations

import http.client
import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlencode, urlsplit

from channels_inbound.egress import connect, is_loopback, tls_context

PORTS = frozenset({443})
SECONDS = 15.0
MAX_ANSWER = 64 << 10
# A token is replaced before it ends, so that none ends under way.
EARLY = timedelta(minutes=3)
_DEFAULT_LIFE = 3000


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
    if secret.get("refresh_token"):
        asked |= {"grant_type": "refresh_token", "refresh_token": secret["refresh_token"]}
    else:
        asked |= {"grant_type": "client_credentials"}
    if client.scope:
        asked["scope"] = client.scope
    answer = _ask(client.url, {name: value for name, value in asked.items() if value})
    token = answer.get("access_token")
    if not isinstance(token, str) or not token:
        raise TokenUnavailable("the sign-in service answered without an access token")
    try:
        life = int(str(answer.get("expires_in") or _DEFAULT_LIFE))
    except ValueError:
        life = _DEFAULT_LIFE
    fresh = {"access_token": token, "expires_at": (at + timedelta(seconds=life)).isoformat()}
    if isinstance(answer.get("refresh_token"), str) and answer["refresh_token"]:
        fresh["refresh_token"] = str(answer["refresh_token"])
    return secret | fresh


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
    except ValueError:
        answer = None
    answer = answer if isinstance(answer, dict) else {}
    if status == 200:
        return answer
    code = answer.get("error")
    told = code if isinstance(code, str) and code.replace("_", "").isalnum() and len(code) < 60 else f"HTTP {status}"
    if status in (400, 401, 403) and told != "temporarily_unavailable":
        raise TokenRefused(told)
    raise TokenUnavailable(told)
