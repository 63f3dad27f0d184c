"""Having a page, an account or a number bring us what happens there."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.translation import gettext_lazy as _

from channels_inbound.hooks.provider import Account
from channels_inbound.hooks.reading import ident, things
from channels_inbound.meta.graph import bearer, result
from people.http_client import HttpClient

PAGE_COMMENTS = ("feed", "mention")
PAGE_MESSAGES = (
    "messages", "messaging_postbacks", "message_echoes", "message_deliveries", "message_reads", "message_reactions",
    "message_edits", "messaging_referrals", "messaging_optins", "messaging_handovers", "messaging_policy_enforcement",
)  # fmt: skip
INSTAGRAM_COMMENTS = ("comments", "live_comments", "mentions")
INSTAGRAM_MESSAGES = (
    "messages", "messaging_postbacks", "messaging_seen", "message_reactions", "messaging_referral",
)  # fmt: skip


def subscribe(node: str, fields: Sequence[str], account: Account, http: HttpClient) -> str:
    """Subscribe our app at `node`, an address of the API, to these fields beside those it has there: saying some takes
    all others away, and another channel of the same page may need them. SendError."""
    url = f"{node}/subscribed_apps"
    kept = _subscribed(result(http.get(url, headers=bearer(account))), account) if fields else []
    wanted = ",".join(dict.fromkeys([*kept, *fields]))
    result(http.post_json(f"{url}?subscribed_fields={wanted}" if wanted else url, {}, headers=bearer(account)))
    return str(_("The app is subscribed: what happens there comes here."))


def _subscribed(body: dict[str, object], account: Account) -> list[str]:
    """What our app has been subscribed to so far. One that is the only one is ours."""
    apps = list(things(body, "data"))
    ours = str(account.settings.get("app_id", ""))
    mine = [app for app in apps if ours and ident(app, "id") == ours] or (apps if len(apps) == 1 and not ours else [])
    found: list[object] = [name for app in mine for name in _listed(app.get("subscribed_fields"))]
    return [name for name in found if isinstance(name, str) and name.replace("_", "").isalnum()]


def _listed(found: object) -> list[object]:
    return found if isinstance(found, list) else []
