"""How long Meta's tokens live. Those of Instagram's own sign-in end after sixty days and are renewed with themselves;
those of pages and system users mostly do not end, and an app that may ask is told when one does."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

from channels_inbound.hooks.endpoints import endpoint
from channels_inbound.hooks.provider import RENEW_LEFT, Account, Life
from channels_inbound.hooks.reading import number, text, thing
from channels_inbound.meta.graph import result
from people.http_client import HttpClient, Unanswered

# A token of Instagram's can be renewed once it is a day old.
A_DAY_AND_MORE = timedelta(hours=25)


def renew_instagram(account: Account, now: datetime, http: HttpClient) -> Life:
    """A new token for sixty days; the old one stays good for its own time. SendError."""
    asked = {"grant_type": "ig_refresh_token", "access_token": account.secrets.get("token", "")}
    # This call has no version in its address.
    base = re.sub(r"/v\d+\.\d+$", "", endpoint("instagram"))
    return _new(result(http.get(f"{base}/refresh_access_token?{urlencode(asked)}")), now)


def renew_graph(account: Account, ends_at: datetime | None, now: datetime, http: HttpClient) -> Life:
    """When the token ends, and a longer one in its place when that is near. Without the app's id nothing can be asked,
    and it is taken for one that does not end. SendError."""
    app, secrets = str(account.settings.get("app_id", "")), account.secret_list("app_secret")
    token = account.secrets.get("token", "")
    if not app or not secrets:
        return Life(None)
    asked = {"input_token": token, "access_token": f"{app}|{secrets[0]}"}
    said = thing(result(http.get(f"{endpoint('graph')}/debug_token?{urlencode(asked)}")), "data")
    seconds = number(said, "expires_at") or 0
    if seconds <= 0:
        return Life(None)
    ends = datetime.fromtimestamp(min(seconds, 4_000_000_000), UTC)
    if ends - now > RENEW_LEFT:
        return Life(ends)
    exchange = {"grant_type": "fb_exchange_token", "client_id": app, "client_secret": secrets[0],
                "fb_exchange_token": token}  # fmt: skip
    found = _new(result(http.get(f"{endpoint('graph')}/oauth/access_token?{urlencode(exchange)}")), now)
    return found if found.ends_at is None or found.ends_at > ends else Life(ends)


def _new(body: dict[str, object], now: datetime) -> Life:
    token, seconds = text(body, "access_token", most=2000), number(body, "expires_in")
    if not token:
        raise Unanswered("the provider answered without a token")
    return Life(now + timedelta(seconds=min(seconds, 10**9)) if seconds else None, token)
