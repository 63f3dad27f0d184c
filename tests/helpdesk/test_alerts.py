"""Every rule of deploy/alerts.yml rings for the fault it is for, and is quiet before it and after its end."""

from __future__ import annotations

import json
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
import redis
import yaml
from django.conf import settings
from django.db import DatabaseError, transaction
from django.db.models import QuerySet
from django.test import Client, override_settings
from django.utils import timezone

from channels_inbound.contact_form.taking import set_contact_form
from channels_inbound.health import note_send_trouble, note_sent
from channels_inbound.models import Connection, ConnectionState, Mailbox, RawDelivery, RawState
from channels_inbound.raw import store_raw
from commerce.models import Shop
from events import counters
from events.delivery import drain
from events.models import Event, EventDelivery
from helpdesk import durability, signals, tasks, traffic, vitals
from helpdesk.events import HouseEvent, tell_of_house
from helpdesk.runtime.commands import apart
from metrics.models import Clock
from metrics.rules import ensure_defaults
from people.actions import save_agent
from tests.channels_inbound.hooks.house import connect, hook_path
from tests.channels_inbound.mails import raw_mail
from tests.people import House, make_house, open_ticket
from tests.support.promql import metrics_of, rings
from tickets.actions import reply
from tickets.live import hub
from tickets.models import Conversation, Message, OutboxState, Reminder, Ticket

pytestmark = pytest.mark.django_db
DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
RULES: list[dict[str, Any]] = yaml.safe_load((DEPLOY / "alerts.yml").read_text())["groups"][0]["rules"]
EXPRESSIONS = {rule["alert"]: rule["expr"] for rule in RULES}
UP = ("up", {"job": "helpdesk"}, 1.0)
Fault = Callable[[House], AbstractContextManager[Any]]


@pytest.fixture(autouse=True)
def listener() -> Iterator[Any]:
    """One that greets; there is no mail process here."""
    with patch.object(vitals, "probe_listener", return_value="ok") as listener:
        yield listener


@pytest.fixture
def house() -> House:
    """A house at work: backed up, its worker's heart beating, a mail just in."""
    house = make_house()
    ensure_defaults()
    tell_of_house(HouseEvent.BACKUP_MADE, {})
    tell_of_house(HouseEvent.BACKUP_VERIFIED, {})
    tasks.heartbeat()
    store_raw([house.channel.pk], transport="smtp", transport_key="k", content=raw_mail(), envelope={})
    RawDelivery.objects.update(state=RawState.INGESTED)
    return house


def ringing(before: list[signals.Sample]) -> set[str]:
    now, samples = time.time(), [UP, *signals.collect()]
    return {name for name, expression in EXPRESSIONS.items() if rings(expression, samples, before=before, now=now)}


def long_ago(minutes: int = 20) -> Any:
    return timezone.now() - timedelta(minutes=minutes)


@contextmanager
def a_reply_nobody_sends(house: House) -> Iterator[None]:
    ticket = open_ticket(house.channel)
    sent = reply(ticket.pk, by=house.olena, text="Tomorrow.", expected=1)
    message = Message.objects.filter(pk=sent.pk)
    EventDelivery.objects.update(state="done")
    message.update(not_before=long_ago())
    yield
    message.update(outbox=OutboxState.SENT)


@contextmanager
def a_reply_of_unknown_outcome(house: House) -> Iterator[None]:
    with a_reply_nobody_sends(house):
        message = Message.objects.filter(outbox=OutboxState.QUEUED)
        pks = list(message.values_list("pk", flat=True))
        message.update(outbox=OutboxState.UNKNOWN)
        yield
        Message.objects.filter(pk__in=pks).update(outbox=OutboxState.SENT)


@contextmanager
def a_reply_tried(house: House) -> Iterator[QuerySet[Message]]:
    """Once, without success: it waits for its next try and is not due."""
    ticket = open_ticket(house.channel)
    sent = reply(ticket.pk, by=house.olena, text="Tomorrow.", expected=1)
    EventDelivery.objects.update(state="done")
    message = Message.objects.filter(pk=sent.pk)
    message.update(attempts=1, not_before=timezone.now() + timedelta(hours=4))
    yield message
    message.update(outbox=OutboxState.SENT)


@contextmanager
def a_server_nobody_reaches(house: House) -> Iterator[None]:
    with a_reply_tried(house):
        note_send_trouble(house.channel.pk, detail="no answer")
        yield
        note_sent(house.channel.pk, at=timezone.now())


@contextmanager
def a_provider_in_trouble(house: House) -> Iterator[None]:
    made = connect(house, "http", {"secret": "x" * 20, "system": "till", "url": ""})
    with a_reply_tried(house) as message:
        Conversation.objects.filter(messages__in=message).update(channel=made.channel)
        Connection.objects.update(state=ConnectionState.TROUBLE)
        yield
        Connection.objects.update(state=ConnectionState.OK)


@contextmanager
def mail_nobody_reads(house: House) -> Iterator[None]:
    RawDelivery.objects.update(state=RawState.STORED, received_at=long_ago())
    yield
    RawDelivery.objects.update(state=RawState.INGESTED, received_at=timezone.now())


@contextmanager
def events_nobody_hears(house: House) -> Iterator[None]:
    open_ticket(house.channel)
    assert EventDelivery.objects.update(next_try_at=long_ago())
    yield
    EventDelivery.objects.update(state="done")


@contextmanager
def no_tick_for_deadlines(house: House) -> Iterator[None]:
    open_ticket(house.channel)
    drain()
    assert Clock.objects.filter(next_at__isnull=False).update(next_at=long_ago())
    yield
    Clock.objects.update(next_at=None)


@contextmanager
def no_tick_for_snoozes(house: House) -> Iterator[None]:
    ticket = Ticket.objects.filter(pk=open_ticket(house.channel).pk)
    EventDelivery.objects.update(state="done")
    ticket.update(snoozed_until=long_ago())
    yield
    ticket.update(snoozed_until=None)


@contextmanager
def no_tick_for_reminders(house: House) -> Iterator[None]:
    ticket = open_ticket(house.channel)
    EventDelivery.objects.update(state="done")
    Reminder.objects.create(ticket=ticket, agent=house.olena, at=long_ago())
    yield
    Reminder.objects.update(fired_at=timezone.now())


@contextmanager
def no_worker(house: House) -> Iterator[None]:
    client = tasks._client()
    client.set(tasks.HEARTBEAT_KEY, time.time() - 300)
    yield
    tasks.heartbeat()


@contextmanager
def no_worker_ever(house: House) -> Iterator[None]:
    tasks._client().delete(tasks.HEARTBEAT_KEY)
    yield
    tasks.heartbeat()


@contextmanager
def jobs_that_pile_up(house: House) -> Iterator[None]:
    client = redis.Redis.from_url(settings.REDIS_URL)
    client.lpush("bulk", *["{}"] * 1001)
    yield
    client.delete("bulk")
    client.close()


def no_redis(house: House) -> AbstractContextManager[Any]:
    return override_settings(REDIS_URL="redis://127.0.0.1:1/0")


def nobody_listens(house: House) -> AbstractContextManager[Any]:
    return patch.object(vitals, "probe_listener", return_value="no answer")


def no_database(house: House) -> AbstractContextManager[Any]:
    return patch.object(signals, "waiting", side_effect=DatabaseError)


@contextmanager
def a_mailbox_nobody_can_look_into(house: House) -> Iterator[None]:
    box = Mailbox.objects.create(channel=house.channel, host="imap.example", username="shop", last_look_at=long_ago())
    yield
    Mailbox.objects.filter(pk=box.pk).update(last_look_at=timezone.now())


@contextmanager
def updates_that_are_lost(house: House) -> Iterator[None]:
    with patch.object(vitals, "resyncs", Counter(lost=6)):
        yield


@contextmanager
def pages_that_fail(house: House) -> Iterator[None]:
    with patch.object(traffic, "_answered", traffic._answered + Counter({("GET", 500): 20})):
        yield


def a_crash_would_cost(house: House) -> AbstractContextManager[Any]:
    return patch.object(durability, "database_faults", return_value=["fsync=off"])


def told_days_ago(kind: HouseEvent, days: int) -> Fault:
    @contextmanager
    def fault(house: House) -> Iterator[None]:
        then = timezone.now() - timedelta(days=days)
        Event.objects.filter(stream_type="house", kind=kind).update(at=then)
        yield
        tell_of_house(kind, {})

    return fault


@contextmanager
def a_backup_that_fails(house: House) -> Iterator[None]:
    tell_of_house(HouseEvent.BACKUP_FAILED, {"reason": "no space"})
    yield
    tell_of_house(HouseEvent.BACKUP_MADE, {})


@contextmanager
def a_backup_that_does_not_restore(house: House) -> Iterator[None]:
    tell_of_house(HouseEvent.BACKUP_UNSOUND, {"reason": "rows differ"})
    yield
    tell_of_house(HouseEvent.BACKUP_VERIFIED, {})


def a_full_disk(house: House) -> AbstractContextManager[Any]:
    usage = type("Usage", (), {"free": 5, "total": 100})()
    return patch.object(vitals.shutil, "disk_usage", return_value=usage)


def clocks_that_differ(house: House) -> AbstractContextManager[Any]:
    return patch.object(vitals, "clock_drift", return_value=30.0)


@contextmanager
def no_mail_for_days(house: House) -> Iterator[None]:
    RawDelivery.objects.update(received_at=timezone.now() - timedelta(days=2))
    yield
    RawDelivery.objects.update(received_at=timezone.now())


@contextmanager
def webhooks_somebody_forges(house: House) -> Iterator[None]:
    made = connect(house, "http", {"secret": "x" * 20, "system": "till", "url": ""})
    shop = Shop.objects.create(name="Files", kind="shopify", key="k" * 32)
    for _ in range(20):
        assert Client().post(hook_path(made), "{}", content_type="application/json").status_code == 403
        assert Client().post(f"/shops/hooks/{shop.key}/", "{}", content_type="application/json").status_code == 403
    yield
    Connection.objects.update(refused=0)
    counters._counts.clear()


@contextmanager
def a_flood_of_forms(house: House) -> Iterator[None]:
    form = set_contact_form(house.channel.pk, by=house.adam, is_active=True, greeting="", origins=[])
    for number in range(101):
        Client(REMOTE_ADDR=f"198.51.100.{number}").post(f"/contact/{form.key}/", {"text": "x"})
    yield
    counters._counts.clear()


@contextmanager
def somebody_made_an_admin(house: House) -> Iterator[None]:
    values = {"email": house.ben.email, "name": "Ben", "role": "admin", "teams": [house.support], "is_active": True}
    with transaction.atomic():  # taken back in the end, as the growth of five minutes is over then
        save_agent(house.ben, by=house.adam, **values)  # type: ignore[arg-type]
        yield
        transaction.set_rollback(True)


@contextmanager
def a_replica_that_lags(house: House) -> Iterator[None]:
    with patch.object(vitals.replica, "configured", lambda: True), patch.object(vitals.replica, "lag", lambda: 90.0):
        yield


@contextmanager
def a_replica_that_is_away(house: House) -> Iterator[None]:
    with patch.object(vitals.replica, "configured", lambda: True), patch.object(vitals.replica, "lag", lambda: None):
        yield


FAULTS: list[tuple[str, Fault]] = [
    ("HelpdeskDatabaseDown", no_database),
    ("HelpdeskRedisDown", no_redis),
    ("HelpdeskRepliesWait", a_reply_nobody_sends),
    ("HelpdeskRepliesNotTaken", a_server_nobody_reaches),
    ("HelpdeskRepliesNotTaken", a_provider_in_trouble),
    ("HelpdeskListenerDown", nobody_listens),
    ("HelpdeskNeedsAPerson", a_reply_of_unknown_outcome),
    ("HelpdeskMailWaits", mail_nobody_reads),
    ("HelpdeskEventsWait", events_nobody_hears),
    ("HelpdeskTicksLate", no_tick_for_deadlines),
    ("HelpdeskTicksLate", no_tick_for_snoozes),
    ("HelpdeskTicksLate", no_tick_for_reminders),
    ("HelpdeskWorkersSilent", no_worker),
    ("HelpdeskWorkersSilent", no_worker_ever),
    ("HelpdeskQueueLong", jobs_that_pile_up),
    ("HelpdeskMailboxSilent", a_mailbox_nobody_can_look_into),
    ("HelpdeskLiveUpdatesLost", updates_that_are_lost),
    ("HelpdeskErrors", pages_that_fail),
    ("HelpdeskWebhooksForged", webhooks_somebody_forges),
    ("HelpdeskFormsFlood", a_flood_of_forms),
    ("HelpdeskNewAdmin", somebody_made_an_admin),
    ("HelpdeskReplicaBehind", a_replica_that_lags),
    ("HelpdeskReplicaBehind", a_replica_that_is_away),
    ("HelpdeskNotDurable", a_crash_would_cost),
    ("HelpdeskBackupOld", told_days_ago(HouseEvent.BACKUP_MADE, 2)),
    ("HelpdeskBackupBad", a_backup_that_fails),
    ("HelpdeskBackupBad", a_backup_that_does_not_restore),
    ("HelpdeskRestoreNotTried", told_days_ago(HouseEvent.BACKUP_VERIFIED, 40)),
    ("HelpdeskDiskFull", a_full_disk),
    ("HelpdeskClockDrift", clocks_that_differ),
    ("HelpdeskNoMail", no_mail_for_days),
]
# What goes quiet with a server cannot be told from what it would say.
ALONG = {
    "HelpdeskRedisDown": {"HelpdeskWorkersSilent"},
    "HelpdeskDatabaseDown": {"HelpdeskBackupOld", "HelpdeskRestoreNotTried"},
}


@pytest.mark.parametrize(("alert", "fault"), FAULTS, ids=[f"{name}: {fault.__name__}" for name, fault in FAULTS])
def test_a_fault_rings_its_alarm_and_its_end_stops_it(house: House, alert: str, fault: Fault) -> None:
    before = signals.collect()
    assert ringing(before) == set()
    with fault(house):
        assert ringing(before) - ALONG.get(alert, set()) == {alert}
    assert ringing(before) == set()


def test_a_reply_that_only_its_customers_server_puts_off_rings_nothing(house: House) -> None:
    before = signals.collect()
    with a_reply_tried(house):
        assert ringing(before) == set()


def test_a_process_that_is_gone_rings() -> None:
    assert rings(EXPRESSIONS["HelpdeskDown"], [("up", {"job": "helpdesk"}, 0.0)])
    assert not rings(EXPRESSIONS["HelpdeskDown"], [UP])


def test_an_empty_helpdesk_is_told_to_make_a_backup(db: None) -> None:
    assert {"HelpdeskBackupOld", "HelpdeskRestoreNotTried"} <= ringing([])


def test_every_rule_has_a_fault_that_rings_it() -> None:
    assert {name for name, _ in FAULTS} | {"HelpdeskDown"} == set(EXPRESSIONS)


def test_every_rule_reads_what_exists_and_says_what_to_do() -> None:
    for rule in RULES:
        assert metrics_of(rule["expr"]) <= {*signals.CATALOGUE, "up"}, rule["alert"]
        assert rule["labels"]["severity"] in ("page", "ticket")
        assert set(rule["annotations"]) == {"summary", "cure"}
        assert re.fullmatch(r"\d+m", rule.get("for", "1m"))
        # Whom it wakes is woken while it still helps.
        assert rule["labels"]["severity"] != "page" or int(rule.get("for", "0m")[:-1]) <= 2, rule["alert"]


def test_the_dashboard_reads_what_exists() -> None:
    board = json.loads((DEPLOY / "grafana.json").read_text())
    assert board["templating"]["list"][0]["type"] == "datasource"
    titles = [panel["title"] for panel in board["panels"]]
    assert len(set(titles)) == len(titles) >= 12
    for panel in board["panels"]:
        for target in panel["targets"]:
            named = {name.removesuffix("_bucket") for name in metrics_of(target["expr"])}
            assert named, target
            assert named <= set(signals.CATALOGUE), target


def test_prometheus_reads_the_rules_that_lie_beside_it() -> None:
    given = yaml.safe_load((DEPLOY / "prometheus.yml").read_text())
    assert given["rule_files"] == ["alerts.yml"]
    assert given["scrape_configs"][0]["job_name"] == "helpdesk"
    # Every process that serves pages or sockets counts its own.
    asked = given["scrape_configs"][0]["static_configs"][0]["targets"]
    assert asked == [f"{name}:8000" for name, child in apart().items() if "helpdesk.web" in child.command]


async def test_a_push_that_was_lost_is_counted() -> None:
    before = hub.resyncs["lost"]
    hub.running_hub()._hear(b'{"lost": true}')
    assert hub.resyncs["lost"] == before + 1
