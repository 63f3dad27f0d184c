"""What customers answer: one answer an invitation, changed within a day; the score first, the words when they come."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from events.actors import Actor, ActorKind
from events.ledger import record_event
from metrics.events import SURVEYS_STREAM, SurveyEvent
from metrics.models import Survey, SurveyAnswer, SurveyInvitation, Via
from metrics.surveys.scales import REASONS, band_of, is_score
from tickets.actions.base import record
from tickets.errors import InvalidInput, NotFound, TooLate
from tickets.kinds import traits_of
from tickets.models import Ticket
from tickets.sensitive.arriving import hide_text

CHANGEABLE = timedelta(days=1)
# After so long a first answer says nothing about the help any more.
ANSWERABLE = timedelta(days=30)
LONGEST = 4000
_VISITOR = Actor(ActorKind.CUSTOMER)


@dataclass(frozen=True, slots=True)
class Said:
    """One answer as it came from a page. None leaves reasons and comment as they are."""

    score: int
    reasons: Sequence[str] | None = None
    comment: str | None = None


def record_answer(invitation_id: int, said: Said, *, at: datetime | None = None) -> SurveyAnswer:
    """Keep what the customer says, or how they change it. The same again changes nothing.

    InvalidInput for no such score, TooLate a day after the first answer, NotFound for an invitation that is gone.
    """
    at = at or timezone.now()
    ticket_id = SurveyInvitation.objects.filter(pk=invitation_id).values_list("ticket_id", flat=True).first()
    with transaction.atomic():
        ticket = Ticket.objects.select_for_update(of=("self",)).filter(pk=ticket_id or 0).first()
        found = SurveyInvitation.objects.select_related(
            "survey", "ticket__channel", "message__conversation__channel"
        ).filter(pk=invitation_id)
        row = found.first()
        if ticket is None or row is None or not row.secret:
            raise NotFound(_("There is no such question."))
        answer = SurveyAnswer.objects.filter(invitation=row).first()
        new = answer is None
        if new and row.asked_at is not None and at - row.asked_at > ANSWERABLE:
            raise TooLate(_("This question can no longer be answered."))
        answer = answer or SurveyAnswer(
            invitation=row, survey_id=row.survey_id, kind=row.kind, language=row.language, ticket=ticket,
            cycle=row.cycle, customer_id=row.customer_id, channel_id=row.channel_id, team_id=row.team_id,
            agent_id=row.agent_id, answered_at=at,
            via=_via(row),
        )  # fmt: skip
        data = _keep(answer, said, new=new, at=at)
        if data is not None:
            kind = SurveyEvent.ANSWERED if new else SurveyEvent.CHANGED
            record(ticket, kind, by=Actor.customer(row.customer_id), at=at, data=data | {"cycle": row.cycle})
    return answer


def _via(row: SurveyInvitation) -> Via:
    """By which way they were asked."""
    channel = row.message.conversation.channel if row.message else row.ticket.channel
    traits = traits_of(channel.kind)
    return Via.MAIL if traits.addressed else Via.CHAT if traits.instant else Via.SOCIAL


def record_public_answer(
    survey_id: int, key: UUID, said: Said, *, kind: str, language: str, at: datetime | None = None
) -> SurveyAnswer:
    """The same for a visitor of a survey's public link, known by the key of that visit alone; `kind` is what their page
    asked, whose scale may be another by now."""
    at = at or timezone.now()
    with transaction.atomic():
        survey = Survey.objects.filter(pk=survey_id, is_active=True, web_link=True).first()
        if survey is None:
            raise NotFound(_("There is no such question."))
        lock_survey(survey.pk)
        answer = SurveyAnswer.objects.filter(key=key).first()
        new = answer is None
        answer = answer or SurveyAnswer(
            key=key, survey=survey, kind=kind, language=language, via=Via.WEB, answered_at=at
        )
        if answer.survey_id != survey.pk:
            raise NotFound(_("There is no such question."))
        data = _keep(answer, said, new=new, at=at)
        if data is not None:
            kind = SurveyEvent.ANSWERED if new else SurveyEvent.CHANGED
            record_event((SURVEYS_STREAM, survey.pk), kind, by=_VISITOR, at=at, data=data)
    return answer


def lock_survey(survey_id: int) -> None:
    """Let nobody else write into the stream of this survey until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('metrics.survey', %s))", [survey_id])


def _storable(comment: str) -> str:
    """What a report may show: a card or a password is masked for good, since nobody needs it there."""
    return hide_text(comment.replace("\x00", "").strip()[:LONGEST])[0][:LONGEST]


def _keep(answer: SurveyAnswer, said: Said, *, new: bool, at: datetime) -> dict[str, Any] | None:
    """Write the row; the facts for its event, None when nothing changed."""
    if not is_score(answer.kind, said.score):
        raise InvalidInput("score", _("There is no such score."))
    before = None if new else (answer.score, list(answer.reasons), answer.comment)
    allowed = REASONS[band_of(answer.kind, said.score)]
    given = answer.reasons if said.reasons is None else said.reasons
    reasons = sorted({reason for reason in given if reason in allowed})
    comment = answer.comment if said.comment is None else _storable(said.comment)
    if before == (said.score, reasons, comment):
        return None
    if before is not None and at - answer.answered_at > CHANGEABLE:
        raise TooLate(_("This answer can no longer be changed."))
    answer.score, answer.reasons, answer.comment = said.score, reasons, comment
    answer.changed_at = None if new else at
    answer.save()
    data: dict[str, Any] = {"answer": answer.pk, "survey": answer.survey_id, "kind": answer.kind,
                            "score": answer.score, "reasons": reasons, "commented": bool(comment)}  # fmt: skip
    return data | ({"from": before[0]} if before is not None else {})
