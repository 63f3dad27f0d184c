"""A sign-in service as Google and Microsoft run it: a page that hands out codes, and tokens for codes (PKCE)."""

from __future__ import annotations

import base64
import hashlib
from itertools import count
from urllib.parse import urlencode

from tests.providers.server import Reply, Request, Simulator

CLIENT, CLIENT_SECRET = "helpdesk-client", "client-s3cret"


class SignInServer(Simulator):
    """`lasting`: whether it gives a refresh token; `says_no`: whether the owner declines;
    `life`: how long it says that a renewed token holds."""

    def __init__(self) -> None:
        super().__init__()
        self.codes: dict[str, dict[str, str]] = {}
        self.numbers = count(1)
        self.lasting = True
        self.says_no = False
        self.life = 3600

    def answer(self, request: Request) -> Reply:
        if (request.method, request.path) == ("GET", "/authorize"):
            return self._page({name: values[0] for name, values in request.query.items()})
        if (request.method, request.path) == ("POST", "/token"):
            return self._token(request.form)
        return Reply(404)

    def _page(self, asked: dict[str, str]) -> Reply:
        """What the owner's click leads to."""
        if asked.get("client_id") != CLIENT or asked.get("code_challenge_method") != "S256":
            return Reply(400, {"error": "invalid_request"})
        said = {"state": asked["state"]}
        if self.says_no:
            said |= {"error": "access_denied"}
        else:
            code = f"code-{next(self.numbers)}"
            self.codes[code] = asked
            said |= {"code": code}
        return Reply(302, b"", {"Location": f"{asked['redirect_uri']}?{urlencode(said)}"})

    def _token(self, form: dict[str, str]) -> Reply:
        if form.get("client_secret") != CLIENT_SECRET:
            return Reply(401, {"error": "invalid_client"})
        if form["grant_type"] == "refresh_token":
            return Reply(200, {"access_token": "renewed", "expires_in": self.life})
        asked = self.codes.pop(form.get("code", ""), None)
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        if not asked or asked["redirect_uri"] != form["redirect_uri"] or asked["code_challenge"] != challenge:
            return Reply(400, {"error": "invalid_grant"})
        self.accepted.append(form)
        lasting = {"refresh_token": "lasting-token"} if self.lasting else {}
        return Reply(200, {"access_token": "short-token", "expires_in": 3599, **lasting})
