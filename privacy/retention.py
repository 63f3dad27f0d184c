"""How long things are kept: rules by kind and channel, what each would take, and the runs that take it.

A run goes through what is old in small batches, each a transaction that locks what it takes and looks again, so that
it may be cut off anywhere, run twice or by two workers at once. Open tickets and everything of held customers stay.
Rows that figures count stay without words, as after an erasure. A rule works from a day after it was saved, so that a
slip can be taken back.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet, Sum
from django.utils import timezone
from django.utils.translation import gettext as _

from channels_inbound.models import RawBody, RawDelivery, RawState
from events.actors import SYSTEM
from events.ledger import record_event
from people.models import Agent, Customer
from people.permissions import Permission
from people.roles import require
from tickets.errors import InvalidInput
from tickets.models import Attachment, Channel, Message, OutboxState, Status, Ticket

from .erasing import take_blobs
from .models import Ages, EmptiedTicket, JobState, LegalHold, RetentionRule, RetentionRun
from .steps import empty_answers, empty_events, empty_tickets, take_files, take_raw_copies
from .subject import Subject, subject_of

logger = logging.getLogger(__name__)
SHORTEST, LONGEST = 1, 36_500
REGRET = timedelta(days=1)  # from saving a rule to its first run
AGAIN = timedelta(hours=20)
BATCH = 20
EXAMPLES = 10
DONE = (Status.SOLVED, Status.CLOSED, Status.SPAM)
_LEAVING = (OutboxState.QUEUED, OutboxState.HELD, OutboxState.SENDING)


# Rules


def save_rule(*, kind: str, channel: Channel | None, days: int, by: Agent, at: datetime | None = None) -> RetentionRule:
    """Say how long something is kept; a rule for the same kind and channel is changed. InvalidInput for an age that
    is none."""
    require(by, Permission.HANDLE_PRIVACY)
    if kind not in Ages.values:
        raise InvalidInput("kind", _("There is no such kind."))
    if not SHORTEST <= days <= LONGEST:
        raise InvalidInput("days", _("Choose a number from 1 to %(most)d.") % {"most": LONGEST})
    at = at or timezone.now()
    with transaction.atomic():
        rule, made = RetentionRule.objects.select_for_update(of=("self",)).get_or_create(
            kind=kind, channel=channel, defaults={"days": days, "by": by, "saved_at": at}
        )
        if not made and rule.days == days:
            return rule
        facts = {"kind": kind, "channel": channel.pk if channel else None, "days": days}
        if not made:
            facts["before"] = rule.days
            rule.days, rule.by, rule.saved_at = days, by, at
            rule.save(update_fields=["days", "by", "saved_at"])
        _record(rule.pk, "changed" if not made else "made", by=by, at=at, data=facts)
    return rule


def remove_rule(rule_id: int, *, by: Agent, at: datetime | None = None) -> bool:
    """Keep it for ever again; a run under way ends with its batch. False when there is no such rule."""
    require(by, Permission.HANDLE_PRIVACY)
    with transaction.atomic():
        rule = RetentionRule.objects.select_for_update(of=("self",)).filter(pk=rule_id).first()
        if rule is None:
            return False
        RetentionRun.objects.filter(rule=rule, state=JobState.RUNNING).update(
            state=JobState.DONE, finished_at=at or timezone.now()
        )
        facts = {"kind": rule.kind, "channel": rule.channel_id, "days": rule.days}
        rule.delete()
        _record(rule_id, "removed", by=by, at=at or timezone.now(), data=facts)
    return True


def _record(rule_id: int, what: str, *, by: Agent | None, at: datetime, data: dict[str, Any]) -> None:
    record_event(("retention", rule_id), f"retention.{what}", by=by.actor if by else SYSTEM, at=at, data=data)


def save_manners(manners: dict[int, str], *, by: Agent, at: datetime | None = None) -> list[int]:
    """Say what channels do with secrets in their messages, by channel; the channels for which that is new."""
    require(by, Permission.HANDLE_PRIVACY)
    changed = []
    with transaction.atomic():
        for channel in Channel.objects.select_for_update(of=("self",)).filter(pk__in=manners).order_by("pk"):
            before, manner = channel.secrets, manners[channel.pk]
            if before == manner:
                continue
            channel.secrets = manner
            channel.save(update_fields=["secrets"])
            record_event(
                ("channel", channel.pk), "channel.secrets_changed", by=by.actor, at=at or timezone.now(),
                data={"from": before, "to": manner},
            )  # fmt: skip
            changed.append(channel.pk)
    return changed


# What is old


def old(kind: str, *, channel: int | None, cutoff: datetime) -> QuerySet[Any]:
    """What a rule of this kind takes now, the oldest first: tickets, files or raw copies."""
    return _OLD[kind](cutoff, channel)


def _old_tickets(cutoff: datetime, channel: int | None) -> QuerySet[Ticket]:
    emptied = EmptiedTicket.objects.filter(ticket=OuterRef("pk"), at__gt=OuterRef("last_message_at"))
    found = _done(Ticket.objects.filter(last_message_at__lt=cutoff), Ages.TICKETS, channel)
    return found.filter(~Exists(emptied)).order_by("last_message_at", "id")


def _old_files(cutoff: datetime, channel: int | None) -> QuerySet[Attachment]:
    tickets = _done(Ticket.objects.all(), Ages.FILES, channel)
    return Attachment.objects.filter(message__at__lt=cutoff, ticket__in=tickets).order_by("pk")


def _old_raw(cutoff: datetime, channel: int | None) -> QuerySet[RawBody]:
    """Copies of what was read, and of what never became a message; what is still to be read stays."""
    tickets = _done(Ticket.objects.all(), Ages.RAW, None, everywhere=True)
    read = Q(delivery__message__ticket__in=tickets) | Q(delivery__message=None)
    found = RawBody.objects.filter(read, delivery__received_at__lt=cutoff).exclude(delivery__state=RawState.STORED)
    return _of_channel(found, Ages.RAW, channel, "delivery__channel").order_by("pk")


_OLD: dict[str, Callable[[datetime, int | None], QuerySet[Any]]] = {
    Ages.TICKETS: _old_tickets, Ages.FILES: _old_files, Ages.RAW: _old_raw,
}  # fmt: skip


def _done(tickets: QuerySet[Ticket], kind: str, channel: int | None, *, everywhere: bool = False) -> QuerySet[Ticket]:
    """Those that are done, from which nothing is leaving, and that concern nobody who is held."""
    leaving = Message.objects.filter(ticket=OuterRef("pk"), outbox__in=_LEAVING)
    found = tickets.filter(~Exists(leaving), status__in=DONE)
    if held := held_customers():
        said = Message.objects.filter(ticket=OuterRef("pk"), identity__customer__in=held)
        copied = Message.objects.filter(ticket=OuterRef("pk"), conversation__customer__in=held)
        found = found.exclude(customer__in=held).filter(~Exists(said), ~Exists(copied))
    return found if everywhere else _of_channel(found, kind, channel, "channel")


def _of_channel(found: QuerySet[Any], kind: str, channel: int | None, column: str) -> QuerySet[Any]:
    """Those of the rule's channel; of a rule for all, those of channels without one of their own."""
    if channel is not None:
        return found.filter(**{column: channel})
    own = RetentionRule.objects.filter(kind=kind).exclude(channel=None).values_list("channel", flat=True)
    return found.exclude(**{f"{column}__in": list(own)})


def held_customers() -> list[int]:
    """Everybody who is held, with all who were joined to them. Holds are few."""
    holds = LegalHold.objects.filter(ended_at=None).select_related("customer")
    return sorted({pk for hold in holds for pk in subject_of(hold.customer).customers})


@dataclass(frozen=True, slots=True)
class Taking:
    """What a rule would take: how many, how much on disk (None where nobody counts), and some of them."""

    kind: str
    cutoff: datetime
    count: int
    octets: int | None
    tickets: Sequence[Ticket]


def preview(kind: str, *, channel: int | None, days: int, at: datetime | None = None) -> Taking:
    """What a rule would take if it worked now. Changes nothing."""
    cutoff = (at or timezone.now()) - timedelta(days=days)
    found = old(kind, channel=channel, cutoff=cutoff)
    column = {Ages.FILES: "size", Ages.RAW: "delivery__size"}.get(Ages(kind))
    octets = (found.order_by().aggregate(total=Sum(column))["total"] or 0) if column else None
    path = {Ages.TICKETS: "pk", Ages.FILES: "ticket", Ages.RAW: "delivery__message__ticket"}[Ages(kind)]
    ids = dict.fromkeys(found.values_list(path, flat=True)[: EXAMPLES * 5])
    some = [pk for pk in ids if pk is not None][:EXAMPLES]
    tickets = Ticket.objects.filter(pk__in=some).order_by("last_message_at", "pk")
    return Taking(kind, cutoff, found.count(), octets, list(tickets))


# Runs


def work_retention(*, at: datetime | None = None, seconds: float = 60) -> int:
    """Go through what is due by each rule, for so long at most; how many runs came to their end."""
    at, until, finished = at or timezone.now(), time.monotonic() + seconds, 0
    for rule in RetentionRule.objects.order_by("pk"):
        try:
            run_id = _run_of(rule, at=at)
            while run_id is not None and time.monotonic() < until:
                if not _one_batch(run_id, at=at):
                    finished += 1
                    break
        except Exception:  # whatever a store says: the other rules go on, and this one goes on with the next tick
            logger.exception("retention stumbled", extra={"rule": rule.pk})
    return finished


def _run_of(rule: RetentionRule, *, at: datetime) -> int | None:
    """The run under way, or a new one when it is time; None when it is not."""
    latest = RetentionRun.objects.filter(rule=rule).order_by("-started_at").first()
    if latest is not None and latest.state == JobState.RUNNING:
        return latest.pk
    if rule.saved_at + REGRET > at or (latest is not None and latest.started_at + AGAIN > at):
        return None
    try:
        with transaction.atomic():
            return RetentionRun.objects.create(
                rule=rule, kind=rule.kind, channel_id=rule.channel_id, started_at=at,
                cutoff=at - timedelta(days=rule.days),
            ).pk  # fmt: skip
    except IntegrityError:  # another worker was first
        return None


def _one_batch(run_id: int, *, at: datetime) -> bool:
    """Take the next few; False when nothing is left, or another worker is at it."""
    _take_bytes(run_id)  # of a batch that was cut off after its commit
    with transaction.atomic():
        run = RetentionRun.objects.select_for_update(of=("self",), skip_locked=True).filter(pk=run_id).first()
        if run is None or run.state != JobState.RUNNING:
            return False
        counts = _take(run, at=at)
        if counts is None:
            _finish(run, at=at)
        else:
            for name, number in counts.items():
                run.counts[name] = run.counts.get(name, 0) + number
            run.save(update_fields=["counts", "blobs"])
    _take_bytes(run_id)
    return counts is not None


def _take_bytes(run_id: int) -> None:
    """Delete the bytes of files whose rows are gone, and then forget which they were."""
    run = RetentionRun.objects.filter(pk=run_id).exclude(blobs=[]).first()
    if run is not None:
        take_blobs(run)
        RetentionRun.objects.filter(pk=run_id, blobs=run.blobs).update(blobs=[])


def _finish(run: RetentionRun, *, at: datetime) -> None:
    run.state, run.finished_at = JobState.DONE, at
    run.save(update_fields=["state", "finished_at"])
    facts = {"run": run.pk, "kind": run.kind, "channel": run.channel_id, "before": run.cutoff.isoformat(), **run.counts}
    _record(run.rule_id or 0, "ran", by=None, at=at, data=facts)


def _take(run: RetentionRun, *, at: datetime) -> dict[str, int] | None:
    """Lock the next batch, look again, and take it; None when nothing is left."""
    found = old(run.kind, channel=run.channel_id, cutoff=run.cutoff)
    ids = list(found.values_list("pk", flat=True)[:BATCH])
    if not ids:
        return None
    _lock_around(run.kind, ids)
    again = old(run.kind, channel=run.channel_id, cutoff=run.cutoff).filter(pk__in=ids)
    return _TAKE[run.kind](list(again.values_list("pk", flat=True)), run, at)


def _lock_around(kind: str, ids: Sequence[int]) -> None:
    """The customers, so that a hold waits or is seen; then the tickets, each in id order."""
    where = {
        Ages.TICKETS: Ticket.objects.filter(pk__in=ids),
        Ages.FILES: Ticket.objects.filter(pk__in=Attachment.objects.filter(pk__in=ids).values("ticket")),
        Ages.RAW: Ticket.objects.filter(
            pk__in=RawDelivery.objects.filter(pk__in=ids, message__isnull=False).values("message__ticket")
        ),
    }[Ages(kind)]
    tickets = list(where.values_list("pk", "customer_id"))
    customers = Customer.objects.filter(pk__in={customer for _pk, customer in tickets})
    roots = {merged or pk for pk, merged in customers.values_list("pk", "merged_into")}
    list(Customer.objects.select_for_update().filter(pk__in=roots).order_by("pk").values_list("pk"))
    locked = Ticket.objects.select_for_update(of=("self",)).filter(pk__in=[pk for pk, _customer in tickets])
    list(locked.order_by("pk").values_list("pk"))


def _empty(ids: Sequence[int], run: RetentionRun, at: datetime) -> dict[str, int]:
    if not ids:
        return {}
    subject = Subject((), (), tuple(ids))
    counts: dict[str, int] = {}
    for step in (take_files, take_raw_copies, empty_tickets, empty_answers, empty_events):
        counts |= {name: number for name, number in step(subject, run).items() if number}
    rows = [EmptiedTicket(ticket_id=pk, at=at) for pk in ids]
    EmptiedTicket.objects.bulk_create(rows, update_conflicts=True, update_fields=["at"], unique_fields=["ticket"])
    return counts


def _take_files(ids: Sequence[int], run: RetentionRun, at: datetime) -> dict[str, int]:
    files = Attachment.objects.filter(pk__in=ids)
    run.blobs = sorted({*run.blobs, *files.values_list("sha256", flat=True)})
    return {"files": files.delete()[0]}


def _take_raw(ids: Sequence[int], run: RetentionRun, at: datetime) -> dict[str, int]:
    return {"raw copies": RawBody.objects.filter(pk__in=ids).delete()[0]}


_TAKE: dict[str, Callable[[Sequence[int], RetentionRun, datetime], dict[str, int]]] = {
    Ages.TICKETS: _empty, Ages.FILES: _take_files, Ages.RAW: _take_raw,
}  # fmt: skip
