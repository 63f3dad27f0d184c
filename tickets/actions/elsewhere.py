"""Going on with the customer by another channel, on the same ticket: whom of them it reaches, whether it may be now,
and if not why. Only addresses that are proven theirs are ever written to here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Max, Q
from django.utils.translation import gettext as _

from people.identities import family
from people.models import HARD_BOUNCES, Customer, Identity, Refusal, Trust
from tickets.errors import InvalidInput
from tickets.inbound import Address
from tickets.kinds import Traits, registered_kinds, traits_of_channel, window_end
from tickets.models import (
    Channel,
    ChannelTemplate,
    Conversation,
    Message,
    MessageKind,
    Participant,
    ParticipantRole,
    TemplateState,
    Ticket,
)
from tickets.recipients import Recipients

MOST_VALUE = 1024
_PROVEN = (Trust.VERIFIED, Trust.SIGNED)


@dataclass(slots=True)
class Way:
    """One address of the customer by one channel. `why` says why nothing may be written now; empty when it may.
    `templates` may be sent all the same."""

    identity: Identity
    channel: Channel
    traits: Traits
    thread: str = ""
    ends: datetime | None = None
    why: str = ""
    preferred: bool = False
    templates: list[ChannelTemplate] = field(default_factory=list)

    @property
    def key(self) -> str:
        return f"{self.channel.pk}-{self.identity.pk}"

    @property
    def usable(self) -> bool:
        return not self.why or bool(self.templates)


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """What an agent chose: a way, and for one whose window is over a template with its values."""

    channel_id: int
    identity_id: int
    template_id: int | None = None
    values: Sequence[str] = ()


def ways_of(ticket: Ticket, *, at: datetime) -> list[Way]:
    """Every way to the customer but those the ticket goes by now, unless one is over and has templates. What they like
    best first, then what may be written to now."""
    customer = Customer.objects.get(pk=ticket.customer_id)
    root = customer.merged_into_id or customer.pk
    identities = list(
        Identity.objects.filter(customer__in=family(root), suspect=False, trust__in=_PROVEN).order_by("pk")
    )
    kinds = [traits.kind for traits in registered_kinds() if traits.writes and traits.reached_by]
    # Channels of another team are that team's: its people would get the answer.
    ours = Q(team=None) | Q(team=ticket.team_id)
    channels = Channel.objects.filter(ours, kind__in=kinds, is_active=True).order_by("name")
    talks = _talks(identities)
    found = []
    for channel in channels:
        traits = traits_of_channel(channel)
        for identity in identities:
            if reaches(traits, channel, identity):
                found.append(_way(identity, channel, traits, talks, at=at))
    _add_templates(found)
    here = {(channel, identity) for (channel, identity), talk in talks.items() if ticket.pk in talk.tickets}
    kept = [way for way in found if (way.channel.pk, way.identity.pk) not in here or (way.why and way.templates)]
    for way in kept:
        way.preferred = way.channel.kind == customer.prefers
    return sorted(kept, key=lambda way: (not way.preferred, bool(way.why), way.channel.name))


def reaches(traits: Traits, channel: Channel, identity: Identity) -> bool:
    """Whether this kind of channel can write to that kind of address."""
    for pattern in traits.reached_by:
        kind, _colon, start = pattern.partition(":")
        if identity.kind == kind and identity.value.startswith(start.replace("{address}", channel.address)):
            return True
    return False


@dataclass(slots=True)
class _Talk:
    """What there was between an address and a channel: the newest thread, and when they last wrote."""

    thread: str = ""
    last_said: datetime | None = None
    tickets: set[int] = field(default_factory=set)


def _talks(identities: Sequence[Identity]) -> dict[tuple[int, int], _Talk]:
    rows = Participant.objects.filter(identity__in=identities, conversation__aside=False).order_by("conversation_id")
    talks: dict[tuple[int, int], _Talk] = {}
    conversations: dict[int, _Talk] = {}
    for row in rows.values("identity_id", "conversation_id", "conversation__channel_id", "conversation__external_id",
                           "conversation__channel__kind", "conversation__channel__address",
                           "conversation__ticket_id"):  # fmt: skip
        channel = Channel(kind=row["conversation__channel__kind"], address=row["conversation__channel__address"])
        thread = row["conversation__external_id"]
        start = traits_of_channel(channel).thread.partition("{last}")[0].replace("{address}", channel.address)
        if not thread.startswith(start):
            continue  # a public post: they were met there, not written to
        talk = talks.setdefault((row["conversation__channel_id"], row["identity_id"]), _Talk())
        talk.thread = thread or talk.thread
        talk.tickets.add(row["conversation__ticket_id"])
        conversations[row["conversation_id"]] = talk
    said = Message.objects.filter(conversation__in=conversations, kind=MessageKind.INBOUND, auto_kind="")
    for conversation_id, last in said.values_list("conversation").annotate(last=Max("at")):
        talk = conversations[conversation_id]
        talk.last_said = max(last, talk.last_said or last)
    return talks


def _way(
    identity: Identity, channel: Channel, traits: Traits, talks: Mapping[tuple[int, int], _Talk], *, at: datetime
) -> Way:
    talk = talks.get((channel.pk, identity.pk))
    known = talk is not None and talk.last_said is not None
    thread = talk.thread if talk else ""
    if not thread and traits.begins:
        last = identity.value.rpartition(":")[2]
        thread = traits.thread.replace("{address}", channel.address).replace("{last}", last)
    way = Way(identity, channel, traits, thread, window_end(traits, talk.last_said if talk else None))
    if identity.refuses == Refusal.STOPPED:
        way.why = _("They asked us to stop writing to them here.")
    elif identity.refuses:
        way.why = _("They have blocked us here.")
    elif identity.hard_bounces >= HARD_BOUNCES:
        way.why = _("Mail to this address comes back.")
    elif not known and not traits.begins:
        way.why = _("They have never written here, and only they can begin.")
    elif traits.window is not None and (way.ends is None or way.ends <= at):
        way.why = _("The time to answer is over here.")
    return way


def _add_templates(ways: Sequence[Way]) -> None:
    """Those a way may be used by although its window is over; never for somebody who wants nothing from us."""
    closed = [way for way in ways if way.traits.templates and way.why and not way.identity.refuses and way.thread]
    rows = ChannelTemplate.objects.filter(channel__in=[way.channel.pk for way in closed], state=TemplateState.APPROVED)
    approved = list(rows.order_by("name", "language"))
    for way in closed:
        way.templates = [row for row in approved if row.channel_id == way.channel.pk]


def filled(template: ChannelTemplate, values: Sequence[str]) -> str:
    """How a template reads with these values. InvalidInput when one is missing or cannot be said there."""
    text = template.text
    for place in range(1, 100):
        if f"{{{{{place}}}}}" not in template.text:
            break
        value = " ".join(values[place - 1].split()) if place <= len(values) else ""
        if not value or len(value) > MOST_VALUE:
            raise InvalidInput("values", _("Fill in every variable of the template."))
        # What was filled in is not looked through again: a value may hold braces of its own.
        text = text.replace(f"{{{{{place}}}}}", value.replace("{{", "{ {"))
    return "\n\n".join(part for part in (template.header, text) if part)


def go_elsewhere(
    ticket: Ticket, wish: Elsewhere, *, text: str, at: datetime
) -> tuple[Conversation, Recipients, str, dict[str, Any]]:
    """The conversation to go on in, who it reaches, the words and what the outbox must know. InvalidInput when this
    way is none, or none now."""
    way = next(
        (one for one in ways_of(ticket, at=at)
         if (one.channel.pk, one.identity.pk) == (wish.channel_id, wish.identity_id)), None,
    )  # fmt: skip
    if way is None:
        raise InvalidInput("way", _("The customer cannot be reached this way."))
    envelope: dict[str, Any] = {}
    if wish.template_id is not None:
        template = next((one for one in way.templates if one.pk == wish.template_id), None)
        if template is None:
            raise InvalidInput("template", _("There is no such template."))
        text = filled(template, wish.values)
        values = [" ".join(value.split()) for value in wish.values]
        envelope["template"] = {
            "name": template.name, "language": template.language, "values": values, "fields": template.fields,
            "id": template.external_id,
        }  # fmt: skip
    elif way.why:
        raise InvalidInput("way", way.why)
    recipients = Recipients((Address(way.identity.display_name, way.identity.value),))
    return _conversation(ticket, way), recipients, text, envelope


def _conversation(ticket: Ticket, way: Way) -> Conversation:
    """The ticket's own in that channel with that address, or a new one beside the others."""
    mine = Conversation.objects.filter(ticket=ticket, channel=way.channel, aside=False)
    found = mine.filter(participants__identity=way.identity).order_by("-pk").first()
    if found is not None:
        return found
    made = Conversation.objects.create(
        ticket=ticket, channel=way.channel, customer_id=ticket.customer_id, subject=ticket.subject,
        external_id=way.thread,
    )  # fmt: skip
    Participant.objects.create(conversation=made, identity=way.identity, role=ParticipantRole.REQUESTER)
    return made
