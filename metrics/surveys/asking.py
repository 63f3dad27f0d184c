"""Who is asked after a ticket was solved, and when; and for everybody else, why not.

`plan_survey` hears of tickets solved and reopened and keeps one row a period; `ask_due` finds the rows whose time has
come. Everything is asked again at that moment: the ticket may be open again, the customer may have said no.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from events.actors import SYSTEM, ActorKind
from events.models import Event
from metrics.events import SurveyEvent
from metrics.models import Survey, SurveyInvitation, SurveyState
from metrics.rules import conditions_fit
from metrics.surveys.letters import chat_text, mail_html, mail_subject, mail_text
from metrics.surveys.scales import is_drawn
from metrics.surveys.taps import expected, offered
from people.contact_budget import contact_rules, end_of_quiet, spend_contact
from people.identities import family
from people.models import Identity, MailKind
from people.unsubscribing import unsubscribed
from tickets import actions
from tickets.actions.base import record
from tickets.events import TicketEvent
from tickets.kinds import traits_in, traits_of, window_end
from tickets.languages import language_of
from tickets.models import AutoKind, Cycle, Message, MessageKind, SenderVerdict, Status, Ticket
from tickets.refusals import refusal_in
from tickets.storms import automatic_answer_held
from tickets.tokens import new_token
from tickets.unprompted import unprompted

_DROPPED = {
    TicketEvent.TICKET_REOPENED: "reopened", TicketEvent.TICKET_MERGED: "merged",
    TicketEvent.TICKET_MARKED_SPAM: "spam",
}  # fmt: skip
HEARD = (TicketEvent.TICKET_SOLVED, *_DROPPED)
# After so long a question about it would only puzzle.
TOO_LATE = timedelta(days=7)
BATCH = 100
# How identities begin that are somebody's account with a provider of messages.
SOCIAL = "page_user:"


def plan_survey(event: Event) -> None:
    """The subscriber: plan the question after a solution, drop it when the ticket is open again. Safe twice."""
    if event.data.get("historic"):
        return
    with transaction.atomic():
        ticket = _locked(event.stream_id)
        if ticket is None:
            return
        if event.kind in _DROPPED:
            _drop(ticket, _DROPPED[TicketEvent(event.kind)], at=event.at)
        elif ticket.status == Status.SOLVED and Survey.objects.filter(is_active=True).exists():
            _plan(ticket, event)


def _locked(ticket_id: int) -> Ticket | None:
    tickets = Ticket.objects.select_for_update(of=("self",)).select_related("channel", "customer")
    return tickets.filter(pk=ticket_id).first()


def _plan(ticket: Ticket, event: Event) -> None:
    cycle = Cycle.objects.filter(ticket=ticket).order_by("-number").values_list("number", flat=True).first() or 1
    known = SurveyInvitation.objects.filter(ticket=ticket, cycle=cycle).first()
    # Solved, reopened by a slip and solved again within a minute is one solution: its question is planned again.
    if known is not None and (known.state, known.reason) != (SurveyState.WITHHELD, "reopened"):
        return
    survey = next((one for one in Survey.objects.filter(is_active=True) if fits(one, ticket)), None)
    row = known or SurveyInvitation(ticket=ticket, cycle=cycle)
    row.survey, row.kind = survey, survey.kind if survey else ""
    row.probability = survey.percent / 100 if survey else 1.0
    row.customer_id = ticket.customer.merged_into_id or ticket.customer_id
    row.channel_id, row.team_id = ticket.channel_id, ticket.team_id
    row.agent_id = _who_helped(ticket)
    row.language = language_of(ticket)
    row.planned_at = event.at
    row.reason = _why_not_planned(ticket, survey, row, event)
    row.state = SurveyState.WITHHELD if row.reason else SurveyState.PLANNED
    row.due_at = None if row.reason or survey is None else event.at + timedelta(minutes=survey.delay_minutes)
    row.save()
    _tell(row, at=event.at)


def fits(survey: Survey, ticket: Ticket) -> bool:
    """Whether the ticket has one of the values allowed for every trait the survey names."""
    traits = {
        "channel_id": ticket.channel_id, "channel_kind": ticket.channel.kind,
        "brand_id": ticket.channel.brand_id, "team_id": ticket.team_id,
        "language": ticket.language, "priority": ticket.priority,
    }  # fmt: skip
    return conditions_fit(survey.conditions, traits)


def _why_not_planned(ticket: Ticket, survey: Survey | None, row: SurveyInvitation, event: Event) -> str:
    if survey is None:
        return "no_survey"
    if event.actor_kind != ActorKind.AGENT:
        return "closed_by_rule"
    seed = f"{survey.pk}:{ticket.pk}:{row.cycle}"
    return _nobody_to_ask(ticket, event.at) or ("" if is_drawn(seed, row.probability) else "not_drawn")


def _nobody_to_ask(ticket: Ticket, at: datetime) -> str:
    """Why no person can be asked about this ticket at this moment; empty when one can."""
    said = Message.objects.filter(ticket=ticket, kind=MessageKind.INBOUND)
    if said.filter(auto_kind=AutoKind.LIST).exists():
        return "mailing_list"
    if not said.exclude(auto_kind=AutoKind.CALL).exists():
        return "nobody_wrote"
    asked = _last_said(ticket)
    if asked is None:
        return "automatic"
    if asked.verdict == SenderVerdict.FAIL or asked.identity is None or asked.identity.suspect:
        return "suspect"
    refuses = refusal_in(asked.conversation.channel_id, asked.identity.pk)
    if refuses or unsubscribed([asked.identity.pk], MailKind.SURVEY):
        return "refused"
    return _no_way_to_ask(asked, asked.identity, at)


def _no_way_to_ask(asked: Message, identity: Identity, at: datetime) -> str:
    """Why nothing can be asked where they wrote; by a provider only in private and within its own window."""
    kind = asked.conversation.channel.kind
    traits = traits_in(traits_of(kind), asked.conversation.external_id)
    if traits.addressed:
        unreachable = identity.is_unreachable or not actions.machine_may_answer(asked)
        return "unreachable" if unreachable else ""
    if traits.instant:
        return ""
    if (
        asked.envelope.get("standby")
        or not traits.writes
        or not any(reached.startswith(SOCIAL) for reached in traits.reached_by)
    ):
        return "channel"  # a line, or messages that cost each
    if traits.public:
        return "public"
    if not (asked.envelope.get("from") or {}).get("address"):
        return "unreachable"
    # The ordinary window, never one that is longer for what a person writes.
    ends = window_end(traits, asked.at)
    return "window" if ends is not None and ends <= at else ""


def _last_said(ticket: Ticket) -> Message | None:
    """The customer's own last words, with who wrote them and where."""
    said = Message.objects.filter(
        identity__customer__in=family(ticket.customer_id), ticket=ticket, kind=MessageKind.INBOUND, auto_kind="",
        pending=False, conversation__aside=False,
    )  # fmt: skip
    return said.select_related("identity", "conversation__channel").order_by("-sequence").first()


def _who_helped(ticket: Ticket) -> int | None:
    """The person who answered last; without an answer, who has the ticket."""
    answers = Message.objects.filter(ticket=ticket, kind=MessageKind.OUTBOUND, auto_kind="", agent__isnull=False)
    return answers.order_by("-sequence").values_list("agent_id", flat=True).first() or ticket.assignee_id


def _drop(ticket: Ticket, reason: str, *, at: datetime) -> None:
    for row in SurveyInvitation.objects.select_for_update().filter(ticket=ticket, state=SurveyState.PLANNED):
        _withhold(row, reason, at=at)


def _withhold(row: SurveyInvitation, reason: str, *, at: datetime) -> None:
    row.state, row.reason, row.due_at = SurveyState.WITHHELD, reason, None
    row.save(update_fields=["state", "reason", "due_at"])
    _tell(row, at=at)


def _tell(row: SurveyInvitation, *, at: datetime) -> None:
    kinds = {SurveyState.PLANNED: SurveyEvent.PLANNED, SurveyState.ASKED: SurveyEvent.ASKED}
    data = {"cycle": row.cycle, "survey": row.survey_id, "kind": row.kind, "probability": row.probability}
    data |= {"reason": row.reason} if row.reason else {}
    data |= {"message": row.message_id} if row.message_id else {}
    record(row.ticket, kinds.get(SurveyState(row.state), SurveyEvent.WITHHELD), by=SYSTEM, at=at, data=data)


def ask_due(*, at: datetime | None = None) -> int:
    """Ask whoever's time has come; how many rows were looked at. Safe in several processes at once."""
    at = at or timezone.now()
    due = SurveyInvitation.objects.filter(state=SurveyState.PLANNED, due_at__lte=at).order_by("due_at")
    found = list(due.values_list("pk", "ticket_id")[:BATCH])
    for pk, ticket_id in found:
        with transaction.atomic():
            # The ticket first, as everybody else locks; who holds it comes to the row at another tick.
            tickets = Ticket.objects.select_for_update(of=("self",), skip_locked=True)
            ticket = tickets.select_related("channel", "customer").filter(pk=ticket_id).first()
            row = (
                SurveyInvitation.objects.select_for_update(of=("self",)).select_related("survey").filter(pk=pk).first()
            )
            if ticket is not None and row is not None and row.state == SurveyState.PLANNED:
                row.ticket = ticket
                _ask(row, ticket, at)
    return len(found)


def _ask(row: SurveyInvitation, ticket: Ticket, at: datetime) -> None:
    """Queue the question, put it off until the quiet hours are over, or say why it is not asked."""
    reason = _why_not_now(row, ticket, at)
    if not reason and (later := end_of_quiet(at, ticket.customer.time_zone, contact_rules())):
        row.due_at = later
        row.save(update_fields=["due_at"])
        return
    asked = _last_said(ticket)
    if not reason and asked is not None:
        reason = spend_contact(row.customer_id, purpose="survey", at=at)
    if reason or asked is None:
        _withhold(row, reason or "automatic", at=at)
        return
    if row.survey is not None:
        # On the scale the survey has now; from here on the question keeps it, whatever becomes of the survey.
        row.kind = row.survey.kind
    row.secret, row.state, row.asked_at, row.due_at = new_token(), SurveyState.ASKED, at, None
    row.message = _queue(row, ticket, asked, at)
    row.save(update_fields=["kind", "secret", "state", "asked_at", "due_at", "message"])
    _tell(row, at=at)


def _why_not_now(row: SurveyInvitation, ticket: Ticket, at: datetime) -> str:
    if row.survey is None or not row.survey.is_active:
        return "no_survey"
    if at - row.planned_at > TOO_LATE:
        return "too_late"
    if ticket.merged_into_id is not None:
        return "merged"
    if ticket.status not in (Status.SOLVED, Status.CLOSED):
        return "spam" if ticket.status == Status.SPAM else "reopened"
    asked = _last_said(ticket)
    if asked is not None and asked.identity_id and automatic_answer_held(ticket.pk, [asked.identity_id], at=at):
        return "storm"
    return _nobody_to_ask(ticket, at)


def _queue(row: SurveyInvitation, ticket: Ticket, asked: Message, at: datetime) -> Message:
    conversation, person = asked.conversation, asked.identity
    assert person is not None  # `_nobody_to_ask` has said so
    traits = traits_of(conversation.channel.kind)
    mail = traits.addressed
    buttons = [] if mail else offered(row.kind, traits)
    to = person.value if mail else conversation.external_id if traits.instant else asked.envelope["from"]["address"]
    return actions.queue_automatic(
        ticket, conversation, to=[{"name": "", "address": to}],
        subject=mail_subject(row) if mail else "",
        text=mail_text(row) if mail else chat_text(row, buttons=bool(buttons)),
        html=mail_html(row) if mail else "", kind=AutoKind.SURVEY, language=row.language, at=at,
        answers=asked.external_id if mail else "", mark=unprompted(person.pk, MailKind.SURVEY) if mail else None,
        choices=buttons, expects=() if mail else expected(row.kind),
    )  # fmt: skip
