"""Made-up data obeys what the product promises of real data; otherwise what is measured on it says nothing."""

from __future__ import annotations

import pytest
from django.db import connection
from django.db.models import Count, F, Max, Min
from django.utils import timezone

from events.models import Event
from tests.people import open_ticket
from tickets.models import Channel, Conversation, Cycle, Message, SearchEntry, Ticket
from tickets.models.ticket import Tally
from tickets.scale.load import create_scale_data

pytestmark = pytest.mark.django_db
TICKETS, MESSAGES = 60, 420


@pytest.fixture
def loaded() -> None:
    create_scale_data(TICKETS, MESSAGES, now=timezone.now())


def test_so_much_was_asked_for_and_so_much_is_there(loaded: None) -> None:
    assert (Ticket.objects.count(), Message.objects.count()) == (TICKETS, MESSAGES)
    assert SearchEntry.objects.count() == MESSAGES
    assert Conversation.objects.count() == TICKETS


def test_sequences_have_no_gaps(loaded: None) -> None:
    for rows in (
        Message.objects.values("ticket_id"),
        Event.objects.values("stream_type", "stream_id"),
    ):
        spans = list(rows.annotate(n=Count("id"), low=Min("sequence"), high=Max("sequence")))
        assert len(spans) == TICKETS
        assert [span for span in spans if span["low"] != 1 or span["high"] != span["n"]] == []


def test_tickets_agree_with_their_messages(loaded: None) -> None:
    said = {
        row["ticket_id"]: row for row in Message.objects.values("ticket_id").annotate(n=Count("id"), last=Max("at"))
    }
    heard = Message.objects.filter(kind="inbound").values("ticket_id").annotate(last=Max("sequence"))
    inbound = {row["ticket_id"]: row["last"] for row in heard}
    for ticket in Ticket.objects.all():
        assert ticket.message_sequence == said[ticket.pk]["n"]
        assert ticket.last_message_at == said[ticket.pk]["last"]
        assert ticket.inbound_sequence == inbound[ticket.pk]
        assert (ticket.status in ("solved", "closed")) == (ticket.solved_at is not None)
    assert not Message.objects.exclude(search__ticket_id=F("ticket_id")).exists()
    assert set(Cycle.objects.values_list("ticket_id", flat=True)) == set(Ticket.objects.values_list("pk", flat=True))


def test_counts_equal_a_recount(loaded: None) -> None:
    kept = {row["status"]: row["sum"] for row in _tally()}
    counted = {row["status"]: row["n"] for row in Ticket.objects.values("status").annotate(n=Count("id"))}
    assert {status: n for status, n in kept.items() if n} == counted


def _tally() -> list[dict[str, int | str]]:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT status, sum(n)::int FROM {Tally._meta.db_table} GROUP BY 1")
        return [{"status": status, "sum": total} for status, total in cursor.fetchall()]


def test_life_goes_on_behind_the_made_up_tickets(loaded: None) -> None:
    highest = Ticket.objects.order_by("-pk")[0].pk
    assert open_ticket(Channel.objects.order_by("pk")[0]).pk > highest
