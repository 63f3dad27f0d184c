"""The demo's orders: believable, once, and of its own customers."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from commerce.matching import bought_by
from commerce.models import Order, Shop
from metrics import retention
from metrics.demo import load_demo_orders
from metrics.models import Survey
from people.models import Identity
from tests.people import make_house, open_ticket, row_counts
from tickets.inbound import Address

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 1, tzinfo=UTC)


def test_customers_and_others_have_bought_for_a_year_and_it_happens_once() -> None:
    house = make_house()
    tickets = [open_ticket(house.channel, sender=Address(f"C {n}", f"c{n}@x.example")) for n in range(20)]
    kept = load_demo_orders(now=NOW)
    assert kept is not None and kept.added == Order.objects.count() > 300
    shown = sum(bought_by(ticket.customer_id).count > 0 for ticket in tickets)
    assert shown == Identity.objects.filter(trust="verified").count() >= 10
    assert not Order.objects.filter(placed_at__gt=NOW).exists() and Survey.objects.get().is_active
    found = retention.loyalty(datetime(2026, 8, 1, tzinfo=UTC), NOW)
    assert 20 < (found.repeat.percent or 0) < 80 and found.retention.n > 30
    before = row_counts()
    assert load_demo_orders(now=NOW) is None
    assert row_counts() == before and Shop.objects.count() == 1
