"""Ways to write to somebody first: whom of them each channel reaches, whether it may be now, and if not why."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import phonenumbers
from django.db.models import Max, Q, QuerySet
from django.utils.translation import gettext as _

from people.identities import family
from people.models import HARD_BOUNCES, Agent, Customer, Identity, IdentityKind, Trust
from tickets.errors import InvalidInput
from tickets.inbound import Address
from tickets.kinds import Traits, registered_kinds, traits_of_channel, window_end
from tickets.models import (
    Channel,
    ChannelTemplate,
    Message,
    MessageKind,
    Participant,
    Refusal,
    TemplateState,
    Ticket,
)
from tickets.recipients import Recipients, is_address, plain
from tickets.refusals import refusals_of

MOST_VALUE = 1024
_PROVEN = (Trust.VERIFIED, Trust.SIGNED)


@dataclass(slots=True)
class Way:
    """One address of the customer by one channel. `why` says why nothing may be written now; empty when it may.
    `templates` may be sent all the same. The identity of an address nobody has had yet is not stored."""

    identity: Identity
    channel: Channel
    traits: Traits
    thread: str = ""
    ends: datetime | None = None
    heard: datetime | None = None  # when they last wrote here; unknown of an address somebody typed
    why: str = ""
    refuses: str = ""
    preferred: bool = False
    templates: list[ChannelTemplate] = field(default_factory=list)

    @property
    def key(self) -> str:
        return f"{self.channel.pk}-{self.identity.pk or 0}"

    @property
    def ours(self) -> str:
        """The address it is sent from; empty where a provider knows the channel by a number of its own."""
        return self.channel.address if self.traits.addressed else ""

    @property
    def usable(self) -> bool:
        return not self.why or bool(self.templates)

    @property
    def is_proven(self) -> bool:
        return self.identity.trust in _PROVEN

    @property
    def recipients(self) -> Recipients:
        return Recipients((Address(self.identity.display_name, self.identity.value),))


def ways_of(ticket: Ticket, *, at: datetime) -> list[Way]:
    """Every way to the customer but those the ticket goes by now, unless one is over and has templates. Only addresses
    that are proven theirs. What they like best first, then what may be written to now."""
    customer = Customer.objects.get(pk=ticket.customer_id)
    # Channels of another team are that team's: its people would get the answer.
    channels = _writing().filter(Q(team=None) | Q(team=ticket.team_id))
    identities = list(_known(customer).filter(trust__in=_PROVEN))
    talks = _talks(identities)
    here = {(channel, identity) for (channel, identity), talk in talks.items() if ticket.pk in talk.tickets}
    found = _between(channels, identities, talks, at=at)
    kept = [way for way in found if (way.channel.pk, way.identity.pk) not in here or (way.why and way.templates)]
    return _best_first(kept, customer.prefers, {ticket.team_id})


def ways_to(customer: Customer, *, by: Agent, at: datetime) -> list[Way]:
    """Every way to begin with a customer by the channels whose tickets `by` sees. An address that is not proven theirs
    is listed where we may write first, as mail whose sender was not checked is answered."""
    identities = list(_known(customer))
    found = _between(_seen_by(by), identities, _talks(identities), at=at)
    return _best_first([way for way in found if way.is_proven or way.traits.begins], customer.prefers, by.team_ids)


def ways_to_address(kind: str, value: str, *, by: Agent, at: datetime) -> list[Way]:
    """The same to an address as it was typed, whoever has it: what they refuse, and that mail comes back, holds too."""
    if Channel.objects.filter(address=plain(value)).exists():
        return []  # ours: it would come back as a mail of our own
    identity = Identity.objects.filter(kind=kind, value=value, suspect=False).first()
    identities = [identity or Identity(kind=kind, value=value, trust=Trust.CLAIMED)]
    identities[0].display_name = ""  # whoever types an address is not told by it whose it is
    channels = [channel for channel in _seen_by(by) if traits_of_channel(channel).begins]
    found = _between(channels, identities, _talks([identity] if identity else []), at=at)
    for way in found:
        way.heard = None  # nor where its owner wrote, who may be out of sight
    return _best_first(found, "", by.team_ids)


def typed_address(typed: str) -> tuple[str, str]:
    """(kind, value) of an e-mail address or of a phone number with its country code; of anything else two empties."""
    value = typed.strip().lower()[:320]
    if is_address(value):
        return IdentityKind.EMAIL.value, value
    try:
        number = phonenumbers.parse(value if value.startswith("+") else "", None)
    except phonenumbers.NumberParseException:
        return "", ""
    if not phonenumbers.is_possible_number(number):
        return "", ""
    return IdentityKind.PHONE.value, phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _known(customer: Customer) -> QuerySet[Identity]:
    root = customer.merged_into_id or customer.pk
    return Identity.objects.filter(customer__in=family(root), suspect=False).order_by("pk")


def _writing() -> QuerySet[Channel]:
    kinds = [traits.kind for traits in registered_kinds() if traits.writes and traits.reached_by]
    return Channel.objects.filter(kind__in=kinds, is_active=True).order_by("name")


def _seen_by(by: Agent) -> list[Channel]:
    """The channels whose new tickets the agent sees: there the answer will find them."""
    return [channel for channel in _writing() if by.scope.sees_place(channel.team_id, channel.pk)]


def _between(
    channels: Iterable[Channel], identities: Sequence[Identity], talks: Mapping[tuple[int, int], _Talk], *, at: datetime
) -> list[Way]:
    found = []
    refused = refusals_of([identity.pk for identity in identities if identity.pk])
    for channel in channels:
        traits = traits_of_channel(channel)
        for identity in identities:
            if reaches(traits, channel, identity):
                refuses = refused.get((channel.pk, identity.pk), "")
                found.append(_way(identity, channel, traits, talks, refuses, at=at))
    _add_templates(found)
    return found


def _best_first(ways: Sequence[Way], prefers: str, teams: Collection[int | None]) -> list[Way]:
    """What they like, where they wrote last, what the writer's `teams` look after, mail; then as it was set up."""
    for way in ways:
        way.preferred = way.channel.kind == prefers
    return sorted(ways, key=lambda way: _rank(way, teams))


def _rank(way: Way, teams: Collection[int | None]) -> tuple[Any, ...]:
    channel, heard = way.channel, way.heard.timestamp() if way.heard else 0.0
    ours = channel.team_id is not None and channel.team_id in teams
    usable = (not way.preferred, bool(way.why), not way.is_proven)
    return (*usable, -heard, not ours, not way.traits.addressed, channel.pk)


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
    identity: Identity, channel: Channel, traits: Traits, talks: Mapping[tuple[int, int], _Talk], refuses: str, *,
    at: datetime,
) -> Way:  # fmt: skip
    talk = talks.get((channel.pk, identity.pk))
    known = talk is not None and talk.last_said is not None
    thread = talk.thread if talk else ""
    if not thread and traits.begins:
        last = identity.value.rpartition(":")[2]
        thread = traits.thread.replace("{address}", channel.address).replace("{last}", last)
    heard = talk.last_said if talk else None
    way = Way(identity, channel, traits, thread, window_end(traits, heard), heard, refuses=refuses)
    if refuses:
        way.why = _refused(refuses)
    elif identity.blocked_at is not None:
        way.why = _("Its mail is blocked as spam, so no answer would reach you.")
    elif identity.hard_bounces >= HARD_BOUNCES:
        way.why = _("Mail to this address comes back.")
    elif not known and not traits.begins:
        way.why = _("They have never written here, and only they can begin.")
    elif traits.window is not None and (way.ends is None or way.ends <= at):
        way.why = _("The time to answer is over here.")
    return way


def _refused(refuses: str) -> str:
    if refuses == Refusal.STOPPED:
        return _("They asked us to stop writing to them here.")
    return _("They have blocked us here.") if refuses == Refusal.BLOCKED else _("They could not be reached here.")


def _add_templates(ways: Sequence[Way]) -> None:
    """Those a way may be used by although its window is over; never for somebody who wants nothing from us."""
    closed = [way for way in ways if way.traits.templates and way.why and not way.refuses and way.thread]
    rows = ChannelTemplate.objects.filter(channel__in=[way.channel.pk for way in closed], state=TemplateState.APPROVED)
    approved = list(rows.order_by("name", "language"))
    for way in closed:
        way.templates = [row for row in approved if row.channel_id == way.channel.pk]


def places_of(template: ChannelTemplate) -> int:
    """How many values it wants: {{1}}, {{2}} and so on."""
    return next((place for place in range(99) if f"{{{{{place + 1}}}}}" not in template.text), 99)


def filled(template: ChannelTemplate, values: Sequence[str]) -> str:
    """How a template reads with these values. InvalidInput when one is missing or cannot be said there."""
    text = template.text
    for place in range(1, places_of(template) + 1):
        value = " ".join(values[place - 1].split()) if place <= len(values) else ""
        if not value or len(value) > MOST_VALUE:
            raise InvalidInput("values", _("Fill in every variable of the template."))
        # What was filled in is not looked through again: a value may hold braces of its own.
        text = text.replace(f"{{{{{place}}}}}", value.replace("{{", "{ {"))
    return "\n\n".join(part for part in (template.header, text) if part)


def worded(way: Way, template_id: int | None, values: Sequence[str], text: str) -> tuple[str, dict[str, Any]]:
    """The words that go this way, and what the outbox must know of them. InvalidInput when this cannot go now."""
    if template_id is None:
        if way.why:
            raise InvalidInput("way", way.why)
        return text, {}
    template = next((one for one in way.templates if one.pk == template_id), None)
    if template is None:
        raise InvalidInput("template", _("There is no such template."))
    given = [" ".join(value.split()) for value in values]
    said = {
        "name": template.name, "language": template.language, "values": given, "fields": template.fields,
        "id": template.external_id,
    }  # fmt: skip
    return filled(template, values), {"template": said}
