"""Erasing a customer: what would go, whether it may, the job, and the mark that outlives a restored backup.

A job is worked off step by step, each step a transaction that also moves `step` on, so one that was cut off goes on
where it stood and one that runs twice changes nothing more. The mark lies in the table, in a file beside the database
and among the files of customers (`privacy.marks`): a backup from before knows nothing of it, and
`manage.py replay_erasures` reads the marks.
"""

from __future__ import annotations

import json
import logging
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from channels_inbound.models import RawDelivery
from commerce.models import Buyer, Order
from events.actors import SYSTEM, Actor
from events.doorbell import ring
from events.ledger import record_event
from knowledge.models import ArticlePicture
from metrics.models import SurveyAnswer
from people.models import Agent, Customer, Identity
from people.permissions import Permission
from people.roles import require
from people.storage import attachments_storage, blob_name
from tickets.errors import InvalidInput
from tickets.models import Attachment, Message, OutboxState, Ticket

from .marks import keep_mark, marks, write_mark
from .models import Erasure, JobState, LegalHold, RetentionRun
from .steps import STEPS
from .subject import ERASED, Subject, subject_of

logger = logging.getLogger(__name__)
RUNNING = (JobState.WAITING, JobState.RUNNING)
TRIES = 8


def preview(customer: Customer) -> dict[str, int]:
    """How much of each thing would go."""
    subject = subject_of(customer)
    mails, phones = subject.reachable()
    buyers = Buyer.objects.filter(email__in=mails) | Buyer.objects.filter(phone__in=phones)
    return {
        "tickets": len(subject.tickets),
        "messages": subject.messages.count(),
        "files": Attachment.objects.filter(message__in=subject.messages).count(),
        "raw copies": RawDelivery.objects.filter(message__in=subject.messages, body__isnull=False).count(),
        "orders": Order.objects.filter(buyer__in=buyers).count(),
        "answers": SurveyAnswer.objects.filter(customer__in=subject.customers).count(),
        "addresses": len(subject.addresses()),
    }


def held(customer: Customer) -> LegalHold | None:
    """The hold that keeps this person's data, if there is one."""
    return LegalHold.objects.filter(customer__in=subject_of(customer).customers, ended_at=None).first()


def start_erasure(customer: Customer, *, by: Agent, at: datetime | None = None) -> Erasure:
    """Have everything of the person erased. The same request again is the job under way. InvalidInput while a hold
    keeps it or a message is just leaving."""
    require(by, Permission.HANDLE_PRIVACY)
    at = at or timezone.now()
    with transaction.atomic():
        job = _plan(customer, by=by, at=at)
    ring("privacy")
    return job


def _plan(customer: Customer, *, by: Agent | None, at: datetime) -> Erasure:
    subject = subject_of(customer)
    locked = list(Customer.objects.select_for_update().filter(pk__in=subject.customers).order_by("pk"))
    stays = next((one for one in locked if one.merged_into_id is None), customer)
    running = Erasure.objects.filter(customer=stays, state__in=RUNNING).first()
    if running:
        return running
    if hold := held(stays):
        raise InvalidInput("hold", _("Nothing of this customer may go: %(reason)s") % {"reason": hold.reason})
    try:
        with transaction.atomic():
            job = Erasure.objects.create(
                customer=stays, customers=list(subject.customers), identities=list(subject.identities),
                tickets=list(subject.tickets), by=by, asked_at=at,
            )  # fmt: skip
    except IntegrityError:  # asked by two at once: theirs is the job
        return Erasure.objects.get(customer=stays, state__in=RUNNING)
    _record(job, "customer.erasure_asked", by=by.actor if by else SYSTEM, at=at)
    return job


def work_erasures(*, at: datetime | None = None) -> int:
    """Work off what is asked for; how many jobs were finished."""
    done = 0
    while job_id := _next_due(at or timezone.now()):
        done += work_off(job_id)
    return done


def _next_due(at: datetime) -> int | None:
    due = Erasure.objects.filter(state__in=RUNNING, not_before__lte=at).order_by("pk")
    return due.values_list("pk", flat=True).first()


def work_off(job_id: int, *, at: datetime | None = None) -> bool:
    """Run the job to its end; False when it has to wait, which is noted on it."""
    try:
        while _one_step(job_id):
            pass
        return _finish(job_id, at=at or timezone.now())
    except Exception:  # whatever a store says: the job waits, is tried again, and at last is shown as failed
        logger.exception("erasure stumbled", extra={"erasure": job_id})
        _postpone(job_id, at=at or timezone.now())
        return False


def _one_step(job_id: int) -> bool:
    """Do the next step; False when there is none left."""
    with transaction.atomic():
        job = Erasure.objects.select_for_update().get(pk=job_id)
        if job.state not in RUNNING or job.step >= len(STEPS):
            return False
        if job.step == len(STEPS) - 1 and _came_meanwhile(job):
            job.step = 0
            job.save(update_fields=["step", "identities", "tickets"])
            return True
        subject = Subject(tuple(job.customers), tuple(job.identities), tuple(job.tickets))
        list(Ticket.objects.select_for_update().filter(pk__in=subject.tickets).order_by("pk").values_list("pk"))
        if subject.messages.filter(outbox=OutboxState.SENDING).exists():
            raise BlockingIOError("a message is just leaving")
        counted = STEPS[job.step](subject, job)
        job.counts = job.counts | {name: job.counts.get(name, 0) + n for name, n in counted.items() if n}
        job.step, job.state = job.step + 1, JobState.RUNNING
        job.save()
    return True


def _came_meanwhile(job: Erasure) -> bool:
    """Whether they wrote, or somebody wrote to them, while the job ran; what is new is then of the job too, which
    begins again. After its last step nobody could say any more whose words those are."""
    tickets = Ticket.objects.filter(customer__in=job.customers).values_list("pk", flat=True)
    identities = Identity.objects.filter(customer__in=job.customers).values_list("pk", flat=True)
    before = len(job.tickets) + len(job.identities)
    job.tickets, job.identities = sorted({*job.tickets, *tickets}), sorted({*job.identities, *identities})
    subject = Subject(tuple(job.customers), tuple(job.identities), tuple(job.tickets))
    said = subject.messages.exclude(text="", html="", subject="").exists()
    return said or len(job.tickets) + len(job.identities) > before


def _finish(job_id: int, *, at: datetime) -> bool:
    job = Erasure.objects.get(pk=job_id)
    if job.state not in RUNNING:
        return False
    take_blobs(job)
    write_mark(job)
    with transaction.atomic():
        job = Erasure.objects.select_for_update().get(pk=job_id)
        if job.state not in RUNNING:
            return False
        job.state, job.finished_at, job.blobs = JobState.DONE, at, []
        job.save()
        Customer.objects.select_for_update().get(pk=job.customer_id)
        _record(job, "customer.erased", by=job.by.actor if job.by else SYSTEM, at=at, data=job.counts)
    return True


def take_blobs(job: Erasure | RetentionRun) -> None:
    """Delete the bytes of files that no row names any more; thumbnails are made anew each time and lie nowhere."""
    storage = attachments_storage()
    for sha256 in job.blobs:
        # The same bytes may be a picture of the help centre, which is nobody's.
        named = (
            Attachment.objects.filter(sha256=sha256).exists() or ArticlePicture.objects.filter(sha256=sha256).exists()
        )
        if not named:
            with suppress(FileNotFoundError):
                storage.delete(blob_name(sha256))


def _postpone(job_id: int, *, at: datetime) -> None:
    with transaction.atomic():
        job = Erasure.objects.select_for_update().get(pk=job_id)
        job.attempts += 1
        job.not_before = at + timedelta(minutes=min(60, 2**job.attempts))
        if job.attempts >= TRIES:
            job.state = JobState.FAILED
        job.save(update_fields=["attempts", "not_before", "state"])


def _record(job: Erasure, kind: str, *, by: Actor, at: datetime, data: dict[str, int] | None = None) -> None:
    facts = {"erasure": str(job.public_id), **(data or {})}
    record_event(("customer", job.customer_id), kind, by=by, at=at, data=facts)


# After a restored backup


@dataclass(slots=True)
class Replayed:
    """How many were erased again, how many needed it no more, and what is left for a person to look at."""

    again: int = 0
    clean: int = 0
    left: list[str] = field(default_factory=list)


def replay_erasures(path: Path | None = None, *, at: datetime | None = None) -> Replayed:
    """Erase again whoever is marked, in this file or anywhere we keep marks, and has come back with a backup. What
    hinders one hinders no other."""
    found, seen = Replayed(), set[UUID]()
    for where, text in marks(path):
        try:
            mark = json.loads(text)
            marked = {UUID(one) for one in mark["customers"]}
        except (ValueError, TypeError, KeyError, AttributeError):
            found.left.append(f"{where} cannot be read: it was cut off")
            continue
        keep_mark(mark, text)
        for customer in Customer.objects.filter(public_id__in=marked - seen, merged_into=None).order_by("pk"):
            _replay(customer, found, at=at or timezone.now())
        seen |= marked
    return found


def _replay(customer: Customer, found: Replayed, *, at: datetime) -> None:
    if not _is_back(customer):
        found.clean += 1
        return
    try:
        with transaction.atomic():
            job = _plan(customer, by=None, at=at)
    except InvalidInput as error:
        found.left.append(f"customer {customer.pk}: {error.message}")
        return
    if work_off(job.pk, at=at):
        found.again += 1
    else:
        found.left.append(f"customer {customer.pk}: it could not be finished and is tried again")


def _is_back(customer: Customer) -> bool:
    subject = subject_of(customer)
    known = Identity.objects.filter(pk__in=subject.identities).exclude(value__startswith=ERASED)
    return known.exists() or Message.objects.filter(ticket__in=subject.tickets).exclude(text="").exists()


# Holds


def hold(customer: Customer, *, reason: str, by: Agent, at: datetime | None = None) -> LegalHold:
    """Keep everything of the person until the hold ends. Held already: the hold there is."""
    require(by, Permission.HANDLE_PRIVACY)
    reason = " ".join(reason.replace("\x00", "").split())[:300]
    if not reason:
        raise InvalidInput("reason", _("Say why it has to be kept."))
    at = at or timezone.now()
    with transaction.atomic():
        customer = Customer.objects.select_for_update().get(pk=customer.merged_into_id or customer.pk)
        if found := LegalHold.objects.filter(customer=customer, ended_at=None).first():
            return found
        if Erasure.objects.filter(customer=customer, state__in=RUNNING).exists():
            raise InvalidInput("hold", _("It is being erased already."))
        found = LegalHold.objects.create(customer=customer, reason=reason, by=by, since=at)
        record_event(("customer", customer.pk), "customer.held", by=by.actor, at=at, data={"hold": found.pk})
    return found


def end_hold(customer: Customer, *, by: Agent, at: datetime | None = None) -> bool:
    """What was held may go again; False when nothing was."""
    require(by, Permission.HANDLE_PRIVACY)
    at = at or timezone.now()
    with transaction.atomic():
        customer = Customer.objects.select_for_update().get(pk=customer.merged_into_id or customer.pk)
        ended = LegalHold.objects.filter(customer=customer, ended_at=None).update(ended_at=at)
        if ended:
            record_event(("customer", customer.pk), "customer.hold_ended", by=by.actor, at=at, data={})
    return bool(ended)
