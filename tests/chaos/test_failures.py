"""One failure at a time, each at the worst moment (threats R3, R6, R7, R13, R19, R21, R22, R27)."""

from __future__ import annotations

import errno
import os
import selectors
import signal
import smtplib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import redis
from django.conf import settings as django_settings
from django.db import OperationalError, connection, connections, transaction
from django.test import Client, override_settings
from django.utils import timezone

from channels_inbound import claims, delivery, inbound
from channels_inbound.delivery import drain_outbound
from channels_inbound.inbound import drain_inbound
from channels_inbound.models import RawDelivery, RawState
from channels_inbound.outgoing import dispatch
from channels_inbound.raw import store_raw
from channels_inbound.tasks import send_due, sweep
from events import doorbell
from helpdesk.runtime.redis import Redis
from tests.api.client import Api
from tests.channels_inbound.mails import make_mail, raw_mail, running_listener
from tests.people import House, assert_gapless, make_house, open_ticket
from tests.support.smtp_sink import STEPS, SmtpSink, Step
from tickets import actions
from tickets.actions.delivery import LEASE, release_expired
from tickets.models import Attachment, Message, MessageKind, OutboxState, Ticket

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def house() -> House:
    return make_house()


@pytest.fixture
def outgoing(smtp_sink: SmtpSink) -> Iterator[SmtpSink]:
    with override_settings(EMAIL_URL=smtp_sink.url, EMAIL_HOST=smtp_sink.host, EMAIL_PORT=smtp_sink.port):
        yield smtp_sink


# ---- R13: a mail server that fails at each step, and a worker that is killed around it


class Killed(BaseException):
    """kill -9: nothing of the worker's own runs after it."""


def kill_before_handover(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(dispatch, "begin_handover", _die)


def kill_after_handover(patch: pytest.MonkeyPatch) -> None:
    begin = dispatch.begin_handover

    def begin_and_die(*args: Any, **kwargs: Any) -> bool:
        begin(*args, **kwargs)
        raise Killed

    patch.setattr(dispatch, "begin_handover", begin_and_die)


def kill_before_the_outcome(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(delivery, "_record", _die)


def _die(*args: Any, **kwargs: Any) -> None:
    raise Killed


KILLS: dict[str, Callable[[pytest.MonkeyPatch], None] | None] = {
    "nobody": None,
    "before the handover": kill_before_handover,
    "after the handover": kill_after_handover,
    "before the outcome is kept": kill_before_the_outcome,
}
ANSWERS = {"cut": None, "451": "451 4.3.0 later", "550": "550 5.7.1 no", "250 twice": "250 yes\r\n250 yes"}


def let_time_pass() -> None:
    """Leases end and waits are over."""
    Message.objects.filter(outbox=OutboxState.SENDING).update(lease_until=timezone.now() - timedelta(seconds=1))
    Message.objects.filter(outbox=OutboxState.QUEUED).update(not_before=timezone.now() - timedelta(seconds=1))


def send_until_settled(message: Message) -> None:
    for _ in range(6):
        drain_outbound()
        let_time_pass()
        release_expired(at=timezone.now())
        message.refresh_from_db()
        if message.outbox not in (OutboxState.QUEUED, OutboxState.SENDING):
            return


def failures() -> Iterator[tuple[Step, str]]:
    """What a server can do where: it does not answer in the middle of a mail, and says yes twice after one."""
    for step in STEPS:
        for answer in ANSWERS:
            if not (step == "content" and answer != "cut") and not (step != "answer" and answer == "250 twice"):
                yield step, answer


@pytest.mark.parametrize("killed", KILLS)
@pytest.mark.parametrize(("step", "answer"), list(failures()))
def test_a_reply_arrives_once_or_shows_that_it_may_not_have(
    house: House, outgoing: SmtpSink, monkeypatch: pytest.MonkeyPatch, step: Step, answer: str, killed: str
) -> None:
    ticket = open_ticket(house.channel)
    message = actions.reply(ticket.pk, by=house.olena, text="It left.", undo_seconds=0)
    outgoing.fail(step, ANSWERS[answer])
    if kill := KILLS[killed]:
        with monkeypatch.context() as patch:
            kill(patch)
            try:
                drain_outbound()
            except Killed:
                let_time_pass()
                release_expired(at=timezone.now())

    send_until_settled(message)

    ticket.refresh_from_db()
    arrived = len(outgoing.mails)
    assert arrived <= 1
    assert message.outbox in (OutboxState.SENT, OutboxState.UNKNOWN, OutboxState.FAILED)
    if message.outbox == OutboxState.SENT:
        assert (arrived, ticket.needs_attention) == (1, False)
    else:
        assert (ticket.needs_attention, message.error != "") == (True, True)
    if message.outbox == OutboxState.FAILED:
        assert (arrived, answer) == (0, "550")
    if killed == "nobody" and step not in ("content", "answer") and answer in ("cut", "451"):
        assert message.outbox == OutboxState.SENT
    if killed == "nobody" and (step, answer) == ("answer", "cut"):
        assert message.outbox == OutboxState.UNKNOWN
    assert_gapless(ticket.pk)


def test_after_a_server_that_answers_twice_the_next_reply_gets_its_own_answer(house: House, outgoing: SmtpSink) -> None:
    """One answer too many must not be taken for the answer to the next command: the other mail is refused."""
    first, second = (open_ticket(house.channel) for _ in range(2))
    told = [actions.reply(ticket.pk, by=house.olena, text="It left.", undo_seconds=0) for ticket in (first, second)]
    outgoing.fail("answer", "250 yes\r\n250 yes")
    drain_outbound()
    for message in told:
        message.refresh_from_db()
    assert told[0].outbox == OutboxState.SENT
    for message in told:
        send_until_settled(message)
    assert [message.outbox for message in told] == [OutboxState.SENT, OutboxState.SENT]
    assert len(outgoing.mails) == 2


# ---- R3: the same job twice


def test_a_worker_that_comes_back_late_writes_nothing(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its lease ended while it read, somebody else did the work: it finds its claim taken."""
    store_raw([house.channel.pk], transport="smtp", content=raw_mail(), envelope={})
    late = claims.claim_waiting(at=timezone.now())
    understood = inbound._understand(late)
    RawDelivery.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    assert drain_inbound() == {"new": 1}
    assert inbound._settle(understood) == []
    assert (Ticket.objects.count(), Message.objects.count()) == (1, 1)


def test_every_task_may_run_many_times_at_once(house: House, outgoing: SmtpSink) -> None:
    for number in range(10):
        store_raw(
            [house.channel.pk], transport="smtp", content=raw_mail(Message_ID=f"<{number}@c.example>"), envelope={}
        )
    drain_inbound()
    for ticket in Ticket.objects.all():
        actions.reply(ticket.pk, by=house.olena, text="It left.", undo_seconds=0)
    for number in range(10, 20):
        store_raw(
            [house.channel.pk], transport="smtp", content=raw_mail(Message_ID=f"<{number}@c.example>"), envelope={}
        )

    def work() -> None:
        sweep()
        send_due()
        connections.close_all()

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    sweep()
    assert Message.objects.filter(kind=MessageKind.INBOUND).count() == 20
    assert len({mail.message["Message-ID"] for mail in outgoing.mails}) == len(outgoing.mails) == 10


# ---- R6, R7: Redis


@pytest.fixture
def own_redis(tmp_path: Path) -> Iterator[Redis]:
    server = Redis(tmp_path / "redis", password="secret")
    server.start()
    with override_settings(REDIS_URL=server.url):
        doorbell.probe_client.cache_clear()
        doorbell.breaker.reset()
        yield server
    doorbell.probe_client.cache_clear()
    doorbell.breaker.reset()
    if server.process:
        os.kill(server.process.pid, signal.SIGCONT)
    server.stop()


def test_an_agent_sends_while_redis_is_frozen(house: House, own_redis: Redis, outgoing: SmtpSink) -> None:
    """The answer to the click does not wait for Redis, and the reply leaves by the sweep."""
    tickets = [open_ticket(house.channel) for _ in range(3)]
    client = Client()
    client.force_login(house.olena)
    client.get(f"/tickets/{tickets[0].pk}/pane/")
    assert own_redis.process
    os.kill(own_redis.process.pid, signal.SIGSTOP)
    spent = []
    for ticket in tickets:
        began = time.monotonic()
        answer = client.post(f"/tickets/{ticket.pk}/messages/", {"kind": "reply", "text": "It left.", "expected": "1"})
        spent.append(time.monotonic() - began)
        assert answer.status_code == 200
    # The first pays for one short time-out, the others for none: the breaker is open.
    assert min(spent) < 1 and sum(spent) < 3
    Message.objects.filter(kind=MessageKind.OUTBOUND).update(not_before=timezone.now())
    assert drain_outbound() == {"accepted": 3}
    assert len(outgoing.mails) == 3


def test_everything_in_redis_may_vanish_at_any_time(house: House, own_redis: Redis, outgoing: SmtpSink) -> None:
    client = redis.Redis.from_url(own_redis.url)
    store_raw([house.channel.pk], transport="smtp", content=raw_mail(), envelope={})
    client.flushall()
    sweep()
    ticket = Ticket.objects.get()
    actions.reply(ticket.pk, by=house.olena, text="It left.", undo_seconds=0)
    client.flushall()
    sweep()
    assert len(outgoing.mails) == 1


# ---- R19, R21: what we said and what we know


class CutAtCommit:
    """Stands between us and PostgreSQL. Once armed it lets the next COMMIT through and then cuts the line, so that
    nobody on our side knows whether it took effect. `before` cuts instead of letting it through."""

    def __init__(self, folder: Path, target: Path) -> None:
        self.target, self.armed, self.before, self.cut = target, False, False, 0
        self.mark = b"COMMIT"  # or something of a statement that is a transaction of its own
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(folder / target.name))
        self.listener.listen(20)
        self.folder = folder
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                ours, _ = self.listener.accept()
            except OSError:
                return
            theirs = socket.socket(socket.AF_UNIX)
            theirs.connect(str(self.target))
            threading.Thread(target=self._carry, args=(ours, theirs), daemon=True).start()

    def _carry(self, ours: socket.socket, theirs: socket.socket) -> None:
        with selectors.DefaultSelector() as selector, ours, theirs:
            selector.register(ours, selectors.EVENT_READ, theirs)
            selector.register(theirs, selectors.EVENT_READ, ours)
            while True:
                for key, _ in selector.select():
                    data = key.fileobj.recv(1 << 16)  # type: ignore[union-attr]
                    if not data:
                        return
                    commit = key.fileobj is ours and self.armed and self.mark in data
                    if commit and self.before:
                        self.armed, self.cut = False, self.cut + 1
                        return
                    key.data.sendall(data)
                    if commit:
                        self.armed, self.cut = False, self.cut + 1
                        theirs.recv(1 << 16)  # PostgreSQL has done it; we do not say so
                        return


@pytest.fixture(params=[False, True], ids=["after it took effect", "before it arrived"])
def line(
    request: pytest.FixtureRequest, house: House, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[CutAtCommit]:
    """This thread's connection goes by a line that can be cut."""
    host = django_settings.DATABASES["default"]["HOST"]
    [target] = [path for path in Path(host).glob(".s.PGSQL.*") if path.suffix != ".lock"]
    cutting = CutAtCommit(tmp_path_factory.mktemp("s"), target)
    cutting.before = request.param
    connection.close()
    kept = connection.settings_dict["HOST"]
    connection.settings_dict["HOST"] = str(cutting.folder)
    yield cutting
    connection.close()
    connection.settings_dict["HOST"] = kept
    cutting.listener.close()


@contextmanager
def nobody_knows(line: CutAtCommit, *, armed: bool = True) -> Iterator[None]:
    line.armed = armed
    with pytest.raises(OperationalError):
        yield
    assert line.cut == 1
    connection.close()


def test_a_mail_whose_commit_nobody_heard_is_stored_once(house: House, line: CutAtCommit) -> None:
    def store() -> list[int]:
        return store_raw([house.channel.pk], transport="smtp", content=raw_mail(), envelope={})

    line.mark = raw_mail()[:40]  # one statement, which the server commits by itself
    with nobody_knows(line):
        store()
    assert store() == store()  # the sender comes again, and again
    assert RawDelivery.objects.count() == 1
    assert drain_inbound() == {"new": 1}


def test_a_batch_whose_commit_nobody_heard_is_read_once(house: House, line: CutAtCommit) -> None:
    store_raw([house.channel.pk], transport="smtp", content=raw_mail(), envelope={})
    waiting = claims.claim_waiting(at=timezone.now())
    understood = inbound._understand(waiting)
    with nobody_knows(line):
        inbound._settle(understood)
    RawDelivery.objects.filter(state=RawState.STORED).update(lease_until=timezone.now() - timedelta(seconds=1))
    drain_inbound()
    assert (Ticket.objects.count(), Message.objects.count()) == (1, 1)
    assert RawDelivery.objects.get().message == Message.objects.get()


def test_a_click_whose_commit_nobody_heard_is_one_reply(house: House, line: CutAtCommit) -> None:
    import uuid

    ticket, click = open_ticket(house.channel), uuid.uuid4()

    def send() -> Message:
        return actions.reply(ticket.pk, by=house.olena, text="It left.", client_id=click, expected=1)

    with nobody_knows(line):
        send()
    assert send().pk == send().pk
    assert Message.objects.filter(kind=MessageKind.OUTBOUND).count() == 1
    assert_gapless(ticket.pk)


def test_a_request_whose_commit_nobody_heard_is_repeated_under_its_key(house: House, line: CutAtCommit) -> None:
    ticket, api = open_ticket(house.channel), Api.of(house.olena)

    def post() -> Any:
        body = {"kind": "reply", "text": "It left.", "expected_sequence": 1}
        return api.post(f"tickets/{ticket.pk}/messages/", body, Idempotency_Key="once")

    line.armed = True
    assert (post().status, line.cut) == (503, 1)
    assert post().body == post().body
    assert Message.objects.filter(kind=MessageKind.OUTBOUND).count() == 1


def test_an_outcome_whose_commit_nobody_heard_is_never_a_second_mail(
    house: House, outgoing: SmtpSink, line: CutAtCommit, monkeypatch: pytest.MonkeyPatch
) -> None:
    message = actions.reply(open_ticket(house.channel).pk, by=house.olena, text="It left.", undo_seconds=0)
    accepted = delivery.record_accepted

    def cut_then(*args: Any, **kwargs: Any) -> bool:
        line.armed = True
        return accepted(*args, **kwargs)

    with monkeypatch.context() as patch:
        patch.setattr(delivery, "record_accepted", cut_then)
        with nobody_knows(line, armed=False):
            drain_outbound()
    send_until_settled(message)
    assert len(outgoing.mails) == 1
    assert message.outbox == (OutboxState.UNKNOWN if line.before else OutboxState.SENT)


def test_a_handover_whose_commit_nobody_heard_sends_at_most_once(
    house: House, outgoing: SmtpSink, line: CutAtCommit, monkeypatch: pytest.MonkeyPatch
) -> None:
    message = actions.reply(open_ticket(house.channel).pk, by=house.olena, text="It left.", undo_seconds=0)
    begin = dispatch.begin_handover

    def cut_then(*args: Any, **kwargs: Any) -> bool:
        line.armed = True
        with transaction.atomic():
            return begin(*args, **kwargs)

    with monkeypatch.context() as patch:
        patch.setattr(dispatch, "begin_handover", cut_then)
        with nobody_knows(line, armed=False):
            drain_outbound()
    assert outgoing.mails == []
    send_until_settled(message)
    assert (message.outbox, len(outgoing.mails)) in ((OutboxState.SENT, 1), (OutboxState.UNKNOWN, 0))


# ---- R22: somebody holds a lock


@contextmanager
def held(ticket: Ticket) -> Iterator[None]:
    """Another transaction that writes to the ticket and does not end."""
    holding, let_go = threading.Event(), threading.Event()

    def hold() -> None:
        with transaction.atomic():
            Ticket.objects.select_for_update().get(pk=ticket.pk)
            holding.set()
            let_go.wait(30)
        connections.close_all()

    thread = threading.Thread(target=hold)
    thread.start()
    assert holding.wait(10)
    try:
        yield
    finally:
        let_go.set()
        thread.join(10)


def test_a_held_ticket_stops_nothing_but_itself(house: House, outgoing: SmtpSink) -> None:
    stuck, free = open_ticket(house.channel), open_ticket(house.channel)
    for ticket in (stuck, free):
        actions.reply(ticket.pk, by=house.olena, text="It left.", undo_seconds=0)
    client = Client(raise_request_exception=False)
    client.force_login(house.olena)
    with held(stuck):
        assert drain_outbound() == {"accepted": 1}
        for path in ("/inbox/open/", f"/tickets/{stuck.pk}/pane/", f"/tickets/{free.pk}/pane/"):
            assert client.get(path).status_code == 200
        began = time.monotonic()
        answer = client.post(f"/tickets/{stuck.pk}/messages/", {"kind": "note", "text": "Hello"})
        assert time.monotonic() - began < 8
        assert answer.status_code in (409, 503)
        assert Api.of(house.olena).post(f"tickets/{stuck.pk}/messages/", {"kind": "note", "text": "Hi"}).status in (
            409,
            503,
        )
        assert client.post(f"/tickets/{free.pk}/messages/", {"kind": "note", "text": "Hello"}).status_code == 200
    assert drain_outbound() == {"accepted": 1}
    assert client.post(f"/tickets/{stuck.pk}/messages/", {"kind": "note", "text": "Hello"}).status_code == 200
    assert Message.objects.filter(ticket=stuck, kind=MessageKind.NOTE).count() == 1


def test_mail_for_a_held_ticket_waits_and_comes_in(house: House) -> None:
    ticket = open_ticket(house.channel, external_id="first@customer.example")
    answer = raw_mail(Message_ID="<second@customer.example>", In_Reply_To="<first@customer.example>")
    store_raw([house.channel.pk], transport="smtp", content=answer, envelope={})
    with held(ticket), pytest.raises(OperationalError):
        drain_inbound()
    assert RawDelivery.objects.get().state == RawState.STORED
    RawDelivery.objects.update(lease_until=None)
    assert drain_inbound() == {"threaded": 1}


# ---- R27: the disk is full


def test_a_full_disk_keeps_the_mail_waiting_and_leaves_no_row_without_its_file(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    mail = make_mail()
    mail.add_attachment(os.urandom(1000), maintype="application", subtype="pdf", filename="a.pdf")
    store_raw([house.channel.pk], transport="smtp", content=mail.as_bytes(), envelope={})
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", _disk_full)
        with pytest.raises(OSError, match="No space"):
            drain_inbound()
    assert RawDelivery.objects.get().state == RawState.STORED
    assert (Message.objects.count(), Attachment.objects.count()) == (0, 0)
    folder = Path(django_settings.FILES_DIR) / "attachments"
    assert list(folder.glob("??/??/*.*")) == []  # nothing half written
    RawDelivery.objects.update(lease_until=None)
    assert drain_inbound() == {"new": 1}


def _disk_full(*args: Any) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_full_disk_is_a_passing_refusal(house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever fills up (here: the database's disk, in the middle of a mail) the sender keeps the mail."""
    from channels_inbound.email import listener as module

    with running_listener(tmp_path) as server:
        with monkeypatch.context() as patch:
            patch.setattr(module, "store_raw", _disk_full)
            with pytest.raises(smtplib.SMTPDataError) as refusal:
                server.send(raw_mail())
        assert (refusal.value.smtp_code, refusal.value.smtp_error) == (451, b"4.3.0 try later")
        server.send(raw_mail())
    assert RawDelivery.objects.count() == 1


def test_the_lease_of_a_reply_outlasts_a_slow_server() -> None:
    """A claim ends long after the longest wait for an answer, or a slow server would see a second worker."""
    assert LEASE.total_seconds() >= 3 * django_settings.EMAIL_TIMEOUT
