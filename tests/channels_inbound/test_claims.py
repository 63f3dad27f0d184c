"""The order in which waiting mail is read, whoever reads it."""

from __future__ import annotations

import pytest
from django.utils import timezone

from channels_inbound.claims import claim_waiting
from channels_inbound.inbound import drain_inbound
from channels_inbound.models import RawDelivery
from channels_inbound.raw import store_raw
from tests.channels_inbound.mails import raw_mail
from tests.people import House, make_house
from tickets.models import Message, Ticket

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def house() -> House:
    return make_house()


def deliver(house: House, name: str, *channels: int, **headers: str) -> list[int]:
    content = raw_mail(Message_ID=f"<{name}@customer.example>", **headers)
    rcpt_tos = [f"{channel}@shop.example" for channel in channels]
    return store_raw(list(channels), transport="smtp", content=content, envelope={"rcpt_tos": rcpt_tos})


def free_leases() -> None:
    RawDelivery.objects.update(lease_until=None)


def test_an_answer_to_two_mailboxes_waits_for_what_it_answers(house: House) -> None:
    """Its copy in the idle mailbox must not overtake the question that somebody is reading in the other."""
    support, returns = house.channel.pk, house.other_channel.pk
    deliver(house, "first", support)
    working = claim_waiting(at=timezone.now())
    assert len(working) == 1
    deliver(house, "second", support, returns, In_Reply_To="<first@customer.example>")

    assert drain_inbound() == {}

    free_leases()
    assert drain_inbound() == {"new": 1, "threaded": 1, "duplicate": 1}
    assert Ticket.objects.count() == 1
    assert list(Message.objects.order_by("sequence").values_list("external_id", flat=True)) == [
        "first@customer.example", "second@customer.example",
    ]  # fmt: skip


def test_two_mails_to_both_never_wait_for_each_other(house: House) -> None:
    """Whatever order their rows were given: their ids may cross when both are stored at the same moment."""
    support, returns = house.channel.pk, house.other_channel.pk
    deliver(house, "x", support, returns)
    deliver(house, "y", support, returns)
    x, y = RawDelivery.objects.filter(channel=support).order_by("id").values_list("transport_key", flat=True)
    # Give the copies in one mailbox each other's place.
    RawDelivery.objects.filter(channel=returns, transport_key=x).update(transport_key="held")
    RawDelivery.objects.filter(channel=returns, transport_key=y).update(transport_key=x)
    RawDelivery.objects.filter(channel=returns, transport_key="held").update(transport_key=y)
    seen = 0
    for _ in range(4):  # one mailbox at a time, as different workers would
        seen += len(claim_waiting(at=timezone.now(), limit=1))
        RawDelivery.objects.filter(lease_until__isnull=False).update(state="ingested", lease_until=None)
    assert seen == 4


def test_what_came_to_one_mailbox_waits_for_no_other(house: House) -> None:
    deliver(house, "first", house.channel.pk)
    claim_waiting(at=timezone.now())
    deliver(house, "other", house.other_channel.pk)
    assert drain_inbound() == {"new": 1}
