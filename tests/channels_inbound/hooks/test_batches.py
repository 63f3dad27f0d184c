"""Several things in one delivery: one that is malformed spoils none of the others."""

from __future__ import annotations

from typing import Any

import pytest

from channels_inbound.hooks.drain import drain_hooks
from channels_inbound.hooks.facts import Unread
from channels_inbound.models import RawDelivery
from channels_inbound.quarantine import parse_again
from tests.channels_inbound.hooks.house import KEY, connect, deliver
from tests.channels_inbound.hooks.test_parsers import ACCOUNTS
from tests.channels_inbound.hooks.test_variants import chat, facts, wa
from tests.people import House, make_house
from tests.providers.graph import APP_SECRET, TOKEN
from tests.providers.webhooks import meta
from tickets.models import Message


def three(kind: str) -> dict[str, Any]:
    """Two good things and a bad one between them."""
    if kind == "http":
        good = [{"id": str(n), "sender": {"id": "7"}, "text": f"Hello {n}"} for n in (1, 2)]
        return {"items": [good[0], {"id": "3", "text": "whose?"}, good[1]]}
    if kind == "whatsapp":
        said = [
            {"from": "380671110022", "id": id, "type": "text", "text": {"body": "Hi"}} for id in ("wamid.1", "wamid.2")
        ]
        return wa({"messages": [said[0], {"from": "380671110022", "type": "text"}, said[1]]})
    if kind in ("fb_comments", "ig_comments"):
        page = kind == "fb_comments"
        values: list[dict[str, Any]] = [
            {"item": "comment", "verb": "add", "comment_id": id, "from": {"id": "5"}, "message": "Hi"} if page
            else {"id": id, "from": {"id": "5"}, "text": "Hi"} for id in ("1_1", "", "1_2")
        ]  # fmt: skip
        changes = [{"field": "feed" if page else "comments", "value": value} for value in values]
        entry = {"id": ACCOUNTS[kind], "changes": changes}
        return {"object": "page" if page else "instagram", "entry": [entry]}
    content = chat(kind, message={"mid": "m1", "text": "Hi"})
    item = content["entry"][0]["messaging"][0]
    items = [item, item | {"message": {"text": "no mid"}}, item | {"message": {"mid": "m2", "text": "Hi"}}]
    return content | {"entry": [content["entry"][0] | {"messaging": items}]}


@pytest.mark.parametrize("kind", ["http", "whatsapp", "messenger", "instagram", "fb_comments", "ig_comments"])
def test_the_others_are_heard(kind: str) -> None:
    assert [isinstance(fact, Unread) for fact in facts(kind, three(kind))] == [False, True, False]


@pytest.mark.django_db(transaction=True)
def test_the_rest_waits_in_quarantine_with_its_reason(settings: Any) -> None:
    settings.CREDENTIALS_KEYS = [KEY]
    house: House = make_house()
    values = {"page_id": ACCOUNTS["messenger"], "token": TOKEN, "app_secret": APP_SECRET}
    made = connect(house, "messenger", values)
    assert deliver(made, meta(three("messenger"), APP_SECRET)).status_code == 200
    assert drain_hooks() == {"quarantined": 1}
    assert Message.objects.count() == 2
    raw = RawDelivery.objects.get()
    assert (raw.state, raw.reason) == (
        "quarantined", "not as the provider's contract says: a message without its mid",
    )  # fmt: skip
    parse_again(raw.pk, by=house.adam)
    assert drain_hooks() == {"quarantined": 1}
    assert Message.objects.count() == 2, "tried again, nothing is heard twice"
