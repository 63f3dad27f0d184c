"""What an agent's action costs: queries of each, exactly, with what the browser asks back, however much there is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.people import House, make_house, open_ticket, signed_in
from tests.tickets.test_page_costs import fill
from tickets.actions.macros import Content, save_macro
from tickets.actions.views import Audience
from tickets.inbound import Address
from tickets.models import Ticket

pytestmark = pytest.mark.django_db

# Session and agent come with each, then the change with its lock, its event and the savepoints of a test, then the parts of
# the ticket that changed and its row. Merging and splitting move rows of a dozen tables, each with one statement.
ACTIONS = {
    "reply": 24, "note": 22, "assign": 13, "tag": 19, "undo": 16, "priority": 12, "snooze": 12, "macro": 22, "draft": 4,
    "seen": 7, "close": 17, "reopen": 15, "split": 53, "merge": 41,
}  # fmt: skip


@pytest.fixture
def house() -> House:
    return make_house()


class Desk:
    """An agent before a ticket, doing what the inbox's scripts post."""

    def __init__(self, house: House, ticket: Ticket) -> None:
        self.house, self.ticket, self.client = house, ticket, signed_in(house.olena)
        self.path, self.event = f"/tickets/{ticket.pk}", 0

    def post(self, path: str, **form: object) -> Any:
        return self.client.post(f"{self.path}/{path}/", {"event": self.event, "row": "1", **form})

    def look(self) -> None:
        """Know the last event, so that only what is new is drawn."""
        self.event = self.client.get(f"{self.path}/updates/?event=0").json()["event"]
        self.ticket.refresh_from_db()


def acts(desk: Desk) -> dict[str, Callable[[], Any]]:
    ticket, post = desk.ticket, desk.post
    other = open_ticket(desk.house.channel, subject="Of somebody else", sender=Address("O", "o@c.example"))
    late = Content("Late", {"": "It comes, {{customer.first_name}}."})
    macro = save_macro(None, late, by=desk.house.adam, audience=Audience())
    change: dict[str, object] = {}

    def tagged() -> Any:
        answer = post("tags", add="fresh")
        change["change"] = answer.json()["change"]
        return answer

    return {
        "reply": lambda: post("messages", kind="reply", text="It left.", expected=ticket.message_sequence, client_id=uuid4()),
        "note": lambda: post("messages", kind="note", text="Ask them.", client_id=uuid4()),
        "assign": lambda: post("assignee", agent=desk.house.ben.pk),
        "tag": tagged,
        "undo": lambda: post("undo", change=change["change"]),
        "priority": lambda: post("priority", priority=40),
        "snooze": lambda: post("snooze", preset="tomorrow"),
        "macro": lambda: post("macro", macro=macro.pk, client_id=uuid4()),
        "draft": lambda: desk.client.post(f"{desk.path}/draft/", {"kind": "reply", "text": "Dear", "revision": "5"}),
        "seen": lambda: desk.client.post(f"{desk.path}/seen/", {"sequence": ticket.message_sequence}),
        "close": lambda: post("status", status="solved"),
        "reopen": lambda: post("status", status="open"),
        "split": lambda: desk.client.post(f"{desk.path}/split/", {"message": [ticket.messages.filter(kind="inbound").latest("sequence").pk]}),
        "merge": lambda: desk.client.post(f"{desk.path}/merge/", {"other": other.pk, "keep": "older", "confirmed": "1"}),
    }  # fmt: skip


@pytest.mark.parametrize("much", [False, True], ids=["few", "many"])
def test_the_queries_of_an_action(house: House, much: bool) -> None:
    """One after the other on one ticket, as in a day's work; each counted alone."""
    desk = Desk(house, fill(house, tickets=25 if much else 1, messages=8 if much else 1))
    found = {}
    for name, act in acts(desk).items():
        desk.look()
        with CaptureQueriesContext(connection) as queries:
            answer = act()
        found[name] = len(queries)
        assert answer.status_code == 200, (name, answer.content[:300])
    assert found == ACTIONS
