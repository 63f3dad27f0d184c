"""The conversation with a sign-in service: OpenID Connect by authorization code, with PKCE, state and nonce.

Everything it says is checked before it is believed: the discovery names the issuer we asked, the token is signed with
a key of that issuer by an algorithm we allow, for us, now, and for the very sign-in this browser began. Calls go
through the egress guard, since the address was typed by somebody.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import jwt
from django.conf import settings
from django.urls import reverse

from .credentials import decrypt
from .egress import EgressError, is_loopback
from .http_client import HttpClient, TooLarge, Unanswered, Unreachable
from .models import ServiceKind, SignInService

# Signatures only; never "none", and never a secret both sides share.
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "ES256", "ES384")
REQUIRED = ["iss", "sub", "aud", "exp", "iat", "nonce"]
MINUTES = timedelta(minutes=10)
LEEWAY = 60  # seconds


class NotBelieved(Exception):
    """The sign-in does not count. The text is for the log: it names the check, never what was said."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Who the service says it is. `email` is empty unless the service vouches for it."""

    subject: str
    email: str
    signed_in_at: int


def redirect_uri(service: SignInService) -> str:
    """Where the service sends the browser back to: one address a service, so that no other can answer for it."""
    return f"{settings.BASE_URL}{reverse('sso_done', args=[service.pk])}"


def begin(service: SignInService, *, again: bool, further: str, at: datetime) -> tuple[str, str, dict[str, Any]]:
    """Where to send the browser, the state, and what its session is to keep under it."""
    found = _discover(service)
    state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
    asked = {
        "response_type": "code", "client_id": service.client_id, "redirect_uri": redirect_uri(service),
        "scope": "openid email profile", "state": state, "nonce": nonce, "code_challenge": challenge,
        "code_challenge_method": "S256",
    }  # fmt: skip
    if again:
        asked |= {"prompt": "login", "max_age": "0"}
    entry = {
        "service": service.pk, "nonce": nonce, "verifier": verifier, "at": at.isoformat(), "again": again,
        "next": further,
    }  # fmt: skip
    place = found["authorization_endpoint"]
    return f"{place}{'&' if urlsplit(place).query else '?'}{urlencode(asked)}", state, entry


def finish(service: SignInService, entry: Mapping[str, Any], code: str, *, issuer: str, at: datetime) -> Identity:
    """Whom the code stands for. `issuer` is the answer's own word about who gives it (RFC 9207), if it has one."""
    if entry["service"] != service.pk:
        raise NotBelieved("another service answered")
    if datetime.fromisoformat(entry["at"]) < at - MINUTES:
        raise NotBelieved("too late")
    if issuer and issuer != service.issuer:
        raise NotBelieved("another issuer answered")
    found = _discover(service)
    claims = _claims(service, _token(service, found, entry, code), _ask(service, found["jwks_uri"]), entry["nonce"])
    signed_in_at = claims.get("auth_time")
    if entry["again"]:
        began = datetime.fromisoformat(entry["at"]).timestamp()
        if not isinstance(signed_in_at, int) or signed_in_at < began - LEEWAY:
            raise NotBelieved("the service did not ask again")
    said = claims.get("email")
    email = said.strip().lower() if isinstance(said, str) and _vouched(service, claims) else ""
    return Identity(str(claims["sub"]), email, signed_in_at if isinstance(signed_in_at, int) else 0)


def _vouched(service: SignInService, claims: Mapping[str, Any]) -> bool:
    """Whether the service has seen that the address is theirs. Microsoft's `email` is what somebody typed into their
    directory unless `xms_edov` says otherwise, and its `email_verified` is not sent."""
    if claims.get("email_verified") is True:
        return True
    return service.kind == ServiceKind.MICROSOFT and claims.get("xms_edov") in (True, 1, "1", "true")


def _claims(service: SignInService, token: str, keys: Mapping[str, Any], nonce: str) -> dict[str, Any]:
    try:
        header = jwt.get_unverified_header(token)
        if header.get("alg") not in ALGORITHMS:
            raise NotBelieved("the token's algorithm is not allowed")
        key = _key(jwt.PyJWKSet.from_dict(dict(keys)), header)
        claims: dict[str, Any] = jwt.decode(
            token, key, algorithms=[str(header["alg"])], audience=service.client_id, issuer=service.issuer,
            leeway=LEEWAY, options={"require": REQUIRED},
        )  # fmt: skip
    except (jwt.PyJWTError, ValueError, TypeError, KeyError) as error:
        raise NotBelieved(f"the token is not right ({type(error).__name__})") from None
    several = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
    if claims.get("azp", service.client_id if not several else "") != service.client_id:
        raise NotBelieved("the token was made for somebody else")
    # Half a character, which JSON can bring, has no bytes.
    if not secrets.compare_digest(str(claims["nonce"]).encode("utf-8", "replace"), nonce.encode()):
        raise NotBelieved("the token belongs to another sign-in")
    if not claims["sub"] or len(str(claims["sub"])) > 255:
        raise NotBelieved("the token names nobody")
    return claims


def _key(keys: jwt.PyJWKSet, header: Mapping[str, Any]) -> jwt.PyJWK:
    """The key the token says it is signed with, for signing, and for this algorithm if it says so."""
    fitting = [key for key in keys.keys if key.public_key_use in (None, "sig")]
    if "kid" in header:
        fitting = [key for key in fitting if key.key_id == header["kid"]]
    if len(fitting) != 1:
        raise NotBelieved("no key of the issuer fits the token")
    return fitting[0]


def _token(service: SignInService, found: Mapping[str, Any], entry: Mapping[str, Any], code: str) -> str:
    secret = decrypt(service.secret).get("client_secret", "") if service.secret else ""
    form = {
        "grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri(service),
        "code_verifier": entry["verifier"],
    }  # fmt: skip
    headers: dict[str, str] = {}
    ways = found.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
    if "client_secret_post" in ways or not secret:
        form |= {"client_id": service.client_id, **({"client_secret": secret} if secret else {})}
    else:
        pair = f"{quote(service.client_id, safe='')}:{quote(secret, safe='')}"
        headers = {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}
    answer = _ask(service, found["token_endpoint"], form, headers)
    token = answer.get("id_token")
    if not isinstance(token, str):
        raise NotBelieved("the service gave no token")
    return token


def _discover(service: SignInService) -> dict[str, Any]:
    found = _ask(service, f"{service.issuer.rstrip('/')}/.well-known/openid-configuration")
    if found.get("issuer") != service.issuer:
        raise NotBelieved("the service calls itself something else")
    for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
        if not isinstance(found.get(name), str) or not is_safe_address(found[name]):
            raise NotBelieved(f"{name} is no https address")
    return found


def is_safe_address(url: str) -> bool:
    """https, or http to this very machine."""
    try:
        parts = urlsplit(url)
        if parts.username or not parts.hostname:
            return False
        return parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname))
    except (ValueError, EgressError):
        return False


def _ask(
    service: SignInService, url: str, form: Mapping[str, str] | None = None, headers: Mapping[str, str] | None = None
) -> dict[str, Any]:
    client = HttpClient(timeout=10.0)
    try:
        answer = client.post_form(url, list(form.items()), headers=headers) if form else client.get(url)
    except (Unreachable, Unanswered, TooLarge) as error:
        raise NotBelieved(f"{service.name} cannot be asked ({type(error).__name__})") from None
    if not answer.ok:
        raise NotBelieved(f"{service.name} answered {answer.status}")
    return answer.json()
