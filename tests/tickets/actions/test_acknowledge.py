"""The automatic "we have it": to people, once a ticket, once a day an address, within limits that show."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import connections
from django.test import override_settings

from channels_inbound.email.compose import compose_mail
from events.delivery import drain
from tests.people import NOW, ZOE, House, events_of, make_house, open_ticket, receive
from tickets.actions import acknowledge_ticket, reply
from tickets.actions.delivery import claim_replies
from tickets.inbound import Address
from tickets.models import Cycle, Message, OutboxState, Ticket


@pytest.fixture
def house(db: None) -> House:
    house = make_house()
    house.channel.acknowledges = True
    house.channel.save()
    return house


def receipts(ticket: Ticket | None = None) -> list[Message]:
    found = Message.objects.filter(auto_kind="receipt").order_by("pk")
    return list(found if ticket is None else found.filter(ticket=ticket))


def test_a_new_ticket_is_acknowledged_by_the_reaction(house: House) -> None:
    ticket = open_ticket(house.channel)
    drain()
    (receipt,) = receipts(ticket)
    assert (receipt.kind, receipt.agent, receipt.sequence, receipt.outbox) == ("outbound", None, 2, OutboxState.QUEUED)
    assert receipt.envelope["to"] == [{"name": "", "address": "zoe@customer.example"}]
    assert events_of(ticket.pk)[-2:] == ["acknowledgement.due", "message.queued"]
    ticket.refresh_from_db()
    assert ticket.waiting_since is not None
    assert ticket.preview == "Hello, my parcel has not arrived."


def test_a_channel_that_does_not_acknowledge_records_nothing(house: House) -> None:
    ticket = open_ticket(house.other_channel)
    drain()
    assert receipts() == []
    assert events_of(ticket.pk) == ["ticket.opened", "message.received"]


def test_nothing_a_stranger_wrote_is_in_it(house: House) -> None:
    ticket = open_ticket(house.channel, subject="BUY NOW", text="evil.example", sender=Address("Click me", ZOE.address))
    acknowledge_ticket(ticket.pk, at=NOW)
    (message,) = claim_replies(5, at=NOW)
    mail = compose_mail(message, at=NOW, load=lambda file: b"")
    content = mail.content.decode()
    assert mail.sender == ""
    assert "Auto-Submitted: auto-replied" in content
    for theirs in ("BUY NOW", "evil.example"):
        assert theirs not in content
    assert f"[#{ticket.pk}]" in content


def test_the_channels_own_text_and_language(house: House) -> None:
    house.channel.acknowledgement = "Дякуємо! Відповімо до вечора."
    house.channel.save()
    ticket = open_ticket(house.channel, language="uk")
    acknowledge_ticket(ticket.pk)
    (receipt,) = receipts(ticket)
    assert (receipt.text, receipt.language) == ("Дякуємо! Відповімо до вечора.", "uk")


def test_twice_is_once(house: House) -> None:
    ticket = open_ticket(house.channel)
    assert acknowledge_ticket(ticket.pk) is not None
    assert acknowledge_ticket(ticket.pk) is None
    assert len(receipts(ticket)) == 1


def test_a_second_ticket_within_the_day_says_why_not(house: House) -> None:
    first, second = open_ticket(house.channel), open_ticket(house.channel)
    acknowledge_ticket(first.pk, at=NOW)
    assert acknowledge_ticket(second.pk, at=NOW + timedelta(hours=23)) is None
    assert events_of(second.pk)[-1] == "acknowledgement.withheld"
    third = open_ticket(house.channel)
    assert acknowledge_ticket(third.pk, at=NOW + timedelta(hours=24)) is not None


def test_a_flood_of_forged_senders_has_a_limit(house: House) -> None:
    with override_settings(ACKNOWLEDGEMENTS_PER_HOUR=3):
        for number in range(6):
            ticket = open_ticket(house.channel, sender=Address("", f"victim{number}@elsewhere.example"))
            acknowledge_ticket(ticket.pk, at=NOW)
    assert len(receipts()) == 3
    assert events_of(ticket.pk)[-1] == "acknowledgement.withheld"


@pytest.mark.parametrize(
    "fields",
    [
        {"auto_kind": "auto_reply"},
        {"auto_kind": "list"},
        {"auto_kind": "bounce"},
        {"verdict": "fail"},
        {"sender": Address("", "noreply@shop.example")},
        {"sender": Address("", "no-reply+42@shop.example")},
        {"sender": Address("", "MAILER-DAEMON@mx.example".lower())},
        {"sender": Address("", "unknown-00ff@sender.invalid")},
    ],
)
def test_machines_and_nobody_are_not_answered(house: House, fields: dict[str, Any]) -> None:
    ticket = open_ticket(house.channel, **fields)
    drain()
    assert acknowledge_ticket(ticket.pk) is None
    assert receipts() == []
    assert "acknowledgement.withheld" not in events_of(ticket.pk)


def test_imported_history_is_not_acknowledged(house: House) -> None:
    ticket = open_ticket(house.channel, historic=True)
    drain()
    assert receipts() == []
    assert "acknowledgement.due" not in events_of(ticket.pk)


def test_an_answer_to_the_same_ticket_is_not_acknowledged(house: House) -> None:
    ticket = open_ticket(house.channel, external_id="first@customer.example")
    drain()
    receive(house.channel, in_reply_to="first@customer.example")
    drain()
    assert len(receipts(ticket)) == 1


def test_an_agent_who_was_quicker_is_enough(house: House) -> None:
    ticket = open_ticket(house.channel)
    reply(ticket.pk, by=house.olena, text="It left this morning.", at=NOW)
    assert acknowledge_ticket(ticket.pk, at=NOW) is None


def test_it_neither_counts_as_a_reply_nor_stops_one(house: House) -> None:
    ticket = open_ticket(house.channel)
    acknowledge_ticket(ticket.pk, at=NOW)
    claim_replies(5, at=NOW)
    assert Cycle.objects.get(ticket=ticket).first_reply_at is None
    message = reply(ticket.pk, by=house.olena, text="It left this morning.", expected=1, at=NOW)
    assert message.sequence == 3


@pytest.mark.django_db(transaction=True)
def test_two_workers_send_one() -> None:
    house = make_house()
    house.channel.acknowledges = True
    house.channel.save()
    tickets = [open_ticket(house.channel), open_ticket(house.channel)]
    start = threading.Barrier(4)

    def work(ticket: Ticket) -> None:
        start.wait()
        acknowledge_ticket(ticket.pk, at=NOW)
        connections.close_all()

    threads = [threading.Thread(target=work, args=(ticket,)) for ticket in tickets * 2]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(receipts()) == 1


def test_a_name_is_no_place_for_a_message(house: House) -> None:
    ticket = open_ticket(house.channel, sender=Address("Locked! Sign in at http://evil.example", "a@customer.example"))
    acknowledge_ticket(ticket.pk, at=NOW)
    (message,) = claim_replies(5, at=NOW)
    assert b"evil.example" not in compose_mail(message, at=NOW, load=lambda file: b"").content


def test_one_mailbox_under_many_names_has_one_turn(house: House) -> None:
    for number in range(3):
        ticket = open_ticket(house.channel, sender=Address("", f"victim+{number}@customer.example"))
        acknowledge_ticket(ticket.pk, at=NOW)
    assert len(receipts()) == 1


@pytest.mark.parametrize("address", ["returns@shop.example", "support+abc@shop.example", "root@localhost"])
def test_our_own_addresses_and_machines_without_a_domain_get_none(house: House, address: str) -> None:
    assert acknowledge_ticket(open_ticket(house.channel, sender=Address("", address)).pk, at=NOW) is None
