"""What stands in the demo shop: real mail through the real door, and nothing that leaves the machine."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.db import transaction
from django.test import Client, override_settings
from django.utils import timezone

from channels_inbound.models import DemoMail, RawDelivery, RawState
from commerce.matching import bought_by
from commerce.models import Order
from events.delivery import drain
from events.models import Event
from helpdesk.demo import load_whole_demo
from metrics import retention
from metrics.models import SurveyAnswer, SurveyInvitation
from people.models import Agent
from tests.people import assert_gapless, row_counts
from tickets.conditions import resolve, ticket_q
from tickets.models import (
    Attachment,
    AutoKind,
    Channel,
    LinkReason,
    Macro,
    Message,
    MessageKind,
    OutboxState,
    Participant,
    ParticipantState,
    SavedView,
    Status,
    Ticket,
    TicketLink,
)

pytestmark = pytest.mark.django_db

Shop = dict[str, Any]


@pytest.fixture(scope="module")
def loaded(django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """The shop, loaded once for the tests that only look at it, and gone after this file."""
    data_dir = tmp_path_factory.mktemp("demo")
    with django_db_blocker.unblock(), override_settings(DATA_DIR=data_dir):
        undo = transaction.atomic()
        undo.__enter__()
        try:
            assert load_whole_demo() is not None
            yield {"data_dir": data_dir, **json.loads((data_dir / "demo.json").read_text())}
        finally:
            transaction.set_rollback(True)
            undo.__exit__(None, None, None)


@pytest.fixture
def shop(loaded: Shop, settings: Any) -> Shop:
    """The loaded shop's facts, as the launcher reads them. What a test changes is undone after it."""
    settings.DATA_DIR = loaded["data_dir"]
    return loaded


def test_everything_an_inbox_may_hold_is_there(shop: Shop) -> None:
    assert 40 <= Ticket.objects.count() <= 60
    assert set(Ticket.objects.values_list("status", flat=True)) == set(Status.values)
    assert len(set(Ticket.objects.values_list("priority", flat=True))) == 4
    assert set(Ticket.objects.values_list("language", flat=True)) >= {"en", "uk"}
    assert Ticket.objects.filter(snoozed_until__gt=timezone.now()).count() == 3
    assert Ticket.objects.filter(assignee=None, status=Status.OPEN).count() >= 4
    assert set(Message.objects.values_list("kind", flat=True)) == set(MessageKind.values)
    autos = set(Message.objects.values_list("auto_kind", flat=True))
    assert autos == {AutoKind.NONE, AutoKind.AUTO_REPLY, AutoKind.LIST, AutoKind.BOUNCE, AutoKind.SURVEY}
    outbox = set(Message.objects.filter(kind=MessageKind.OUTBOUND).values_list("outbox", flat=True))
    assert outbox == {OutboxState.SENT, OutboxState.FAILED, OutboxState.UNKNOWN}
    assert Participant.objects.filter(state=ParticipantState.PENDING).count() == 1
    assert set(TicketLink.objects.values_list("reason", flat=True)) == {
        LinkReason.FOLLOW_UP,
        LinkReason.UNPROVEN_REFERENCE,
    }
    assert Attachment.objects.filter(content_type="image/png", inline=False).count() == 3
    assert Attachment.objects.filter(inline=True).count() == 1
    assert Message.objects.filter(html__contains="images.nordvik.example").count() == 1
    assert Message.objects.exclude(quoted=[]).count() >= 10
    states = set(RawDelivery.objects.values_list("state", flat=True))
    assert states == {RawState.INGESTED, RawState.DUPLICATE, RawState.QUARANTINED}


def test_the_shop_lies_in_the_past_and_its_latest_is_minutes_old(shop: Shop) -> None:
    now = timezone.now()
    newest, oldest = (
        Message.objects.order_by("-at").values_list("at", flat=True)[0],
        Message.objects.order_by("at").values_list("at", flat=True)[0],
    )
    assert now - timedelta(minutes=5) < newest < now
    assert now - timedelta(days=29) < oldest < now - timedelta(days=20)
    assert not Event.objects.filter(stream_type="ticket", at__gt=now).exists()
    # As ids rise, time does: the past was played in its order.
    opened = list(Ticket.objects.order_by("pk").values_list("opened_at", flat=True))
    assert opened == sorted(opened)


def test_sequences_have_no_gaps_and_counts_agree(shop: Shop) -> None:
    for ticket in Ticket.objects.all():
        assert_gapless(ticket.pk)
        messages = Message.objects.filter(ticket=ticket).order_by("sequence")
        assert [message.sequence for message in messages] == list(range(1, ticket.message_sequence + 1))
        times = [message.at for message in messages]
        assert times == sorted(times)
        inbound = [message.sequence for message in messages if message.kind == MessageKind.INBOUND]
        assert ticket.inbound_sequence == inbound[-1]


def test_nothing_waits_to_leave(shop: Shop) -> None:
    """What was answered lies in the demo mailbox, as the outbox says, and no worker will find anything to send."""
    waiting = (OutboxState.QUEUED, OutboxState.SENDING)
    assert not Message.objects.filter(outbox__in=waiting).exists()
    sent = Message.objects.filter(kind=MessageKind.OUTBOUND, sent_at__isnull=False)
    assert DemoMail.objects.count() == sent.count() > 20
    assert set(DemoMail.objects.values_list("message_id", flat=True)) == set(sent.values_list("pk", flat=True))
    assert all(message.sent_at == message.at for message in sent)


def test_logins_work_and_only_their_owner_can_read_them(shop: Shop) -> None:
    assert stat.S_IMODE(os.stat(shop["data_dir"] / "demo.json").st_mode) == 0o600
    assert [login["role"] for login in shop["logins"]] == ["agent", "agent", "manager", "admin", "viewer"]
    assert shop["logins"][0]["email"] == "agent@nordvik.example"
    assert shop["support_address"] == Channel.objects.get(name="Support").address
    assert len({login["password"] for login in shop["logins"]}) == 5
    for login in shop["logins"]:
        assert len(login["password"]) == 19
        client = Client()
        response = client.post("/accounts/login/", {"login": login["email"], "password": login["password"]})
        assert response.status_code == 302, login
    others = Agent.objects.exclude(email__in=[login["email"] for login in shop["logins"]])
    assert [agent.has_usable_password() for agent in others] == [False, False]


def test_a_second_load_changes_nothing(shop: Shop, capsys: Any) -> None:
    before, written = row_counts(), (shop["data_dir"] / "demo.json").read_bytes()
    call_command("load_demo")
    assert "in use already" in capsys.readouterr().out
    assert row_counts() == before
    assert (shop["data_dir"] / "demo.json").read_bytes() == written


def test_its_events_reach_their_listeners(shop: Shop) -> None:
    """Nobody is told of what they did themselves, and the demo agent finds notices."""
    drain()
    marta = Agent.objects.get(email="agent@nordvik.example")
    kinds = set(marta.notifications.values_list("event__kind", flat=True))
    assert {"ticket.assigned", "message.received", "delivery.failed", "delivery.unknown"} <= kinds
    # The bell greets nobody with what happened days ago.
    unread = marta.notifications.filter(read_at=None)
    assert 0 < unread.count() < 10
    assert min(unread.values_list("event__at", flat=True)) > timezone.now() - timedelta(hours=3)


def test_customers_are_proven_and_have_the_orders_they_write_about(shop: Shop) -> None:
    elin = Ticket.objects.get(subject="Refund for order 48190").customer
    bought = bought_by(elin.pk)
    assert "48190" in {order.number for order in bought.orders} and bought.unproven == 0
    boots = Order.objects.get(number="48213")
    assert [item["title"] for item in boots.items] == ["Fjellrev boots"], "what she writes about is what she ordered"
    assert Order.objects.count() > 500
    now = timezone.now()
    assert Order.objects.filter(placed_at__gt=now).count() == 0
    found = retention.loyalty(now - timedelta(days=90), now)
    assert 20 < (found.repeat.percent or 0) < 80 and found.retention.n > 30


def test_surveys_were_asked_and_answered_by_their_own_rules(shop: Shop) -> None:
    asked = SurveyInvitation.objects.filter(state="asked")
    assert set(SurveyAnswer.objects.values_list("kind", flat=True)) == {"csat", "nps", "ces"}
    assert 5 < SurveyAnswer.objects.count() <= asked.count()
    assert not SurveyAnswer.objects.filter(answered_at__gt=timezone.now()).exists()
    assert all(row.reason for row in SurveyInvitation.objects.filter(state="withheld"))


def test_there_are_views_and_canned_replies(shop: Shop) -> None:
    assert SavedView.objects.count() == 3 and Macro.objects.count() == 2
    marta = Agent.objects.get(email="agent@nordvik.example")
    for view in SavedView.objects.all():
        assert Ticket.objects.visible_to(marta).filter(ticket_q(resolve(view.where, marta))).exists(), view
