"""The built-in SMTP server, spoken to by real clients."""

from __future__ import annotations

import contextlib
import smtplib
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError

from channels_inbound.email import listener as listener_module
from channels_inbound.inbound import drain_inbound
from channels_inbound.models import RawBody, RawDelivery, RawState
from tests.channels_inbound.mails import RunningListener, raw_mail, running_listener
from tests.people import House, make_house
from tickets.models import Message, Ticket

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def house() -> House:
    return make_house()


@pytest.fixture
def server(house: House, tmp_path: Path) -> Iterator[RunningListener]:
    with running_listener(tmp_path, max_size=200_000, max_connections=3, idle_seconds=2) as running:
        yield running


class Talk:
    """Bytes over a socket, for what a client library would not say."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=10)
        self.lines = self.socket.makefile("rb")
        self.greeting = self.lines.readline()

    def say(self, data: bytes) -> bytes:
        self.socket.sendall(data)
        return self.answer()

    def answer(self) -> bytes:
        while True:
            line = self.lines.readline()
            if line[3:4] != b"-":
                return line

    def close(self) -> None:
        self.lines.close()
        self.socket.close()


@contextlib.contextmanager
def talk(server: RunningListener) -> Iterator[Talk]:
    talking = Talk(server.port)
    try:
        yield talking
    finally:
        talking.close()


def test_the_bytes_are_stored_as_they_came_before_250(server: RunningListener) -> None:
    content = raw_mail(text="Привіт\n.\n.dots\n")
    server.send(content)
    delivery = RawDelivery.objects.get()
    assert bytes(RawBody.objects.get().content) == content
    assert delivery.envelope["mail_from"] == "zoe@customer.example"
    assert delivery.envelope["rcpt_tos"] == ["support@shop.example"]
    assert (delivery.size, delivery.state, delivery.transport) == (len(content), RawState.STORED, "smtp")
    assert len(delivery.trace_id) == 16


@pytest.mark.parametrize(
    ("recipient", "taken"),
    [
        ("support@shop.example", True),
        ("SUPPORT@Shop.Example", True),
        ("support+abcdefghijklmnopqrstuvwxyz@shop.example", True),
        ("support+anything@shop.example", True),
        ("nobody@shop.example", False),
        ("support@elsewhere.example", False),
        ("supportive@shop.example", False),
        ("+support@shop.example", False),
    ],
)
def test_only_our_own_addresses_are_taken(server: RunningListener, recipient: str, taken: bool) -> None:
    with server.client() as smtp:
        smtp.ehlo()
        smtp.mail("zoe@customer.example")
        assert smtp.rcpt(recipient)[0] == (250 if taken else 550)


def test_a_switched_off_channel_takes_nothing(server: RunningListener, house: House) -> None:
    house.channel.is_active = False
    house.channel.save()
    with pytest.raises(smtplib.SMTPRecipientsRefused):
        server.send(raw_mail())


def test_one_mail_to_two_mailboxes_is_one_ticket(server: RunningListener) -> None:
    server.send(raw_mail(), "support@shop.example", "returns@shop.example", "Support@shop.example")
    assert RawDelivery.objects.count() == 2
    assert sorted(drain_inbound().elements()) == ["duplicate", "new"]
    assert (Ticket.objects.count(), Message.objects.count()) == (1, 1)
    assert set(RawDelivery.objects.values_list("message_id", flat=True)) == {Message.objects.get().pk}


def test_the_same_mail_three_times_by_two_mailboxes_at_once(server: RunningListener) -> None:
    """Threat R15: one conversation however often it is delivered."""
    copies = [raw_mail(), b"Received: from a by b; now\r\n" + raw_mail(), raw_mail()]
    jobs = [
        threading.Thread(target=server.send, args=(copy, mailbox))
        for copy in copies
        for mailbox in ("support@shop.example", "returns@shop.example")
    ]
    for some in (jobs[:3], jobs[3:]):
        for job in some:
            job.start()
        for job in some:
            job.join()
    drain_inbound()
    assert (Ticket.objects.count(), Message.objects.count()) == (1, 1)
    assert not RawDelivery.objects.filter(state=RawState.STORED).exists()


def test_a_sender_that_did_not_hear_250_may_come_again(server: RunningListener) -> None:
    for _ in range(3):
        server.send(raw_mail())
    assert RawDelivery.objects.count() == 1


def test_many_mails_over_one_connection(server: RunningListener) -> None:
    with server.client() as smtp:
        for number in range(120):
            smtp.sendmail("a@b.example", ["support@shop.example"], raw_mail(Message_ID=f"<{number}@b.example>"))
    assert RawDelivery.objects.count() == 120


class Broken:
    """A database that does not answer."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        raise OperationalError("connection refused: password=secret")


def test_when_the_database_fails_the_sender_keeps_the_mail(
    server: RunningListener, monkeypatch: pytest.MonkeyPatch
) -> None:
    with server.client() as smtp:
        smtp.ehlo()
        smtp.mail("zoe@customer.example")
        assert smtp.rcpt("support@shop.example")[0] == 250
        with monkeypatch.context() as patched:
            patched.setattr(listener_module, "store_raw", Broken)
            code, said = smtp.data(raw_mail())
        assert (code, said) == (451, b"4.3.0 try later")
        # The session is as after a delivery: the next mail goes through on the same connection.
        assert smtp.sendmail("zoe@customer.example", ["support@shop.example"], raw_mail()) == {}
    assert RawDelivery.objects.count() == 1


def test_a_recipient_is_not_refused_for_good_when_the_database_fails(
    server: RunningListener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server.handler.mailboxes, "_current", Broken)
    with server.client() as smtp:
        smtp.ehlo()
        smtp.mail("zoe@customer.example")
        assert smtp.rcpt("support@shop.example") == (451, b"4.3.0 try later")


def test_a_database_that_hangs_is_not_waited_for_for_ever(
    server: RunningListener, monkeypatch: pytest.MonkeyPatch
) -> None:
    let_go = threading.Event()
    monkeypatch.setattr(listener_module, "STORE_SECONDS", 0.3)
    monkeypatch.setattr(listener_module, "store_raw", lambda *args, **kwargs: let_go.wait(10) and [])
    with server.client() as smtp:
        smtp.ehlo()
        smtp.mail("zoe@customer.example")
        smtp.rcpt("support@shop.example")
        started = time.monotonic()
        assert smtp.data(raw_mail())[0] == 451
        assert time.monotonic() - started < 3
    let_go.set()


def test_a_full_disk_is_said_before_the_mail_comes(server: RunningListener, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listener_module, "disk_is_full", lambda path: True)
    with server.client() as smtp:
        smtp.ehlo()
        assert smtp.mail("zoe@customer.example")[0] == 452


def test_size_is_refused_by_the_announcement_and_by_the_content(server: RunningListener) -> None:
    big = raw_mail(text="x" * 70 + "\n") + b"y" * 70 + b"\r\n" * 100_000
    with server.client() as smtp:
        smtp.ehlo()
        assert smtp.esmtp_features["size"] == "200000"
        assert smtp.mail("a@b.example", ["SIZE=300000"])[0] == 552
        smtp.mail("a@b.example")
        smtp.rcpt("support@shop.example")
        assert smtp.data(big)[0] == 552
        assert smtp.noop()[0] == 250
    assert RawDelivery.objects.count() == 0


def test_home_made_senders_with_endless_lines_are_read(server: RunningListener) -> None:
    with server.client() as smtp:
        smtp.sendmail("a@b.example", ["support@shop.example"], b"Subject: one line\r\n\r\n" + b"x" * 150_000)
    assert RawDelivery.objects.get().size > 150_000


def test_international_addresses(server: RunningListener) -> None:
    with server.client() as smtp:
        smtp.ehlo()
        assert smtp.has_extn("smtputf8")
        smtp.sendmail("ївга@приклад.укр", ["support@shop.example"], raw_mail(), mail_options=["SMTPUTF8"])
    assert RawDelivery.objects.get().envelope["mail_from"] == "ївга@приклад.укр"


def test_bytes_that_are_no_text_in_the_envelope(server: RunningListener) -> None:
    with talk(server) as smtp:
        smtp.say(b"EHLO x\xff\xfe\r\n")
        smtp.say(b"MAIL FROM:<z\xff@customer.example>\r\n")
        smtp.say(b"RCPT TO:<support@shop.example>\r\n")
        smtp.say(b"DATA\r\n")
        assert smtp.say(raw_mail() + b"\r\n.\r\n").startswith(b"250")
    assert drain_inbound() == {"new": 1}


def test_null_sender_is_kept_as_such(server: RunningListener) -> None:
    server.send(raw_mail(), sender="")
    assert RawDelivery.objects.get().envelope["mail_from"] == ""


@pytest.mark.parametrize("end", [b"\n.\n", b"\n.\r\n", b"\r.\r\n", b"\r\n.\n", b"\r\n.\r"])
def test_no_other_line_end_smuggles_a_second_mail(server: RunningListener, end: bytes) -> None:
    inner = b"MAIL FROM:<x@y.example>\r\nRCPT TO:<support@shop.example>\r\nDATA\r\nSubject: smuggled\r\n\r\nhi\r\n.\r\n"
    with talk(server) as smtp:
        smtp.say(b"EHLO x\r\n")
        smtp.say(b"MAIL FROM:<a@b.example>\r\n")
        smtp.say(b"RCPT TO:<support@shop.example>\r\n")
        smtp.say(b"DATA\r\n")
        assert smtp.say(b"Subject: outer\r\n\r\nhello" + end + inner).startswith(b"250")
    assert RawDelivery.objects.count() == 1


def test_authentication_is_not_offered(server: RunningListener) -> None:
    with server.client() as smtp:
        smtp.ehlo()
        assert not smtp.has_extn("auth")
        assert not smtp.has_extn("starttls")


def test_one_connection_too_many_is_asked_to_come_later(server: RunningListener) -> None:
    open_ones = [Talk(server.port) for _ in range(3)]
    assert all(each.greeting.startswith(b"220") for each in open_ones)
    assert Talk(server.port).greeting.startswith(b"421")
    open_ones[0].close()
    time.sleep(0.2)
    with talk(server) as again:
        assert again.greeting.startswith(b"220")
    for each in open_ones[1:]:
        each.close()


def test_a_silent_client_is_let_go_a_slow_one_is_not(server: RunningListener) -> None:
    with talk(server) as slow:
        slow.say(b"EHLO x\r\n")
        slow.say(b"MAIL FROM:<a@b.example>\r\n")
        slow.say(b"RCPT TO:<support@shop.example>\r\n")
        slow.say(b"DATA\r\n")
        for _ in range(4):
            slow.socket.sendall(b"Subject: slow\r\n")
            time.sleep(0.8)
        assert slow.say(b"\r\nhello\r\n.\r\n").startswith(b"250")
    with talk(server) as silent:
        started = time.monotonic()
        assert silent.lines.readline() == b""
        assert time.monotonic() - started < 5


@pytest.mark.parametrize("nonsense", [b"\r\n", b"\xff\xfe\r\n", b"X" * 5000 + b"\r\n", b"DATA\r\n", b"RCPT TO:<\r\n"])
def test_nonsense_is_answered_and_survived(server: RunningListener, nonsense: bytes) -> None:
    with talk(server) as smtp:
        assert smtp.say(nonsense)[:1] == b"5"
    server.send(raw_mail())
    assert RawDelivery.objects.count() == 1


def test_commands_in_circles_are_ended(server: RunningListener) -> None:
    with talk(server) as smtp:
        answers = [smtp.say(b"VRFY <a@b>\r\n")[:3] for _ in range(51)]
    assert answers[-1] == b"421"


def test_stopping_lets_a_mail_under_way_be_stored(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    storing, go_on = threading.Event(), threading.Event()
    store = listener_module.store_raw

    def slow_store(*args: Any, **kwargs: Any) -> Any:
        storing.set()
        go_on.wait(10)
        return store(*args, **kwargs)

    monkeypatch.setattr(listener_module, "store_raw", slow_store)
    with running_listener(tmp_path) as server:
        with talk(server) as idle, server.client() as busy:
            said: list[Any] = []
            busy.ehlo()
            busy.mail("a@b.example")
            busy.rcpt("support@shop.example")
            sending = threading.Thread(target=lambda: said.append(busy.data(raw_mail())))
            sending.start()
            assert storing.wait(5)
            stopping = threading.Thread(target=server.stop)
            stopping.start()
            assert idle.answer().startswith(b"421")
            go_on.set()
            sending.join(10)
            stopping.join(10)
            assert said[0][0] == 250
            with contextlib.suppress(smtplib.SMTPServerDisconnected):
                busy.quit()
        server.stop = lambda: None  # type: ignore[method-assign]
    assert RawDelivery.objects.count() == 1
