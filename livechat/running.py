"""An agent's running chats, to stand side by side, and who waits to be taken beside them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Exists, IntegerField, OuterRef, Q, Subquery, Value
from django.db.models.functions import Coalesce

from livechat.models import Round
from livechat.presence import who_is_here
from livechat.widget_settings import PROVIDER
from people.models import Agent
from people.permissions import Permission
from tickets.models import Conversation, Message, MessageKind, Seen, Status, Ticket

MOST = 20
# A chat nobody waits in goes on as long as its visitor is here, or something was said lately; then it is mail.
LATELY = timedelta(minutes=30)
LOOKED_BACK = timedelta(hours=12)


@dataclass(frozen=True, slots=True)
class Running:
    """`unread` messages of the visitor's this agent has not seen; `waiting_since` when they wait for an answer."""

    number: int
    name: str
    customer_id: int
    preview: str
    language: str
    waiting_since: datetime | None
    unread: int
    here: bool


@dataclass(frozen=True, slots=True)
class Queue:
    """How many chats nobody has that this agent may take, up to 99, and the next to take: who waits longest of those
    who are still here, or else of all."""

    count: int
    first: int | None


def running_chats(agent: Agent, *, at: datetime) -> list[Running]:
    """The agent's own chats that are not over, the earliest begun first, so that each keeps its place. One query."""
    found = list(
        Ticket.objects.filter(
            Q(waiting_since__isnull=False) | Q(last_message_at__gt=at - LOOKED_BACK),
            ~Exists(Round.objects.filter(ticket=OuterRef("pk"), ended_sequence__gte=OuterRef("inbound_sequence"))),
            assignee=agent, status__in=(Status.OPEN, Status.PENDING), channel__kind=PROVIDER, snoozed_until=None,
        )
        .annotate(unread=_unread(agent), thread=_thread())
        .select_related("customer")
        .order_by("-last_message_at", "-pk")[: 2 * MOST]
    )  # fmt: skip
    here = who_is_here([ticket.thread or "" for ticket in found])
    going = [one for one in found if one.waiting_since or one.thread in here or one.last_message_at > at - LATELY]
    return [_running(ticket, here) for ticket in sorted(going[:MOST], key=lambda one: (one.opened_at, one.pk))]


def _running(ticket: Ticket, here: set[str]) -> Running:
    unread: int = ticket.unread  # type: ignore[attr-defined]
    present: bool = ticket.thread in here  # type: ignore[attr-defined]
    return Running(
        ticket.pk, str(ticket.customer), ticket.customer_id, ticket.preview, ticket.language, ticket.waiting_since,
        unread, present,
    )  # fmt: skip


def _unread(agent: Agent) -> Coalesce:
    seen = Seen.objects.filter(agent=agent, ticket=OuterRef(OuterRef("pk"))).values("sequence")
    fresh = Message.objects.filter(
        ticket=OuterRef("pk"), kind=MessageKind.INBOUND, sequence__gt=Coalesce(Subquery(seen), Value(0))
    )
    counted = fresh.order_by().values("ticket").annotate(n=Count("pk")).values("n")
    return Coalesce(Subquery(counted, output_field=IntegerField()), Value(0))


def _thread() -> Subquery:
    talks = Conversation.objects.filter(ticket=OuterRef("pk"), channel__kind=PROVIDER)
    return Subquery(talks.order_by("-pk").values("external_id")[:1])


def waiting_for(agent: Agent) -> Queue:
    """Who waits in chats this agent may take. One query, none for who may not answer."""
    if not agent.may(Permission.REPLY):
        return Queue(0, None)
    waiting = Ticket.objects.visible_to(agent).filter(
        channel__kind=PROVIDER, status=Status.OPEN, assignee=None, snoozed_until=None, waiting_since__isnull=False
    )
    found = waiting.annotate(thread=_thread()).order_by("waiting_since", "pk").values_list("pk", "thread")[:99]
    threads = {number: thread or "" for number, thread in found}
    here = who_is_here(list(threads.values()))
    present = (number for number, thread in threads.items() if thread in here)
    return Queue(len(threads), next(present, next(iter(threads), None)))
