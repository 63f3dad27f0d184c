"""Closing the loop: a low score gives a lead something to see to, in time; a good one later says that it helped."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from events.actors import SYSTEM
from events.models import Event
from metrics.events import SurveyEvent
from metrics.models import FollowUp, FollowUpState, SurveyAnswer
from metrics.surveys.scales import Band, band_of
from people.models import Agent
from people.permissions import Permission, PermissionDenied
from tickets.actions.base import record
from tickets.errors import InvalidInput, NotFound
from tickets.models import Ticket
from tickets.notices.rules import notify

HEARD = (SurveyEvent.ANSWERED, SurveyEvent.CHANGED)
TOLD = (SurveyEvent.FOLLOW_UP_OPENED,)


def follow_up(event: Event) -> None:
    """The subscriber: open, join, close again or mark as recovered, by the answer as it is now. Safe twice."""
    answer = SurveyAnswer.objects.select_related("survey").filter(pk=event.data.get("answer")).first()
    if answer is None or answer.ticket_id is None or answer.customer_id is None or answer.survey is None:
        return
    with transaction.atomic():
        ticket = Ticket.objects.select_for_update(of=("self",)).filter(pk=answer.ticket_id).first()
        if ticket is None:
            return
        band = band_of(answer.kind, answer.score)
        if band == Band.LOW and answer.survey.follows_up:
            _open(answer, ticket, hours=answer.survey.follow_up_hours, cause=event)
        elif band != Band.LOW:
            _withdraw(answer, ticket, cause=event)
            if band == Band.HIGH:
                _recover(answer, ticket, cause=event)


def _open(answer: SurveyAnswer, ticket: Ticket, *, hours: int, cause: Event) -> None:
    if FollowUp.objects.filter(answer=answer).exists():
        return
    assert answer.customer_id is not None  # `follow_up` has looked
    open_one = FollowUp.objects.select_for_update().filter(customer=answer.customer_id, state=FollowUpState.OPEN)
    if (row := open_one.first()) is not None:
        row.answer, row.ticket = answer, ticket
        row.save(update_fields=["answer", "ticket"])
    else:
        row = FollowUp.objects.create(
            customer_id=answer.customer_id, ticket=ticket, answer=answer, team=ticket.team, opened_at=cause.at,
            due_at=cause.at + timedelta(hours=hours),
        )  # fmt: skip
    data = {"follow_up": row.pk, "answer": answer.pk, "due": row.due_at.isoformat()}
    record(ticket, SurveyEvent.FOLLOW_UP_OPENED, by=SYSTEM, at=cause.at, data=data, cause=cause)


def _withdraw(answer: SurveyAnswer, ticket: Ticket, *, cause: Event) -> None:
    """The customer thought better of it before anybody acted."""
    for row in FollowUp.objects.select_for_update().filter(answer=answer, state=FollowUpState.OPEN):
        row.state, row.closed_at = FollowUpState.DONE, cause.at
        row.save(update_fields=["state", "closed_at"])
        data = {"follow_up": row.pk, "changed": True}
        record(ticket, SurveyEvent.FOLLOW_UP_CLOSED, by=SYSTEM, at=cause.at, data=data, cause=cause)


def _recover(answer: SurveyAnswer, ticket: Ticket, *, cause: Event) -> None:
    earlier = FollowUp.objects.select_for_update().filter(
        customer=answer.customer_id, state=FollowUpState.DONE, recovered_at=None, closed_at__lt=answer.answered_at
    )
    row = earlier.exclude(answer=answer).order_by("-opened_at").first()
    if row is not None:
        row.recovered_at = cause.at
        row.save(update_fields=["recovered_at"])
        data = {"follow_up": row.pk}
        record(ticket, SurveyEvent.FOLLOW_UP_RECOVERED, by=SYSTEM, at=cause.at, data=data, cause=cause)


def tell_leads(event: Event) -> None:
    """The subscriber: leads hear of a follow-up they may see."""
    for agent in Agent.objects.who_may(Permission.READ_REPORTS):
        notify(agent, event)


def visible_follow_ups(agent: Agent) -> QuerySet[FollowUp]:
    """Those of tickets the agent may see."""
    return FollowUp.objects.filter(ticket__in=Ticket.objects.visible_to(agent))


def take_follow_up(follow_up_id: int, *, by: Agent, at: datetime | None = None) -> FollowUp:
    """Make it one's own. Taking it again changes nothing."""

    def take(row: FollowUp, now: datetime) -> None:
        if row.owner_id == by.pk:
            return
        before, row.owner = row.owner_id, by
        row.save(update_fields=["owner"])
        data = {"follow_up": row.pk, "from": before, "to": by.pk}
        record(row.ticket, SurveyEvent.FOLLOW_UP_TAKEN, by=by.actor, at=now, data=data)

    return change_follow_up(follow_up_id, take, by=by, at=at)


def close_follow_up(follow_up_id: int, *, by: Agent, outcome: str, at: datetime | None = None) -> FollowUp:
    """Say what came of it. Closing a closed one changes nothing; InvalidInput without an outcome."""
    outcome = outcome.replace("\x00", "").strip()[:500]
    if not outcome:
        raise InvalidInput("outcome", _("Say in a few words what came of it."))

    def close(row: FollowUp, now: datetime) -> None:
        row.state, row.closed_at, row.outcome, row.owner_id = FollowUpState.DONE, now, outcome, row.owner_id or by.pk
        row.save(update_fields=["state", "closed_at", "outcome", "owner"])
        data = {"follow_up": row.pk, "in_time": now <= row.due_at}
        record(row.ticket, SurveyEvent.FOLLOW_UP_CLOSED, by=by.actor, at=now, data=data)

    return change_follow_up(follow_up_id, close, by=by, at=at)


def change_follow_up(
    follow_up_id: int, change: Callable[[FollowUp, datetime], None], *, by: Agent, at: datetime | None
) -> FollowUp:
    """Change an open follow-up that one may see, under its ticket's lock; one that is done stays as it is.
    PermissionDenied, NotFound."""
    if not by.may(Permission.READ_REPORTS):
        raise PermissionDenied(_("Your role does not allow this."))
    ticket_id = visible_follow_ups(by).filter(pk=follow_up_id).values_list("ticket_id", flat=True).first()
    if ticket_id is None:
        raise NotFound(_("There is no such follow-up."))
    with transaction.atomic():
        ticket = Ticket.objects.select_for_update(of=("self",)).get(pk=ticket_id)
        row = FollowUp.objects.select_for_update(of=("self",)).get(pk=follow_up_id)
        row.ticket = ticket
        if row.state == FollowUpState.OPEN:
            change(row, at or timezone.now())
    return row
