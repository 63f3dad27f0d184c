"""One ticket as its page shows it: three queries, whatever the ticket's length."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Exists, OuterRef, Q, Subquery
from django.db.models.functions import JSONObject
from django.http import Http404
from django.utils import timezone

from events.compiled import compiled, slot
from events.models import Event
from people.identities import family
from people.models import (
    Agent,
    CustomerNote,
    IdentityKind,
    Trust,
)
from people.permissions import Permission
from tickets.actions.secrets import may_reveal
from tickets.events import TICKET_STREAM
from tickets.kinds import Traits, composer_facts, traits_in, traits_of_channel, window_end
from tickets.models import (
    Attachment,
    Conversation,
    Draft,
    DraftKind,
    Follow,
    Message,
    MessageKind,
    Participant,
    ParticipantState,
    Reminder,
    SecretKind,
    Seen,
    Status,
    Tagging,
    Ticket,
)
from tickets.recipients import reply_recipients
from tickets.signatures import signature_of
from tickets.statuses import Word, word_of

from .addresses import Address, known_addresses
from .directory import AgentEntry, Directory
from .due import Due, due_of_ticket
from .field_rows import ShownField, fields_with_values, shown_field
from .local_time import zone_of
from .rows import tag_hue
from .sentences import Names
from .timeline import Timeline, read_since, read_timeline

EARLIER = 8
NOTES = 3


@dataclass(frozen=True, slots=True)
class Guest:
    """Somebody in a conversation of the ticket."""

    conversation_id: int
    identity_id: int
    name: str
    address: str
    kind: str
    state: str

    @property
    def shown(self) -> str:
        """The address as people read it; a chat visitor's is a browser's key, which tells nothing."""
        return self.address if self.kind != IdentityKind.VISITOR else str(IdentityKind.VISITOR.label)


@dataclass(frozen=True, slots=True)
class OwnReminder:
    """A reminder of whoever looks."""

    id: int
    text: str
    moment: str

    @property
    def at(self) -> datetime:
        return datetime.fromisoformat(self.moment)

    @property
    def is_due(self) -> bool:
        return self.at <= timezone.now()


class Thread:
    """A ticket with what surrounds it, read once."""

    def __init__(self, agent: Agent, ticket: Ticket, directory: Directory) -> None:
        self.agent, self.ticket, self.directory = agent, ticket, directory
        self.guests = [Guest(**guest) for guest in _extra(ticket, "guest_list")]
        self.addresses = [Address(**entry) for entry in _extra(ticket, "address_list")]
        self.tags = [(tag["name"], tag_hue(tag["hue"])) for tag in _extra(ticket, "tag_list")]
        self.drafts = {draft["kind"]: draft for draft in _extra(ticket, "draft_list")}
        self.uploads = _extra(ticket, "upload_list")
        self.notes = _extra(ticket, "customer_notes")
        self.reminders = [OwnReminder(**entry) for entry in _extra(ticket, "reminder_list")]

    @cached_property
    def names(self) -> Names:
        known = {guest.identity_id: guest.name or guest.address for guest in self.guests}
        return Names(self.directory, self.customer_name, known)

    @property
    def customer_name(self) -> str:
        fallback = self.addresses[0].shown if self.addresses else ""
        return self.ticket.customer.name or fallback

    @property
    def zone(self) -> str:
        """The customer's time zone where it is certain, else ""."""
        proven = [one.value for one in self.addresses if one.kind == IdentityKind.PHONE and one.trust == Trust.VERIFIED]
        return zone_of(self.ticket.customer.time_zone, proven)

    @property
    def waiting_guests(self) -> list[Guest]:
        return [guest for guest in self.guests if guest.state == ParticipantState.PENDING]

    @property
    def may_edit(self) -> bool:
        return self.agent.may(Permission.EDIT_TICKETS) and not self.is_put_aside

    @property
    def may_reply(self) -> bool:
        return self.agent.may(Permission.REPLY) and not self.is_put_aside

    @property
    def may_note(self) -> bool:
        return self.agent.may(Permission.NOTE) and self.ticket.merged_into_id is None

    @property
    def may_unmerge(self) -> bool:
        return self.agent.may(Permission.EDIT_TICKETS)

    @property
    def may_see_source(self) -> bool:
        return self.agent.may(Permission.READ_RAW)

    @property
    def revealable(self) -> set[str]:
        """The kinds of masked words that this agent may have shown."""
        return {kind for kind in SecretKind.values if may_reveal(self.agent, kind)}

    @property
    def may_redact(self) -> bool:
        return self.agent.may(Permission.REDACT) and self.ticket.merged_into_id is None

    @cached_property
    def word(self) -> Word:
        """The status as it is said here."""
        return word_of(self.ticket)

    @property
    def fields(self) -> list[ShownField]:
        """Those of the shop's own that this ticket has, and what else was once said of it."""
        rows = _extra(self.ticket, "field_list")
        return [shown_field(row, ask=self.may_edit, team_id=self.ticket.team_id) for row in rows]

    @property
    def may_read_audit(self) -> bool:
        return self.agent.may(Permission.READ_AUDIT)

    @property
    def assignable(self) -> list[AgentEntry]:
        return [entry for entry in self.directory.agents.values() if entry.takes_tickets]

    @property
    def is_done(self) -> bool:
        return self.ticket.status in (Status.SOLVED, Status.CLOSED, Status.SPAM)

    @property
    def is_put_aside(self) -> bool:
        """History or spam: nobody answers it, and little of it can be changed."""
        return self.ticket.status in (Status.CLOSED, Status.SPAM)

    @property
    def due(self) -> Due | None:
        return due_of_ticket(self.ticket)

    @property
    def facts(self) -> dict[str, Any]:
        """What the browser needs to know of the ticket's state: marks in menus, undo, the guard."""
        ticket = self.ticket
        return {
            "number": ticket.pk,
            "sequence": ticket.message_sequence,
            "seen": getattr(ticket, "seen_to", None) or 0,
            "status": ticket.status,
            "state": self.word.key,
            "priority": ticket.priority,
            "assignee": ticket.assignee_id,
            "team": ticket.team_id,
            "snoozed": ticket.snoozed_until.isoformat() if ticket.snoozed_until else None,
            "tags": [name for name, _hue in self.tags],
            "merged": ticket.merged_into_id,
            "following": bool(getattr(ticket, "is_followed", False)),
        }

    def compose(self) -> dict[str, Any]:
        """What the composer starts from: whom an answer goes to, what was being written."""
        answered = self._drafted_answer() or self._answered()
        known = [guest.address for guest in self.guests if guest.state == ParticipantState.ACTIVE]
        answer = answer_to(answered, self.directory.own_addresses())
        if answered is None:  # nobody has written: it goes to whom we have begun with
            answer["to"] = [{"name": one.name, "address": one.address} for one in self.guests[:1]]
        elif not self.traits.addressed:
            answer |= {"to": [dict(answered.envelope.get("from") or {})]}
        return {
            "ticket": self.ticket.pk,
            "channel": self.reach,
            **answer,
            "known": known,
            "signature": signature_of(
                self.agent, self.ticket.channel, number=self.ticket.pk, customer=self.ticket.customer.name
            ).text,
            "drafts": self.drafts,
            "files": self.uploads,
        }

    @cached_property
    def traits(self) -> Traits:
        """What the channel of the ticket can do, in the conversation that is answered."""
        traits = traits_of_channel(self.ticket.channel)
        if not traits.posts[0]:
            return traits
        named = Conversation.objects.filter(ticket=self.ticket.pk, channel=self.ticket.channel_id, aside=False)
        return traits_in(traits, named.order_by("-pk").values_list("external_id", flat=True).first() or "")

    @cached_property
    def reach(self) -> dict[str, Any]:
        """Whether, until when and how the customer can be written to by the ticket's channel."""
        answered = self._answered()
        ends = window_end(self.traits, answered.at if answered else None)
        return composer_facts(self.traits, ends=ends, at=timezone.now()) | {"label": str(self.traits.label)}

    @property
    def window_ends(self) -> datetime | None:
        answered = self._answered()
        return window_end(self.traits, answered.at if answered else None)

    def _drafted_answer(self) -> Message | None:
        """The message a draft names: somebody asked aside is being answered."""
        about = (self.drafts.get(DraftKind.REPLY) or {}).get("about")
        return Message.objects.filter(pk=about, ticket=self.ticket).first() if about else None

    def _answered(self) -> Message | None:
        """The message a reply answers: the last a person wrote; chosen as `tickets.actions.reply` does."""
        rows = getattr(self.ticket, "answer_list", [])
        if not rows:
            return None
        return Message(pk=rows[0]["id"], envelope=rows[0]["envelope"], at=datetime.fromisoformat(rows[0]["at"]))

    def timeline(self, *, before: int | None = None) -> Timeline:
        return read_timeline(self.ticket.pk, self.names, until=self.last_event, before=before)

    def since(self, event: int) -> Timeline:
        return read_since(self.ticket.pk, self.names, event=event, until=self.last_event)

    @property
    def last_event(self) -> int:
        """The last that had happened when the ticket was read. Its history is shown up to there: what comes in between
        two queries would stand on the page of a ticket that knows nothing of it, and stop the next reply."""
        return int(getattr(self.ticket, "last_event", None) or 0)


def answer_to(answered: Message | None, own: Collection[str]) -> dict[str, Any]:
    """Whom an answer to this message reaches: its sender, and everybody when all are answered."""
    plain = reply_recipients(answered.envelope, own) if answered else None
    everyone = reply_recipients(answered.envelope, own, reply_all=True) if answered else None
    return {
        "answers": answered.pk if answered else None,
        "to": [{"name": a.name, "address": a.address} for a in plain.to] if plain else [],
        "all": [{"name": a.name, "address": a.address} for a in everyone.cc] if everyone else [],
        "differs": bool(plain and plain.differs),
    }


def _extra(ticket: Ticket, name: str) -> list[dict[str, Any]]:
    return list(getattr(ticket, name, None) or [])


def read_thread(agent: Agent, ticket_id: int, directory: Directory) -> Thread:
    """The ticket if the agent may see it, in one query; Http404 otherwise."""
    query = compiled(("thread", agent.scope), lambda: _query(agent).filter(pk=slot(0)))
    found = query.run(ticket_id)
    if not found:
        raise Http404
    return Thread(agent, found[0], directory)


def _query(agent: Agent) -> Any:
    here = OuterRef("pk")
    guests = Participant.objects.filter(conversation__ticket=here).order_by("id").values(
        json=JSONObject(
            conversation_id="conversation_id", identity_id="identity_id", name="identity__display_name",
            address="identity__value", kind="identity__kind", state="state",
        )
    )  # fmt: skip
    tags = Tagging.objects.filter(ticket=here).order_by("id").values(json=JSONObject(name="tag__name", hue="tag__hue"))
    drafts = Draft.objects.filter(ticket=here, agent=agent).values(
        json=JSONObject(
            kind="kind", text="text", html="html", about="about_id", recipients="recipients", revision="revision"
        )
    )
    files = Attachment.objects.filter(ticket=here, uploaded_by=agent, message=None, inline=False).order_by("id")
    uploads = files.values(json=JSONObject(id="public_id", name="filename", size="size"))
    own = Reminder.objects.filter(ticket=here, agent=agent).order_by("at", "id")
    reminders = own.values(json=JSONObject(id="id", text="text", moment="at"))
    theirs = family(OuterRef(OuterRef("customer_id")))
    written = CustomerNote.objects.filter(customer__in=theirs).order_by("-at", "-pk")
    customer_notes = written.values(json=JSONObject(text="text", by="by__name"))[:NOTES]
    answers = Message.objects.filter(ticket=here, kind=MessageKind.INBOUND, pending=False, conversation__aside=False)
    happened = Event.objects.filter(stream_type=TICKET_STREAM, stream_id=here).order_by("-sequence")
    last_said = answers.annotate(robot=~Q(auto_kind="")).order_by("robot", "-at", "-sequence")
    answer = last_said.values(json=JSONObject(id="id", envelope="envelope", at="at"))[:1]
    return (
        Ticket.objects.visible_to(agent)
        .select_related("customer", "channel__brand", "assignee", "team", "custom_status")
        .annotate(
            guest_list=ArraySubquery(guests), address_list=ArraySubquery(known_addresses()),
            tag_list=ArraySubquery(tags), draft_list=ArraySubquery(drafts),
            upload_list=ArraySubquery(uploads), is_followed=Exists(Follow.objects.filter(ticket=here, agent=agent)),
            seen_to=Subquery(Seen.objects.filter(ticket=here, agent=agent).values("sequence")),
            answer_list=ArraySubquery(answer), reminder_list=ArraySubquery(reminders),
            customer_notes=ArraySubquery(customer_notes),
            field_list=ArraySubquery(fields_with_values()), last_event=Subquery(happened.values("sequence")[:1]),
        )
    )  # fmt: skip


def earlier_tickets(agent: Agent, ticket: Ticket) -> list[Ticket]:
    """The customer's other tickets that the agent may see, newest first. One query."""
    others = Ticket.objects.visible_to(agent).filter(customer=ticket.customer_id).exclude(pk=ticket.pk)
    return list(others.only("id", "subject", "status", "last_message_at").newest_first()[:EARLIER])
