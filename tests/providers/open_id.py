"""A sign-in service that speaks OpenID Connect: discovery, a page that hands out codes, signed tokens, its keys."""

from __future__ import annotations

import base64
import hashlib
import json
import time
from itertools import count
from typing import Any
from urllib.parse import urlencode

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.providers.server import Reply, Request, Simulator

CLIENT, CLIENT_SECRET = "helpdesk-client", "client-s3cret"


class OpenIdServer(Simulator):
    """`claims` are put over what a token says by itself (None takes one out); `signs` makes the token otherwise."""

    def __init__(self) -> None:
        super().__init__()
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.codes: dict[str, dict[str, str]] = {}
        self.numbers = count(1)
        self.claims: dict[str, Any] = {"sub": "account-7", "email": "olena@shop.example", "email_verified": True}
        self.discovery: dict[str, Any] = {}
        self.signs: Any = None

    def answer(self, request: Request) -> Reply:
        pages = {
            ("GET", "/.well-known/openid-configuration"): self._discovery,
            ("GET", "/authorize"): self._page,
            ("POST", "/token"): self._token,
            ("GET", "/keys"): self._keys,
        }
        page = pages.get((request.method, request.path))
        return page(request) if page else Reply(404)

    def _discovery(self, request: Request) -> Reply:
        known = {
            "issuer": self.url, "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token", "jwks_uri": f"{self.url}/keys",
        }  # fmt: skip
        return Reply(200, known | self.discovery)

    def _page(self, request: Request) -> Reply:
        asked = {name: values[0] for name, values in request.query.items()}
        code = f"code-{next(self.numbers)}"
        self.codes[code] = asked
        said = {"code": code, "state": asked["state"]}
        return Reply(302, b"", {"Location": f"{asked['redirect_uri']}?{urlencode(said)}"})

    def _token(self, request: Request) -> Reply:
        form = request.form
        given = base64.b64encode(f"{CLIENT}:{CLIENT_SECRET}".encode()).decode()
        asked = self.codes.pop(form.get("code", ""), None)
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        right = asked and asked["redirect_uri"] == form["redirect_uri"] and asked["code_challenge"] == challenge
        if not asked or not right or request.headers.get("authorization") != f"Basic {given}":
            return Reply(400, {"error": "invalid_grant"})
        return Reply(200, {"access_token": "x", "token_type": "Bearer", "id_token": self.token_for(asked)})

    def token_for(self, asked: dict[str, str]) -> str:
        now = int(time.time())
        claims: dict[str, Any] = {
            "iss": self.url, "aud": CLIENT, "iat": now, "exp": now + 300, "auth_time": now, "nonce": asked["nonce"],
        }  # fmt: skip
        claims = {name: value for name, value in (claims | self.claims).items() if value is not None}
        if self.signs:
            return str(self.signs(claims))
        return jwt.encode(claims, self.key, algorithm="RS256", headers={"kid": "one"})

    def _keys(self, request: Request) -> Reply:
        return Reply(200, {"keys": [self.public_key()]})

    def public_key(self) -> dict[str, Any]:
        public = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(self.key.public_key()))
        return {**public, "kid": "one", "use": "sig", "alg": "RS256"}
