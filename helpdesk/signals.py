"""The figures that tell whether work moves: what waits and since when, not only that processes are up."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from datetime import datetime

import psutil
import redis
from django.conf import settings
from django.db import Error as DatabaseError
from django.db import connection
from django.db.models import Count, Max, Min, Q, QuerySet, Sum
from django.utils import timezone

from channels_inbound.contact_form.pages import FORMS_POSTED, FORMS_REFUSED
from channels_inbound.models import Connection, ConnectionState, Mailbox, MailboxState, RawDelivery, RawState
from commerce.hooks import REFUSED as SHOPS_REFUSED
from events import redis_servers
from events.counters import counted
from events.models import DeliveryState, Event, EventDelivery
from helpdesk import vitals
from helpdesk.tasks import heartbeat_age
from helpdesk.traffic import BUCKETS, traffic
from metrics.figures import standing
from metrics.models import FollowUp, FollowUpState
from people.admins import MADE_ADMIN
from people.desks import agents_at_their_desks
from tickets.models import ChannelHealth, Message, OutboxState, Ticket

QUEUES = ("critical", "default", "bulk")
Sample = vitals.Sample
# When somebody last read them: alarms nobody reads do not ring.
READ_AT = "metrics-read-at"
HISTOGRAM_LINES = ("_bucket", "_sum", "_count")
# name -> (type, help); also the order in which they are printed
CATALOGUE = {
    "helpdesk_database_up": ("gauge", "1 when the database answers."),
    "helpdesk_redis_up": ("gauge", "1 when Redis answers."),
    "helpdesk_mail_listener_up": ("gauge", "1 when the mail listener greets."),
    "helpdesk_waiting": ("gauge", "Rows that are due and not done yet."),
    "helpdesk_oldest_waiting_seconds": ("gauge", "How long the oldest of them has been due."),
    "helpdesk_needs_a_person": ("gauge", "Rows nobody but a person can settle."),
    "helpdesk_customers_waiting": ("gauge", "Customers who wait for an answer."),
    "helpdesk_customer_waiting_longest_seconds": ("gauge", "How long the one who waits longest has."),
    "helpdesk_deadlines": ("gauge", "Open deadlines within the hour, and overdue."),
    "helpdesk_chats_waiting": ("gauge", "Chats nobody has taken."),
    "helpdesk_follow_ups_open": ("gauge", "Disappointed customers a lead is to see to."),
    "helpdesk_agents_at_their_desks": ("gauge", "Agents who have the helpdesk open."),
    "helpdesk_last_mail_timestamp_seconds": ("gauge", "When the last raw delivery came in."),
    "helpdesk_mailbox_look_age_seconds": ("gauge", "Since this mailbox was last looked through without an error."),
    "helpdesk_mailbox_mail_age_seconds": ("gauge", "Since this mailbox last brought a mail."),
    "helpdesk_mailbox_failures": ("gauge", "Failed visits to this mailbox in a row."),
    "helpdesk_queue_length": ("gauge", "Jobs waiting in the broker."),
    "helpdesk_worker_heartbeat_age_seconds": ("gauge", "Since a worker last did a job from the queue."),
    "helpdesk_replica_up": ("gauge", "1 while the replica answers; only with DATABASE_REPLICA_URL."),
    "helpdesk_replica_lag_seconds": ("gauge", "How far it is behind, at most."),
    "helpdesk_durable": ("gauge", "1 while a crash costs nothing that was acknowledged."),
    "helpdesk_backup_age_seconds": ("gauge", "Since the last backup was made."),
    "helpdesk_backup_verified_age_seconds": ("gauge", "Since a backup was last shown to restore."),
    "helpdesk_backup_good": ("gauge", "0 when the last backup failed or does not restore."),
    "helpdesk_clock_drift_seconds": ("gauge", "Between this machine's clock and the database's."),
    "helpdesk_disk_free_ratio": ("gauge", "Free part of the disk that holds the files."),
    "helpdesk_sockets": ("gauge", "Open sockets of this process."),
    "helpdesk_live_resyncs_total": ("counter", "How often this process told its tabs to fetch everything anew."),
    "helpdesk_database_connections": ("gauge", "Connections to this database."),
    "helpdesk_webhooks_refused_total": ("counter", "Calls at webhooks' addresses that no provider of ours has signed."),
    "helpdesk_forms_total": ("counter", "Contact forms posted to this process."),
    "helpdesk_admins_made_total": ("counter", "How often somebody was made an admin."),
    "helpdesk_http_requests_total": ("counter", "Requests answered by this process."),
    "helpdesk_http_request_seconds": ("histogram", "How long they took."),
    "helpdesk_process_cpu_seconds_total": ("counter", "CPU time of this process."),
    "helpdesk_process_resident_bytes": ("gauge", "Resident memory of this process."),
}


def collect() -> list[Sample]:
    """Every sample, in the order of the catalogue; a part that does not answer costs only its own samples."""
    listens: Sample = ("helpdesk_mail_listener_up", {}, float(vitals.probe_listener() == "ok"))
    found = [*_from_database(), *_from_redis(), listens, *_from_this_process()]
    order = list(CATALOGUE)
    return sorted(found, key=lambda sample: order.index(_family(sample[0])))


def _from_database() -> Iterator[Sample]:
    try:
        samples = [*waiting(), *needing_people(), *_customers(), *_mailboxes(), *vitals.of_the_database(),
                   *vitals.of_the_replica(), *_guarded()]  # fmt: skip
        samples.append(_connections())
        last = RawDelivery.objects.aggregate(last=Max("received_at"))["last"]
    except DatabaseError:
        yield "helpdesk_database_up", {}, 0.0
        return
    yield "helpdesk_database_up", {}, 1.0
    yield from samples
    if last:
        yield "helpdesk_last_mail_timestamp_seconds", {}, last.timestamp()


def waiting() -> Iterator[Sample]:
    """What is due and not done: how many rows, and how long the oldest has been due."""
    now = timezone.now()
    yield from _backlog(
        "events", EventDelivery.objects.filter(state=DeliveryState.DUE, next_try_at__lte=now), "next_try_at", now
    )
    yield from _backlog("raw mail", RawDelivery.objects.filter(state=RawState.STORED), "received_at", now)
    yield from _backlog(
        "replies", Message.objects.filter(outbox=OutboxState.QUEUED, not_before__lte=now), "not_before", now
    )
    yield "helpdesk_waiting", {"what": "replies nobody takes"}, _refused_by_servers().count()
    yield from vitals.timers(now)


def _refused_by_servers() -> QuerySet[Message]:
    """Replies that were tried, of channels whose server or provider cannot be used. Each waits longer after each try,
    so how long one has been due says nothing. What a customer's own server puts off is not among them."""
    broken = Q(conversation__channel__health=ChannelHealth.FAILING)
    broken |= Q(conversation__channel__connection__state__in=[ConnectionState.TROUBLE, ConnectionState.REFUSED])
    return Message.objects.filter(broken, outbox=OutboxState.QUEUED, attempts__gt=0)


def _customers() -> Iterator[Sample]:
    """What the wall shows, of the whole house."""
    now = timezone.now()
    said = standing(Ticket.objects.all(), now)
    yield "helpdesk_customers_waiting", {}, said["waiting"]
    oldest = (now - said["oldest"]).total_seconds() if said["oldest"] else 0.0
    yield "helpdesk_customer_waiting_longest_seconds", {}, oldest
    yield "helpdesk_deadlines", {"state": "soon"}, said["soon"]
    yield "helpdesk_deadlines", {"state": "late"}, said["late"]
    yield "helpdesk_chats_waiting", {}, said["chats"]
    yield "helpdesk_follow_ups_open", {}, FollowUp.objects.filter(state=FollowUpState.OPEN).count()
    yield "helpdesk_agents_at_their_desks", {}, len(agents_at_their_desks())


def _backlog(what: str, rows: QuerySet, due: str, now: datetime) -> Iterator[Sample]:
    found = rows.aggregate(number=Count("*"), oldest=Min(due))
    age = (now - found["oldest"]).total_seconds() if found["oldest"] else 0.0
    yield "helpdesk_waiting", {"what": what}, found["number"]
    yield "helpdesk_oldest_waiting_seconds", {"what": what}, max(0.0, age)


def needing_people() -> Iterator[Sample]:
    """Rows nobody but a person can settle."""
    outbox = Message.objects.filter(outbox__in=[OutboxState.UNKNOWN, OutboxState.FAILED]).aggregate(
        unknown=Count("pk", filter=Q(outbox=OutboxState.UNKNOWN)),
        failed=Count("pk", filter=Q(outbox=OutboxState.FAILED)),
    )
    yield "helpdesk_needs_a_person", {"what": "replies with unknown outcome"}, outbox["unknown"]
    yield "helpdesk_needs_a_person", {"what": "replies not delivered"}, outbox["failed"]
    quarantined = RawDelivery.objects.filter(state=RawState.QUARANTINED).count()
    yield "helpdesk_needs_a_person", {"what": "mail in quarantine"}, quarantined
    given_up = EventDelivery.objects.filter(state=DeliveryState.FAILED).count()
    yield "helpdesk_needs_a_person", {"what": "events given up"}, given_up
    refused = Mailbox.objects.filter(state=MailboxState.REFUSED, is_active=True).count()
    yield "helpdesk_needs_a_person", {"what": "mailboxes refused"}, refused


def _mailboxes() -> Iterator[Sample]:
    now = timezone.now()
    for mailbox in Mailbox.objects.filter(is_active=True, channel__is_active=True).select_related("channel"):
        labels = {"mailbox": str(mailbox.pk), "channel": mailbox.channel.name}
        looked = mailbox.last_look_at or mailbox.created_at
        yield "helpdesk_mailbox_look_age_seconds", labels, max(0.0, (now - looked).total_seconds())
        if mailbox.last_mail_at:
            yield "helpdesk_mailbox_mail_age_seconds", labels, max(0.0, (now - mailbox.last_mail_at).total_seconds())
        yield "helpdesk_mailbox_failures", labels, mailbox.failures


def _guarded() -> Iterator[Sample]:
    """What somebody who means harm would leave; rows, so that every process says the same."""
    refused = Connection.objects.aggregate(all=Sum("refused"))["all"] or 0
    yield "helpdesk_webhooks_refused_total", {"of": "channels"}, refused
    made = Event.objects.filter(stream_type="agent", kind=MADE_ADMIN).count()
    yield "helpdesk_admins_made_total", {}, made


def _connections() -> Sample:
    with connection.cursor() as cursor:
        cursor.execute("SELECT numbackends FROM pg_stat_database WHERE datname = current_database()")
        return "helpdesk_database_connections", {}, cursor.fetchone()[0]


def _from_redis() -> Iterator[Sample]:
    client = redis_servers.client(settings.REDIS_URL, socket_timeout=1, socket_connect_timeout=1)
    try:
        lengths = [(queue, client.llen(queue)) for queue in QUEUES]
        age = heartbeat_age()
    except (redis.RedisError, OSError):
        yield "helpdesk_redis_up", {}, 0.0
        return
    finally:
        client.close()
    yield "helpdesk_redis_up", {}, 1.0
    for queue, length in lengths:
        yield "helpdesk_queue_length", {"queue": queue}, float(length)
    if age is not None:
        yield "helpdesk_worker_heartbeat_age_seconds", {}, age


def _from_this_process() -> Iterator[Sample]:
    yield from vitals.of_this_process()
    yield "helpdesk_webhooks_refused_total", {"of": "shops"}, counted(SHOPS_REFUSED)
    for state, what in (("taken", FORMS_POSTED), ("refused", FORMS_REFUSED)):
        yield "helpdesk_forms_total", {"state": state}, counted(what)
    answered, counts, seconds = traffic()
    for (method, status), number in sorted(answered.items()):
        yield "helpdesk_http_requests_total", {"method": method, "status": str(status)}, number
    for limit, count in zip([*map(str, BUCKETS), "+Inf"], counts, strict=True):
        yield "helpdesk_http_request_seconds_bucket", {"le": limit}, count
    yield "helpdesk_http_request_seconds_sum", {}, seconds
    yield "helpdesk_http_request_seconds_count", {}, counts[-1]
    yield "helpdesk_process_cpu_seconds_total", {}, time.process_time()
    yield "helpdesk_process_resident_bytes", {}, psutil.Process().memory_info().rss


def as_prometheus(samples: Iterable[Sample]) -> str:
    """The text format, version 0.0.4."""
    lines: list[str] = []
    named = ""
    for name, labels, value in samples:
        family = _family(name)
        if family != named:
            kind, said = CATALOGUE[family]
            lines += [f"# HELP {family} {said}", f"# TYPE {family} {kind}"]
            named = family
        facts = ",".join(f'{key}="{_escape(text)}"' for key, text in labels.items())
        lines.append(f"{name}{{{facts}}} {_number(value)}" if facts else f"{name} {_number(value)}")
    return "\n".join(lines) + "\n"


def _family(name: str) -> str:
    """The catalogue's name of a sample: a histogram has three kinds of line."""
    return next(known for known in CATALOGUE if name == known or name.removeprefix(known) in HISTOGRAM_LINES)


def _number(value: float) -> str:
    return repr(float(value)) if value % 1 else str(int(value))


def _escape(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
