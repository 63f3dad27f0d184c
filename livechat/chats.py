"""What agents do with a chat beside answering: take it, hand it on, call somebody in, end it; and what time does with
one that was taken and is not answered."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Max, OuterRef, Subquery
from django.utils import timezone
from django.utils.translation import gettext as _

from channels_inbound.models import Connection
from events.actors import SYSTEM
from events.models import Event
from livechat.alerts import ring_agents
from livechat.capacity import hands_of
from livechat.events import ChatEvent
from livechat.presence import who_is_here
from livechat.rounds import note_end
from livechat.widget_settings import PROVIDER, WidgetSettings
from people.hours import opening_of, was_open
from people.models import Agent, Team
from people.permissions import Permission
from tickets.actions import add_note, assign_ticket
from tickets.actions.assignment import pass_to_team
from tickets.actions.base import audience, lock_ticket, record, refuse_closed
from tickets.actions.status import change_status
from tickets.errors import InvalidInput
from tickets.events import TICKET_STREAM, TicketEvent
from tickets.models import Message, MessageKind, Status, Ticket

AT_ONCE = 200
LOOKED_AT = 5000


def accept_chat(ticket_id: int, *, by: Agent, at: datetime | None = None) -> Ticket:
    """Take a chat that nobody has. Of two who click at once one gets it, the other is told who did. Repeating it
    changes nothing. Whoever has their hands full may take it all the same, and the timeline says so."""
    with transaction.atomic():
        ticket = lock_ticket(ticket_id, by=by, permission=Permission.REPLY)
        if ticket.assignee_id is not None and ticket.assignee_id != by.pk:
            raise InvalidInput("assignee", _("%(name)s has taken this chat already.") % {"name": ticket.assignee})
        full = _full(ticket, by) if ticket.assignee_id is None else ""
        taken = assign_ticket(ticket_id, by=by, assignee=by, at=at)
        if full:
            record(taken, ChatEvent.TAKEN_ABOVE, by=by.actor, at=at or timezone.now(), data={"why": full})
        return taken


def _full(ticket: Ticket, agent: Agent) -> str:
    """Why one more is too many for the agent by the limits of the ticket's team and channel; empty when it is not."""
    connection = Connection.objects.filter(channel=ticket.channel_id, provider=PROVIDER).first()
    most = WidgetSettings.read(connection.settings).most_chats if connection else 0
    return hands_of([agent], team_id=ticket.team_id, most=most)[0].full


def transfer_chat(
    ticket_id: int,
    *,
    by: Agent,
    agent: Agent | None = None,
    team: Team | None = None,
    note: str = "",
    at: datetime | None = None,
) -> None:
    """Hand the chat to a person, or into the queue of a team, with a note for them. All of it or nothing."""
    if (agent is None) == (team is None):
        raise InvalidInput("to", _("Choose a person or a team."))
    at = at or timezone.now()
    with transaction.atomic():
        ticket = lock_ticket(ticket_id, by=by, permission=Permission.EDIT_TICKETS)
        refuse_closed(ticket)
        # The note first: afterwards the ticket may be out of the writer's sight.
        if note.strip():
            add_note(ticket_id, by=by, text=note, at=at)
        if team is None:
            assign_ticket(ticket_id, by=by, assignee=agent, at=at)
            return
        pass_to_team(ticket, by=by, team=team, at=at)
        if ticket.waiting_since is not None:
            ring_agents(ticket_id, team_id=team.pk, assignee_id=None, channel_id=ticket.channel_id)


def invite_agent(ticket_id: int, *, by: Agent, agent: Agent, note: str = "", at: datetime | None = None) -> None:
    """Ask a colleague who sees the ticket to join the chat, with a note; they are told once in ten minutes at most."""
    at = at or timezone.now()
    with transaction.atomic():
        ticket = lock_ticket(ticket_id, by=by, permission=Permission.REPLY)
        refuse_closed(ticket)
        if agent.pk == by.pk or not (agent.is_active and agent.may(Permission.REPLY)):
            raise InvalidInput("agent", _("%(name)s cannot be called in.") % {"name": agent})
        if not Ticket.objects.visible_to(agent).filter(pk=ticket_id).exists():
            raise InvalidInput("agent", _("%(name)s does not see this ticket. Transfer it instead.") % {"name": agent})
        lately = Event.objects.filter(
            stream_type=TICKET_STREAM, stream_id=ticket_id, kind=ChatEvent.INVITED, at__gt=at - timedelta(minutes=10)
        )
        if note.strip():
            add_note(ticket_id, by=by, text=note, at=at)
        if not lately.filter(data__agent=agent.pk).exists():
            record(ticket, ChatEvent.INVITED, by=by.actor, at=at, data={"agent": agent.pk})


def end_chat(ticket_id: int, *, by: Agent, at: datetime | None = None) -> Ticket:
    """Say that the chat is over and solve its ticket; the visitor is asked how it was. Repeating it changes nothing."""
    at = at or timezone.now()
    with transaction.atomic():
        ticket = lock_ticket(ticket_id, by=by, permission=Permission.EDIT_TICKETS)
        refuse_closed(ticket)
        note_end(ticket, by=by.actor, at=at)
        change_status(ticket, Status.SOLVED, by=by.actor, at=at)
    return ticket


def requeue_unanswered(*, at: datetime) -> int:
    """Put chats back into the queue whose agent let the visitor wait longer than their channel allows; how many.

    Only while the visitor is here, wrote last in the chat, and it was within hours all that time: who has left gets a
    mail, and nobody answers at night. Safe in several processes at once: a ticket somebody works on is passed over and
    looked at again next time.
    """
    done = 0
    for connection in Connection.objects.filter(provider=PROVIDER, channel__is_active=True):
        settings = WidgetSettings.read(connection.settings)
        minutes = settings.requeue_minutes
        limit = at - timedelta(minutes=minutes)
        if not minutes or not opening_of(settings.calendar, at=at).within or not was_open(settings.calendar, at=limit):
            continue
        for ticket_id in _left_waiting(connection.channel_id, limit):
            done += _requeue(ticket_id, limit=limit, minutes=minutes, at=at)
    return done


def _left_waiting(channel_id: int, limit: datetime) -> list[int]:
    """Taken chats whose visitor is here and has waited since before this, the longest first."""
    last = Message.objects.filter(ticket=OuterRef("pk"), kind=MessageKind.INBOUND).order_by("-sequence")
    late = Ticket.objects.filter(
        channel=channel_id, status=Status.OPEN, assignee__isnull=False, snoozed_until=None, waiting_since__lte=limit
    ).annotate(
        wrote_in=Subquery(last.values("conversation__channel")[:1]),
        thread=Subquery(last.values("conversation__external_id")[:1]),
    )
    late = late.filter(wrote_in=channel_id).order_by("waiting_since", "pk")
    rows = list(late.values_list("pk", "thread")[:LOOKED_AT])
    here = who_is_here([thread for _id, thread in rows])
    return [id for id, thread in rows if thread in here][:AT_ONCE]


def _requeue(ticket_id: int, *, limit: datetime, minutes: int, at: datetime) -> bool:
    with transaction.atomic():
        rows = Ticket.objects.select_for_update(skip_locked=True, of=("self",)).filter(
            pk=ticket_id, status=Status.OPEN, snoozed_until=None, assignee__isnull=False, waiting_since__lte=limit
        )
        ticket = rows.first()
        # Whoever got the chat a moment ago has their time too.
        if ticket is None or ((given := _given_at(ticket_id)) is not None and given > limit):
            return False
        before, held_by = audience(ticket), ticket.assignee_id
        ticket.assignee = None
        ticket.save(update_fields=["assignee"])
        data = {"from": held_by, "minutes": minutes}
        record(ticket, ChatEvent.REQUEUED, by=SYSTEM, at=at, data=data, before=before)
        ring_agents(ticket_id, team_id=ticket.team_id, assignee_id=None, channel_id=ticket.channel_id)
    return True


def _given_at(ticket_id: int) -> datetime | None:
    given = Event.objects.filter(stream_type=TICKET_STREAM, stream_id=ticket_id, kind=TicketEvent.TICKET_ASSIGNED)
    last: datetime | None = given.aggregate(last=Max("at"))["last"]
    return last
