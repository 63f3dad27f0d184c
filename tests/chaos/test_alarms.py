"""Each part is really broken, and the alarm for it rings (threat R29): its rule of deploy/alerts.yml, over figures that are
fetched from the processes themselves. No other rings, but what cannot go on without that part; and all are quiet again once
it works. `-s` prints how long each took.
"""

from __future__ import annotations

import json
import shutil
import signal
import smtplib
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from email.message import EmailMessage
from itertools import count

import psycopg
import pytest

from events.redis_servers import client
from helpdesk.runtime.services import kept_secrets
from helpdesk.tasks import HEARTBEAT_EVERY, HEARTBEAT_KEY
from tests.chaos.alarms import Watchman
from tests.chaos.machine import Machine, wait
from tests.support.dovecot import PASSWORD, Account, Dovecot
from tests.support.replica import Replica
from tests.support.services import DATA_DIR
from tests.support.smtp_sink import SmtpSink

pytestmark = pytest.mark.kill
SETTLE_IN = """
from helpdesk.events import HouseEvent, tell_of_house
from channels_inbound.imap.actions import add_mailbox
from metrics.rules import ensure_defaults
from people.models import Agent, Membership, Team
from people.tokens import create_token
from tickets.models import Channel
ensure_defaults()
for kind in (HouseEvent.BACKUP_MADE, HouseEvent.BACKUP_VERIFIED):
    tell_of_house(kind, {{}})
team = Team.objects.create(name="Support")
channel = Channel.objects.create(name="Support", address="support@shop.example", team=team)
agent = Agent.objects.create(email="olena@shop.example", name="Olena", role="agent")
Membership.objects.create(agent=agent, team=team)
admin = Agent.objects.create(email="adam@shop.example", name="Adam", role="admin")
values = {{"host": "127.0.0.1", "port": {port}, "security": "none", "username": "{user}", "folder": "INBOX",
    "use_idle": False, "poll_seconds": 30}}
add_mailbox(channel, values, {{"password": "{password}"}}, by=admin)
print("TOKEN", create_token(agent, "alarms", ("read", "write"), 1)[0])
"""
# Time passes for what waits. What works takes its turn before anybody looks.
LATER = """
UPDATE tickets_message SET not_before = not_before - %(by)s::interval WHERE outbox = 'queued';
UPDATE events_eventdelivery SET next_try_at = next_try_at - %(by)s::interval WHERE state = 'due';
UPDATE channels_inbound_rawdelivery SET received_at = received_at - %(by)s::interval WHERE state = 'stored';
UPDATE tickets_ticket SET snoozed_until = snoozed_until - %(by)s::interval WHERE snoozed_until IS NOT NULL;
UPDATE channels_inbound_mailbox SET last_look_at = last_look_at - %(by)s::interval, next_look_at = next_look_at - %(by)s::interval
"""
numbers = count(1)


class House(Machine):
    """A machine with a mailbox, a replica and somebody who watches."""

    dovecot: Dovecot

    def begin(self, account: Account) -> None:
        self.prepare(HELPDESK_IMAP_LEASE_SECONDS="5")
        said = self.settle(SETTLE_IN.format(port=account.server.port, user=account.name, password=PASSWORD))
        self.token = said["TOKEN"].strip()
        assert self.services.postgres
        self.replica = Replica(self.place / "replica", self.services.postgres)
        self.environment |= {"DATABASE_REPLICA_URL": self.replica.server.url_for("helpdesk")}
        self.start()
        self.replica.start()
        targets = {f"{name}:8000": f"http://127.0.0.1:{port}/metrics"
                   for name, port in (("web", self.webs[0]), ("live", self.lives[0]))}  # fmt: skip
        self.watch = Watchman(targets, kept_secrets(self.services.data_dir)["metrics_token"])
        self.watch.start()

    def end(self) -> None:
        if hasattr(self, "watch"):
            self.watch.over.set()
            self.watch.join(30)
        self.stop()
        if hasattr(self, "replica"):
            self.replica.server.stop()

    def let_pass(self, minutes: float) -> None:
        seconds = 60 * minutes
        with psycopg.connect(self.services.addresses["DATABASE_URL"], autocommit=True) as database:
            for statement in LATER.split(";"):
                database.execute(statement.encode(), {"by": f"{seconds} s"})
        if self.heart_stands():
            with client(self.services.addresses["REDIS_URL"]) as redis:
                redis.incrbyfloat(HEARTBEAT_KEY, -seconds)

    def heart_stands(self) -> bool:
        """No heartbeat when the next was due, and a little longer."""
        with client(self.services.addresses["REDIS_URL"]) as redis:
            return time.time() - float(redis.get(HEARTBEAT_KEY) or 0) > HEARTBEAT_EVERY + 2

    # ---- what people do meanwhile

    def a_mail_comes(self) -> None:
        mail = EmailMessage()
        number = next(numbers)
        mail["From"], mail["To"] = f"zoe{number}@customer.example", "support@shop.example"
        mail["Subject"], mail["Message-ID"] = f"Order {number}", f"<{number}@customer.example>"
        mail.set_content("Where is it?\n")
        with smtplib.SMTP("127.0.0.1", self.smtp_port, timeout=20) as server:
            server.send_message(mail)

    def an_agent_answers(self) -> None:
        """The newest ticket; it leaves when the seconds to undo it are over."""
        [(ticket, sequence)] = self.rows("SELECT id, message_sequence FROM tickets_ticket ORDER BY id DESC LIMIT 1")
        body = {"kind": "reply", "text": "Tomorrow.", "expected_sequence": sequence}
        address = f"http://127.0.0.1:{self.webs[0]}/api/v1/tickets/{ticket}/messages/"
        headers = {"Authorization": f"Token {self.token}", "Content-Type": "application/json", "Host": "localhost"}
        with urllib.request.urlopen(
            urllib.request.Request(address, json.dumps(body).encode(), headers), timeout=20
        ) as it:
            assert it.status == 201
        self.rows("UPDATE tickets_message SET not_before = now() WHERE outbox = 'queued'")

    def a_snooze_ends(self) -> None:
        self.rows("UPDATE tickets_ticket SET snoozed_until = now() WHERE id = (SELECT min(id) FROM tickets_ticket)")


@dataclass(frozen=True)
class Fault:
    """What is broken and mended, which alarms ring, and which may ring along."""

    name: str
    rings: frozenset[str]
    breaks: Callable[[House], object]
    mends: Callable[[House], object]
    minutes: float = 0
    along: frozenset[str] = frozenset()


def freeze_workers(house: House) -> None:
    for name in house.workers:
        house.signal(name, signal.SIGSTOP)
    house.a_mail_comes()
    house.an_agent_answers()
    house.a_snooze_ends()
    wait(house.heart_stands, 30)


def wake_workers(house: House) -> None:
    for name in house.workers:
        house.signal(name, signal.SIGCONT)


def kill_beat(house: House) -> None:
    """Mail is read without it; nobody says that a snooze is over."""
    house.kill("beat")
    house.a_mail_comes()
    house.a_snooze_ends()
    wait(house.heart_stands, 30)


def kill_redis(house: House) -> None:
    assert house.services.redis
    assert house.services.redis.process
    house.services.redis.process.kill()
    house.services.redis.process.wait()


def start_redis(house: House) -> None:
    assert house.services.redis
    house.services.redis.start()


def lose_the_mail_server(house: House) -> None:
    """Whoever takes our mail hangs up on everybody."""
    house.sink.fail("connect", times=10_000)
    house.an_agent_answers()
    wait(lambda: house.rows("SELECT 1 FROM tickets_message WHERE outbox = 'queued' AND attempts > 0") != [], 30)


def find_the_mail_server(house: House) -> None:
    house.sink.failures.clear()
    house.let_pass(1)  # until the next try


def stop_postgres(house: House) -> None:
    assert house.services.postgres
    house.services.postgres.stop()


def start_postgres(house: House) -> None:
    assert house.services.postgres
    house.services.postgres.start()


def kill_replica(house: House) -> None:
    assert house.replica.server.process
    house.replica.server.process.kill()
    house.replica.server.process.wait()


def named(*alarms: str) -> frozenset[str]:
    return frozenset(f"Helpdesk{alarm}" for alarm in alarms)


# Without a broker nobody fetches a job, so what was due meanwhile waits; without a database nobody knows of backups, no beat
# leads and no mail is taken.
FAULTS = [
    Fault("workers frozen", named("RepliesWait", "MailWaits", "WorkersSilent", "TicksLate"),
          freeze_workers, wake_workers, minutes=3),
    Fault("beat killed", named("WorkersSilent", "TicksLate"),
          kill_beat, lambda house: house.revive(), minutes=3),
    Fault("redis killed", named("RedisDown", "WorkersSilent"), kill_redis, start_redis),
    Fault("mail process killed", named("ListenerDown", "MailboxSilent"),
          lambda house: house.kill("mail0"), lambda house: house.revive(), minutes=20),
    Fault("mailbox's server killed", named("MailboxSilent"),
          lambda house: house.dovecot.kill(), lambda house: house.dovecot.start(), minutes=20),
    Fault("outgoing server hangs up", named("RepliesNotTaken"), lose_the_mail_server, find_the_mail_server),
    Fault("web killed", named("Down"), lambda house: house.kill("web0"), lambda house: house.revive()),
    Fault("live frozen", named("Down"), lambda house: house.signal("live0", signal.SIGSTOP),
          lambda house: house.signal("live0", signal.SIGCONT)),
    Fault("replica killed", named("ReplicaBehind"), kill_replica, lambda house: house.replica.server.start()),
    Fault("postgres stopped", named("DatabaseDown", "BackupOld", "RestoreNotTried"), stop_postgres, start_postgres,
          along=named("WorkersSilent", "ListenerDown")),
]  # fmt: skip


@pytest.fixture(scope="module")
def house(dovecot_server: Dovecot, smtp_sink_server: SmtpSink) -> Iterator[House]:
    place = DATA_DIR / "chaos"
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    house = House(place, smtp_sink_server)
    house.dovecot = dovecot_server
    try:
        house.begin(dovecot_server.account())
        quiet(house, 90)
        house.a_mail_comes()
        wait(lambda: house.rows("SELECT 1 FROM tickets_ticket") != [], 30)
        yield house
    finally:
        house.end()


@pytest.mark.parametrize("fault", FAULTS, ids=[fault.name for fault in FAULTS])
def test_a_broken_part_rings_its_alarm_and_no_other(house: House, fault: Fault) -> None:
    quiet(house, 60, looks=0)
    house.watch.rung.clear()
    began = time.monotonic()
    try:
        fault.breaks(house)
        if fault.minutes:
            house.let_pass(fault.minutes)
        until(house, lambda: fault.rings <= house.watch.ringing, 30)
        rang = time.monotonic() - began
    finally:
        fault.mends(house)
    mended = time.monotonic()
    quiet(house, 60)
    print(f"\n{fault.name}: rang after {rang:.1f} s, quiet {time.monotonic() - mended:.1f} s after it was mended")
    assert house.watch.rung - fault.along == fault.rings


def quiet(house: House, seconds: float, looks: int = 2) -> None:
    """So many looks one after the other at which every process answers and nothing rings or is about to."""
    wanted = house.watch.looks + looks

    def is_quiet() -> bool:
        nonlocal wanted
        if house.watch.since:
            wanted = house.watch.looks + looks
        return not house.watch.since and house.watch.looks >= wanted

    until(house, is_quiet, seconds)


def until(house: House, what: Callable[[], bool], seconds: float) -> None:
    try:
        wait(what, seconds)
    except AssertionError:
        watch = house.watch
        pytest.fail(f"ringing: {sorted(watch.ringing)}, about to: {sorted(watch.since)}, rang: {sorted(watch.rung)}")
