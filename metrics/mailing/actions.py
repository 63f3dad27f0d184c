"""Wanting a report by mail, and wanting it no more. A mailing is its owner's; whoever receives it may leave."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from django.conf import settings
from django.core.signing import BadSignature, Signer
from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from events.audit import note_setting
from events.ledger import record_event
from metrics.events import MAILING_STREAM, ReportEvent
from metrics.mailing.rhythm import Rhythm, next_moment
from metrics.models import ReportMailing, ReportReader
from people.models import Agent
from people.permissions import Permission, PermissionDenied
from tickets.errors import InvalidInput, NotFound

REPORTS = ("overview", "service_level", "satisfaction", "work", "retention", "topics", "at_risk")
MOST_READERS, MOST_MAILINGS = 50, 30
_SIGNER = Signer(salt="metrics.mailing.leave", sep=".")


def save_mailing(
    mailing_id: int | None, *, by: Agent, report: str, query: str, rhythm: str, hour: int, time_zone: str,
    readers: Collection[int], as_pdf: bool = False, at: datetime | None = None,
) -> ReportMailing:  # fmt: skip
    """Have a report sent, or change that. It is next due at the next moment of its rhythm. Saving what is there already
    changes nothing."""
    at = at or timezone.now()
    _refuse(by, report, rhythm, readers)
    with transaction.atomic():
        row = _locked(mailing_id, by=by) if mailing_id is not None else ReportMailing(owner=_counted(by))
        values = {"report": report, "query": query[:500], "rhythm": rhythm, "hour": hour, "time_zone": time_zone,
                  "as_pdf": as_pdf}  # fmt: skip
        before = set(ReportReader.objects.filter(mailing=row.pk).values_list("agent_id", flat=True))
        if row.pk and before == set(readers) and all(getattr(row, name) == value for name, value in values.items()):
            return row
        if row.pk:
            known = {name: getattr(row, name) for name in values} | {"readers": sorted(before)}
            note_setting(f"report_mailing {row.pk}", known, values | {"readers": sorted(set(readers))}, by=by.actor)
        for name, value in values.items():
            setattr(row, name, value)
        row.next_at = next_moment(rhythm, hour, time_zone, at)
        row.save()
        ReportReader.objects.filter(mailing=row).exclude(agent__in=readers).delete()
        ReportReader.objects.bulk_create([
            ReportReader(mailing=row, agent_id=id) for id in sorted(set(readers) - before)
        ])  # fmt: skip
        _record(row.pk, ReportEvent.MAILING_SAVED, values | {"readers": sorted(set(readers))}, by=by, at=at)
    return row


def remove_mailing(mailing_id: int, *, by: Agent) -> None:
    """Have it sent no more. Removing it again changes nothing."""
    with transaction.atomic():
        row = ReportMailing.objects.select_for_update().filter(pk=mailing_id, owner=by).first()
        if row is None:
            return
        row.delete()
        _record(mailing_id, ReportEvent.MAILING_REMOVED, {"report": row.report}, by=by, at=timezone.now())


def leave_mailing(mailing_id: int, agent_id: int) -> None:
    """The reader wants it no more; with the last one gone nobody is written to. Leaving again changes nothing."""
    with transaction.atomic():
        row = ReportMailing.objects.select_for_update().filter(pk=mailing_id).first()
        reader = ReportReader.objects.filter(mailing=mailing_id, agent=agent_id).select_related("agent").first()
        if row is None or reader is None:
            return
        reader.delete()
        _record(
            mailing_id, ReportEvent.MAILING_LEFT, {"agent": agent_id}, by=reader.agent, at=timezone.now()
        )  # fmt: skip


def leave_url(mailing_id: int, agent_id: int) -> str:
    """Where a reader says so, without a session: mail programs post to it by themselves (RFC 8058)."""
    return f"{settings.BASE_URL}{reverse('mailing_leave', args=[_SIGNER.sign(f'{mailing_id}-{agent_id}')])}"


def read_leave_token(token: str) -> tuple[int, int] | None:
    """(mailing, agent) of a link of ours; None for every other text."""
    try:
        mailing_id, _dash, agent_id = _SIGNER.unsign(token).partition("-")
    except BadSignature:
        return None
    return int(mailing_id), int(agent_id)


def _refuse(by: Agent, report: str, rhythm: str, readers: Collection[int]) -> None:
    if not by.may(Permission.READ_REPORTS):
        raise PermissionDenied(_("Your role does not allow this."))
    if report not in REPORTS:
        raise InvalidInput("report", _("There is no such report."))
    if rhythm not in set(Rhythm):
        raise InvalidInput("rhythm", _("Choose how often."))
    if not readers or len(set(readers)) > MOST_READERS:
        raise InvalidInput("readers", _("Choose who is sent it, fifty people at most."))
    may = set(Agent.objects.who_may(Permission.READ_REPORTS).filter(pk__in=readers).values_list("pk", flat=True))
    if set(readers) - may:
        raise InvalidInput("readers", _("Somebody of these may not read reports."))


def _counted(by: Agent) -> Agent:
    # The agent's row is what two tabs meet at.
    owner = Agent.objects.select_for_update(no_key=True).get(pk=by.pk)
    if ReportMailing.objects.filter(owner=owner).count() >= MOST_MAILINGS:
        raise InvalidInput("report", _("You have thirty reports by mail already."))
    return owner


def _locked(mailing_id: int, *, by: Agent) -> ReportMailing:
    row = ReportMailing.objects.select_for_update().filter(pk=mailing_id, owner=by).first()
    if row is None:
        raise NotFound(_("There is no such report by mail."))
    return row


def _record(mailing_id: int, kind: ReportEvent, data: dict[str, Any], *, by: Agent, at: datetime) -> None:
    record_event((MAILING_STREAM, mailing_id), kind, by=by.actor, at=at, data=data)
