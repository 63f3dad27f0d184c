"""A customer's data as one file for them: asked for, made by a job, there for a week, each download on record."""

from __future__ import annotations

import logging
import tempfile
import zipfile
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import IO
from uuid import UUID

from django.core.files.base import File
from django.db import IntegrityError, transaction
from django.utils import timezone

from events.actors import SYSTEM
from events.audit import AuditKind, note
from events.doorbell import ring
from events.ledger import record_event
from people.models import Agent, Customer
from people.permissions import Permission
from people.roles import require
from people.storage import attachments_storage

from .contents import write_contents
from .models import CustomerExport, JobState
from .subject import subject_of

logger = logging.getLogger(__name__)
KEPT, LEASE = timedelta(days=7), timedelta(minutes=30)
RUNNING = (JobState.WAITING, JobState.RUNNING)
TRIES = 5


def start_export(customer: Customer, *, by: Agent, at: datetime | None = None) -> CustomerExport:
    """Have the file made. The same request again is the one under way."""
    require(by, Permission.HANDLE_PRIVACY)
    at, stays = at or timezone.now(), customer.merged_into or customer
    with transaction.atomic():
        Customer.objects.select_for_update().get(pk=stays.pk)
        if running := CustomerExport.objects.filter(customer=stays, state__in=RUNNING).first():
            return running
        try:
            with transaction.atomic():
                job = CustomerExport.objects.create(customer=stays, by=by, asked_at=at)
        except IntegrityError:
            return CustomerExport.objects.get(customer=stays, state__in=RUNNING)
        data = {"export": str(job.public_id)}
        record_event(("customer", stays.pk), "customer.export_asked", by=by.actor, at=at, data=data)
    ring("privacy")
    return job


def work_exports(*, at: datetime | None = None) -> int:
    """Make what is asked for; how many were made."""
    made = 0
    while job := CustomerExport.objects.filter(state__in=RUNNING, not_before__lte=at or timezone.now()).first():
        made += _make(job.pk, at=at or timezone.now())
    return made


def _make(job_id: int, *, at: datetime) -> bool:
    """One file, under a lease: whoever dies leaves it to the next, who makes it anew under the same name."""
    with transaction.atomic():
        job = CustomerExport.objects.select_for_update().get(pk=job_id)
        if job.state not in RUNNING or job.not_before > at:
            return False
        job.state, job.not_before = JobState.RUNNING, at + LEASE
        job.save(update_fields=["state", "not_before"])
    try:
        size = _write(job)
    except Exception:  # whatever a store says: it is tried again, and at last shown as failed
        logger.exception("export stumbled", extra={"export": job_id})
        _postpone(job, at=at)
        return False
    return _finish(job_id, size, at=at)


def _finish(job_id: int, size: int, *, at: datetime) -> bool:
    with transaction.atomic():
        job = CustomerExport.objects.select_for_update().get(pk=job_id)
        if job.state == JobState.FAILED:  # withdrawn meanwhile: the file is of somebody who is being erased
            attachments_storage().delete(_place(job))
        if job.state != JobState.RUNNING:
            return False
        job.state, job.finished_at, job.expires_at = JobState.DONE, at, at + KEPT
        job.stored_as, job.size = _place(job), size
        job.save()
        Customer.objects.select_for_update().get(pk=job.customer_id)
        by = job.by.actor if job.by else SYSTEM
        data = {"export": str(job.public_id), "size": size}
        record_event(("customer", job.customer_id), "customer.exported", by=by, at=at, data=data)
    return True


def _postpone(job: CustomerExport, *, at: datetime) -> None:
    tries = job.attempts + 1
    CustomerExport.objects.filter(pk=job.pk, state=JobState.RUNNING).update(
        attempts=tries, not_before=at + timedelta(minutes=2**tries),
        state=JobState.FAILED if tries >= TRIES else JobState.WAITING,
    )  # fmt: skip


def _place(job: CustomerExport) -> str:
    return f"exports/{job.public_id}.zip"


def _write(job: CustomerExport) -> int:
    storage = attachments_storage()
    with tempfile.TemporaryFile() as file:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            write_contents(subject_of(job.customer), archive)
        size = file.tell()
        file.seek(0)
        storage.delete(_place(job))  # what a cut off try left
        storage.save(_place(job), File(file))
    return size


def open_export(public_id: UUID, *, by: Agent, at: datetime | None = None) -> tuple[CustomerExport, IO[bytes]] | None:
    """The file, with the download on record; None when there is none (any more)."""
    require(by, Permission.HANDLE_PRIVACY)
    at = at or timezone.now()
    job = CustomerExport.objects.filter(public_id=public_id, expires_at__gt=at).exclude(stored_as="").first()
    if job is None:
        return None
    try:
        content = attachments_storage().open(job.stored_as)
    except FileNotFoundError:
        return None
    note(AuditKind.EXPORTED, by=by.actor, what=f"customer {job.customer_id}", data={"export": str(public_id)}, at=at)
    return job, content


def sweep_exports(*, at: datetime | None = None) -> int:
    """Delete the files whose week is over; how many."""
    return take_away(CustomerExport.objects.filter(expires_at__lte=at or timezone.now()).values_list("pk", flat=True))


def withdraw_exports(customer_ids: Collection[int]) -> int:
    """Delete what was made of these customers, and have nothing more made; how many files. Whoever is just making one
    finds it unwanted in the end, and the sweep takes what they leave if they are killed."""
    theirs = CustomerExport.objects.filter(customer__in=customer_ids).order_by("pk")
    gone = take_away(theirs.values_list("pk", flat=True))
    for job in theirs.filter(state__in=RUNNING).select_for_update():
        job.state, job.stored_as, job.expires_at = JobState.FAILED, _place(job), timezone.now()
        job.save(update_fields=["state", "stored_as", "expires_at"])
        attachments_storage().delete(_place(job))
    return gone


def take_away(export_ids: Collection[int]) -> int:
    """Delete these files; that they were made stays known."""
    gone = 0
    for job in CustomerExport.objects.filter(pk__in=list(export_ids)).exclude(stored_as=""):
        attachments_storage().delete(job.stored_as)
        gone += CustomerExport.objects.filter(pk=job.pk).update(stored_as="")
    return gone
