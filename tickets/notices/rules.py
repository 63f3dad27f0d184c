"""Who is told of which event: a ticket given to them, an answer on theirs, a reply of theirs that did not arrive.

`notify_agents` stands in helpdesk/subscribers.py. One row per event and agent, so a replay tells nobody twice.
"""

from __future__ import annotations

from collections.abc import Callable

from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from events.actors import ActorKind
from events.models import Event
from people.models import Agent, Membership, Role
from tickets.actions.later import hold_scheduled
from tickets.events import TicketEvent
from tickets.models import AutoKind, Cause, Follow, Message, Notification, Status, Ticket
from tickets.realtime import announce_to_agent

from .matters import matter_of
from .notes import NOTHING, notes_behind
from .reading import announce_unread

_UNDELIVERED = (TicketEvent.DELIVERY_FAILED, TicketEvent.DELIVERY_UNKNOWN, TicketEvent.DELIVERY_BOUNCED)
# What those who follow a ticket hear of, beside answers.
_FOLLOWED = frozenset({TicketEvent.NOTE_ADDED, TicketEvent.TICKET_SOLVED, TicketEvent.TICKET_REOPENED})
NOTICED = frozenset(
    {
        TicketEvent.TICKET_ASSIGNED,
        TicketEvent.TICKET_MOVED,
        TicketEvent.TICKET_ABSORBED,
        TicketEvent.MESSAGE_RECEIVED,
        TicketEvent.MESSAGE_HELD,
        TicketEvent.REMINDER_DUE,
        TicketEvent.PARTICIPANT_PENDING,
        TicketEvent.STORM_BEGAN,
        *_FOLLOWED,
        *_UNDELIVERED,
    }
)


_LEARNT: dict[str, Callable[[int], str]] = {}


def teach_notice(kind: str, text: Callable[[int], str]) -> None:
    """Learn the words for an event of a higher app, which tells of it by `notify`."""
    _LEARNT[kind] = text


def notify_agents(event: Event) -> None:
    """Tell whoever the event concerns, unless they did it themselves or may not see the ticket."""
    if event.kind == TicketEvent.MESSAGE_RECEIVED:
        # Here, since this reaction reads each answer anyway: another pair for each mail would cost more than it does.
        hold_scheduled(event.stream_id, at=timezone.now())
    told = _told_of(event)
    if event.actor_kind == ActorKind.AGENT:
        told.pop(event.actor_id or 0, None)
    if not told:
        return
    for agent in Agent.objects.filter(pk__in=told, is_active=True).select_related("notice_settings").order_by("pk"):
        notify(agent, event, told[agent.pk])


def notify(agent: Agent, event: Event, cause: str = Cause.OTHER) -> None:
    """Tell the agent of an event of a ticket, once, if they may see it and have not switched that off."""
    settings = getattr(agent, "notice_settings", None)
    if cause and settings is not None and cause in settings.off:
        return
    if not Ticket.objects.visible_to(agent).filter(pk=event.stream_id).exists():
        return
    _notice, new = Notification.objects.get_or_create(
        event=event, agent=agent, defaults={"ticket_id": event.stream_id, "cause": cause}
    )
    if new:
        with translation.override(agent.locale):
            written = notes_behind([event], agent).get(event.pk, NOTHING)
            text = sentence(event.kind, event.stream_id, cause, who=written.who)
            text = f"{text}: {written.words}" if written.words else text
        href = reverse("ticket", args=[event.stream_id])
        announce_to_agent(agent.pk, "toast", text=text, ticket=event.stream_id, href=href)
        announce_unread(agent)


def notify_of_channel(agent: Agent, event: Event) -> bool:
    """Tell the agent of an event of a channel, once; the caller says whose business it is. False when they know."""
    channel = {"channel_id": event.stream_id}
    _notice, new = Notification.objects.get_or_create(event=event, agent=agent, defaults=channel)
    if new:
        with translation.override(agent.locale):
            text = sentence(event.kind, 0)
        announce_to_agent(agent.pk, "toast", text=text, href=reverse("channels"))
        announce_unread(agent)
    return new


def notify_of_matter(agent: Agent, event: Event) -> None:
    """Tell the agent of what is neither a ticket's nor a channel's, once; the caller says whose business it is."""
    _notice, new = Notification.objects.get_or_create(event=event, agent=agent)
    if new:
        matter = matter_of(event)
        with translation.override(agent.locale):
            text = matter.text(event)
        announce_to_agent(agent.pk, "toast", text=text, href=matter.way(event))
        announce_unread(agent)


def sentence(kind: str, ticket_id: int, cause: str = Cause.OTHER, *, who: str = "") -> str:
    """What the notice says, in the active language; `who` wrote the note it is of, where that may be said."""
    number: dict[str, object] = {"number": ticket_id}
    if who and (known := _of_somebody(kind, cause)):
        return known % (number | {"who": who})
    if kind in _FOLLOWED:
        return _of_note(kind, cause) % number
    if kind in _LEARNT:
        return _LEARNT[kind](ticket_id)
    match kind:
        case TicketEvent.TICKET_ASSIGNED:
            return _("#%(number)s was assigned to you") % number
        case TicketEvent.TICKET_ABSORBED:
            return _("Another ticket of its customer was merged into #%(number)s by itself") % number
        case TicketEvent.TICKET_MOVED:
            return _("#%(number)s was handed over to your team") % number
        case TicketEvent.MESSAGE_RECEIVED:
            return _("New answer on #%(number)s") % number
        case TicketEvent.PARTICIPANT_PENDING:
            return _("Somebody new wrote on #%(number)s and waits to be accepted") % number
        case TicketEvent.STORM_BEGAN:
            return _("Mail is flooding in at #%(number)s; automatic answers pause there") % number
        case TicketEvent.MESSAGE_HELD:
            return _("Your reply for later on #%(number)s was held back: there is an answer") % number
        case TicketEvent.REMINDER_DUE:
            return _("You wanted to be reminded of #%(number)s") % number
        case TicketEvent.DELIVERY_UNKNOWN:
            return _("Not known whether your reply on #%(number)s arrived") % number
        case _:
            return _("Your reply on #%(number)s was not delivered") % number


def _of_somebody(kind: str, cause: str) -> str:
    match kind, cause:
        case TicketEvent.TICKET_ASSIGNED, _cause:
            return _("%(who)s handed #%(number)s over to you")
        case TicketEvent.TICKET_MOVED, _cause:
            return _("%(who)s handed #%(number)s over to your team")
        case TicketEvent.NOTE_ADDED, Cause.MENTION:
            return _("%(who)s mentioned you on #%(number)s")
        case TicketEvent.NOTE_ADDED, Cause.TEAM:
            return _("%(who)s mentioned your team on #%(number)s")
        case TicketEvent.NOTE_ADDED, _cause:
            return _("%(who)s left a note on #%(number)s, which you follow")
        case _:
            return ""


def _of_note(kind: str, cause: str) -> str:
    if cause == Cause.MENTION:
        return _("You were mentioned on #%(number)s")
    if cause == Cause.TEAM:
        return _("Your team was mentioned on #%(number)s")
    if kind == TicketEvent.TICKET_SOLVED:
        return _("#%(number)s, which you follow, was solved")
    if kind == TicketEvent.TICKET_REOPENED:
        return _("#%(number)s, which you follow, is open again")
    return _("New note on #%(number)s, which you follow")


def _told_of(event: Event) -> dict[int, str]:
    """Whom the event concerns, by agent id, each for the strongest cause."""
    if event.kind == TicketEvent.STORM_BEGAN:
        return dict.fromkeys(Agent.objects.filter(role=Role.ADMIN).values_list("pk", flat=True), Cause.OTHER)
    if event.kind == TicketEvent.TICKET_MOVED:
        return _handed_to(event)
    told: dict[int, str] = {}
    if event.kind in _FOLLOWED or (event.kind == TicketEvent.MESSAGE_RECEIVED and _is_answer(event)):
        follows = Follow.objects.filter(ticket=event.stream_id).values_list("agent_id", flat=True)
        told |= dict.fromkeys(follows, Cause.FOLLOWING)
    if event.kind in _FOLLOWED:
        return told | _mentioned(event)
    agent_id, cause = _concerned(event)
    return told | ({agent_id: cause} if agent_id is not None else {})


def _handed_to(event: Event) -> dict[int, str]:
    """The team a ticket was handed over to with a word; of other moves, and of those to somebody there, they hear as
    ever. Nobody, where it has gone on since."""
    moved = Ticket.objects.filter(pk=event.stream_id, team=event.data.get("to"), assignee=None)
    if "note" not in event.data or not moved.exists():
        return {}
    members = Membership.objects.filter(team=event.data["to"]).values_list("agent_id", flat=True)
    return dict.fromkeys(members, Cause.TEAM)


def _mentioned(event: Event) -> dict[int, str]:
    said = event.data.get("mentions") or {}
    members = Membership.objects.filter(team__in=said.get("teams", ())).values_list("agent_id", flat=True)
    told: dict[int, str] = dict.fromkeys(members, Cause.TEAM) if said.get("teams") else {}
    return told | dict.fromkeys(said.get("agents", ()), Cause.MENTION)


def _concerned(event: Event) -> tuple[int | None, str]:
    """The one agent whose ticket or reply it is, and why they are told."""
    match event.kind:
        case TicketEvent.TICKET_ASSIGNED:
            return _new_assignee(event), Cause.ASSIGNED
        case TicketEvent.TICKET_ABSORBED:
            return (_assignee(event) if "auto" in event.data else None), Cause.ANSWER
        case TicketEvent.MESSAGE_RECEIVED:
            return (_assignee(event) if _is_answer(event) else None), Cause.ANSWER
        case TicketEvent.PARTICIPANT_PENDING:
            return (None if event.data.get("historic") else _assignee(event)), Cause.OTHER
        case TicketEvent.REMINDER_DUE:
            return event.data.get("agent"), Cause.OTHER
        case _:
            return _author(event), Cause.OTHER


def _new_assignee(event: Event) -> int | None:
    """Whom the event gave the ticket to, if they still have it when we come to tell them."""
    given_to: int | None = event.data.get("to")
    return given_to if given_to == _assignee(event) else None


def _assignee(event: Event) -> int | None:
    return Ticket.objects.filter(pk=event.stream_id).values_list("assignee_id", flat=True).first()


def _author(event: Event) -> int | None:
    return Message.objects.filter(pk=event.data.get("message")).values_list("agent_id", flat=True).first()


def _is_answer(event: Event) -> bool:
    """Whether a person of the ticket wrote just now: no out-of-office note, no imported history; and whoever waits to
    be accepted is told of as that."""
    if event.data.get("historic") or Ticket.objects.filter(pk=event.stream_id, status=Status.SPAM).exists():
        return False
    message = Message.objects.filter(pk=event.data.get("message")).only("auto_kind", "pending").first()
    return message is not None and not message.pending and message.auto_kind in (AutoKind.NONE, AutoKind.LIST)
