"""A flood of mail, and agents who answer in the middle of it: whatever waits to be read, a reply leaves within ten seconds.

HELPDESK_FLOOD_MAILS=2000 for a longer one; the figures are printed.
"""

from __future__ import annotations

import os
import smtplib
import threading
import time
from collections.abc import Iterator
from itertools import islice

import pytest

from bench.mails import MadeMail, make_mails
from channels_inbound.models import RawDelivery
from tests.people import House, make_house, open_ticket
from tests.support.live import LiveStack
from tests.support.smtp_sink import SmtpSink
from tickets import actions
from tickets.inbound import Address
from tickets.models import Message, MessageKind

MAILS = int(os.environ.get("HELPDESK_FLOOD_MAILS") or 300)
MAILS_A_LINE = 100  # a listener bears a thousand, and asks for another line then
SERVERS = 8
LIMIT_SECONDS = 10.0
BETWEEN_REPLIES = 0.2
PATIENCE = 600


@pytest.fixture
def house(live_stack: LiveStack) -> House:
    return make_house()


class Flood:
    """Mail servers that hand over all they have as fast as it is taken."""

    def __init__(self, address: tuple[str, int], mails: list[MadeMail]) -> None:
        self.address, self.taken = address, 0
        self._lock, self._mails = threading.Lock(), iter(mails)
        self.threads = [threading.Thread(target=self._hand_over, daemon=True) for _ in range(SERVERS)]

    def start(self) -> None:
        for thread in self.threads:
            thread.start()

    def over(self) -> bool:
        return not any(thread.is_alive() for thread in self.threads)

    def _next(self) -> Iterator[MadeMail]:
        while True:
            with self._lock:
                mail = next(self._mails, None)
            if mail is None:
                return
            yield mail

    def _hand_over(self) -> None:
        mails = self._next()
        while some := list(islice(mails, MAILS_A_LINE)):
            with smtplib.SMTP(*self.address, timeout=120) as server:
                for mail in some:
                    server.sendmail(mail.sender, ["support@shop.example"], mail.raw)
                    with self._lock:
                        self.taken += 1


def unread() -> int:
    return RawDelivery.objects.filter(state="stored").count()


def answered(house: House, number: int, sink: SmtpSink) -> float:
    """Seconds from an agent's click to the customer's mailbox."""
    address = f"waits{number}@customer.example"
    ticket = open_ticket(house.channel, sender=Address("Iva Marin", address))
    began = time.monotonic()
    actions.reply(ticket.pk, by=house.olena, text=f"It is on its way, {number}.", undo_seconds=0)
    while time.monotonic() - began < 6 * LIMIT_SECONDS:
        with sink.lock:
            if any(address in mail.rcpt_tos for mail in sink.mails):
                break
        time.sleep(0.02)
    return time.monotonic() - began


def test_replies_leave_while_a_flood_waits(live_stack: LiveStack, house: House, smtp_sink: SmtpSink) -> None:
    flood = Flood(live_stack.smtp_address, make_mails(MAILS))
    began = time.monotonic()
    flood.start()
    while not unread():  # so that the first reply meets it, too
        time.sleep(0.02)
    waits, deepest, crowded = [], 0, 0
    while not flood.over() or unread():
        assert time.monotonic() - began < PATIENCE, f"{unread()} not read; {live_stack.last_words()}"
        waiting = unread()
        deepest, crowded = max(deepest, waiting), crowded + bool(waiting)
        waits.append(answered(house, len(waits), smtp_sink))
        time.sleep(BETWEEN_REPLIES)
    took = time.monotonic() - began
    print(
        f"\n{MAILS} mails read in {took:.0f} s, {deepest} waited at most; {len(waits)} replies, {crowded} of them amid the"
        f" flood: median {sorted(waits)[len(waits) // 2]:.2f} s, longest {max(waits):.2f} s; load {os.getloadavg()[0]:.1f}"
    )
    assert flood.taken == MAILS
    assert crowded >= 2 and deepest > MAILS // 20, "the flood was none"
    assert max(waits) < LIMIT_SECONDS
    inbound = Message.objects.filter(kind=MessageKind.INBOUND)
    assert inbound.exclude(identity__value__startswith="waits").count() == MAILS
    assert RawDelivery.objects.exclude(state="ingested").count() == 0
