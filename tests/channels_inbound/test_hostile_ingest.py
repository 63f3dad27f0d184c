"""Hostile mail through the whole way in: each becomes a ticket or waits in quarantine, never both, and the next goes on."""

from __future__ import annotations

import pytest

from channels_inbound.email.pool import ParseFailure
from channels_inbound.inbound import drain_inbound
from channels_inbound.models import RawDelivery, RawState
from channels_inbound.raw import store_raw
from tests.channels_inbound.email.building import html_mail
from tests.channels_inbound.email.building import raw_mail as plain_mail
from tests.channels_inbound.email.test_hostile import POISON, nested
from tests.channels_inbound.mails import raw_mail
from tests.people import House, make_house
from tickets.models import Message, Ticket

pytestmark = pytest.mark.django_db(transaction=True)

BOMBS = {
    "nested": nested(2000),
    "parts": plain_mail(b"--b\r\n\r\nx\r\n" * 100_000, Content_Type="multipart/mixed; boundary=b"),
    "words": plain_mail(Subject="=?utf-8?q?w?= " * 8000),
    "recipients": plain_mail(To=", ".join(f"n{number}@b.example" for number in range(8000))),
    "html": html_mail("<div>" * 100_000 + "Hello"),
    "long": plain_mail("word " * 300_000),
}


@pytest.fixture
def house() -> House:
    return make_house()


def bring_in(house: House, *mails: bytes) -> list[RawDelivery]:
    ids = [
        store_raw([house.channel.pk], transport="smtp", content=raw, envelope={"mail_from": "z@customer.example"})[0]
        for raw in mails
    ]
    drain_inbound()
    return [RawDelivery.objects.get(pk=pk) for pk in ids]


def test_poison_mails_are_tickets_and_the_next_mail_arrives(house: House) -> None:
    mails = [raw.replace(b"<m1@", b"<m%d@" % number) for number, raw in enumerate(POISON.values())]
    deliveries = bring_in(house, *mails, raw_mail())
    assert [delivery.state for delivery in deliveries] == [RawState.INGESTED] * (len(POISON) + 1)
    assert Ticket.objects.count() == Message.objects.count() == len(POISON) + 1
    assert not Message.objects.filter(truncated=True).exists()


@pytest.mark.parametrize("raw", BOMBS.values(), ids=BOMBS)
def test_a_bomb_is_a_ticket_of_what_was_read_and_says_so(house: House, raw: bytes) -> None:
    bomb, after = bring_in(house, raw, raw_mail())
    assert (bomb.state, after.state) == (RawState.INGESTED, RawState.INGESTED)
    assert Ticket.objects.count() == 2
    assert sorted(Message.objects.values_list("truncated", flat=True)) == [False, True]


def test_what_ends_its_reader_waits_in_quarantine_and_is_no_ticket(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    def parse_many(raws: list[bytes], **options: object) -> list[object]:
        results = real(raws, **options)
        return [
            ParseFailure("timeout", "too slow") if b"poison" in raw else item
            for raw, item in zip(raws, results, strict=True)
        ]

    from channels_inbound import inbound

    real = inbound.parse_many
    monkeypatch.setattr(inbound, "parse_many", parse_many)
    bad, good = bring_in(house, raw_mail(Subject="poison", Message_ID="<p@x>"), raw_mail())
    assert (bad.state, bad.reason) == (RawState.QUARANTINED, "timeout: too slow")
    assert good.state == RawState.INGESTED
    assert list(Ticket.objects.values_list("subject", flat=True)) == ["Where is my parcel?"]
    drain_inbound()
    assert Ticket.objects.count() == 1
