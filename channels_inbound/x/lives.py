"""How long X's tokens live: one of OAuth 2.0 for two hours, and what renews it is good for one time."""

from __future__ import annotations

import base64
from datetime import datetime, timedelta
from urllib.parse import quote

from channels_inbound.hooks.endpoints import endpoint
from channels_inbound.hooks.provider import Account, Life, SendError
from channels_inbound.hooks.reading import line, number, text
from people.http_client import HttpClient, Unanswered

TWO_HOURS = 7200


def renew_token(account: Account, now: datetime, http: HttpClient) -> Life:
    """A new token and a new refresh token. Without a refresh token nothing can be asked, and the token is taken for one
    that does not end. SendError."""
    client, refresh = str(account.settings.get("client_id", "")).strip(), account.secrets.get("refresh_token", "")
    if not client or not refresh:
        return Life(None)
    asked = [("grant_type", "refresh_token"), ("refresh_token", refresh)]
    secret = account.secrets.get("client_secret", "")
    headers = {}
    if secret:
        pair = f"{quote(client, safe='')}:{quote(secret, safe='')}"
        headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
    else:  # an app that can keep no secret names itself
        asked.append(("client_id", client))
    answer = http.post_form(f"{endpoint('x')}/2/oauth2/token", asked, headers=headers)
    body = answer.json()
    if not answer.ok:
        said = line(body, "error_description", most=300) or line(body, "detail", most=300) or line(body, "error")
        said = said or f"X answered {answer.status}"
        raise SendError("transient" if answer.status == 429 or answer.status >= 500 else "auth", said)
    token = text(body, "access_token", most=2000)
    if not token:
        raise Unanswered("X answered without a token")
    seconds = number(body, "expires_in") or TWO_HOURS
    fresh = text(body, "refresh_token", most=2000)
    return Life(now + timedelta(seconds=min(max(seconds, 60), 10**9)), token, {"refresh_token": fresh} if fresh else {})
