"""Roles, the audit, its budget and looking as somebody else, as axe-core judges them, light and dark, desk and phone."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from events.audit import AuditKind, note
from people.roles import save_role
from tests.browser.test_looks import LOOKS, SIZES, judge
from tests.people import House, make_house, open_ticket
from tests.support.browser import OpenPage
from tests.support.live import LiveStack


@pytest.fixture
def house(live_stack: LiveStack) -> House:
    house = make_house()
    ticket = open_ticket(house.channel)
    note(AuditKind.TICKET_OPENED, by=house.olena.actor, ticket_id=ticket.pk)
    save_role(None, by=house.adam, name="Night shift", permissions=["reply"], channels=[house.channel.pk])
    return house


@pytest.mark.parametrize(("size", "scheme"), LOOKS)
def test_the_pages_have_no_violations(size: str, scheme: str, house: House, open_page: OpenPage) -> None:
    width, height = SIZES[size]
    page = open_page(house.adam, viewport={"width": width, "height": height}, color_scheme=scheme)
    for path, heading in (
        ("/team/roles/", "Roles"),
        ("/audit/", "Who did and saw what"),
        ("/audit/budget/", "Daily budget"),
    ):
        page.goto(path)
        expect(page.get_by_role("heading", level=1)).to_have_text(heading)
        judge(page, path)
