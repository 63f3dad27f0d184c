"""Letting us into a mailbox without its password: its owner signs in at the provider and we get tokens.

Authorization code with PKCE (RFC 6749, RFC 7636). `state` is 256 random bits kept in the admin's session together with
what it was made for, so that a code can be brought back only by the browser that asked for it, once, within minutes.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _

from channels_inbound.credentials import CredentialsError, decrypt
from channels_inbound.imap import actions as mailboxes
from channels_inbound.imap.oauth import TokenClient, exchange, sign_in_place
from channels_inbound.models import Mailbox, MailboxAuth, OutgoingServer
from channels_inbound.outgoing import actions as servers
from people.egress import EgressError, is_loopback
from people.models import Agent
from tickets.errors import InvalidInput, NotFound

MINUTES = timedelta(minutes=15)
AT_ONCE = 5
Row = Mailbox | OutgoingServer
KINDS: dict[str, type[Row]] = {"mailbox": Mailbox, "outgoing": OutgoingServer}


@dataclass(frozen=True, slots=True)
class Offer:
    """What a form shows about signing in."""

    kind: str
    row_id: int
    host: str
    redirect_uri: str
    granted: bool


def redirect_uri() -> str:
    """Where the provider sends the browser back to; it must be registered there."""
    return f"{settings.BASE_URL}{reverse('consent_done')}"


def offer(kind: str, row: Row | None) -> Offer | None:
    """None where nobody has to sign in."""
    if row is None or row.auth != MailboxAuth.OAUTH or not row.authorize_url:
        return None
    return Offer(kind, row.pk, urlsplit(row.authorize_url).hostname or "", redirect_uri(), is_granted(row))


def is_granted(row: Row | None) -> bool:
    """Whether a lasting token is kept."""
    try:
        return bool(row and row.secret and decrypt(row.secret).get("refresh_token"))
    except CredentialsError:
        return False


def find(kind: str, row_id: int) -> Row:
    """The mailbox or server; NotFound when there is none, or nobody signs in for it."""
    model = KINDS.get(kind)
    row = model._default_manager.filter(pk=row_id).first() if model else None
    if row is None or offer(kind, row) is None:
        raise NotFound(_("There is no such mailbox."))
    return row


def begin(kind: str, row: Row, kept: Mapping[str, Any], *, at: datetime) -> tuple[str, dict[str, Any]]:
    """Where to send the browser, and what its session is to keep. InvalidInput for an address that is none."""
    _check_address(row.authorize_url)
    state, verifier = secrets.token_urlsafe(32), secrets.token_urlsafe(48)
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
    asked = {
        "response_type": "code", "client_id": row.client_id, "redirect_uri": redirect_uri(), "scope": row.scope,
        "state": state, "code_challenge": challenge, "code_challenge_method": "S256", "login_hint": row.username,
        # Google gives a lasting token only to who asks so, and only with the consent page shown.
        "access_type": "offline", "prompt": "consent",
    }  # fmt: skip
    entry = {"kind": kind, "row": row.pk, "verifier": verifier, "at": at.isoformat(), "place": sign_in_place(row)}
    joined = "&" if urlsplit(row.authorize_url).query else "?"
    url = f"{row.authorize_url}{joined}{urlencode({name: value for name, value in asked.items() if value})}"
    return url, dict(list(kept.items())[-(AT_ONCE - 1) :]) | {state: entry}


def finish(entry: Mapping[str, Any], code: str, *, by: Agent, at: datetime) -> Row:
    """Change the code for tokens and keep them. Raises what `exchange` and `grant_access` do, and InvalidInput when
    too much time has passed."""
    if datetime.fromisoformat(entry["at"]) < at - MINUTES:
        raise InvalidInput("state", _("Too much time has passed. Sign in once more."))
    row = find(entry["kind"], entry["row"])
    client_secret = decrypt(row.secret).get("client_secret", "") if row.secret else ""
    tokens = exchange(
        TokenClient(row.token_url, row.client_id, row.scope), code, verifier=entry["verifier"],
        redirect_uri=redirect_uri(), client_secret=client_secret, at=at,
    )  # fmt: skip
    grant = mailboxes.grant_access if isinstance(row, Mailbox) else servers.grant_access
    return grant(row.pk, tokens, entry["place"], by=by, at=at)


def _check_address(url: str) -> None:
    parts = urlsplit(url)
    try:
        here = parts.scheme == "http" and is_loopback(parts.hostname or "")
    except EgressError:
        here = False
    if not here and not (parts.scheme == "https" and parts.hostname):
        raise InvalidInput("authorize_url", _("The sign-in page must start with https://."))
