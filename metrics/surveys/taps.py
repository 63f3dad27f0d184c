"""Surveys answered where they were asked: by a button below the question, or by a number written there.

The door knows such an answer (`tickets.ingest.expected`) and lets it ask nothing of anybody; here it becomes the
customer's rating, once however often it is heard of, and they are thanked for the first.
"""

from __future__ import annotations

from contextlib import suppress

from events.models import Event
from metrics.models import SurveyAnswer, SurveyInvitation, SurveyState
from metrics.surveys.answers import Said, record_answer
from metrics.surveys.letters import shown_score, thanks_text
from metrics.surveys.scales import SCALES, Kind
from tickets import actions
from tickets.actions.base import lock_ticket_of
from tickets.errors import NotFound, TooLate
from tickets.events import TicketEvent
from tickets.ingest.expected import plain_word
from tickets.kinds import Traits
from tickets.models import AutoKind, Message, Ticket

HEARD = (TicketEvent.QUESTION_ANSWERED,)


def offered(kind: str, traits: Traits) -> list[str]:
    """The buttons below the question, where the channel has one for each score; else none."""
    shown = [shown_score(kind, score) for score in SCALES[kind]]
    return shown if len(shown) <= traits.choices else []


def expected(kind: str) -> list[str]:
    """Every word that stands for a score: 4, 4/5, and as its button says it."""
    return [word for score in SCALES[kind] for word in _words(kind, score)]


def score_in(kind: str, text: str) -> int | None:
    """The score such a word means."""
    said = plain_word(text)
    return next((score for score in SCALES[kind] if said in map(plain_word, _words(kind, score))), None)


def _words(kind: str, score: int) -> list[str]:
    return list(dict.fromkeys((str(score), f"{score}/{SCALES[Kind(kind)][-1]}", shown_score(kind, score))))


def hear_answer(event: Event) -> None:
    """The subscriber: a word that answers a question becomes its answer. Safe twice; what comes too late, or about a
    question that is gone, stays a line of the conversation."""
    ticket = lock_ticket_of(event.data["message"])
    message = Message.objects.select_related("conversation").filter(pk=event.data["message"]).first()
    if ticket is None or message is None:
        return
    # By place and not by time: a provider's clock may be behind ours.
    asked = SurveyInvitation.objects.filter(
        state=SurveyState.ASKED, message__conversation=message.conversation_id, message__sequence__lt=message.sequence
    )
    row = asked.select_related("message", "survey").order_by("-asked_at").first()
    score = score_in(row.kind, message.text) if row else None
    if row is None or row.message is None or score is None:
        return
    first = not SurveyAnswer.objects.filter(invitation=row).exists()
    with suppress(TooLate, NotFound):
        record_answer(row.pk, Said(score), at=message.at)
        if first:
            _thank(ticket, row, row.message, message, score)


def _thank(ticket: Ticket, row: SurveyInvitation, question: Message, answer: Message, score: int) -> None:
    """With the way to say why. A number that comes after it changes the answer, as one that comes before it does."""
    actions.queue_automatic(
        ticket, answer.conversation, to=question.envelope["to"], subject="", text=thanks_text(row, score),
        kind=AutoKind.SURVEY, language=row.language, at=answer.at, expects=question.envelope["expects"],
    )  # fmt: skip
