"""What no bell announced is delivered all the same: after a lost Redis, and when a failed pair is due again."""

from __future__ import annotations

import pytest
from django.conf import settings

from events import doorbell
from events.models import DeliveryState, EventDelivery
from events.tasks import drain_events
from helpdesk.celery import app
from tests.people import make_house, open_ticket
from tickets import actions


def test_beat_looks_for_everything_a_bell_may_have_missed() -> None:
    """Each bell has a tick that does its work at least every ten seconds."""
    app.finalize()
    ticks = {entry["task"]: entry["schedule"] for entry in app.conf.beat_schedule.values()}
    sweeps = {
        "events": "events.tasks.drain_events",
        "inbound": "channels_inbound.tasks.sweep",
        "hooks": "channels_inbound.tasks.sweep",
        "media": "channels_inbound.tasks.sweep",
        "outbound": "channels_inbound.tasks.send_due",
        "bulk": "tickets.tasks.work_bulk",
        "assign": "tickets.tasks.give_out",
        "privacy": "privacy.tasks.work",
        "orders": "commerce.tasks.drain_orders",
        "replan": "metrics.tasks.replan_clocks",
    }
    assert set(sweeps) == set(settings.DOORBELLS)
    assert all(ticks[task] <= 10 for task in sweeps.values())


@pytest.mark.django_db(transaction=True)
def test_a_bell_that_was_never_rung_costs_a_tick_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doorbell, "ring_now", lambda name: False)
    house = make_house()
    ticket = open_ticket(house.channel)
    actions.assign_ticket(ticket.pk, by=house.ben, assignee=house.olena)
    assert EventDelivery.objects.filter(state=DeliveryState.DUE).exists()

    drain_events()

    assert not EventDelivery.objects.filter(state=DeliveryState.DUE).exists()
